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
    raise NotImplementedError
