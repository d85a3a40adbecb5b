"""From samples to turns: levels, the floor, turns of frames, segments of samples, and the same from a stream."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from voice_activity import Settings, find_turns, frame_levels, noise_floor, turns, voice_segments

from fixtures.checking import call
from fixtures.katas.voice_activity.reference import (
    bools,
    cut,
    listed,
    lowest_of_window,
    matched_turns,
    of_levels,
    segments,
)

# The README's example: a click, a word with a pause inside, and the room.
LEVELS = [-50, -52, -20, -51, -30, -25, -28, -50, -27, -49, -50, -51, -50]
FLOOR = [-50, -52, -52, -52, -52, -51, -51, -50, -50, -50, -50, -51, -51]
LOUD = "..#.###.#...."
SMALL = Settings(margin_db=9, quietest_db=-60, frame=4, window=4, onset=2, hangover=3, minimum=3, padding=1)
all_turns = listed(turns)


def told_at(chunks, settings):
    """Return what is told, and how many samples were taken until then."""
    taken = 0

    def counted():
        nonlocal taken
        for chunk in chunks:
            taken += len(chunk)
            yield chunk

    return [(*turn, taken) for turn in turns(counted(), settings)]


# --- levels ------------------------------------------------------------------------------------------


def test_a_tenth_of_the_amplitude_is_twenty_decibels_less():
    """A tenth of the amplitude is a hundredth of the power."""
    samples = np.float32([1, -1, 1, 1, 0.1, 0.1, -0.1, -0.1, 0.01, -0.01, 0.01, -0.01])
    call(frame_levels, samples, 4).gives([0, -20, -40], atol=1e-4)  # rounding 1e-6; 10 log10 of the root: 10 off
    call(frame_levels, samples, 2).gives([0, 0, -20, -20, -40, -40], atol=1e-4)


def test_power_is_the_mean_of_the_squares():
    """Mean squares of 1/4, 1/2 (a sine) and 0.58; the squares' sums, and the means' squares, are others."""
    samples = np.float32([1, 0, 0, 0, 0, 1, 0, -1, 0.2, 0.4, 0.6, 1.32665])
    call(frame_levels, samples, 4).gives([-6.0206, -3.0103, -2.3657], atol=1e-3)


def test_silence_lies_at_minus_100_and_what_is_left_is_no_frame():
    samples = np.float32([0, 0, 0, 1e-6, 0.5, -0.5, 0.5, 0.5, 1, 1, 1])
    call(frame_levels, samples, 4).gives([-100, -6.0206], atol=1e-3)


# --- the noise floor ---------------------------------------------------------------------------------


def test_the_floor_is_the_lowest_of_the_last_frames():
    """The README's example: four levels, the frame's own among them; never one that comes later."""
    call(noise_floor, np.float64(LEVELS), 4).gives(FLOOR)


def test_the_floor_falls_at_once_and_rises_when_the_window_has_passed():
    levels = np.float64([-30, -30, -55, -30, -30, -30, -30, -28])
    call(noise_floor, levels, 3).gives([-30, -30, -55, -55, -55, -30, -30, -30])
    call(noise_floor, levels, 1).gives(levels)


def test_the_floor_is_never_lower_than_the_quietest():
    call(noise_floor, np.float64([-100, -40, -70, -50]), 2, -60.0).gives([-60, -60, -60, -60])
    call(noise_floor, np.float64([-100, -40, -70, -50]), 2, -80.0).gives([-80, -80, -70, -70])


@given(st.lists(st.integers(-90, 0), min_size=10, max_size=40), st.integers(1, 12))
def test_the_floor_of_any_levels(levels, window):
    call(noise_floor, np.float64(levels), window, -70.0).gives(lowest_of_window(levels, window, -70.0))


# --- turns of frames ---------------------------------------------------------------------------------


def test_a_click_is_no_turn_and_a_pause_does_not_end_one():
    """The README's example: frame 2 is alone, frame 7 is one of three quiet ones that would end the turn."""
    call(find_turns, bools(LOUD), 2, 3, 3).gives([(4, 9)])


def test_the_length_of_a_turn_counts_its_pauses():
    """Eight frames, six of them loud, are enough for a minimum of seven; in the README's example, five for five."""
    call(find_turns, bools("##.##.##...####.#####..."), 2, 3, 7).gives([(0, 8), (11, 21)])
    call(find_turns, bools(LOUD), 2, 3, 5).gives([(4, 9)])
    call(find_turns, bools(LOUD), 2, 3, 6).gives([])


@pytest.mark.parametrize(("loud", "wanted"), [
    (".###...###.", [(1, 4), (7, 10)]),  # three quiet frames end a turn
    (".###..###.", [(1, 9)]),  # two do not
    (".###..#..#..##...", [(1, 14)]),  # nor do they when they come again: in a row counts, not together
    ("##.#..###", [(0, 9)]),  # no onset is needed to go on
    (".#.#.#.#.", []),  # and no single frame is one
    (".....###", [(5, 8)]),  # the end of the sound ends a turn
    ("..####.", [(2, 6)]),  # as well after one quiet frame
    (".##...####...", [(6, 10)]),  # two frames are fewer than three
    (".##.#....", [(1, 5)]),  # from the first to the last loud frame these are four
    ("......", []), ("", []),
])
def test_turns_of_three_frames_with_an_onset_of_two(loud, wanted):
    """In the test, a comment beside each row says what it is about."""
    call(find_turns, bools(loud), 2, 3, 3).gives(wanted)


@given(st.lists(st.integers(1, 5), min_size=5, max_size=16), st.integers(1, 4), st.integers(1, 5), st.integers(1, 8))
def test_turns_are_those_that_a_regular_expression_finds(lengths, onset, hangover, minimum):
    text = "".join(".#"[row % 2] * length for row, length in enumerate(lengths))
    call(find_turns, bools(text), onset, hangover, minimum).gives(matched_turns(bools(text), onset, hangover, minimum))


# --- segments of samples -----------------------------------------------------------------------------


def test_a_segment_is_in_samples_and_has_a_frame_more_at_both_ends():
    """The README's example: frames 4 to 9 become 3 to 10, of 320 samples each, or of 4."""
    call(voice_segments, of_levels(LEVELS, 320), SMALL._replace(frame=320)).gives([(960, 3200)])
    call(voice_segments, of_levels(LEVELS), SMALL).gives([(12, 40)])


def test_a_segment_stays_within_the_sound():
    """Two frames more at both ends do not fit; three samples after the last frame belong to the sound."""
    samples = np.append(of_levels([-50, -20, -20, -20, -50]), np.float32([0.001, 0, 0]))
    call(voice_segments, samples, SMALL._replace(padding=2)).gives([(0, 23)])


def test_segments_do_not_overlap():
    """Four quiet frames between two words, and three frames more at both ends: the first one ends as it should."""
    samples = of_levels([-50] * 3 + [-20] * 3 + [-50] * 4 + [-20] * 4 + [-50] * 5)
    call(voice_segments, samples, SMALL._replace(window=9, padding=3)).gives([(0, 36), (36, 68)])


@pytest.mark.parametrize("louder", [0, 15, 25, -9])
def test_another_room_and_another_microphone_change_nothing(louder):
    """Speech lies 12 dB above the room's noise, at whatever level that is."""
    levels = np.array([-48, -50, -49] * 3 + [-38, -30, -37, -49, -32, -36] + [-50, -48, -49] * 3 + [-34] * 5)
    call(voice_segments, of_levels(levels + louder), SMALL._replace(window=9)).gives([(32, 64), (92, 116)])


def test_a_fan_is_speech_until_the_window_has_passed():
    """It is switched on at frame 10. The last quiet frame, 9, has left the twelve of the window at frame 21."""
    samples = of_levels([-50] * 10 + [-30] * 30 + [-15] * 4 + [-30] * 4)
    call(voice_segments, samples, SMALL._replace(window=12, padding=0)).gives([(40, 84), (160, 176)])


@given(st.lists(st.sampled_from([-80, -60, -53, -50, -45, -30, -20]), min_size=15, max_size=40), st.integers(0, 3),
       st.integers(1, 9), st.integers(0, 3))
def test_segments_are_those_of_the_definition(levels, left, window, padding):
    samples = np.append(of_levels(levels), np.zeros(left, np.float32))
    settings = SMALL._replace(window=window, padding=padding)
    call(voice_segments, samples, settings).gives(segments(samples, settings))


# --- from a stream -----------------------------------------------------------------------------------


def test_a_stream_tells_a_start_and_then_the_whole():
    """The README's example, frame by frame, and in pieces that are no frames: 5, 6, 7 and 34 samples."""
    sound = of_levels(LEVELS)
    call(all_turns, [sound], SMALL).gives([(12, None), (12, 40)])
    call(all_turns, cut(sound, [4] * 12), SMALL).gives([(12, None), (12, 40)])
    call(all_turns, cut(sound, [5, 6, 7]), SMALL).gives([(12, None), (12, 40)])


def test_a_turn_is_told_as_soon_as_it_is_known():
    """The third frame of the turn is frame 6, 28 samples; the third quiet one after it is frame 11, 48 samples."""
    frames = cut(of_levels(LEVELS), [4] * 12)
    call(told_at, frames, SMALL).gives([(12, None, 28), (12, 40, 48)])
    call(told_at, frames, SMALL._replace(minimum=5)).gives([(12, None, 36), (12, 40, 48)])
    call(told_at, frames[:10], SMALL).gives([(12, None, 28), (12, 40, 40)])  # or when there is no more


@given(st.lists(st.sampled_from([-80, -50, -45, -30, -20]), min_size=15, max_size=40), st.integers(0, 3),
       st.lists(st.integers(0, 30), max_size=12), st.integers(1, 9), st.integers(0, 3))
def test_chunks_of_any_lengths_give_the_segments_of_the_whole(levels, left, lengths, window, padding):
    samples = np.append(of_levels(levels), np.zeros(left, np.float32))
    settings = SMALL._replace(window=window, padding=padding)
    wanted = [turn for start, end in segments(samples, settings) for turn in ((start, None), (start, end))]
    call(all_turns, cut(samples, lengths), settings).gives(wanted)
