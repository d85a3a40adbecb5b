"""Attention as today's decoders use it: causal, grouped-query, windowed, with sinks and a soft cap.

llama.cpp builds it in `build_attn_mha` (src/llama-graph.cpp) and masks it by
`llama_hparams::is_masked_swa` (src/llama-hparams.h).
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]


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
    raise NotImplementedError
