"""How an image of any size is resized and cut for a vision encoder, and how many tokens it costs.

A size is (height, width) here, as in numpy and transformers. Pillow and llama.cpp say (width, height).
"""

import math
from collections.abc import Sequence

import numpy as np

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
    height, width = _two("size", size)
    factor, least, most = _one("factor", factor), _one("min_pixels", min_pixels), _one("max_pixels", max_pixels)
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise ValueError(f"size must be at most {MAX_ASPECT}:1, got {height} x {width}")
    rows, columns = (round(edge / factor) for edge in (height, width))
    if rows * columns * factor**2 > most:
        shrink = math.sqrt(height * width / most)
        rows, columns = (max(1, math.floor(edge / shrink / factor)) for edge in (height, width))
    elif rows * columns * factor**2 < least:
        grow = math.sqrt(least / (height * width))
        rows, columns = (math.ceil(edge * grow / factor) for edge in (height, width))
    return rows * factor, columns * factor


def select_best_resolution(size: Size, resolutions: Sequence[Size] = LLAVA_RESOLUTIONS) -> Size:
    """Return the resolution that keeps most of the image, and of those the one with the least padding.

    Kept are the pixels of the image scaled to fit, each edge rounded down, but at most height * width: what is
    enlarged gains nothing. The rest of the resolution is padding. Of equals the first. Source: LLaVA 1.6 (anyres).
    """
    height, width = _two("size", size)

    def kept_and_area(resolution: Size) -> tuple[int, int]:  # of two that keep as much the smaller has less padding
        scale = min(resolution[0] / height, resolution[1] / width)
        return min(int(height * scale) * int(width * scale), height * width), -resolution[0] * resolution[1]

    if not len(resolutions):
        raise ValueError("resolutions must not be empty")
    return max((_two("resolutions", each) for each in resolutions), key=kept_and_area)


def anyres_tokens(size: Size, resolutions: Sequence[Size] = LLAVA_RESOLUTIONS, tile: int = 336, patch: int = 14) -> int:
    """Count the tokens of an image in LLaVA 1.6: those of the overview, and those of the best resolution.

    The overview has (tile // patch)**2. The resolution has one for each patch but for the bars of padding: the image
    fills floor(patches) along the padded side, and half of the rest, rounded down, goes from each end. One token
    more, the newline, ends each row that is left.
    """
    (height, width), tile, patch = _two("size", size), _one("tile", tile), _one("patch", patch)
    rows, columns = (edge // patch for edge in select_best_resolution((height, width), resolutions))
    if width * rows > height * columns:  # the image is wider: bars above and below
        rows -= (rows - height * columns // width) // 2 * 2
    else:
        columns -= (columns - width * rows // height) // 2 * 2
    return (tile // patch) ** 2 + rows * (columns + 1)


def slice_grid(size: Size, scale: int = 448, max_slices: int = 9) -> Grid:
    """Return (rows, columns) into which MiniCPM-V cuts an image; (1, 1) is no cut, the overview is all.

    n = ceil(height * width / scale**2), but at most max_slices; n = 1 is no cut. Grids of n - 1, n and n + 1 slices
    compete, without those of 1 and of more than max_slices. The smallest error wins, in float64
    abs(log(width / height) - log(columns / rows)); of equal errors the one with more rows.
    """
    (height, width), scale, most = _two("size", size), _one("scale", scale), _one("max_slices", max_slices)
    n = min(math.ceil(height * width / scale**2), most)
    counts = [count for count in (n - 1, n, n + 1) if 1 < count <= most] if n > 1 else [1]
    grids = [(rows, count // rows) for count in counts for rows in range(1, count + 1) if count % rows == 0]
    return min(grids, key=lambda grid: (abs(math.log(width / height) - math.log(grid[1] / grid[0])), -grid[0]))


def refined_size(size: Size, grid: Grid = (1, 1), scale: int = 448, multiple: int = 14) -> Size:
    """Return the size that MiniCPM-V gives an image before the cut; with the grid (1, 1) it is the overview's.

    One slice of the image is (round(height / rows), round(width / columns)), at least 1. With its aspect, width /
    height, it becomes int(scale / sqrt(aspect)) high, and int(that height * aspect) wide: about scale**2 pixels. Both
    go to the nearest multiple, to one at least, and then rows times, columns times. The rounding is Python's round.
    """
    (height, width), (rows, columns) = _two("size", size), _two("grid", grid)
    scale, multiple = _one("scale", scale), _one("multiple", multiple)
    aspect = max(1, round(width / columns)) / max(1, round(height / rows))
    high = int(scale / math.sqrt(aspect))
    high, wide = (max(1, round(edge / multiple)) * multiple for edge in (high, int(high * aspect)))
    return rows * high, columns * wide


def minicpm_tokens(grid: Grid, queries: int = 64) -> int:
    """Count the tokens of an image in MiniCPM-V 2.6: overview and slices, each of `queries` and two marks.

    A newline stands between two rows of slices. With the grid (1, 1) the overview is all.
    """
    (rows, columns), queries = _two("grid", grid), _one("queries", queries)
    return (1 + rows * columns if rows * columns > 1 else 1) * (queries + 2) + rows - 1


def _one(name: str, number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
        raise TypeError(f"{name} must be whole, got {number!r}")
    if number < 1:
        raise ValueError(f"{name} must be 1 or more, got {number}")
    return int(number)  # numpy's integers would overflow


def _two(name: str, numbers: Sequence[int]) -> tuple[int, int]:
    if len(numbers) != 2:
        raise ValueError(f"{name} must be two numbers, got {numbers}")
    return _one(name, numbers[0]), _one(name, numbers[1])
