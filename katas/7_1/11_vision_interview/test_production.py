import numpy as np
import pytest
from vision_interview import (
    brightness_seen,
    cost_of_a_picture,
    detail_seen,
    right_by_accident,
    share_kept,
    sharpened,
    times_the_work,
    tokens_computed,
)

from fixtures.checking import call
from fixtures.katas.vision_interview import reference as measured

EXACT = 1e-9  # float64 rounds to 1e-15


def test_pictures_smaller_than_the_encoder():
    """They are enlarged, and what is on them with them."""
    call(detail_seen, 20, (90, 60), 336).gives(measured.detail_after_resizing(20, (90, 60), 336), rtol=0.02)


def test_sizes_may_be_small_integers_of_numpy():
    """14 * 14 * 3 is no uint8, 250 * 336 no uint16."""
    call(detail_seen, np.uint8(250), (np.int16(640), np.int16(320)), np.uint16(336)).gives(
        (131.25, 262.5, 0.5), rtol=EXACT)
    call(share_kept, np.uint8(14), np.uint8(147)).gives(0.25, rtol=EXACT)
    call(times_the_work, np.uint8(100), np.uint8(64), np.uint8(2)).gives(
        measured.measured_growth(100, 64, 2), rtol=EXACT)
    call(brightness_seen, np.uint8(102), (np.float16(0.5), np.float16(0.25)), (0, 1)).gives(153.0, atol=1e-6)


def test_costs_of_a_picture_that_is_one_patch():
    call(cost_of_a_picture, 14, 14, 3, 2, 8).gives((1, 3 * 2 * 2 * 8 * 2))


def test_costs_beyond_int32():
    """Small integers in, and whole numbers out: 114 GB for one picture of 96 x 96 patches."""
    shape = [np.int16(number) for number in (1344, 14, 126, 96, 256)]
    call(cost_of_a_picture, *shape).gives((9216, 2 * 9216 * 126 * 2 * 96 * 256))
    call(cost_of_a_picture, np.uint8(224), np.uint8(14), np.uint8(32), np.uint8(8), np.uint8(128)).gives(
        (256, 2 * 256 * 32 * 2 * 8 * 128))


def test_tokens_of_many_questions():
    """Whole numbers, however many: 200 questions about a picture of 200 tokens, given as uint8."""
    whole = [np.uint8(number) for number in (200, 30, 200, 9)]
    call(tokens_computed, *whole, True).gives((200 * 239, 230 + 200 * 9))
    call(tokens_computed, *whole, False).gives((200 * 239, 30 + 200 * 209))
    call(tokens_computed, 10**15, 3, 576, 7, True).gives((586 * 10**15, 579 + 7 * 10**15))


def test_one_question_is_computed_whole():
    for picture_first in (True, False):
        call(tokens_computed, 1, 4, 9, 3, picture_first).gives(measured.positions_computed(1, 4, 9, 3, picture_first))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float16])
def test_counts_whose_sums_or_squares_overflow(dtype):
    """200 + 100 is no uint8, 65000 * 65000 no int32, the sum of a thousand 200s no float16."""
    counts = {np.uint8: [200, 100, 100], np.int32: [65000, 32500, 32500], np.float16: [200] * 1000}[dtype]
    fewer = {np.uint8: [2, 1, 1], np.int32: [2, 1, 1], np.float16: [1] * 1000}[dtype]
    call(right_by_accident, np.array(counts, dtype=dtype)).gives(measured.accidents(fewer), atol=EXACT)


def test_a_single_answer_and_answers_that_are_never_right():
    call(right_by_accident, [7]).gives((1.0, 1.0))
    call(right_by_accident, [0, 4, 0]).gives((1.0, 1.0))


@pytest.mark.parametrize("factor", [200.0, 1000.0])
def test_powers_that_are_too_small_for_a_float(factor):
    """With a thousand classes each probability is near 0.001, and 0.001 ** 200 is 0 to a computer."""
    cosines = measured.cosines(3, 1000, seed=9)
    call(sharpened, measured.softmax(cosines), factor).gives(measured.softmax(factor * cosines), atol=EXACT)


def test_probabilities_of_zero_stay():
    """A softmax in float32 has them. Nothing brings a class back whose probability is lost."""
    for factor in (0.5, 2.0):
        call(sharpened, np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]), factor).gives(
            np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]), atol=EXACT)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_of_short_floats(dtype):
    """Their sum is not exactly 1, and their squares may be 0: computed in float64."""
    logits = np.array([[0.0, -8.0, -1.0], [-9.0, 0.0, -9.5]])
    given = measured.softmax(logits).astype(dtype)
    exact = given.astype(np.float64)**3
    call(sharpened, given, 3.0).gives(exact / exact.sum(axis=1, keepdims=True), rtol=1e-6)  # float16 rounds to 5e-4


NAN = float("nan")
REFUSED = {
    "no letter": (detail_seen, (0, (640, 480), 336), "detail"),
    "a picture without height": (detail_seen, (20, (640, 0), 336), "size"),
    "a square without a side": (detail_seen, (20, (640, 480), 0), "side"),
    "a training without deviation": (brightness_seen, (128, (0.5, 0.0), (0.5, 0.5)), "trained"),
    "a file with a negative deviation": (brightness_seen, (128, (0.5, 0.5), (0.5, -0.5)), "given"),
    "a deviation that is no number": (brightness_seen, (128, (0.5, 0.5), (0.5, NAN)), "given"),
    "no patch": (share_kept, (0, 768), "patch_size"),
    "no vector": (share_kept, (14, 0), "width"),
    "no patches": (times_the_work, (0, 1024, 2.0), "patches"),
    "an encoder without width": (times_the_work, (576, 0, 2.0), "width"),
    "a side of nothing": (times_the_work, (576, 1024, 0.0), "factor"),
    "a picture smaller than a patch": (cost_of_a_picture, (13, 14, 32, 32, 128), "side"),
    "no questions": (tokens_computed, (0, 30, 576, 12, True), "questions"),
    "no counts": (right_by_accident, ([],), "counts"),
    "counts of nothing": (right_by_accident, ([0, 0],), "counts"),
    "a count below 0": (right_by_accident, ([3, -1],), "counts"),
    "a count that is no number": (right_by_accident, ([3, NAN],), "counts"),
    "a count alone": (right_by_accident, (5,), "counts"),
    "counts in two rows": (right_by_accident, ([[3, 1], [2, 2]],), "counts"),
    "a scale of nothing": (sharpened, ([[0.5, 0.5]], 0.0), "factor"),
    "a scale turned around": (sharpened, ([[0.5, 0.5]], -2.0), "factor"),
    "probabilities below 0": (sharpened, ([[1.2, -0.2]], 2.0), "probabilities"),
    "probabilities that are no numbers": (sharpened, ([[0.5, NAN]], 2.0), "probabilities"),
    "a row of zeros": (sharpened, ([[0.5, 0.5], [0.0, 0.0]], 2.0), "probabilities"),
    "one row without the images' axis": (sharpened, ([0.5, 0.5], 2.0), "probabilities"),
    "an axis too many": (sharpened, ([[[0.5, 0.5]]], 2.0), "probabilities"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    function, arguments, argument = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=argument)
