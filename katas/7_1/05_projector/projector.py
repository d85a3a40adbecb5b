"""From the encoder's patches to the language model's tokens; llama.cpp's are in tools/mtmd/models/*.cpp."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Weights = Mapping[str, Floats]  # a linear layer's weight is (out, in): x @ weight.T + bias; the bias may be missing
Grid = tuple[int, int]  # rows and columns of the patches, which stand row after row


def mlp_projector(x: Floats, weights: Weights, form: str) -> Floats:
    """Give each patch to two linear layers, mm.0 and mm.2, with a GELU between (LLaVA 1.5).

    x: (n, patches, width)
    form: "erf", x * (the share of N(0, 1) below x), which LLaVA was trained with; "tanh" as vision_encoder.gelu has it
    Returns (n, patches, text_width).
    """
    raise NotImplementedError


def pixel_shuffle(x: Floats, grid: Grid, factor: int) -> Floats:
    """Put the vectors of each square of factor x factor patches into one (Idefics3, SmolVLM, InternVL).

    x: (n, patches, width)
    Returns (n, patches / factor^2, factor^2 * width): the squares row after row; in a square the patches row after
    row, each with all its numbers.
    """
    raise NotImplementedError


def pooled_projector(x: Floats, weights: Weights, grid: Grid, factor: int, eps: float) -> Floats:
    """Average squares of factor x factor patches, divide by the root mean square, then one matrix (Gemma 3).

    x: (n, patches, width)
    weights: mm.soft_emb_norm.weight (width,) is multiplied as it is; mm.input_projection.weight is (width, text_width)
        in the file, unlike a linear layer's
    eps: is added to the mean of the squares of a vector
    Returns (n, patches / factor^2, text_width).
    """
    raise NotImplementedError


def positions_2d(grid: Grid, width: int) -> Floats:
    """Return the place of each patch as sines and cosines, (patches, width), row after row.

    The four quarters of a vector: sin and cos of its column, sin and cos of its row, each times the frequencies
    10000^(-i / (width / 4)) for i from 0 to width / 4 - 1.
    """
    raise NotImplementedError


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
    raise NotImplementedError
