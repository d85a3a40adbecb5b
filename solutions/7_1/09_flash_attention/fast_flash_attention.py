"""The tiles of flash_attention.py, tuned: one head at a time, everything in place, no maximum where none is needed."""

from operator import index

import numpy as np
from flash_attention import Numbers, Partial, _check, _visible, finish, merge, tile_attention
from numpy.typing import NDArray

Floats = NDArray[np.floating]

__all__ = ["Partial", "finish", "flash_attention", "merge", "tile_attention"]

_SAFE = 30.0  # exp(30) is 1e13: sums of such numbers are far from the ends of float32


def flash_attention(
    q: Numbers, k: Numbers, v: Numbers, *, causal: bool = False, lengths: Numbers | None = None,
    scale: float | None = None, block_q: int = 128, block_k: int = 128,
) -> tuple[Numbers, Numbers]:
    """Do what `flash_attention` of flash_attention.py does, faster."""
    block_q, block_k = index(block_q), index(block_k)
    _check(q, k, v, block_q=block_q, block_k=block_k)
    (batch, heads, queries, width), keys = q.shape, k.shape[2]
    limit = _visible(q.shape, keys, causal, lengths)[:, 0, :, 0]  # (batch, queries)
    dtype = np.result_type(q, k, v, np.float32)
    factor = dtype.type(width**-0.5 if scale is None else scale)
    result, log_sum_exp = np.empty(q.shape, dtype), np.empty((batch, heads, queries), dtype)
    block_q, block_k = min(block_q, max(queries, 1)), min(block_k, max(keys, 1))
    scores, ones = np.empty(block_q * block_k, dtype), np.ones(block_k, dtype)
    for b, h in np.ndindex(batch, heads):
        # Scaling q is queries * width multiplications, scaling the scores queries * keys.
        own_q, own_k, own_v = q[b, h].astype(dtype) * factor, _rows(k[b, h], dtype), _rows(v[b, h], dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # infinity or NaN is not below _SAFE, and that is right
            bounds = _lengths(own_q) * _lengths(own_k).max(initial=0)  # no score of a query is further from 0
        for start in range(0, queries, block_q):
            rows = slice(start, min(start + block_q, queries))
            state = _over_tiles(own_q[rows], own_k, own_v, limit[b, rows], bounds[rows].max() <= _SAFE, scores, ones)
            result[b, h, rows], log_sum_exp[b, h, rows] = finish(state)
    return result, log_sum_exp


def _over_tiles(
    q: Floats, k: Floats, v: Floats, limit: NDArray[np.int64], safe: bool, scores: Floats, ones: Floats
) -> Partial:
    """Go over the tiles of some queries of one head, one after the other in the same memory.

    safe: exp(s) can neither overflow nor vanish beside another, so that there is nothing to subtract
    """
    rows, block_k, fewest = len(q), len(ones), int(limit.min())
    maximum = np.full(rows, 0 if safe else -np.inf, q.dtype)
    total, weighted = np.zeros_like(maximum), np.zeros_like(q)
    for low in range(0, int(limit.max()), block_k):
        high = min(low + block_k, len(k))
        weights = scores[:rows * (high - low)].reshape(rows, high - low)
        np.matmul(q, k[low:high].T, out=weights)
        if high > fewest:  # most tiles are seen as a whole
            np.copyto(weights, -np.inf, where=np.arange(low, high) >= limit[:, None])
        if not safe:
            larger = np.maximum(maximum, weights.max(axis=1))
            shift = np.where(larger == -np.inf, 0, larger)
            weights -= shift[:, None]
            rescale = np.exp(maximum - shift)
            total *= rescale
            weighted *= rescale[:, None]
            maximum = larger
        np.exp(weights, out=weights)
        total += weights @ ones[:high - low]  # BLAS adds faster than sum(axis=1)
        weighted += weights @ v[low:high]
    maximum[total == 0] = -np.inf
    return Partial(maximum, total, weighted)


def _rows(array: Numbers, dtype: np.dtype) -> Floats:
    """Return the rows as BLAS reads them: in this dtype, each row's numbers side by side."""
    rows: Floats = np.asarray(array, dtype)
    step, inner = rows.strides
    return rows if inner == rows.itemsize and step >= rows.shape[1] * inner else np.ascontiguousarray(rows)


def _lengths(rows: Floats) -> Floats:
    """Return the length of each row."""
    return np.sqrt(np.einsum("nw,nw->n", rows, rows))
