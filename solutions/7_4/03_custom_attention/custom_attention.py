"""Attention as today's decoders use it: causal, grouped-query, windowed, with sinks and a soft cap.

llama.cpp builds it in `build_attn_mha` (src/llama-graph.cpp) and masks it by
`llama_hparams::is_masked_swa` (src/llama-hparams.h).
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]

_BLOCK = 64  # queries that are scored at once


def attention(
    q: Numbers,
    k: Numbers,
    v: Numbers,
    *,
    window: int | None = None,
    sinks: Numbers | None = None,
    softcap: float | None = None,
    scale: float | None = None,
) -> Numbers:
    """Let every query look at the keys up to its own position, and return the mean of their values.

    The weights of the mean are the softmax of the scores q . k * scale.

    q: (batch, heads, queries, width), the last `queries` positions of the sequence
    k, v: (batch, kv_heads, keys, width), all positions so far: the cache and the new ones. Query head h reads
        KV head h // (heads // kv_heads)
    window: how many keys a query sees, its own counted; None: all up to its own
    sinks: (heads,), one more score in each head's softmax, neither scaled nor capped, without a value; None or
        -inf: no sink
    softcap: a score s becomes softcap * tanh(s / softcap), before the mask; None: it stays
    scale: None: 1 / sqrt(width)
    Returns (batch, heads, queries, width) in np.result_type(q, k, v, np.float32); no queries or an empty batch
    give an empty result.
    Memory: with a window, two arrays of the result's size and what a block of at most 512 queries needs, less
    than 8 MB for two heads; never an array of queries x keys, not even a mask. k and v are neither repeated
    nor, in the result's dtype, copied: a decode step needs less memory than k.
    NaN: a query that is NaN, or sees one, gives NaN. Nothing is promised about a NaN that the mask hides, nor
    about infinity in q, k and v.
    Raises TypeError if q, k, v or sinks hold no real numbers, or window is not an integer; True is none.
    Raises ValueError if a shape does not fit, window is below 1, or softcap is not above 0 and finite. The
    message names the argument: the table in the README says which.
    Sources: Vaswani et al. 2017, section 3.2.1; Ainslie et al. 2023 (grouped queries); Beltagy et al. 2020
    (window); Gemma 2 report 2024, section 2 (soft cap); gpt-oss model card 2025, section 2 (sinks).
    """
    q, k, v = _real("q", q), _real("k", k), _real("v", v)
    _check_shapes(q, k, v)
    batch, heads, queries, width = q.shape
    kv_heads, keys = k.shape[1:3]
    window = keys if window is None else _checked_window(window)
    sink = np.full(heads, -np.inf) if sinks is None else _checked_sinks(sinks, heads)
    softcap = None if softcap is None else _checked_softcap(softcap)
    scale = width**-0.5 if scale is None else float(scale)

    # The query heads of a KV head are neighbours: as an axis of their own they share it, and nothing is repeated.
    dtype = np.result_type(q, k, v, np.float32)
    q = q.astype(dtype, copy=False).reshape(batch, kv_heads, heads // kv_heads, queries, width)
    k, v = (array.astype(dtype, copy=False)[:, :, None] for array in (k, v))  # (batch, kv_heads, 1, keys, width)
    sink = sink.astype(dtype).reshape(*q.shape[1:3], 1, 1)
    out = np.empty(q.shape, dtype)

    for start in range(0, queries, _BLOCK):
        block = q[..., start:start + _BLOCK, :]
        position = keys - queries + start + np.arange(block.shape[-2])  # the queries are the last positions
        oldest, newest = max(0, int(position[0]) - window + 1), int(position[-1])
        seen = slice(oldest, newest + 1)  # the keys that some query of the block sees
        behind = position[:, None] - np.arange(oldest, newest + 1)  # (rows, seen)

        scores = block @ k[..., seen, :].swapaxes(-1, -2) * scale  # (batch, kv_heads, group, rows, seen)
        if softcap is not None:
            scores = softcap * np.tanh(scores / softcap)
        scores = np.where((behind >= 0) & (behind < window), scores, -np.inf)
        top = np.maximum(scores.max(axis=-1, keepdims=True), sink)  # exp of anything larger could overflow
        weights = np.exp(scores - top)
        total = weights.sum(axis=-1, keepdims=True) + np.exp(sink - top)
        out[..., start:start + _BLOCK, :] = weights @ v[..., seen, :] / total
    return out.reshape(batch, heads, queries, width)


def _real(name: str, array: Numbers) -> Numbers:
    array = np.asarray(array)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
    return array


def _check_shapes(q: Numbers, k: Numbers, v: Numbers) -> None:
    for name, array in (("q", q), ("k", k), ("v", v)):
        if array.ndim != 4 or 0 in (array.shape[1], array.shape[3]):
            raise ValueError(f"{name} must be (batch, heads, tokens, width), heads and width above 0: {array.shape}")
    if q.shape[::3] != k.shape[::3] or q.shape[1] % k.shape[1] or q.shape[2] > k.shape[2]:
        raise ValueError(f"k must have the batch and width of the queries, a number of heads that divides theirs, and "
                         f"at least as many positions: {k.shape} beside {q.shape}")
    if k.shape != v.shape:
        raise ValueError(f"v must have the shape of the keys, {k.shape}, got {v.shape}")


def _checked_window(window: int) -> int:
    if isinstance(window, bool) or not isinstance(window, (int, np.integer)):
        raise TypeError(f"window must be an integer, got {window!r}")
    if window < 1:
        raise ValueError(f"window must be at least 1, the query's own key, got {window}; None is no window")
    return int(window)


def _checked_sinks(sinks: Numbers, heads: int) -> Numbers:
    sinks = _real("sinks", sinks)
    if sinks.shape != (heads,):
        raise ValueError(f"sinks must be one number for each of {heads} heads, got shape {sinks.shape}")
    return sinks


def _checked_softcap(softcap: float) -> float:
    if not 0 < softcap < np.inf:
        raise ValueError(f"softcap must be above 0 and finite, got {softcap}; None is no cap")
    return min(max(float(softcap), 1e-20), 1e20)  # no score can tell it from what lies beyond, and float32 holds it
