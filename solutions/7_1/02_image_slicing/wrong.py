"""Wrong answers that people give to the slicing kata; each docstring says what is wrong."""

import math

from image_slicing import (
    LLAVA_RESOLUTIONS,
    anyres_tokens,
    minicpm_tokens,
    refined_size,
    select_best_resolution,
    slice_grid,
    smart_resize,
)

from fixtures.checking import wrong_answer_to

QWEN_LEAST, QWEN_MOST = 56 * 56, 1280 * 28 * 28


def _smart(size, factor, least, most, rounded):
    """Do what smart_resize does with another rounding of an edge to factors."""
    (height, width), (rows, columns) = size, (rounded(edge / factor) for edge in size)
    area = rows * columns * factor**2
    if least <= area <= most:
        return rows * factor, columns * factor
    scale = math.sqrt((most if area > most else least) / (height * width))
    edges = (edge * scale / factor for edge in size)
    return tuple(max(1, math.floor(edge) if area > most else math.ceil(edge)) * factor for edge in edges)


@wrong_answer_to(smart_resize)
def rounds_halves_up(size, factor=28, min_pixels=QWEN_LEAST, max_pixels=QWEN_MOST):
    """A half is rounded up: Python's round takes the even neighbour, 2.5 becomes 2. (llama.cpp rounds it up.)"""
    return _smart(size, factor, min_pixels, max_pixels, lambda edge: math.floor(edge + 0.5))


@wrong_answer_to(smart_resize)
def keeps_one_factor_before_the_limits(size, factor=28, min_pixels=QWEN_LEAST, max_pixels=QWEN_MOST):
    """An edge that rounds to 0 was lifted to one factor before the limits are looked at. qwen-vl-utils and llama.cpp
    do that; transformers does not, so that the image has no pixels, too few, and min_pixels decides.
    """
    return _smart(size, factor, min_pixels, max_pixels, lambda edge: max(1, round(edge)))


@wrong_answer_to(smart_resize)
def scales_the_rounded_edges(size, factor=28, min_pixels=QWEN_LEAST, max_pixels=QWEN_MOST):
    """The scale is that of the rounded edges: it is sqrt(limit / (height * width)) of the image itself."""
    rows, columns = (round(edge / factor) for edge in size)
    if rows * columns == 0:
        return smart_resize(size, factor, min_pixels, max_pixels)
    return _smart((rows * factor, columns * factor), factor, min_pixels, max_pixels, round)


@wrong_answer_to(smart_resize)
def rounds_what_was_scaled_to_the_nearest(size, factor=28, min_pixels=QWEN_LEAST, max_pixels=QWEN_MOST):
    """Scaled edges go to the nearest multiple: they are rounded down when the image shrinks, up when it grows."""
    area = round(size[0] / factor) * round(size[1] / factor) * factor**2
    limit = max_pixels if area > max_pixels else min_pixels if area < min_pixels else size[0] * size[1]
    scale = math.sqrt(limit / (size[0] * size[1]))
    return tuple(max(1, round(edge * scale / factor)) * factor for edge in size)


def _best(size, resolutions, kept):
    return tuple(max(resolutions, key=lambda each: (kept(size, each), -each[0] * each[1])))


@wrong_answer_to(select_best_resolution)
def counts_enlarged_pixels(size, resolutions=LLAVA_RESOLUTIONS):
    """Enlarged pixels are counted as if they were new ones: an image keeps at most height * width."""
    def kept(size, resolution):
        scale = min(resolution[0] / size[0], resolution[1] / size[1])
        return int(size[0] * scale) * int(size[1] * scale)
    return _best(size, resolutions, kept)


@wrong_answer_to(select_best_resolution)
def mixes_height_and_width(size, resolutions=LLAVA_RESOLUTIONS):
    """Height and width are swapped on one side: size and resolutions are both (height, width)."""
    return select_best_resolution(size[::-1], resolutions)


@wrong_answer_to(anyres_tokens)
def keeps_the_padding(size, resolutions=LLAVA_RESOLUTIONS, tile=336, patch=14):
    """The bars of padding are counted: their patches are left out."""
    rows, columns = (edge // patch for edge in select_best_resolution(size, resolutions))
    return (tile // patch) ** 2 + rows * (columns + 1)


def _grid(size, counts, error):
    grids = [(rows, count // rows) for count in counts for rows in range(1, count + 1) if count % rows == 0]
    return min(grids, key=lambda grid: (error(size[1] / size[0], grid[1] / grid[0]), -grid[0]))


@wrong_answer_to(slice_grid)
def compares_shapes_without_the_log(size, scale=448, max_slices=9):
    """The shapes are subtracted: compare their logarithms, so that twice too wide is as far as twice too high."""
    n = min(math.ceil(size[0] * size[1] / scale**2), max_slices)
    counts = [count for count in (n - 1, n, n + 1) if 1 < count <= max_slices] if n > 1 else [1]
    return _grid(size, counts, lambda aspect, shape: abs(aspect - shape))


@wrong_answer_to(slice_grid)
def lets_one_slice_compete(size, scale=448, max_slices=9):
    """The grid of 1 slice competes: an image of more than scale**2 pixels is always cut."""
    n = min(math.ceil(size[0] * size[1] / scale**2), max_slices)
    counts = [count for count in (n - 1, n, n + 1) if count <= max_slices] if n > 1 else [1]
    return _grid(size, counts, lambda aspect, shape: abs(math.log(aspect) - math.log(shape)))


@wrong_answer_to(slice_grid)
def names_the_columns_first(size, scale=448, max_slices=9):
    """Rows and columns are swapped: the grid is (rows, columns), and a wide image has more columns."""
    return slice_grid(size, scale, max_slices)[::-1]


@wrong_answer_to(refined_size)
def keeps_the_shape_of_the_whole_image(size, grid=(1, 1), scale=448, multiple=14):
    """Each slice has the shape of the whole image: it is height / rows by width / columns."""
    high, wide = refined_size(size, (1, 1), scale, multiple)
    return grid[0] * high, grid[1] * wide


@wrong_answer_to(minicpm_tokens)
def forgets_the_overview(grid, queries=64):
    """The overview is missing: it is there beside the slices, with as many tokens as one of them."""
    rows, columns = grid
    return rows * columns * (queries + 2) + rows - 1
