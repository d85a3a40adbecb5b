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
    padding has no effect, not even NaN; NaN or infinity in a real token shows in the result.
    Raises TypeError if token_embeddings is not floating point; ValueError if the shapes disagree, the mask
    holds anything but 0 and 1, or a sentence has no real token.
    Source: Reimers and Gurevych 2019, section 3; LLAMA_POOLING_TYPE_MEAN.
    """
    tokens, real = _checked(token_embeddings, attention_mask)
    wide = np.promote_types(tokens.dtype, np.float32)  # a float16 sum overflows at 65504
    means = [row[mask].mean(axis=0, dtype=wide) for row, mask in zip(tokens, real)]  # batch x (width,)
    return np.array(means, dtype=tokens.dtype).reshape(len(tokens), tokens.shape[2])  # also for an empty batch


def cls_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Take the embedding of the first real token of each sentence, which is [CLS] in a BERT.

    token_embeddings, attention_mask, errors: as in mean_pool
    Returns (batch, width) in the dtype of token_embeddings.
    Source: Devlin et al. 2019, section 3; LLAMA_POOLING_TYPE_CLS.
    """
    tokens, real = _checked(token_embeddings, attention_mask)
    first = real.argmax(axis=1)  # (batch,), the position of the first True
    return tokens[np.arange(len(tokens)), first]


def last_token_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Take the embedding of the last real token of each sentence: in a decoder it alone has seen all others.

    token_embeddings, attention_mask, errors: as in mean_pool
    Returns (batch, width) in the dtype of token_embeddings.
    Source: Wang et al. 2024 (E5-mistral), section 3.1; LLAMA_POOLING_TYPE_LAST.
    """
    tokens, real = _checked(token_embeddings, attention_mask)
    last = tokens.shape[1] - 1 - real[:, ::-1].argmax(axis=1)  # (batch,), counted from the end
    return tokens[np.arange(len(tokens)), last]


def l2_normalize(vectors: Floats) -> Floats:
    """Scale every vector to length 1, so that the dot product of two of them is their cosine.

    vectors: (..., width), floating point
    Returns the same shape and dtype. A zero vector stays zero; the length is computed in float64, so that the
    squares of float16 and float32 neither overflow nor underflow.
    Raises TypeError if vectors is not floating point.
    Source: llama.cpp common_embd_normalize with embd_norm 2.
    """
    vectors = np.asarray(vectors)
    if vectors.dtype.kind != "f":
        raise TypeError(f"vectors must be floating point, got {vectors.dtype}: convert with astype(np.float32)")
    length = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)  # (..., 1)
    return (vectors / np.where(length == 0, 1, length)).astype(vectors.dtype, copy=False)


def _checked(token_embeddings: Floats, attention_mask: NDArray) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the embeddings and the mask as (batch, tokens) of bool, or say what is wrong with the two."""
    tokens, mask = np.asarray(token_embeddings), np.asarray(attention_mask)
    if tokens.dtype.kind != "f":
        raise TypeError(f"token_embeddings must be floating point, got {tokens.dtype}")
    if tokens.ndim != 3:
        raise ValueError(f"token_embeddings must be (batch, tokens, width), got shape {tokens.shape}")
    if mask.shape != tokens.shape[:2]:
        raise ValueError(f"attention_mask has shape {mask.shape}, but token_embeddings {tokens.shape}: "
                         f"the mask must be (batch, tokens)")
    real = mask == 1
    if not np.array_equal(real, mask):
        raise ValueError("attention_mask must hold only 0 and 1: is it an additive mask, of 0 and -inf?")
    without = np.flatnonzero(~real.any(axis=1))
    if len(without):
        raise ValueError(f"attention_mask has no real token in sentence {without.tolist()}: there is nothing to pool")
    return tokens, real
