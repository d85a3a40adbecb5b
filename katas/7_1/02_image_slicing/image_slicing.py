"""How an image of any size is resized and cut for a vision encoder, and how many tokens it costs.

A size is (height, width) here, as in numpy and transformers. Pillow and llama.cpp say (width, height).
"""

from collections.abc import Sequence

Size = tuple[int, int]  # (height, width) in pixels
Grid = tuple[int, int]  # (rows, columns) of slices
LLAVA_RESOLUTIONS = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))
MAX_ASPECT = 200  # longer edge / shorter edge


def smart_resize(size: Size, factor: int = 28, min_pixels: int = 56 * 56, max_pixels: int = 1280 * 28 * 28) -> Size:
    """Return the size that Qwen2-VL gives an image: about its own, in whole multiples of `factor`.

    Each edge goes to the nearest multiple, by Python's round. If they then have more than max_pixels, the image's own
    edges are divided by sqrt(height * width / max_pixels) and rounded down, to one factor at least; if less than
    min_pixels, multiplied by sqrt(min_pixels / (height * width)) and rounded up. Above MAX_ASPECT: ValueError.
    """
    raise NotImplementedError


def select_best_resolution(size: Size, resolutions: Sequence[Size] = LLAVA_RESOLUTIONS) -> Size:
    """Return the resolution that keeps most of the image, and of those the one with the least padding.

    Kept are the pixels of the image scaled to fit, each edge rounded down, but at most height * width: what is
    enlarged gains nothing. The rest of the resolution is padding. Of equals the first. Source: LLaVA 1.6 (anyres).
    """
    raise NotImplementedError


def anyres_tokens(size: Size, resolutions: Sequence[Size] = LLAVA_RESOLUTIONS, tile: int = 336, patch: int = 14) -> int:
    """Count the tokens of an image in LLaVA 1.6: those of the overview, and those of the best resolution.

    The overview has (tile // patch)**2. The resolution has one for each patch but for the bars of padding: the image
    fills floor(patches) along the padded side, and half of the rest, rounded down, goes from each end. One token
    more, the newline, ends each row that is left.
    """
    raise NotImplementedError


def slice_grid(size: Size, scale: int = 448, max_slices: int = 9) -> Grid:
    """Return (rows, columns) into which MiniCPM-V cuts an image; (1, 1) is no cut, the overview is all.

    n = ceil(height * width / scale**2), but at most max_slices; n = 1 is no cut. Grids of n - 1, n and n + 1 slices
    compete, without those of 1 and of more than max_slices. The smallest error wins, in float64
    abs(log(width / height) - log(columns / rows)); of equal errors the one with more rows.
    """
    raise NotImplementedError


def refined_size(size: Size, grid: Grid = (1, 1), scale: int = 448, multiple: int = 14) -> Size:
    """Return the size that MiniCPM-V gives an image before the cut; with the grid (1, 1) it is the overview's.

    One slice of the image is (round(height / rows), round(width / columns)), at least 1. With its aspect, width /
    height, it becomes int(scale / sqrt(aspect)) high, and int(that height * aspect) wide: about scale**2 pixels. Both
    go to the nearest multiple, to one at least, and then rows times, columns times. The rounding is Python's round.
    """
    raise NotImplementedError


def minicpm_tokens(grid: Grid, queries: int = 64) -> int:
    """Count the tokens of an image in MiniCPM-V 2.6: overview and slices, each of `queries` and two marks.

    A newline stands between two rows of slices. With the grid (1, 1) the overview is all.
    """
    raise NotImplementedError
