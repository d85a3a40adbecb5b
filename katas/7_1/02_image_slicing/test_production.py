import numpy as np
import pytest
from image_slicing import (
    anyres_tokens,
    minicpm_tokens,
    refined_size,
    select_best_resolution,
    slice_grid,
    smart_resize,
)

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.image_slicing.sweep import call_each, sizes

RECORD = recorded("image_slicing")
NO_NUMBERS = [(0, ValueError), (5.0, TypeError), (True, TypeError)]
NO_GRIDS = [((0, 1), ValueError), ((2,), ValueError), ((2.0, 1), TypeError)]
OF_A_SIZE = (smart_resize, select_best_resolution, anyres_tokens, slice_grid, refined_size)


@pytest.mark.parametrize(("size", "grid", "multiple", "wanted"), [
    ((100, 100), (1, 1), 128, (512, 512)),  # 448 / 128 is 3.5: 4 is even
    ((100, 100), (1, 1), 179, (537, 537)),  # 2.503
    ((5, 7), (2, 2), 14, (644, 1260)),  # 2.5 and 3.5: slices of 2 x 4
    ((3, 2), (2, 1), 14, (896, 448)),  # 1.5: 2 x 2
])
def test_halves_go_to_the_even_number(size, grid, multiple, wanted):
    call(refined_size, size, grid, multiple=multiple).gives(wanted)


def test_the_last_digit_of_a_float_decides_between_equals():
    """Two float64 logs: log(3 / 2) and -log(2 / 3) differ in the last digit. In a true tie there are more rows.

    Two grids are as near to a square, and to 1:4 in nine slices. The reference cuts 1024 x 1024 into 2 rows of 3;
    log(1 / 2) is exactly -log(2), and 600 x 600 has more rows.
    """
    call_each(slice_grid, [(size,) for size in sizes(RECORD["ties"])], sizes(RECORD["tied_grids"]))


@pytest.mark.parametrize(("size", "wanted"), [
    ((14, 100), (28, 168)),  # 14 / 28 is rounded to 0: no pixels, too few, so both edges grow by 1.497
    ((13, 2600), (28, 812)),  # 200:1 is allowed. It has more than min_pixels, and shrinks all the same
    ((1, 150), (28, 700)),
    ((2, 9), (28, 140)),
])
def test_a_line_of_text_loses_its_width_in_smart_resize(size, wanted):
    """transformers takes no care of an edge that was rounded to 0."""
    call(smart_resize, size).gives(wanted)


def test_no_edge_vanishes():
    """Of a thin line less than half a factor, patch or pixel may be left: it counts as one."""
    call(smart_resize, (20, 4000), 28, 784, 10_000).gives((28, 1400))
    call(refined_size, (1, 4000)).gives((14, 28000))  # 448 / sqrt(4000) is 7.08, half a patch: rounded to 0
    call(refined_size, (1, 4000), (1, 9)).gives((28, 83916))
    call(refined_size, (1, 30), (3, 1)).gives((3 * 84, 2436))  # a slice is at least a pixel high
    call(refined_size, (30, 1), (1, 3)).gives((2450, 3 * 84))  # and wide: 448 * sqrt(30) is 2453, 175.2 patches


def test_of_a_thin_line_the_overview_is_left():
    """All rows of a 13 x 2600 image are padding: 13 * 72 / 2600 of a patch."""
    call(anyres_tokens, (13, 2600)).gives(576)
    call(anyres_tokens, (1, 3)).gives(576 + 16 * 49)


def test_patches_are_whole():
    """11 x 21 pixels in patches of 2: 5 rows of 10, and a newline each. A tile of 11 has 5 x 5."""
    call(anyres_tokens, (20, 40), ((11, 21),), 11, 2).gives(25 + 5 * 11)
    call(anyres_tokens, (30, 60), ((10, 20),), patch=1).gives(336**2 + 10 * 21)  # a tile has 336 pixels


def test_a_resolution_that_keeps_no_pixel_can_still_be_the_best():
    """Scaled to fit, 1 x 1000 has an edge below one pixel everywhere. The least padding decides."""
    call(select_best_resolution, (1, 1000), ((20, 20), (10, 10), (30, 30))).gives((10, 10))


def test_multiples_of_four_patches():
    """MiniCPM-V 4.6 merges 4 x 4 patches: its slices are multiples of 56 pixels."""
    arguments = zip(sizes(RECORD["sizes"]), sizes(RECORD["grid"]), strict=True)
    call_each(refined_size, [(size, grid, 448, 56) for size, grid in arguments], sizes(RECORD["refined_56"]))


def test_numbers_may_be_numpys():
    """np.int16(3000) * np.int16(2000) is negative."""
    size = np.int16(3000), np.int16(2000)
    call(smart_resize, size, np.uint8(28)).gives((1204, 812))
    call(smart_resize, np.array(size), 28, np.int16(3136), np.int32(1_003_520)).gives((1204, 812))
    call(select_best_resolution, size, np.array([(336, 672), (672, 336)], np.int16)).gives((672, 336))
    call(anyres_tokens, size, tile=np.int16(336), patch=np.uint8(14)).gives(2160)
    call(slice_grid, size, np.int16(448), np.uint8(9)).gives((4, 2))
    call(refined_size, size, (np.uint8(4), np.uint8(2)), np.int16(448), np.uint8(14)).gives((1568, 1036))
    call(minicpm_tokens, (np.int8(3), np.int8(3)), np.uint8(255)).gives(2572)


@pytest.mark.parametrize("function", [*OF_A_SIZE, minicpm_tokens])
def test_results_are_pythons_integers(function):
    count = function in (anyres_tokens, minicpm_tokens)
    call(function, np.array([300, 500])).satisfies(
        lambda got: all(type(number) is int for number in ([got] if count else got)), "numbers of type int")


def test_there_are_at_most_max_slices():
    """n is 9 at scale 10, and max_slices makes it 4: then 3 and 4 slices compete, not 5. One slice is no cut."""
    call(slice_grid, (12, 75), 10, 4).gives((1, 4))
    call(slice_grid, (300, 400), 100, 1).gives((1, 1))
    call(slice_grid, (300, 310), 100, 2).gives((1, 2))


def test_large_images():
    """50,000 x 50,000 pixels are more than a 32-bit integer holds."""
    call(smart_resize, (50_000, 49_000)).gives((1008, 980))
    call(select_best_resolution, (50_000, 49_000)).gives((672, 672))
    call(slice_grid, (50_000, 49_000)).gives((3, 3))
    call(refined_size, (50_000, 49_000), (3, 3)).gives((1344, 1344))


@pytest.mark.parametrize(("function", "arguments", "error", "name"), [
    *((function, (size,), error, "size") for function in OF_A_SIZE for size, error in [
        ((0, 5), ValueError), ((5, -1), ValueError), ((5, 5, 3), ValueError), ((5.0, 5), TypeError),
        ((5, True), TypeError)]),
    (smart_resize, ((2, 401),), ValueError, "size"), (smart_resize, ((401, 2),), ValueError, "size"),
    (smart_resize, ((5, 5), 28.0), TypeError, "factor"),
    (smart_resize, ((5, 5), 0), ValueError, "factor"),
    (smart_resize, ((5, 5), 28, 0), ValueError, "min_pixels"),
    (smart_resize, ((5, 5), 28, 4.0), TypeError, "min_pixels"),
    (smart_resize, ((5, 5), 28, 4, 0), ValueError, "max_pixels"),
    (smart_resize, ((5, 5), 28, 4, 9e9), TypeError, "max_pixels"),
    (select_best_resolution, ((5, 5), ()), ValueError, "resolutions"),
    (select_best_resolution, ((5, 5), ((336, 672), (0, 672))), ValueError, "resolutions"),
    (select_best_resolution, ((5, 5), ((336, 672), (336.0, 672))), TypeError, "resolutions"),
    (anyres_tokens, ((5, 5), ((336, 672), (672,))), ValueError, "resolutions"),
    *((anyres_tokens, ((5, 5), ((336, 672),), tile), error, "tile") for tile, error in NO_NUMBERS),
    *((anyres_tokens, ((5, 5), ((336, 672),), 336, patch), error, "patch") for patch, error in NO_NUMBERS),
    *((slice_grid, ((5, 5), scale), error, "scale") for scale, error in NO_NUMBERS),
    *((slice_grid, ((5, 5), 448, most), error, "max_slices") for most, error in NO_NUMBERS),
    *((refined_size, ((5, 5), grid), error, "grid") for grid, error in NO_GRIDS),
    *((refined_size, ((5, 5), (1, 1), scale), error, "scale") for scale, error in NO_NUMBERS),
    *((refined_size, ((5, 5), (1, 1), 448, multiple), error, "multiple") for multiple, error in NO_NUMBERS),
    *((minicpm_tokens, (grid,), error, "grid") for grid, error in NO_GRIDS),
    *((minicpm_tokens, ((2, 2), queries), error, "queries") for queries, error in NO_NUMBERS),
])
def test_what_cannot_be_right_is_refused(function, arguments, error, name):
    call(function, *arguments).raises(error, naming=name)
