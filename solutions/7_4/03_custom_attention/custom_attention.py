"""Attention as today's decoders use it: causal, grouped-query, windowed, with sinks and a soft cap.

llama.cpp builds it in `build_attn_mha` (src/llama-graph.cpp) and masks it by
`llama_hparams::is_masked_swa` (src/llama-hparams.h).
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]

_BLOCK = 64  # query rows that are scored at once: 64 rows of 1024 float32 scores stay in a 256 kB cache


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
    k, v: (batch, kv_heads, keys, width), all positions so far: the cache and the new ones
    window: how many keys a query sees, its own counted; None: all up to its own
    sinks: (heads,), for each head one more score in the softmax, neither scaled nor capped, without a value;
        -inf is no sink, and so is None
    softcap: a score s becomes softcap * tanh(s / softcap), before the mask; None: it stays
    scale: None: 1 / sqrt(width)
    Returns (batch, heads, queries, width) in np.result_type(q, k, v, np.float32): float16 is computed and
    returned in float32, float64 in float64. Query head h reads KV head h // (heads // kv_heads). An empty
    batch, or no queries, gives an empty result.
    Memory: with a window, in sequences of thousands, the peak beyond the arguments stays below
    queries * keys bytes: never an array of queries x keys, not even a mask.
    NaN is not looked for: a query that is NaN, or sees a NaN, gives NaN. Nothing is promised about infinity
    in q, k and v, nor about a NaN that the mask hides.
    Raises TypeError if q, k, v or sinks do not hold real numbers, or window is not an integer; True is none.
    Raises ValueError if q, k, v are not 4-D, the shapes of k and v differ, q and k differ in batch or width,
    there is no head or no width, heads is not a multiple of kv_heads, there are more queries than keys,
    window is below 1, sinks is not (heads,), or softcap is not above 0 and finite. The message names the
    argument and the shapes or values that do not fit.
    Sources: Vaswani et al. 2017, section 3.2.1; Ainslie et al. 2023 (grouped queries); Beltagy et al. 2020
    (window); Gemma 2 report 2024, section 2 (soft cap); gpt-oss model card 2025, section 2, and
    ggml_soft_max_add_sinks of ggml (sinks).
    """
    q, k, v = _real("q", q), _real("k", k), _real("v", v)
    _check_shapes(q, k, v)
    batch, heads, queries, width = q.shape
    kv_heads, keys = k.shape[1:3]
    group = heads // kv_heads
    past = keys - queries  # the first query stands at this position
    if window is None:
        window = keys  # nobody stands further back than that
    elif isinstance(window, bool) or not isinstance(window, (int, np.integer)):
        raise TypeError(f"window must be an integer, got {window!r}")
    elif window < 1:
        raise ValueError(f"window must be at least 1, its own position, got {window}; None is no window")
    window = min(int(window), keys)
    if softcap is not None and not 0 < softcap < np.inf:
        raise ValueError(f"softcap must be above 0 and finite, got {softcap}; None is no cap")

    dtype = np.result_type(q, k, v, np.float32)
    q, k, v = (np.asarray(array, dtype) for array in (q, k, v))
    sink = np.full(heads, -np.inf, dtype) if sinks is None else _real("sinks", sinks).astype(dtype)
    if sink.shape != (heads,):
        raise ValueError(f"sinks must be one number for each of {heads} heads, got shape {sink.shape}")
    sink = sink.reshape(kv_heads, group, 1, 1)

    # The heads that share a KV head lie next to each other: one matrix product serves the group. Scaling q
    # instead of the scores is queries * width multiplications instead of queries * keys.
    factor = (1 / np.sqrt(width) if scale is None else scale) / (softcap or 1)
    grouped = (q * dtype.type(factor)).reshape(batch, kv_heads, group, queries, width)
    out = np.empty(grouped.shape, dtype)

    for start in range(0, queries, _BLOCK):
        stop = min(start + _BLOCK, queries)
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
            mixed = scores.reshape(group * rows, last - first) @ v[b, h, first:last]  # (group * rows, width)
            # width is smaller than the number of keys: cheaper to divide after the product than before
            out[b, h, :, start:stop] = mixed.reshape(group, rows, width) / total
    return out.reshape(q.shape)


def _real(name: str, array: Numbers) -> Numbers:
    array = np.asarray(array)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
    return array


def _check_shapes(q: Numbers, k: Numbers, v: Numbers) -> None:
    shapes = f"q {q.shape}, k {k.shape}, v {v.shape}"
    if k.shape != v.shape:
        raise ValueError(f"k and v must have the same shape, got {shapes}")
    if q.ndim != 4 or k.ndim != 4:
        raise ValueError(f"q, k and v must be (batch, heads, tokens, width), got {shapes}")
    if q.shape[0] != k.shape[0] or q.shape[3] != k.shape[3]:
        raise ValueError(f"q and k must agree in batch and width, got {shapes}")
    if 0 in (q.shape[1], k.shape[1], q.shape[3]):
        raise ValueError(f"q and k need at least one head of width 1, got {shapes}")
    if q.shape[1] % k.shape[1]:
        raise ValueError(f"the heads of q must be a multiple of the KV heads of k, got {shapes}")
    if q.shape[2] > k.shape[2]:
        raise ValueError(f"q must not have more positions than k: it is its end, got {shapes}")
