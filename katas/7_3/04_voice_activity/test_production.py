import numpy as np
import pytest
from voice_activity import Settings, find_turns, frame_levels, noise_floor, turns, voice_segments

from fixtures.checking import call
from fixtures.katas.peak_memory import measured
from fixtures.katas.voice_activity.reference import bools, cut, listed, of_levels, segments

LEVELS = [-50] * 6 + [-30] * 5 + [-50] + [-25] * 4 + [-50] * 9 + [-20] * 6 + [-50] * 2
SMALL = Settings(margin_db=9, quietest_db=-60, frame=4, window=8, onset=2, hangover=3, minimum=3, padding=1)
SOUND = of_levels(LEVELS)
FOUND = [(20, 68), (96, 128)]
TOLD = [(20, None), (20, 68), (96, None), (96, 128)]
all_turns = listed(turns)

# --- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, ">f4", np.float64])
def test_samples_of_any_precision(dtype):
    """In float16 the square of 0.001 is rounded to a multiple of 6e-8."""
    call(frame_levels, of_levels([-60, -30]).astype(dtype), 4).gives([-60, -30], atol=0.01, dtype=np.float64)
    call(voice_segments, SOUND.astype(dtype), SMALL).gives(FOUND)


def test_a_level_that_lies_just_as_far_above_the_floor_is_loud():
    """1 has exactly 0 dB, the floor is the quietest, -9."""
    samples = np.repeat(np.float32([0, 1, 0]), 16)
    call(voice_segments, samples, SMALL._replace(quietest_db=-9)).gives([(12, 36)])
    call(voice_segments, samples, SMALL._replace(quietest_db=-8.99)).gives([])


def test_a_channel_of_an_interleaved_recording():
    stereo = np.stack([SOUND, SOUND[::-1]], axis=1)
    call(voice_segments, stereo[:, 0], SMALL).gives(FOUND)
    call(all_turns, cut(stereo[::-1, 1], [3] * 50), SMALL).gives(TOLD)


def test_lengths_may_be_small_integers_of_numpy():
    """In eight bits 16 frames of 32 samples are 0; 17 and 1 frames are 18 in any."""
    settings = SMALL._make([9, -60, *map(np.uint8, (32, 8, 2, 3, 3, 1))])
    call(voice_segments, of_levels(LEVELS, 32), settings).gives([(160, 544), (768, 1024)])


def test_without_settings_they_are_the_usual_ones():
    samples = of_levels([-50] * 20 + [-30] * 10 + [-50] * 15 + [-41.5] * 3 + [-50] * 5, 320)
    call(voice_segments, samples).gives([(15 * 320, 35 * 320)])
    call(all_turns, [samples]).gives([(15 * 320, None), (15 * 320, 35 * 320)])
    call(frame_levels, samples[:700]).gives([-50, -50], atol=1e-3)
    call(noise_floor, np.float64([-90] + [-50] * 101)).gives([-60] * 100 + [-50] * 2)
    call(find_turns, bools("##.###" + 14 * "." + "###" + 16 * "." + "####")).gives([(3, 23)])


# --- nothing, and very little ------------------------------------------------------------------------


def test_no_sound_has_no_segments():
    nothing = np.zeros(0, np.float32)
    call(frame_levels, nothing, 4).gives([])
    call(noise_floor, np.zeros(0), 4).gives([])
    call(voice_segments, nothing, SMALL).gives([])
    call(voice_segments, np.float32([1, 1, 1]), SMALL).gives([])
    call(all_turns, [], SMALL).gives([])
    call(all_turns, [nothing, nothing], SMALL).gives([])


@pytest.mark.filterwarnings("error")
def test_digital_silence_is_quiet():
    samples = np.repeat(np.float32([0, 0, 0.1, 0, 0]), 16)
    call(voice_segments, samples, SMALL).gives([(28, 52)])


# --- streams -----------------------------------------------------------------------------------------


def test_the_array_of_a_chunk_may_be_filled_again():
    """As drivers do: what is left of a chunk must be copied before the next one is asked for."""

    def filled_again():
        buffer = np.zeros(6, np.float32)
        for part in SOUND[:144].reshape(-1, 6):
            buffer[:] = part
            yield buffer
        yield SOUND[144:]

    call(all_turns, filled_again(), SMALL).gives(TOLD)


def test_two_streams_at_once_do_not_mix():
    one, other = (iter(call(turns, cut(sound, [7] * 9), SMALL).value) for sound in (SOUND, SOUND[40:]))
    told = [next(stream) for _ in range(3) for stream in (one, other)]
    assert told == [(20, None), (4, None), (20, 68), (4, 28), (96, None), (56, None)], (
        f"two streams, asked in turn, told {told}")


def test_a_long_stream_needs_no_more_memory_than_a_short_one():
    """Fifty seconds in chunks of 10 ms, and five: 3.2 MB of samples, 2500 levels."""
    rng = np.random.default_rng(3)
    second = rng.normal(0, np.repeat([0.001, 0.1], [8000, 8000]), 16000).astype(np.float32)
    run, peaks = measured(all_turns)
    for seconds in 5, 50:
        wanted = [turn for start, end in segments(np.tile(second, seconds), Settings())
                  for turn in ((start, None), (start, end))]
        call(run, (chunk for _ in range(seconds) for chunk in second.reshape(-1, 160))).gives(wanted)
    assert peaks[1] < peaks[0] + 0.2, f"5 seconds took {peaks[0]:.2f} MB, 50 took {peaks[1]:.2f}"


# --- what is refused ---------------------------------------------------------------------------------

NAN = SOUND.copy()
NAN[70] = np.nan
REFUSED = [
    (frame_levels, ((SOUND * 32767).astype(np.int16), 4), "samples"),  # its levels would lie 90 dB higher
    (frame_levels, (SOUND.tolist(), 4), "samples"),
    (frame_levels, (SOUND.reshape(-1, 2), 4), "samples"),
    (frame_levels, (NAN, 4), "samples"),  # it compares with nothing: its frame, and the floor after it, are quiet
    (all_turns, ([SOUND, (SOUND * 32767).astype(np.int16)], SMALL), "chunks"),
    (all_turns, ([SOUND, NAN], SMALL), "chunks"),
    (all_turns, ([SOUND.reshape(-1, 2)], SMALL), "chunks"),
    (all_turns, (SOUND, SMALL), "chunks"),  # one array is no stream: its chunks are numbers
    (voice_segments, (SOUND, SMALL._replace(frame=0)), "frame"),
    (voice_segments, (SOUND, SMALL._replace(window=0)), "window"),
    (voice_segments, (SOUND, SMALL._replace(onset=0)), "onset"),
    (voice_segments, (SOUND, SMALL._replace(minimum=0)), "minimum"),
    (voice_segments, (SOUND, SMALL._replace(hangover=0, padding=0)), "hangover"),
    (voice_segments, (SOUND, SMALL._replace(hangover=2.5)), "hangover"),  # no number of frames is ever equal to it
    (voice_segments, (SOUND, SMALL._replace(onset=True)), "onset"),
    (voice_segments, (SOUND, SMALL._replace(padding=-1)), "padding"),
    (all_turns, ([SOUND], SMALL._replace(padding=4)), "padding"),  # an end that has not been heard when it is told
]


@pytest.mark.parametrize(("function", "arguments", "named"), REFUSED)
def test_what_is_refused(function, arguments, named):
    call(function, *arguments).raises(ValueError, naming=named)
