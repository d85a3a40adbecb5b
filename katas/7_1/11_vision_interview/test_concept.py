import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
from fixtures.katas import recorded
from fixtures.katas.vision_interview import reference as measured

EXACT = 1e-9  # float64 rounds to 1e-15; the smallest of the usual mistakes is off by 0.01
LEVEL = 1e-6  # of 255 levels of brightness; the usual mistakes are off by 9
RESIZED = 0.02  # whole pixels and Pillow's edges make 1 %; another scale, or a share of another kind, is off by 10 %
NOISE = 0.02  # 1000 patches of noise scatter by 1 %; channels or a root forgotten are off by half and more


def test_a_letter_on_a_banner():
    """640 x 160 pixels become 336 x 84 in the letterbox, and 1344 x 336 before the crop."""
    call(detail_seen, 30, (640, 160), 336).gives(
        measured.detail_after_resizing(30, (640, 160), 336), rtol=RESIZED)


@pytest.mark.parametrize("detail", [14, 40])
def test_a_letter_on_a_scanned_page(detail):
    """A4 at 75 dots per inch, upright."""
    call(detail_seen, detail, (620, 877), 336).gives(
        measured.detail_after_resizing(detail, (620, 877), 336), rtol=RESIZED)


def test_a_letter_scanned_at_twice_the_resolution():
    """The letter has twice the pixels, and so has the page."""
    call(detail_seen, 28, (1240, 1754), 336).gives(
        measured.detail_after_resizing(28, (1240, 1754), 336), rtol=RESIZED)


def test_a_pixel_under_another_mean_and_deviation():
    """102 is 0.4 of 255. The file says mean 0 and std 1, so 0.4 comes in; the training had 0.5 and 0.25."""
    call(brightness_seen, 102, (0.5, 0.25), (0.0, 1.0)).gives(
        measured.brightness_of_the_same_number(102, (0.5, 0.25), (0.0, 1.0)), atol=LEVEL)


@pytest.mark.parametrize("value", [0, 60, 200, 255])
@pytest.mark.parametrize(("trained", "given"), [((0.4815, 0.2686), (0.5, 0.5)), ((0.5, 0.5), (0.485, 0.229))])
def test_pixels_under_statistics_that_are_in_use(value, trained, given):
    """CLIP's red channel in a file with 0.5 and 0.5; SigLIP's 0.5 and 0.5 in a file with ImageNet's.

    Some look darker than black or brighter than white, and few are whole numbers.
    """
    call(brightness_seen, value, trained, given).gives(
        measured.brightness_of_the_same_number(value, trained, given), atol=LEVEL)


def test_what_a_short_vector_keeps_of_a_patch():
    """4 x 4 pixels of three channels are 48 numbers, the vector has 14."""
    call(share_kept, 4, 14).gives(measured.share_of_random_patches(4, 14), rtol=NOISE)


@pytest.mark.parametrize(("patch_size", "width"), [(8, 40), (6, 20), (3, 20), (5, 70)])
def test_what_vectors_of_other_widths_keep(patch_size, width):
    call(share_kept, patch_size, width).gives(measured.share_of_random_patches(patch_size, width), rtol=NOISE)


@pytest.mark.parametrize(("patch_size", "width"), [(4, 48), (4, 49), (3, 100)])
def test_what_a_long_vector_keeps_of_a_patch(patch_size, width):
    call(share_kept, patch_size, width).gives(measured.share_of_random_patches(patch_size, width), rtol=NOISE)


def test_a_side_of_twice_as_many_pixels():
    """16 patches become 64. Counted in a block that is 32 wide."""
    call(times_the_work, 16, 32, 2).gives(measured.measured_growth(16, 32, 2), rtol=EXACT)


@pytest.mark.parametrize(("patches", "width", "factor"), [(9, 64, 3), (81, 4, 2), (49, 6, 3)])
def test_sides_of_other_factors(patches, width, factor):
    call(times_the_work, patches, width, factor).gives(measured.measured_growth(patches, width, factor), rtol=EXACT)


@pytest.mark.parametrize("row", range(4))
def test_the_work_that_torch_counts_in_clip(row):
    """The first is the encoder of LLaVA 1.5, at a side of 672 in place of 336."""
    record = recorded("vision_interview", "work")
    patch_size, width, _, _, side, larger = record["encoders"][row].tolist()
    before, after = record["multiplications"][row].tolist()
    # CLIP's class token, which does not grow, makes 2 % of 49 patches; the nearest usual mistake is off by 6 %
    call(times_the_work, (side // patch_size)**2, width, larger / side).gives(after / before, rtol=0.03)


def test_a_picture_in_llava():
    """LLaVA 1.5 7B: 336 pixels in patches of 14; 32 blocks with 32 heads of 128. Recorded from llama.cpp."""
    record = recorded("vision_interview", "cache")
    call(cost_of_a_picture, *record["shapes"][0].tolist()).gives(tuple(record["costs"][0].tolist()))


@pytest.mark.parametrize("row", range(1, 6))
def test_a_picture_in_other_models(row):
    """Fewer KV heads, larger patches, a side that is no multiple of the patch."""
    record = recorded("vision_interview", "cache")
    call(cost_of_a_picture, *record["shapes"][row].tolist()).gives(tuple(record["costs"][row].tolist()))


def test_questions_behind_the_picture():
    """Five of them. A small causal transformer runs: what has other numbers than before is computed again."""
    call(tokens_computed, 5, 3, 16, 4, True).gives(measured.positions_computed(5, 3, 16, 4, True))


def test_questions_before_the_picture():
    """The same parts in the other order; the system text is the first of them in both."""
    call(tokens_computed, 5, 3, 16, 4, False).gives(measured.positions_computed(5, 3, 16, 4, False))


@given(st.integers(1, 4), st.integers(0, 6), st.integers(1, 9), st.integers(1, 5), st.booleans())
def test_questions_in_either_order(questions, system, picture, question, picture_first):
    numbers = (questions, system, picture, question, picture_first)
    call(tokens_computed, *numbers).gives(measured.positions_computed(*numbers))


def test_right_answers_without_a_look():
    """Of ten questions "how many?" five are answered by one, three by two, two by three."""
    call(right_by_accident, np.array([5, 3, 2])).gives(measured.accidents([5, 3, 2]), atol=EXACT)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(any))
def test_right_answers_by_accident(counts):
    call(right_by_accident, np.array(counts)).gives(measured.accidents(counts), atol=EXACT)


def test_two_classes_at_twice_the_scale():
    """exp(1) : exp(0) becomes exp(2) : exp(0)."""
    logits = np.array([[1.0, 0.0], [0.0, 3.0], [2.0, 2.0]])
    call(sharpened, measured.softmax(logits), 2.0).gives(measured.softmax(2 * logits), atol=EXACT)


@pytest.mark.parametrize("factor", [0.1, 1.0, 3.5])
def test_classes_at_another_scale(factor):
    """Four pictures and five classes, of which the scale was 10."""
    cosines = measured.cosines(4, 5, seed=8)
    call(sharpened, measured.softmax(10 * cosines), factor).gives(measured.softmax(10 * factor * cosines), atol=EXACT)
