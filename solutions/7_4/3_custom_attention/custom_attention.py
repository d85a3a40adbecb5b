"""Attention as today's decoders use it: causal, grouped-query, windowed, with sinks and a soft cap.

llama.cpp builds it in `build_attn_mha` (src/llama-graph.cpp) and masks it by
`llama_hparams::is_masked_swa` (src/llama-hparams.h).
"""

from operator import index

import numpy as np
from numpy.typing import NDArray

BLOCK = 64  # query rows that are scored at once: 64 rows of 1024 float32 scores stay in a 256 kB cache


def attention(
    q: NDArray,
    k: NDArray,
    v: NDArray,
    *,
    window: int | None = None,
    sinks: NDArray | None = None,
    softcap: float | None = None,
    scale: float | None = None,
) -> NDArray:
    """Let every query look at the keys up to its own position and return the mean of their values.

    q: (batch, heads, queries, width), the last `queries` positions of the sequence
    k, v: (batch, kv_heads, keys, width), all positions so far: the cache and the new ones
    window: keys that a query sees, its own counted; None: all up to its own
    sinks: (heads,), one learned score a head that takes part in the softmax and has no value; None: none
    softcap: scores s become softcap * tanh(s / softcap), before the mask; None: left as they are
    scale: what the products of q and k are multiplied with; None: 1 / sqrt(width)
    Returns (batch, heads, queries, width) in np.result_type(q, k, v, np.float32): float16 and small integers
    are computed and returned in float32, float64 and large integers in float64. No query (or an empty batch)
    gives an empty result. Query head h reads KV head h // (heads // kv_heads).
    Memory: with a window, at its peak less than queries * keys bytes beyond the arguments, where both are a
    thousand and more.
    NaN and infinity are not looked for: a query that is NaN or sees a NaN becomes NaN; nothing is promised
    about an infinity, nor about a NaN that lies behind the mask.
    Raises TypeError if q, k, v or sinks hold no real numbers, or window is no integer.
    Raises ValueError if q, k, v are not 4-D, the shapes of k and v differ, batch or width of q and k differ,
    heads, kv_heads or width is 0, heads is not a multiple of kv_heads, there are more queries than keys,
    window is below 1, sinks is not (heads,), or softcap is not above 0.
    Sources: Vaswani et al. 2017, section 3.2 (scaled dot products); Ainslie et al. 2023 (grouped queries);
    Beltagy et al. 2020 (window); Gemma 2 report 2024, section 2 (soft cap); gpt-oss model card 2025 and
    ggml_soft_max_add_sinks in ggml.h (sinks).
    """
    q, k, v = _real("q", q), _real("k", k), _real("v", v)
    _check_shapes(q, k, v)
    batch, heads, queries, width = q.shape
    kv_heads, keys = k.shape[1:3]
    group = heads // kv_heads
    past = keys - queries  # the first query stands at this position
    if window is None:
        window = keys  # nobody stands further back than that
    elif index(window) < 1:
        raise ValueError(f"window must be at least 1, its own position, got {window}")
    if softcap is not None and not softcap > 0:
        raise ValueError(f"softcap must be above 0 (None for no cap), got {softcap}")

    dtype = np.result_type(q, k, v, np.float32)
    k, v = k.astype(dtype, copy=False), v.astype(dtype, copy=False)
    sink = np.full(heads, -np.inf, dtype) if sinks is None else _real("sinks", sinks).astype(dtype)
    if sink.shape != (heads,):
        raise ValueError(f"sinks must be one number for each of {heads} heads, got shape {sink.shape}")
    sink = sink.reshape(kv_heads, group, 1, 1)

    # The heads that share a KV head lie next to each other: one matrix product serves the group. Scaling q
    # instead of the scores is queries * width multiplications instead of queries * keys.
    factor = (1 / np.sqrt(width) if scale is None else scale) / (softcap or 1)
    grouped = (q * dtype.type(factor)).reshape(batch, kv_heads, group, queries, width)
    out = np.empty(grouped.shape, dtype)

    for start in range(0, queries, BLOCK):
        stop = min(start + BLOCK, queries)
        rows = stop - start
        first = max(0, past + start - window + 1)  # the first query of the block looks back furthest
        last = past + stop
        # Inside the block only the newest `rows` keys can be in a query's future, and only the oldest `rows`
        # can have left a query's window.
        future = ~np.tri(rows, dtype=bool)
        gone = np.tri(rows, k=past + start - window - first, dtype=bool)
        for b, h in np.ndindex(batch, kv_heads):
            block = grouped[b, h, :, start:stop].reshape(group * rows, width)
            scores = (block @ k[b, h, first:last].T).reshape(group, rows, last - first)
            if softcap is not None:
                np.tanh(scores, out=scores)
                scores *= dtype.type(softcap)
            np.copyto(scores[..., -rows:], -np.inf, where=future)
            np.copyto(scores[..., :rows], -np.inf, where=gone)
            top = np.maximum(scores.max(axis=-1, keepdims=True), sink[h])  # (group, rows, 1)
            scores -= top  # so that exp cannot overflow; its result is the same
            np.exp(scores, out=scores)
            total = scores.sum(axis=-1, keepdims=True) + np.exp(sink[h] - top)
            mixed = scores.reshape(group * rows, -1) @ v[b, h, first:last]  # (group * rows, width)
            # width is smaller than the number of keys: cheaper to divide after the product than before
            out[b, h, :, start:stop] = mixed.reshape(group, rows, width) / total
    return out.reshape(q.shape)


def _real(name: str, array: NDArray) -> NDArray:
    array = np.asarray(array)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
    return array


def _check_shapes(q: NDArray, k: NDArray, v: NDArray) -> None:
    shapes = f"q {q.shape}, k {k.shape}, v {v.shape}"
    if not q.ndim == k.ndim == v.ndim == 4:
        raise ValueError(f"q, k and v must be (batch, heads, tokens, width), got {shapes}")
    if k.shape != v.shape:
        raise ValueError(f"k and v must have the same shape, got {shapes}")
    if q.shape[0] != k.shape[0] or q.shape[3] != k.shape[3]:
        raise ValueError(f"q and k must agree in batch and width, got {shapes}")
    if 0 in (q.shape[1], k.shape[1], q.shape[3]):
        raise ValueError(f"q and k need at least one head of width 1, got {shapes}")
    if q.shape[1] % k.shape[1]:
        raise ValueError(f"the heads of q must be a multiple of the KV heads of k, got {shapes}")
    if q.shape[2] > k.shape[2]:
        raise ValueError(f"q must not have more positions than k: it is its end, got {shapes}")
