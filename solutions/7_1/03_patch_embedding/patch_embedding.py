"""From pixels to the encoder's first vectors: patches, class token, positions; llama.cpp's is tools/mtmd/clip.cpp."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def patchify(pixels: Floats, patch_size: int) -> Floats:
    """Cut images into square patches, one row of numbers each.

    pixels: (n, channels, height, width)
    Returns (n, patches, channels * patch_size**2): patch y * (width // patch_size) + x, within it all rows of the first
    channel, then those of the next. What is left over at the right and at the bottom is dropped.
    """
    _check(pixels)
    size = _positive(patch_size, "patch_size")
    n, channels, height, width = pixels.shape
    rows, columns = height // size, width // size
    if not rows or not columns:
        raise ValueError(f"pixels of {height} x {width} hold no patch of {size} x {size}")
    cut = pixels[..., :rows * size, :columns * size].reshape(n, channels, rows, size, columns, size)
    return cut.transpose(0, 2, 4, 1, 3, 5).copy().reshape(n, rows * columns, channels * size * size)


def embed_patches(pixels: Floats, weight: Floats, bias: Floats | None = None) -> Floats:
    """Give every patch its vector, by one matrix product: a convolution whose stride is its kernel's size.

    pixels: (n, channels, height, width); weight: (width of a vector, channels, size, size), as a convolution has it
    bias: (width of a vector,), or None
    Returns (n, patches, width of a vector) in the dtype of pixels. Source: Dosovitskiy et al. 2020, section 3.1.
    """
    _check(pixels)
    if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
        raise ValueError(f"weight must be (width, channels, size, size), got shape {weight.shape}")
    if pixels.shape[1] != weight.shape[1]:
        raise ValueError(f"pixels have {pixels.shape[1]} channels, the weight {weight.shape[1]}: channels come first")
    if bias is not None and np.shape(bias) != weight.shape[:1]:
        raise ValueError(f"bias must be ({len(weight)},), got shape {np.shape(bias)}")
    patches = patchify(pixels, weight.shape[2])  # (n, patches, numbers)
    x = patches.reshape(-1, patches.shape[2]) @ weight.reshape(len(weight), -1).T  # one product for all images
    if bias is not None:
        x += bias
    return x.reshape(*patches.shape[:2], len(weight)).astype(pixels.dtype, copy=False)


def resize_positions(positions: Floats, grid: tuple[int, int], mode: str = "bicubic") -> Floats:
    """Stretch a position table over another grid of patches.

    positions: (side * side, width), rows first, without the class token's row
    grid: (rows, columns) of the other one
    mode: "bicubic" as transformers' CLIP (a = -0.75, not antialiased); "bilinear", antialiased, as SigLIP 2, llama.cpp
    Returns (rows * columns, width), rows first, in the dtype of positions.
    """
    side = math.isqrt(len(positions)) if positions.ndim == 2 else 0
    if not side or side * side != len(positions):
        raise ValueError(f"positions must be (side**2, width), not {positions.shape}: is the class token's row in it?")
    if mode not in ("bicubic", "bilinear"):
        raise ValueError(f'mode must be "bicubic" or "bilinear", got {mode!r}')
    rows, columns = (_positive(edge, "grid") for edge in grid)
    shares = _bicubic if mode == "bicubic" else _bilinear
    stretched = shares(side, rows) @ positions.reshape(side, -1)  # (rows, side * width)
    stretched = shares(side, columns) @ stretched.reshape(rows, side, -1)  # (rows, columns, width)
    return stretched.reshape(rows * columns, -1).astype(positions.dtype)


def embed(pixels: Floats, weights: Mapping[str, Floats], mode: str = "bicubic") -> Floats:
    """Do all that comes before the first block: patches, class token in front, positions added.

    pixels: (n, 3, height, width), normalized
    weights: v.patch_embd.weight; v.position_embd.weight (rows, width); where the model has them v.patch_embd.bias and
        v.class_embd (width,), whose position is row 0
    Returns (n, tokens, width) in the dtype of pixels. Where the grid of patches is not the table's, the rows of the
    patches are resized; the class token keeps its own. Source: transformers CLIPVisionEmbeddings.
    """
    weight, table = weights["v.patch_embd.weight"], weights["v.position_embd.weight"]
    x = embed_patches(pixels, weight, weights.get("v.patch_embd.bias"))  # (n, patches, width)
    grid = pixels.shape[2] // weight.shape[2], pixels.shape[3] // weight.shape[3]
    if "v.class_embd" not in weights:
        return (x + resize_positions(table, grid, mode)).astype(pixels.dtype, copy=False)
    first = np.broadcast_to(weights["v.class_embd"] + table[0], (len(x), 1, x.shape[2]))
    x = np.concatenate([first, x + resize_positions(table[1:], grid, mode)], axis=1)  # (n, 1 + patches, width)
    return x.astype(pixels.dtype, copy=False)


def _bicubic(old: int, new: int) -> NDArray[np.float64]:
    """Return how much each of the old places gives to each of the new: (new, old)."""
    place = (np.arange(new) + 0.5) * old / new - 0.5  # of the new centres, counted in old ones
    taps = np.floor(place)[:, None] + [-1, 0, 1, 2]  # (new, 4)
    x, a = np.abs(place[:, None] - taps), -0.75  # torch's and ggml's a; Pillow's is -0.5
    share = np.where(x <= 1, (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4))
    matrix = np.zeros((new, old))
    np.add.at(matrix, (np.arange(new)[:, None], np.clip(taps, 0, old - 1).astype(int)), share)  # the edge repeats
    return matrix


def _bilinear(old: int, new: int) -> NDArray[np.float64]:
    """Return the same for triangles, which are wider where the table shrinks."""
    place = (np.arange(new) + 0.5) * old / new - 0.5
    share = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(old)) / max(1, old / new))  # (new, old)
    return share / share.sum(axis=1, keepdims=True)


def _check(pixels: Floats) -> None:
    if pixels.dtype.kind != "f":
        raise TypeError(f"pixels must be floating point, got {pixels.dtype}: bytes need normalize first")
    if pixels.ndim != 4:
        raise ValueError(f"pixels must be (n, channels, height, width), got shape {pixels.shape}")


def _positive(number: int, name: str) -> int:
    if number < 1 or int(number) != number:
        raise ValueError(f"{name}: {number} is no whole number of at least 1")
    return int(number)  # one of numpy's small integers would go around
