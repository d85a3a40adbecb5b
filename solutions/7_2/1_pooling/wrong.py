"""Wrong answers that people give to the pooling kata; each docstring says what was misunderstood."""

import numpy as np
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import wrong_answer_to


@wrong_answer_to(mean_pool)
def averages_the_padding(token_embeddings, attention_mask):
    """The padding is in your average: divide by the number of real tokens, not by the length of the row."""
    return token_embeddings.mean(axis=1, dtype=np.float64).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def divides_by_the_row_length(token_embeddings, attention_mask):
    """Your sum leaves the padding out, but your divisor counts it: divide by the sum of the mask."""
    return mean_pool(token_embeddings, attention_mask) * attention_mask.mean(axis=1, keepdims=True)


@wrong_answer_to(mean_pool)
def multiplies_the_padding_by_zero(token_embeddings, attention_mask):
    """The padding reaches your sum as 0 * NaN, which is NaN: select the real tokens instead of multiplying
    by the mask.
    """
    mask = attention_mask.astype(token_embeddings.dtype)[:, :, None]
    return (token_embeddings * mask).sum(axis=1) / mask.sum(axis=1)


@wrong_answer_to(mean_pool)
def skips_cls_and_sep(token_embeddings, attention_mask):
    """You left out the first and the last token: [CLS] and [SEP] count as real tokens, in
    sentence-transformers and in llama.cpp.
    """
    vectors = []
    for tokens, real in zip(token_embeddings, attention_mask.astype(bool)):
        kept = tokens[real][1:-1]
        vectors.append(kept.mean(axis=0) if len(kept) else np.zeros(tokens.shape[1], tokens.dtype))
    return np.array(vectors)


@wrong_answer_to(mean_pool)
def counts_from_the_left(token_embeddings, attention_mask):
    """You took the first n tokens, with n the sum of the mask: with padding on the left or gaps those are
    not the real ones.
    """
    return np.array([tokens[: int(real.sum())].mean(axis=0)
                     for tokens, real in zip(token_embeddings, attention_mask)]).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def sums_in_float16(token_embeddings, attention_mask):
    """Your sum overflows: float16 ends at 65504. Sum in float32 and convert the mean."""
    real = np.where(attention_mask.astype(bool)[:, :, None], token_embeddings, token_embeddings.dtype.type(0))
    total = np.add.accumulate(real, axis=1)[:, -1]
    return total / attention_mask.sum(axis=1, keepdims=True).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def averages_in_float32(token_embeddings, attention_mask):
    """You lost the precision of float64: convert float16 upwards, but leave float64 as it is."""
    return mean_pool(token_embeddings.astype(np.float32), attention_mask).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def averages_over_the_batch(token_embeddings, attention_mask):
    """You averaged over the sentences: the axis of the tokens is axis 1."""
    return token_embeddings.mean(axis=0)


@wrong_answer_to(mean_pool)
def forgets_to_divide(token_embeddings, attention_mask):
    """This is the sum of the real tokens: the mean divides it by their number."""
    return mean_pool(token_embeddings, attention_mask) * attention_mask.sum(axis=1, keepdims=True)


@wrong_answer_to(cls_pool)
def takes_position_zero(token_embeddings, attention_mask):
    """Position 0 is padding when the padding is on the left: take the first token whose mask is 1."""
    return token_embeddings[:, 0].copy()


@wrong_answer_to(last_token_pool)
def takes_the_last_position(token_embeddings, attention_mask):
    """The last position is padding when the padding is on the right: take the last token whose mask is 1."""
    return token_embeddings[:, -1].copy()


@wrong_answer_to(last_token_pool)
def takes_the_position_of_the_count(token_embeddings, attention_mask):
    """The sum of the mask minus one is the last token only where the padding is on the right and has no
    gaps.
    """
    last = attention_mask.astype(bool).sum(axis=1) - 1
    return token_embeddings[np.arange(len(token_embeddings)), last]


@wrong_answer_to(l2_normalize)
def divides_by_zero(vectors):
    """A zero vector has no direction: 0 / 0 is NaN here. Leave it as it is."""
    wide = vectors.astype(np.promote_types(vectors.dtype, np.float64))
    return (wide / np.sqrt((wide * wide).sum(axis=-1, keepdims=True))).astype(vectors.dtype)


@wrong_answer_to(l2_normalize)
def normalizes_the_whole_batch(vectors):
    """All vectors together have length 1 now: take the length along the last axis, one a vector."""
    return vectors / np.linalg.norm(vectors)


@wrong_answer_to(l2_normalize)
def normalizes_along_the_batch(vectors):
    """You normalized each column over the batch: the last axis is the vector."""
    return vectors / np.linalg.norm(vectors, axis=0, keepdims=True)


@wrong_answer_to(l2_normalize)
def squares_overflow(vectors):
    """The square of a very long or very short vector overflows or underflows in its own dtype: scale it
    down or up first.
    """
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True, dtype=vectors.dtype))
    return vectors / np.where(length == 0, 1, length)


@wrong_answer_to(l2_normalize)
def divides_by_the_sum(vectors):
    """You divided by the sum of the absolute values: the L2 length is the square root of the sum of the
    squares.
    """
    return vectors / np.abs(vectors).sum(axis=-1, keepdims=True)


@wrong_answer_to(l2_normalize)
def adds_an_epsilon(vectors):
    """An epsilon in the divisor makes short vectors shorter than 1: treat the zero vector alone apart."""
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-12)
