import numpy as np
import pytest
from voice_activity import Settings, find_turns, frame_levels, noise_floor, turns, voice_segments

from fixtures.checking import call
from fixtures.katas.peak_memory import measured
from fixtures.katas.voice_activity.reference import bools, cut, listed, of_levels

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


PATTERN = "##.###" + 14 * "." + "###" + 15 * "." + "#####" + 15 * "." + "####"


@pytest.mark.parametrize(("room", "quiet", "loud"), [(-50, -41.5, -40.5), (-80, -51.5, -50.5)])
def test_without_settings_they_are_the_usual_ones(room, quiet, loud):
    """9 dB above the floor, which is not below -60; an onset of 3, a hangover of 15, a minimum and a padding of 5."""
    samples = of_levels([room] * 10 + [loud if sign == "#" else quiet for sign in PATTERN], 320)
    call(voice_segments, samples).gives([(8 * 320, 38 * 320), (43 * 320, 58 * 320)])


def test_without_lengths_they_are_the_usual_ones():
    """Of the window as well: a fan at frame 5 is speech up to frame 103, when frame 4 leaves a hundred levels."""
    call(frame_levels, np.repeat(np.float32([0.1, 1, 0.1]), [320, 320, 100])).gives([-20, 0], atol=1e-3)
    call(noise_floor, np.float64([-90] + [-50] * 101)).gives([-60] * 100 + [-50] * 2)
    call(find_turns, bools(PATTERN)).gives([(3, 23), (38, 43)])
    call(all_turns, [of_levels([-50] * 5 + [-30] * 130, 320)]).gives([(0, None), (0, 109 * 320)])


def test_no_sound_has_no_segments():
    nothing = np.zeros(0, np.float32)
    call(frame_levels, nothing, 4).gives([])
    call(noise_floor, np.zeros(0), 4).gives([])
    call(voice_segments, nothing, SMALL).gives([])
    call(voice_segments, np.float32([1, 1, 1]), SMALL).gives([])
    call(all_turns, [nothing, nothing], SMALL).gives([])


@pytest.mark.filterwarnings("error")
def test_digital_silence_is_quiet():
    samples = np.repeat(np.float32([0, 0, 0.1, 0, 0]), 16)
    call(voice_segments, samples, SMALL).gives([(28, 52)])


def test_an_hour_needs_less_memory_than_its_samples():
    """Here four minutes, 16 MB: the squares of all samples would be 16 MB more, in float64 32."""
    run, peaks = measured(voice_segments)
    sound = np.tile(of_levels([-50] * 60 + [-20] * 40, 320), 125)
    call(run, sound).gives([((t + 55) * 320, min((t + 105) * 320, len(sound))) for t in range(0, 12_500, 100)])
    assert peaks[0] < 15, f"16 MB of sound took {peaks[0]:.1f} MB more, 15 are allowed"


# --- streams -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [5, 9, 11])
def test_the_array_of_a_chunk_may_be_filled_again(length):
    """As drivers do: what is left of a chunk must be copied before the next one is asked for."""

    def filled_again():
        buffer = np.zeros(length, np.float32)
        for part in cut(SOUND, [length] * 27):
            buffer[: len(part)] = part
            yield buffer[: len(part)]

    call(all_turns, filled_again(), SMALL).gives(TOLD)


def test_two_streams_at_once_do_not_mix():
    one, other = (iter(call(turns, cut(sound, [7] * 9), SMALL).value) for sound in (SOUND, SOUND[40:]))
    told = [next(stream) for _ in range(3) for stream in (one, other)]
    assert told == [(20, None), (4, None), (20, 68), (4, 28), (96, None), (56, None)], (
        f"two streams, asked in turn, told {told}")


def test_a_long_stream_needs_no_more_memory_than_a_short_one():
    """2000 frames, and ten times as many: each level that is kept takes 8 bytes."""
    run, peaks = measured(all_turns)
    settings = Settings(frame=16)
    for hundreds in 20, 200:
        sound = of_levels(([-50] * 60 + [-20] * 40) * hundreds, 16)
        segments = [((t + 55) * 16, min((t + 105) * 16, len(sound))) for t in range(0, 100 * hundreds, 100)]
        wanted = [turn for start, end in segments for turn in ((start, None), (start, end))]
        call(run, (chunk for chunk in sound.reshape(-1, 160)), settings).gives(wanted)
    assert peaks[1] < peaks[0] + 0.15, f"2000 frames took {peaks[0]:.2f} MB, 20000 took {peaks[1]:.2f}"


# --- what is refused ---------------------------------------------------------------------------------

NAN = SOUND.copy()
NAN[70] = np.nan
REFUSED = [
    (frame_levels, ((SOUND * 32767).astype(np.int16), 4), "samples"),  # its levels would lie 90 dB higher
    (frame_levels, (SOUND > 0, 4), "samples"),
    (frame_levels, (SOUND.reshape(-1, 2), 4), "samples"),
    (frame_levels, (np.array(0.5), 4), "samples"),
    (frame_levels, (NAN, 4), "samples"),  # it compares with nothing: its frame, and the floor after it, are quiet
    (voice_segments, (SOUND.tolist(), SMALL), "samples"),
    (voice_segments, (NAN, SMALL), "samples"),
    (all_turns, ([SOUND, (SOUND * 32767).astype(np.int16)], SMALL), "chunks"),
    (all_turns, ([SOUND, NAN], SMALL), "chunks"),
    (all_turns, ([SOUND.reshape(-1, 2)], SMALL), "chunks"),
    (all_turns, (SOUND, SMALL), "chunks"),  # one array is no stream: its chunks are numbers
    (voice_segments, (SOUND, SMALL._replace(frame=0)), "frame"),
    (voice_segments, (SOUND, SMALL._replace(window=0)), "window"),
    (voice_segments, (SOUND, SMALL._replace(onset=0)), "onset"),
    (voice_segments, (SOUND, SMALL._replace(hangover=0, padding=0)), "hangover"),
    (voice_segments, (SOUND, SMALL._replace(hangover=2.5)), "hangover"),  # no number of frames is ever equal to it
    (voice_segments, (SOUND, SMALL._replace(minimum=True)), "minimum"),
    (voice_segments, (SOUND, SMALL._replace(padding=-1)), "padding"),
    (all_turns, ([SOUND], SMALL._replace(padding=4)), "padding"),  # an end that has not been heard when it is told
]


@pytest.mark.parametrize(("function", "arguments", "named"), REFUSED)
def test_what_is_refused(function, arguments, named):
    call(function, *arguments).raises(ValueError, naming=named)
