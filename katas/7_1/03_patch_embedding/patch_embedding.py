"""From pixels to the encoder's first vectors: patches, class token, positions; llama.cpp's is tools/mtmd/clip.cpp."""

from __future__ import annotations

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
    raise NotImplementedError


def embed_patches(pixels: Floats, weight: Floats, bias: Floats | None = None) -> Floats:
    """Give every patch its vector, by one matrix product: a convolution whose stride is its kernel's size.

    pixels: (n, channels, height, width); weight: (width of a vector, channels, size, size), as a convolution has it
    bias: (width of a vector,), or None
    Returns (n, patches, width of a vector) in the dtype of pixels. Source: Dosovitskiy et al. 2020, section 3.1.
    """
    raise NotImplementedError


def resize_positions(positions: Floats, grid: tuple[int, int], mode: str = "bicubic") -> Floats:
    """Stretch a position table over another grid of patches.

    positions: (side * side, width), rows first, without the class token's row
    grid: (rows, columns) of the other one
    mode: "bicubic" as transformers' CLIP (a = -0.75, not antialiased); "bilinear", antialiased, as SigLIP 2, llama.cpp
    Returns (rows * columns, width), rows first, in the dtype of positions.
    """
    raise NotImplementedError


def embed(pixels: Floats, weights: Mapping[str, Floats], mode: str = "bicubic") -> Floats:
    """Do all that comes before the first block: patches, class token in front, positions added.

    pixels: (n, 3, height, width), normalized
    weights: v.patch_embd.weight; v.position_embd.weight (rows, width); where the model has them v.patch_embd.bias and
        v.class_embd (width,), whose position is row 0
    Returns (n, tokens, width) in the dtype of pixels. Where the grid of patches is not the table's, the rows of the
    patches are resized; the class token keeps its own. Source: transformers CLIPVisionEmbeddings.
    """
    raise NotImplementedError
