import numpy as np
import pytest
from audio_interview import first_sound, forgotten_division, log_mel_shift, streaming, tokens_heard

from fixtures.checking import call
from fixtures.katas.audio_interview import reference as measured

EXACT = 1e-9  # float64 rounds to 1e-15


def test_a_single_sample_is_a_whole_window():
    call(tokens_heard, 1).gives((750, 1))


def test_a_day_of_sound():
    """Whole numbers, also where a float would round: 2880 windows, and one for a last sample."""
    call(tokens_heard, 24 * 3600 * 16_000 + 1).gives((2881 * 750, 2880 * 750 + 1))
    call(tokens_heard, 480_000 * 10**14 + 1).gives((750 * 10**14 + 750, 750 * 10**14 + 1))


def test_numbers_may_be_small_ones_of_numpy():
    """30000 + 639 is no int16, 200 ** 2 no uint8, 100 * 3 no int8."""
    call(tokens_heard, np.int16(30_000)).gives((750, 47))
    call(log_mel_shift, np.uint8(200)).gives(float(np.log10(200) / 2), atol=EXACT)
    call(forgotten_division, np.full(8, 200, np.uint8), np.uint8(4)).gives((80_000.0, 80_000.0))
    call(streaming, np.uint8(250), np.uint8(100), np.uint8(2)).gives((2.5, 150.0, 200.0), atol=EXACT)
    call(first_sound, np.array([100, 100, 100], np.int8), np.int8(1)).gives((300.0, 100.0, 0.0), atol=EXACT)


def test_gains_whose_square_is_no_float():
    call(log_mel_shift, 1e200).gives(100.0, atol=EXACT)
    call(log_mel_shift, 1e-200).gives(-100.0, atol=EXACT)


def test_a_window_may_be_a_list_and_have_gaps():
    """A hop as long as the window: nothing overlaps, and where the window is 0 nothing is left."""
    call(forgotten_division, [0.0, 1.0, 2.0], 3).gives((0.0, 4.0), atol=EXACT)
    call(forgotten_division, [0.0, 1.0, 2.0], 1).gives((5.0, 5.0), atol=EXACT)


def test_windows_of_short_floats():
    """float16 keeps 3 digits: squared and added in float64."""
    window = np.sin(np.pi * (np.arange(400) + 0.5) / 400).astype(np.float16)
    call(forgotten_division, window, 4).gives(measured.overlap_added(window.astype(np.float64), 4), rtol=1e-6)


def test_a_window_that_just_holds_what_has_to_agree():
    call(streaming, 3.0, 1.5).gives((2.0, 2.25, 3.0), atol=EXACT)  # two, where nothing is said


def test_a_window_that_just_holds_what_floats_make_too_much():
    """0.6 s hold three hearings that are 0.2 s apart, although 0.2 * 3 is 0.6000000000000001."""
    call(streaming, 0.6, 0.2, 3).gives((3.0, 0.5, 0.6), atol=EXACT)


def test_one_sentence_is_there_when_it_is_made():
    call(first_sound, (3.0,), 0.5).gives((1.5, 1.5, 0.0), atol=EXACT)


NAN = float("nan")
REFUSED = {
    "no sound": (tokens_heard, (0,), "samples"),
    "no gain": (log_mel_shift, (0.0,), "gain"),
    "a gain that is no number": (log_mel_shift, (NAN,), "gain"),
    "a number for a window": (forgotten_division, (2.0, 1), "window"),
    "a window of two axes": (forgotten_division, (np.ones((4, 4)), 2), "window"),
    "a window that is no number": (forgotten_division, ([1.0, NAN], 1), "window"),
    "no hop": (forgotten_division, ([1.0, 1.0], 0), "hop"),
    "a hop beyond the window": (forgotten_division, ([1.0, 1.0], 3), "hop"),
    "hearings at no distance": (streaming, (8.0, 0.0, 2), "hop"),
    "no hearing": (streaming, (8.0, 1.0, 0), "agreement"),
    "a window too short to agree": (streaming, (2.9, 1.5, 2), "window"),
    "a window of no length": (streaming, (NAN, 1.5, 2), "window"),
    "no sentences": (first_sound, ([], 0.5), "durations"),
    "a sentence without sound": (first_sound, ([1.0, 0.0], 0.5), "durations"),
    "a sentence that is no number": (first_sound, ([1.0, NAN], 0.5), "durations"),
    "no work": (first_sound, ([1.0], 0.0), "real_time_factor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    function, arguments, argument = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=argument)
