"""Rotary positions: each pair of numbers of a query or key is turned by an angle that grows with its position.

llama.cpp calls `ggml_rope_ext` for it (ggml/src/ggml-cpu/ops.cpp).
"""

from math import ceil, floor, log, pi

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


def rotate(x: Floats, positions: Integers, frequencies: Floats, *, pairs: str = "norm", scale: float = 1.0) -> Floats:
    """Turn each pair (a, b) by angle = position * frequency, to (a cos - b sin, a sin + b cos).

    x: (..., tokens, width), queries or keys
    positions: (tokens,), integers: any start, any gaps, any order, negative ones too
    frequencies: (n_dims / 2,), one a pair, at most width / 2; the numbers of x from n_dims on stay as they are
    pairs: "norm": pair i is (2i, 2i + 1); "neox": (i, i + n_dims / 2)
    scale: multiplies what was turned, not the rest (YaRN)
    Returns x's shape in np.result_type(x, np.float32), right to that dtype's rounding at any position.
    Raises TypeError if positions are no integers, ValueError if positions, frequencies or pairs are not as said here.
    """
    x, positions = np.asarray(x), np.asarray(positions)
    if positions.dtype.kind not in "iu":
        raise TypeError(f"positions must be integers, got {positions.dtype}")
    if positions.shape != x.shape[-2:-1]:
        raise ValueError(f"positions must be one a token, got {positions.shape} for {x.shape}")
    if 2 * len(frequencies) > x.shape[-1]:
        raise ValueError(f"frequencies are one a pair, got {len(frequencies)} for a width of {x.shape[-1]}")
    if pairs not in ("norm", "neox"):
        raise ValueError(f'pairs must be "norm" or "neox", got {pairs!r}')
    i = np.arange(len(frequencies))
    first, second = (2 * i, 2 * i + 1) if pairs == "norm" else (i, i + len(i))
    turned = x.astype(np.result_type(x, np.float32))
    angles = positions[:, None] * np.asarray(frequencies, np.float64)  # (tokens, pairs): float32 would be too coarse
    cos, sin = ((scale * function(angles)).astype(turned.dtype) for function in (np.cos, np.sin))
    a, b = turned[..., first], turned[..., second]  # (..., tokens, pairs), copies
    turned[..., first], turned[..., second] = a * cos - b * sin, a * sin + b * cos
    return turned


def rope_frequencies(n_dims: int, base: float = 10_000.0, *, linear: float = 1.0, ntk: float = 1.0) -> Floats:
    """Return how far each pair turns from one position to the next, in radians: base^(-2i / n_dims) for pair i.

    n_dims: how many numbers of a head are turned, two a pair; even, at least 4
    linear: a factor that divides every frequency, as if it divided the positions
    ntk: a factor; the base becomes base * ntk^(n_dims / (n_dims - 2))
    Returns (n_dims / 2,) in float64, the fastest pair first.
    Raises ValueError if n_dims is odd or below 4, or linear or ntk below 1.
    Sources: Su et al. 2021, section 3.2.2; Chen et al. 2023 (linear); Peng et al. 2023, section 3.1 (NTK).
    """
    n_dims = int(n_dims)
    if n_dims < 4 or n_dims % 2:
        raise ValueError(f"n_dims must be even and at least 4, got {n_dims}")
    base = base * _factor("ntk", ntk) ** (n_dims / (n_dims - 2))
    return base ** (-np.arange(0, n_dims, 2) / n_dims) / _factor("linear", linear)


def shift_keys(k: Floats, old: Integers, new: Integers, frequencies: Floats, *, pairs: str = "norm") -> Floats:
    """Move cached keys from the positions `old`, at which they were rotated, to `new`: turn them by the difference.

    k: (..., tokens, width), scaled already if the model scales; old, new: (tokens,), integers
    Returns the keys as if they had been rotated at `new`, in k's dtype.
    """
    by = np.subtract(new, old, dtype=np.int64)  # unsigned positions would wrap
    return rotate(k, by, frequencies, pairs=pairs).astype(k.dtype)


def permute_heads(weight: Floats, heads: int) -> Floats:
    """Reorder the rows of a q or k projection, so that "norm" pairs its outputs as "neox" did before.

    weight: (heads * width, ...), a matrix or a bias; heads: n_head for q, n_head_kv for k
    Returns the shape and dtype of weight: in each head, row i goes to 2i, and row i + width / 2 to 2i + 1.
    Raises ValueError if weight's rows are not heads times an even number.
    """
    if heads < 1 or len(weight) % (2 * int(heads)):
        raise ValueError(f"heads must divide {len(weight)} rows into heads of even width, got {heads}")
    halves = weight.reshape(int(heads), 2, -1, *weight.shape[1:])  # (heads, 2, width / 2, ...)
    return halves.swapaxes(1, 2).reshape(weight.shape).copy()


def yarn_frequencies(n_dims: int, factor: float, original_context: int, base: float = 10_000.0, *,
                     beta_fast: float = 32.0, beta_slow: float = 1.0) -> tuple[Floats, float]:
    """Keep the fast pairs' frequencies, divide the slow ones' by factor, and blend in between.

    "Fast" counts turns over the original context: a pair makes `turns` of them at the index
    i = n_dims log(original_context / (2 pi turns)) / (2 log(base)). The i of beta_fast, rounded down and at least
    0, is the last pair that keeps its frequency f; the i of beta_slow, rounded up and at most n_dims - 1, the first
    with f / factor. In between the share of f / factor grows evenly with i. Where both are one pair, it keeps f.
    Returns the frequencies as rope_frequencies does, and rotate's scale, 1 + 0.1 ln(factor).
    Raises ValueError if n_dims is odd or below 4, or factor below 1. Source: Peng et al. 2023, sections 3.2 to 3.4.
    """
    frequencies, factor = rope_frequencies(n_dims, base), _factor("factor", factor)
    fast, slow = (len(frequencies) * log(original_context / (2 * pi * t)) / log(base) for t in (beta_fast, beta_slow))
    low, high = max(floor(fast), 0), min(ceil(slow), 2 * len(frequencies) - 1)
    divided = np.clip((np.arange(len(frequencies)) - low) / max(high - low, 0.001), 0, 1)  # the share of f / factor
    return frequencies * (1 - divided) + frequencies / factor * divided, 1 + 0.1 * log(factor)


def llama3_factors(n_dims: int, factor: float, original_context: int, base: float = 500_000.0, *,
                   low: float = 1.0, high: float = 4.0) -> Floats:
    """Return what Llama 3.1 divides its frequencies by: the tensor rope_freqs.weight of a GGUF.

    A pair of `high` turns or more over the original context keeps its frequency f, one of `low` or less gets
    f / factor. In between it is a mean of both, in which the share of f grows evenly with the number of turns.
    Returns (n_dims / 2,) in float64, each from 1 to factor.
    Raises ValueError if n_dims is odd or below 4, or factor below 1.
    """
    turns = original_context * rope_frequencies(n_dims, base) / (2 * pi)
    kept = np.clip((turns - low) / (high - low), 0, 1)  # the share of f
    return 1 / (kept + (1 - kept) / _factor("factor", factor))


def _factor(name: str, factor: float) -> float:
    if not factor >= 1:
        raise ValueError(f"{name} must be at least 1, got {factor}: llama.cpp's rope_freq_scale is 1 / factor")
    return float(factor)
