"""Attention in tiles with an online softmax: exact, and in memory that grows with n instead of n^2."""

from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]


class Partial(NamedTuple):
    """What attention over some of the keys leaves behind. For each query, with s the scores of these keys:"""

    maximum: Numbers  # (..., queries): m = max s
    total: Numbers  # (..., queries): sum of exp(s - m)
    weighted: Numbers  # (..., queries, width): sum of exp(s - m) v


def tile_attention(q: Numbers, k: Numbers, v: Numbers, scale: float, seen: NDArray | None = None) -> Partial:
    """Attend over the keys of one tile, without the division. The scores are q . k * scale.

    q: (..., queries, width); k, v: (..., keys, width), with at least one key
    seen: bools, broadcast to (..., queries, keys), True where the query sees the key; None: all are seen
    A query that sees none of the keys has the maximum -inf, the total 0 and the weighted sum 0.
    """
    scores = q @ k.swapaxes(-1, -2) * float(scale)  # (..., queries, keys)
    if seen is not None:
        scores = np.where(seen, scores, -np.inf)
    maximum = scores.max(axis=-1)
    weights = np.exp(scores - _finite(maximum)[..., None])
    return Partial(maximum, weights.sum(axis=-1), weights @ v)


def merge(first: Partial, second: Partial) -> Partial:
    """Return the partial of two disjoint sets of keys together, from the partials of each.

    The order of merging does not matter, and (-inf, 0, 0), the partial of no keys, changes nothing.
    """
    maximum = np.maximum(first.maximum, second.maximum)
    old, new = (np.exp(part.maximum - _finite(maximum)) for part in (first, second))  # at most 1 each
    return Partial(maximum, old * first.total + new * second.total,
                   old[..., None] * first.weighted + new[..., None] * second.weighted)


def finish(partial: Partial) -> tuple[Numbers, Numbers]:
    """Divide, once at the end: the attention, (..., queries, width), and log(sum of exp(s)), (..., queries).

    They are zeros and -inf for a query that saw no key.
    """
    total = np.where(partial.total == 0, 1, partial.total)  # log(1) leaves the maximum of -inf as it is
    return partial.weighted / total[..., None], partial.maximum + np.log(total)


def flash_attention(
    q: Numbers, k: Numbers, v: Numbers, *, causal: bool = False, lengths: Numbers | None = None,
    scale: float | None = None, block_q: int = 128, block_k: int = 128,
) -> tuple[Numbers, Numbers]:
    """Return the softmax attention and its log-sum-exp, tile by tile; the result is that of the whole table.

    q: (batch, heads, queries, width); k, v: (batch, heads, keys, width)
    causal: the queries are the last positions of the sequence; query i sees the keys 0 to keys - queries + i
    lengths: (batch,) integers, how many of the keys are no padding; None: all
    scale: None: 1 / sqrt(width)
    block_q, block_k: a tile is block_q queries times block_k keys of all heads, and starts at multiples of these.
        One in which no query of the batch sees a key is not read, so that a NaN there does nothing.
    Returns (batch, heads, queries, width) and (batch, heads, queries), both in np.result_type(q, k, v, np.float32);
    zeros and -inf for a query that sees no key.
    Memory: the results, O(n) beside them, and a few tiles (batch, heads, block_q, block_k).
    NaN: a query that is NaN, or sees one, gives NaN. Nothing is promised about a NaN hidden inside a tile that is
    read, nor about infinity.
    Raises ValueError that names the argument: the table in the README says which.
    Sources: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022, algorithm 1; Dao 2023, section 3.1.
    """
    block_q, block_k = index(block_q), index(block_k)  # a np.uint8 would wrap in start + block_q
    _check(q, k, v, block_q=block_q, block_k=block_k)
    (batch, heads, queries, width), keys = q.shape, k.shape[2]
    limit = _visible(q.shape, keys, causal, lengths)  # (batch, 1, queries, 1)
    scale = width**-0.5 if scale is None else scale
    dtype = np.result_type(q, k, v, np.float32)
    result, log_sum_exp = np.empty(q.shape, dtype), np.empty((batch, heads, queries), dtype)
    for start in range(0, queries, block_q):
        rows = np.s_[:, :, start:start + block_q]
        own_q, own_limit = q[rows].astype(dtype, copy=False), limit[rows]
        maximum = np.full(own_q.shape[:3], -np.inf, dtype)
        state = Partial(maximum, np.zeros_like(maximum), np.zeros_like(own_q))  # of no keys
        for low in range(0, own_limit.max(initial=0), block_k):
            high = min(low + block_k, keys)
            own_k, own_v = (array[:, :, low:high].astype(dtype, copy=False) for array in (k, v))
            seen = np.arange(low, high) < own_limit  # (batch, 1, block_q, block_k)
            state = merge(state, tile_attention(own_q, own_k, own_v, scale, seen))
        result[rows], log_sum_exp[rows] = finish(state)
    return result, log_sum_exp


def _finite(maximum: Numbers) -> Numbers:
    """Return what is subtracted from scores: 0 where nothing was seen, for -inf - -inf is NaN."""
    return np.where(maximum == -np.inf, 0, maximum)


def _visible(shape: tuple[int, ...], keys: int, causal: bool, lengths: Numbers | None) -> NDArray[np.int64]:
    """Return how many keys each query sees, (batch, 1, queries, 1): always the first ones."""
    batch, _, queries, _ = shape
    lengths = np.full(batch, keys) if lengths is None else np.asarray(lengths).astype(np.int64, casting="same_kind")
    if lengths.shape != (batch,) or (lengths < 0).any() or (lengths > keys).any():
        raise ValueError(f"lengths must be one number from 0 to {keys} for each of {batch} sequences: {lengths}")
    before = np.arange(keys - queries + 1, keys + 1) if causal else np.full(queries, keys)
    return np.minimum(lengths[:, None], before)[:, None, :, None]


def _check(q: Numbers, k: Numbers, v: Numbers, **blocks: int) -> None:
    if q.ndim != 4 or not q.shape[3]:
        raise ValueError(f"q must be (batch, heads, queries, width) with a width above 0, got {q.shape}")
    if k.ndim != 4 or k.shape[:2] != q.shape[:2] or k.shape[3] != q.shape[3]:
        raise ValueError(f"k must have the batch, heads and width of {q.shape}, got {k.shape}")
    if v.shape != k.shape:
        raise ValueError(f"v must have the shape {k.shape} of the keys, got {v.shape}")
    for name, size in blocks.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
