"""The predictions, each held against the thing itself: windows cut, sounds added up, events played through."""

import numpy as np
import pytest
from audio_interview import first_sound, forgotten_division, log_mel_shift, streaming, tokens_heard
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.audio_interview import reference as measured

EXACT = 1e-9  # float64 rounds to 1e-15; the smallest of the usual mistakes is off by 0.01


def hann(n):
    """A periodic Hann window: its squares, n / 4 apart, add up to 1.5 everywhere."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


# --- 1: tokens ---------------------------------------------------------------------------------------


def test_a_second_of_speech_in_a_window_of_thirty():
    """One window, whatever is in it; 25 of its tokens stand for the second."""
    call(tokens_heard, 16_000).gives(measured.tokens_counted(16_000))


def test_a_sound_a_little_longer_than_a_window():
    """30.01 s: the encoder runs twice, the second time on 10 ms, which have a token, and on silence."""
    call(tokens_heard, 480_160).gives(measured.tokens_counted(480_160))


def test_a_sound_of_just_a_window():
    """30 s are one window, full to the last sample: the next one begins with the next sample."""
    call(tokens_heard, 480_000).gives(measured.tokens_counted(480_000))


@given(st.integers(1, 3_000_000))
def test_sounds_of_any_length_in_windows(samples):
    call(tokens_heard, samples).gives(measured.tokens_counted(samples))


# --- 2: level ----------------------------------------------------------------------------------------


def test_samples_of_16_bits_that_nobody_divided():
    """Whisper's log-mel of a noise, and of 32768 times it: follow one power through the formula, before and after."""
    call(log_mel_shift, 32768.0).gives(measured.measured_shift(32768.0), atol=EXACT)


@pytest.mark.parametrize("gain", [2.0, 1.0, 0.25])
def test_the_volume_turned_up_and_down(gain):
    call(log_mel_shift, gain).gives(measured.measured_shift(gain), atol=EXACT)


# --- 3: overlap-add ----------------------------------------------------------------------------------


def test_windows_that_overlap_by_three_quarters():
    """A noise through transform, inverse and sum: everything comes back louder by one and the same factor."""
    call(forgotten_division, hann(16), 4).gives(measured.overlap_added(hann(16), 4), atol=EXACT)


def test_windows_that_overlap_by_half_flutter():
    """The sum of the squares is no constant any more: between 0.5 and 1, in every hop."""
    call(forgotten_division, hann(16), 8).gives(measured.overlap_added(hann(16), 8), atol=EXACT)


@pytest.mark.parametrize("hop", [4, 5, 6, 12])
def test_windows_of_other_shapes_and_hops(hop):
    """A sine for a window; 5 does not divide its 12 samples, so that two or three of them meet."""
    window = np.sin(np.pi * (np.arange(12) + 0.5) / 12)
    call(forgotten_division, window, hop).gives(measured.overlap_added(window, hop), atol=EXACT)


# --- 4: streaming ------------------------------------------------------------------------------------


@pytest.mark.parametrize("agreement", [1, 3])
def test_a_word_that_one_hearing_decides_and_three(agreement):
    """Each second is heard 12 times. A word waits for the next hearing; and with three, for two more."""
    compute, mean, longest = measured.streamed(6000, 500, agreement)
    call(streaming, 6.0, 0.5, agreement).gives((compute, mean / 1000, longest / 1000), atol=EXACT)


@pytest.mark.parametrize("hop", [2.0, 1.0, 0.5])
def test_a_hop_and_half_of_it(hop):
    """A window of 8 s, and a word counts when two hearings have it, of which the next one is the first."""
    compute, mean, longest = measured.streamed(8000, int(1000 * hop), 2)
    call(streaming, 8.0, hop, 2).gives((compute, mean / 1000, longest / 1000), atol=EXACT)


# --- 5: first sound ----------------------------------------------------------------------------------


def test_five_sentences_made_in_half_their_time():
    """The work for all, and for the first; each is there before the one before has ended."""
    call(first_sound, [4, 2, 6, 4, 4], 0.5).gives(measured.spoken([4, 2, 6, 4, 4], 0.5), atol=EXACT)


def test_a_short_sentence_before_a_long_one():
    """Made as fast as it is spoken: 1 s of sound covers 1 s of the 3 s that the next one takes."""
    call(first_sound, [1, 3, 2], 1.0).gives(measured.spoken([1, 3, 2], 1), atol=EXACT)


def test_a_voice_that_is_slower_than_speech():
    """Twice the time: silence between all sentences, and still it begins earlier."""
    call(first_sound, [1, 2, 3], 2.0).gives(measured.spoken([1, 2, 3], 2), atol=EXACT)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(1, 3))
def test_sentences_of_any_length_made_and_played(durations, factor):
    call(first_sound, durations, float(factor)).gives(measured.spoken(durations, factor), atol=EXACT)
