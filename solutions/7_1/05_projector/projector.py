"""From the encoder's patches to the language model's tokens; llama.cpp's are in tools/mtmd/models/*.cpp."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, softmax
from vision_encoder import gelu, layer_norm

Floats = NDArray[np.floating]
Weights = Mapping[str, Floats]  # a linear layer's weight is (out, in): x @ weight.T + bias; the bias may be missing
Grid = tuple[int, int]  # rows and columns of the patches, which stand row after row


def mlp_projector(x: Floats, weights: Weights, form: str) -> Floats:
    """Give each patch to two linear layers, mm.0 and mm.2, with a GELU between (LLaVA 1.5).

    x: (n, patches, width)
    form: "erf", x * (the share of N(0, 1) below x), which LLaVA was trained with; "tanh" as vision_encoder.gelu has it
    Returns (n, patches, text_width).
    """
    if form not in ("erf", "tanh"):
        raise ValueError(f'form must be "erf" or "tanh", got {form!r}')
    hidden = _linear(x, weights, "mm.0")
    return _linear(hidden * ndtr(hidden) if form == "erf" else gelu(hidden, form), weights, "mm.2")


def pixel_shuffle(x: Floats, grid: Grid, factor: int) -> Floats:
    """Put the vectors of each square of factor x factor patches into one (Idefics3, SmolVLM, InternVL).

    x: (n, patches, width)
    Returns (n, patches / factor^2, factor^2 * width): the squares row after row; in a square the patches row after
    row, each with all its numbers.
    """
    squares = _squares(x, grid, factor)  # (n, rows / factor, columns / factor, factor, factor, width)
    n, rows, columns = squares.shape[:3]
    return squares.copy().reshape(n, rows * columns, factor**2 * x.shape[2])


def pooled_projector(x: Floats, weights: Weights, grid: Grid, factor: int, eps: float) -> Floats:
    """Average squares of factor x factor patches, divide by the root mean square, then one matrix (Gemma 3).

    x: (n, patches, width)
    weights: mm.soft_emb_norm.weight (width,) is multiplied as it is; mm.input_projection.weight is (width, text_width)
        in the file, unlike a linear layer's
    eps: is added to the mean of the squares of a vector
    Returns (n, patches / factor^2, text_width).
    """
    pooled = _squares(x, grid, factor).mean(axis=(3, 4))  # (n, rows / factor, columns / factor, width)
    n, rows, columns, width = pooled.shape
    pooled = pooled.reshape(n, rows * columns, width)
    normed = pooled / np.sqrt((pooled**2).mean(axis=2, keepdims=True) + float(eps))
    return normed * weights["mm.soft_emb_norm.weight"] @ weights["mm.input_projection.weight"]


def positions_2d(grid: Grid, width: int) -> Floats:
    """Return the place of each patch as sines and cosines, (patches, width), row after row.

    The four quarters of a vector: sin and cos of its column, sin and cos of its row, each times the frequencies
    10000^(-i / (width / 4)) for i from 0 to width / 4 - 1.
    """
    if width % 4:
        raise ValueError(f"width must be a multiple of 4, got {width}")
    rows, columns = np.divmod(np.arange(grid[0] * grid[1]), grid[1])
    frequencies = 10000.0 ** (-np.arange(width // 4) / (width // 4))
    across, down = np.outer(columns, frequencies), np.outer(rows, frequencies)  # (patches, width / 4)
    return np.concatenate([np.sin(across), np.cos(across), np.sin(down), np.cos(down)], axis=1)


def resampler(x: Floats, weights: Weights, grid: Grid, heads: int, eps: float) -> Floats:
    """Let a fixed number of learned queries look at all patches (MiniCPM-V's perceiver resampler).

    x: (n, patches, width)
    weights: resampler.kv.weight (text_width, width) and the norm resampler.ln_kv make of a patch what keys and values
        are made of; positions_2d is added for the keys alone. resampler.query (queries, text_width) gets the norm
        resampler.ln_q. resampler.attn.{q, k, v, out} are linear layers. Head h owns the numbers h * text_width/heads
        to (h + 1) * text_width/heads - 1. At the end the norm resampler.ln_post and the linear layer
        resampler.proj.
    Returns (n, queries, text_width), however many patches there are.
    """
    patches = _linear(x, weights, "resampler.kv")  # (n, patches, text_width)
    n, count, width = patches.shape
    _check(count, grid)
    if width % heads:
        raise ValueError(f"heads must divide the width {width}, got {heads}")
    patches = layer_norm(patches, weights, "resampler.ln_kv", eps)
    placed = patches + positions_2d(grid, width).astype(x.dtype)
    queries = layer_norm(weights["resampler.query"], weights, "resampler.ln_q", eps)  # (queries, text_width)
    q, k, v = (_heads(_linear(given, weights, f"resampler.attn.{name}"), heads)
               for name, given in [("q", queries), ("k", placed), ("v", patches)])  # (..., heads, tokens, head_width)
    mixed = softmax(q @ k.swapaxes(2, 3) / math.sqrt(width // heads), axis=-1) @ v  # (n, heads, queries, head_width)
    x = _linear(mixed.swapaxes(1, 2).reshape(n, len(queries), width), weights, "resampler.attn.out")
    return _linear(layer_norm(x, weights, "resampler.ln_post", eps), weights, "resampler.proj")


def _linear(x: Floats, weights: Weights, name: str) -> Floats:
    y = x @ weights[f"{name}.weight"].T
    return y + weights[f"{name}.bias"] if f"{name}.bias" in weights else y


def _heads(x: Floats, heads: int) -> Floats:
    """Return (..., heads, tokens, head_width)."""
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads).swapaxes(-3, -2)


def _squares(x: Floats, grid: Grid, factor: int) -> Floats:
    """Return (n, rows / factor, columns / factor, factor, factor, width): a view."""
    _check(x.shape[1], grid)
    if factor < 1 or grid[0] % factor or grid[1] % factor:
        raise ValueError(f"factor must divide the rows and columns {grid}, got {factor}")
    rows, columns = grid[0] // factor, grid[1] // factor
    return x.reshape(len(x), rows, factor, columns, factor, x.shape[2]).swapaxes(2, 3)


def _check(patches: int, grid: Grid) -> None:
    if grid[0] * grid[1] != patches:
        raise ValueError(f"grid {grid} must have as many places as there are patches, {patches}")
