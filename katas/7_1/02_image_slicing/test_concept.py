import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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

RECORD = recorded("image_slicing")  # transformers' answers for 10,000 sizes
SIZES = sizes(RECORD["sizes"])
GRIDS = sizes(RECORD["grid"])
EDGES = st.integers(30, 3000)


# --- smart_resize: Qwen2-VL --------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "wanted"), [
    ((100, 60), (112, 56)),  # 3.57 and 2.14 times 28
    ((60, 100), (56, 112)),  # height first, in and out
    ((700, 840), (700, 840)),  # multiples stay
    ((70, 200), (56, 196)),  # 2.5 times 28: Python's round takes the even 2
    ((42, 98), (56, 112)),  # 1.5 and 3.5: 2 and 4
])
def test_each_edge_goes_to_the_nearest_multiple(size, wanted):
    """Height first, in and out; each edge by itself, to the nearest multiple of 28, of two as near to the even one."""
    call(smart_resize, size).gives(wanted)


def test_an_image_with_too_many_pixels_shrinks():
    """31 x 46 at factor 10 would be 30 x 50; 600 are allowed. sqrt(31 * 46 / 600) is 1.54: 20.1 and 29.8, down."""
    call(smart_resize, (31, 46), 10, 100, 600).gives((20, 20))


def test_the_area_of_the_rounded_edges_is_held_to_the_limits():
    """36 x 26 has 936 pixels, but at factor 10 it would be 40 x 30. What is exactly at a limit is within it."""
    call(smart_resize, (36, 26), 10, 100, 1000).gives((30, 20))
    call(smart_resize, (20, 20), 10, 400, 400).gives((20, 20))


def test_an_image_with_too_few_pixels_grows():
    """14 x 24 at factor 10 would be 10 x 20; 900 are wanted. sqrt(900 / (14 * 24)) is 1.64: 22.9 and 39.3, up."""
    call(smart_resize, (14, 24), 10, 900, 9000).gives((30, 40))


def test_smart_resize_gives_what_transformers_gives():
    call_each(smart_resize, [(size,) for size in SIZES], sizes(RECORD["smart_resize"]))


@settings(max_examples=25)
@given(height=EDGES, width=EDGES, factor=st.sampled_from([14, 28, 32]))
def test_the_result_is_whole_patches_within_the_limit(height, width, factor):
    call(smart_resize, (height, width), factor).satisfies(
        lambda new: new[0] % factor == new[1] % factor == 0 and 0 < new[0] * new[1] <= 1280 * 28 * 28,
        "both edges are multiples of factor, and together they have at most max_pixels")


# --- select_best_resolution and anyres_tokens: LLaVA 1.6 ---------------------------------------------


@pytest.mark.parametrize(("size", "wanted"), [((200, 1000), (336, 1008)), ((1000, 200), (1008, 336)),
                                              ((600, 600), (672, 672)), ((768, 1024), (672, 672))])
def test_the_resolution_keeps_most_of_the_image(size, wanted):
    """Scaled to fit inside, 200 x 1000 keeps all its pixels in 336 x 1008, and in 672 x 672 only 134 * 672 of them."""
    call(select_best_resolution, size).gives(wanted)


def test_an_enlarged_image_gains_nothing():
    """20 x 30 fits into all three. All its 600 pixels are kept, no more, so the one with the least padding wins."""
    call(select_best_resolution, (20, 30), ((40, 60), (30, 30), (25, 50))).gives((30, 30))
    call(select_best_resolution, (5, 5), ((24, 24), (10, 40))).gives((10, 40))  # 375 pixels of padding, not 551


def test_of_equals_the_first_wins():
    """Both keep all of an upright 300 x 200, with as much padding: the lying one wins, because it comes first."""
    call(select_best_resolution, (300, 200)).gives((336, 672))
    call(select_best_resolution, (300, 200), ((672, 336), (336, 672))).gives((672, 336))


def test_height_comes_first_on_both_sides():
    """A list in which no resolution has its mirror image."""
    call(select_best_resolution, (50, 150), ((100, 300), (200, 200))).gives((100, 300))
    call(select_best_resolution, (150, 50), ((100, 300), (200, 200))).gives((200, 200))


def test_the_best_resolution_is_that_of_transformers():
    call_each(select_best_resolution, [(size,) for size in SIZES], sizes(RECORD["best_resolution"]))


@pytest.mark.parametrize(("size", "wanted"), [
    ((30, 60), 100 + 10 * 21),  # no padding: 10 rows of 20 patches, and a newline each
    ((20, 20), 100 + 10 * 11),  # 10 of 20 columns are filled, 5 go from either end
    ((5, 20), 100 + 6 * 21),  # 5 of 10 rows are filled; half of 5, rounded down, goes from either end: 6 stay
])
def test_tokens_of_padding_are_left_out(size, wanted):
    """10 x 20 patches of a pixel; a newline ends each row that stays. The overview has 10 x 10, and no newline."""
    call(anyres_tokens, size, ((10, 20),), 10, 1).gives(wanted)


def test_the_tokens_are_as_many_as_transformers_counts():
    """The filled patches are rounded down: of 1 x 80 no whole row is filled, and none stays."""
    call_each(anyres_tokens, [(size,) for size in SIZES], RECORD["anyres_tokens"].tolist())


# --- slice_grid, refined_size and minicpm_tokens: MiniCPM-V ------------------------------------------


@pytest.mark.parametrize(("size", "n", "wanted"), [
    ((10, 10), 1, (1, 1)), ((5, 20), 1, (1, 1)),  # the area decides, not the longer edge
    ((11, 14), 2, (1, 2)), ((14, 11), 2, (2, 1)),  # (rows, columns): a wide image has more columns
    ((15, 15), 3, (2, 2)),  # 2.25 slices need 3
    ((20, 25), 5, (2, 3)),  # 6 slices: n + 1
    ((25, 15), 4, (2, 2)),  # log(15 / 25) is -0.51: 0 is nearer than log(1 / 3), -1.10
    ((12, 38), 5, (1, 4)),  # 4 slices: n - 1
    ((30, 40), 9, (3, 3)),  # 12 would be needed: 9 is the most
])
def test_the_grid_is_nearest_in_shape(size, n, wanted):
    """At scale 10, n = ceil(height * width / 100), at most 9: grids of n - 1, n and n + 1 slices compete, not of 1."""
    call(slice_grid, size, 10).gives(wanted)


def test_the_grid_is_that_of_transformers():
    """Of large images n is max_slices, 9: grids of 8 and 9 slices compete, and 10 are too many."""
    call_each(slice_grid, [(size,) for size in SIZES], GRIDS)


@pytest.mark.parametrize(("size", "wanted"), [
    ((10, 40), (224, 896)),  # sqrt(4) is 2: 448 / 2, and 4 times as wide; a small image grows
    ((4000, 1000), (896, 224)),  # a large one shrinks
    ((600, 1000), (350, 574)),  # 347 and 578.3 before the multiples of 14: 24.8 and 41.3 times
])
def test_the_overview_has_the_shape_of_the_image(size, wanted):
    """About 448 * 448 pixels, with the image's width / height; both edges then go to the nearest multiple of 14."""
    call(refined_size, size).gives(wanted)


def test_each_slice_is_sized_like_an_overview():
    """768 x 1024 in 2 x 2 slices of 384 x 512: one becomes 387 x 516, in patches 392 x 518, and all twice that."""
    call(refined_size, (768, 1024), (2, 2)).gives((784, 1036))


def test_a_slice_of_the_image_is_rounded_first():
    """10 x 21 in 2 columns: 10.5 is rounded to 10, a square. In 3 rows: 3.3 to 3, so 3 x 21, seven times as wide."""
    call(refined_size, (10, 21), (1, 2)).gives((448, 896))
    call(refined_size, (10, 21), (3, 1)).gives((3 * 168, 1176))


def test_overview_and_refined_size_are_those_of_transformers():
    """A slice of 161 x 2093 in three columns is 161 x 698: 697.7 is rounded, not cut. Its height is cut: int(...)."""
    call_each(refined_size, [(size,) for size in SIZES], sizes(RECORD["overview"]))
    call_each(refined_size, list(zip(SIZES, GRIDS, strict=True)), sizes(RECORD["refined"]))


@pytest.mark.parametrize(("grid", "wanted"), [
    ((1, 1), 66),  # the overview alone: 64 and a mark at either end
    ((1, 2), 3 * 66),
    ((2, 1), 3 * 66 + 1),  # a newline between the rows
    ((3, 3), 10 * 66 + 2),
])
def test_what_a_grid_costs(grid, wanted):
    """Each piece has `queries` tokens and two marks. Newlines stand between rows of slices, none behind the last."""
    call(minicpm_tokens, grid).gives(wanted)
    call(minicpm_tokens, grid, 96).gives(wanted + 32 * (wanted // 66))
