"""Pool token embeddings into one vector per sentence.

llama.cpp does this in its graph: pooling types MEAN, CLS and LAST (llama-graph.cpp, build_pooling).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def mean_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Average the embeddings of the real tokens of each sentence.

    token_embeddings: (batch, tokens, width), floating point
    attention_mask: (batch, tokens), 1 or True for a real token, 0 or False for padding, at any place
    Returns (batch, width) in the dtype of token_embeddings, summed in float32 or better. What stands in the
    padding has no effect, not even NaN; a NaN in a real token shows in the result.
    Raises TypeError if token_embeddings is not floating point; ValueError if the shapes disagree, the mask
    holds anything but 0 and 1, or a sentence has no real token.
    Source: Reimers and Gurevych 2019, section 3; LLAMA_POOLING_TYPE_MEAN.
    """
    token_embeddings, mask = _checked(token_embeddings, attention_mask)
    wide = np.promote_types(token_embeddings.dtype, np.float32)  # a float16 sum overflows at 65504
    pooled = np.empty((len(mask), token_embeddings.shape[2]), dtype=wide)  # (batch, width)
    for row, real, mean in zip(token_embeddings, mask, pooled):
        tokens = row[real].astype(wide, copy=False)  # (real tokens, width)
        # one BLAS product instead of a sum down the rows, which is bound by adding row after row
        with np.errstate(invalid="ignore"):  # the mean of inf and -inf is NaN
            np.matmul(np.full(len(tokens), 1 / len(tokens), dtype=wide), tokens, out=mean)
    return pooled.astype(token_embeddings.dtype, copy=False)


def cls_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Take the embedding of the first real token of each sentence, which is [CLS] in a BERT.

    token_embeddings, attention_mask, errors: as in mean_pool
    Returns (batch, width) in the dtype of token_embeddings, in memory of its own.
    Source: Devlin et al. 2019, section 3; LLAMA_POOLING_TYPE_CLS.
    """
    token_embeddings, mask = _checked(token_embeddings, attention_mask)
    first = mask.argmax(axis=1)  # (batch,)
    return token_embeddings[np.arange(len(mask)), first]


def last_token_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Take the embedding of the last real token of each sentence: in a decoder it alone has seen all others.

    token_embeddings, attention_mask, errors: as in mean_pool
    Returns (batch, width) in the dtype of token_embeddings, in memory of its own.
    Source: Wang et al. 2024 (E5-mistral), section 3.1; LLAMA_POOLING_TYPE_LAST.
    """
    token_embeddings, mask = _checked(token_embeddings, attention_mask)
    last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)  # (batch,), from the end: the padding may be left
    return token_embeddings[np.arange(len(mask)), last]


def l2_normalize(vectors: Floats) -> Floats:
    """Scale every vector to length 1, so that the dot product of two of them is their cosine.

    vectors: (..., width), floating point
    Returns the same shape and dtype, in memory of its own. A zero vector stays zero. Lengths whose square
    would overflow or underflow are handled; a vector that holds NaN or infinity becomes all NaN.
    Raises TypeError if vectors is not floating point, ValueError if it has no axis.
    Source: llama.cpp common_embd_normalize with embd_norm 2.
    """
    vectors = np.asarray(vectors)
    if vectors.dtype.kind != "f":
        raise TypeError(f"vectors must be floating point, got {vectors.dtype}: convert with astype(np.float32)")
    if vectors.ndim == 0:
        raise ValueError("vectors must have at least one axis, got a single number")
    wide = vectors.astype(np.promote_types(vectors.dtype, np.float32), copy=False)
    largest = np.abs(wide).max(axis=-1, keepdims=True, initial=0)  # (..., 1)
    with np.errstate(invalid="ignore"):  # inf / inf is the NaN that is promised
        scaled = wide / np.where(largest == 0, 1, largest)  # within -1..1: its squares neither over- nor underflow
    length = np.linalg.norm(scaled, axis=-1, keepdims=True)  # (..., 1)
    return (scaled / np.where(length == 0, 1, length)).astype(vectors.dtype, copy=False)


def _checked(token_embeddings: Floats, attention_mask: NDArray) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the embeddings and the mask as (batch, tokens) of bool, or say what is wrong with the two."""
    token_embeddings, attention_mask = np.asarray(token_embeddings), np.asarray(attention_mask)
    if token_embeddings.dtype.kind != "f":
        raise TypeError(f"token_embeddings must be floating point, got {token_embeddings.dtype}")
    if token_embeddings.ndim != 3:
        raise ValueError(f"token_embeddings must be (batch, tokens, width), got shape {token_embeddings.shape}")
    if attention_mask.shape != token_embeddings.shape[:2]:
        raise ValueError(f"attention_mask has shape {attention_mask.shape}, but token_embeddings "
                         f"{token_embeddings.shape}: the mask must be (batch, tokens)")
    mask = attention_mask.astype(bool)
    if not np.array_equal(mask, attention_mask):
        raise ValueError("attention_mask must hold only 0 and 1: is it an additive mask, of 0 and -inf?")
    without = np.flatnonzero(~mask.any(axis=1))
    if len(without):
        raise ValueError(f"attention_mask has no real token in sentence {without.tolist()}: there is nothing to pool")
    return token_embeddings, mask
