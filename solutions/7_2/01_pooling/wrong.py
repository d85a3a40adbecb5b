"""Wrong answers that people give to the pooling kata; each docstring says what was misunderstood."""

import numpy as np
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import wrong_answer_to


@wrong_answer_to(mean_pool)
def averages_the_padding(token_embeddings, attention_mask):
    """The padding is in your average: divide by the number of real tokens, not by the length of the row."""
    mean_pool(token_embeddings, attention_mask)
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
    mean_pool(token_embeddings, attention_mask)
    mask = attention_mask.astype(np.float64)[:, :, None]
    return ((token_embeddings * mask).sum(axis=1) / mask.sum(axis=1)).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def skips_cls_and_sep(token_embeddings, attention_mask):
    """You left out the first and the last token: [CLS] and [SEP] count as real tokens, in
    sentence-transformers and in llama.cpp.
    """
    mean_pool(token_embeddings, attention_mask)
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
    mean_pool(token_embeddings, attention_mask)
    return np.array([tokens[: int(real.sum())].mean(axis=0)
                     for tokens, real in zip(token_embeddings, attention_mask)]).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def sums_in_float16(token_embeddings, attention_mask):
    """Your sum overflows: float16 ends at 65504. Sum in float32 and convert the mean."""
    mean_pool(token_embeddings, attention_mask)
    real = np.where(attention_mask.astype(bool)[:, :, None], token_embeddings, token_embeddings.dtype.type(0))
    total = np.add.accumulate(real, axis=1)[:, -1]
    return total / attention_mask.sum(axis=1, keepdims=True).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def averages_in_float32(token_embeddings, attention_mask):
    """You lost the precision of float64: convert float16 upwards, but leave float64 as it is."""
    mean_pool(token_embeddings, attention_mask)
    return mean_pool(token_embeddings.astype(np.float32), attention_mask).astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def averages_over_the_batch(token_embeddings, attention_mask):
    """You averaged over the sentences: the axis of the tokens is axis 1."""
    mean_pool(token_embeddings, attention_mask)
    return token_embeddings.mean(axis=0)


@wrong_answer_to(mean_pool)
def forgets_to_divide(token_embeddings, attention_mask):
    """This is the sum of the real tokens: the mean divides it by their number."""
    return mean_pool(token_embeddings, attention_mask) * attention_mask.sum(axis=1, keepdims=True)


@wrong_answer_to(mean_pool)
def takes_one_mask_for_all(token_embeddings, attention_mask):
    """numpy stretched this mask over all sentences: compare its shape with (batch, tokens) first, and refuse
    what differs.
    """
    mask = np.broadcast_to(attention_mask, token_embeddings.shape[:2])
    return mean_pool(token_embeddings, mask)


@wrong_answer_to(mean_pool)
def gives_zeros_for_an_empty_sentence(token_embeddings, attention_mask):
    """A divisor that is kept above 0 makes zeros of a sentence without a real token, and nobody notices the
    mistake: refuse it with a ValueError.
    """
    real = np.where(attention_mask.any(axis=-1, keepdims=True), attention_mask, 1)
    pooled = mean_pool(token_embeddings, real)
    return np.where(attention_mask.any(axis=1, keepdims=True), pooled, pooled.dtype.type(0))


@wrong_answer_to(mean_pool)
def takes_the_mask_for_weights(token_embeddings, attention_mask):
    """You took the mask's values for weights: it holds 0 and 1 and nothing else, so refuse a 2 or a -inf."""
    mean_pool(token_embeddings, np.ones_like(attention_mask))
    weights = attention_mask.astype(np.float64)[:, :, None]
    pooled = (np.where(weights == 0, 0, token_embeddings) * weights).sum(axis=1) / weights.sum(axis=1)
    return pooled.astype(token_embeddings.dtype)


@wrong_answer_to(mean_pool)
def pools_the_codes(token_embeddings, attention_mask):
    """These are integers: codes of quantized vectors, whose scale is missing. Refuse them with a TypeError."""
    return mean_pool(token_embeddings.astype(np.float64), attention_mask)


@wrong_answer_to(mean_pool)
def replaces_nan(token_embeddings, attention_mask):
    """You hid the NaN of a real token: the padding alone is to be ignored, a broken vector must show."""
    return mean_pool(np.nan_to_num(token_embeddings), attention_mask)


@wrong_answer_to(mean_pool)
def pools_the_other_tokens(token_embeddings, attention_mask):
    """Your mask is turned around: 1 is a real token here, and 0 is padding (torch's key_padding_mask is the
    other way).
    """
    return mean_pool(token_embeddings, 1 - attention_mask.astype(np.int64))


@wrong_answer_to(cls_pool)
def takes_position_zero(token_embeddings, attention_mask):
    """Position 0 is padding when the padding is on the left: take the first token whose mask is 1."""
    cls_pool(token_embeddings, attention_mask)
    return token_embeddings[:, 0].copy()


@wrong_answer_to(last_token_pool)
def takes_the_last_position(token_embeddings, attention_mask):
    """The last position is padding when the padding is on the right: take the last token whose mask is 1."""
    last_token_pool(token_embeddings, attention_mask)
    return token_embeddings[:, -1].copy()


@wrong_answer_to(cls_pool)
def leaves_gaps_out_of_the_count(token_embeddings, attention_mask):
    """You counted the padding and took the token behind it: with gaps, or padding on the right, the first
    real token stands elsewhere.
    """
    cls_pool(token_embeddings, attention_mask)
    padding = (attention_mask == 0).sum(axis=1)
    return token_embeddings[np.arange(len(token_embeddings)), padding]


@wrong_answer_to(last_token_pool)
def finds_the_first(token_embeddings, attention_mask):
    """argmax finds the first of equal values: turn the mask around to find the last real token."""
    return cls_pool(token_embeddings, attention_mask)


@wrong_answer_to(last_token_pool)
def counts_in_the_turned_mask(token_embeddings, attention_mask):
    """You found the place in the mask read backwards: count it back from the end, tokens - 1 - place."""
    last_token_pool(token_embeddings, attention_mask)
    place = attention_mask.astype(bool)[:, ::-1].argmax(axis=1)
    return token_embeddings[np.arange(len(token_embeddings)), place]


@wrong_answer_to(last_token_pool)
def takes_the_position_of_the_count(token_embeddings, attention_mask):
    """The sum of the mask minus one is the last token only where the padding is on the right and has no
    gaps.
    """
    last_token_pool(token_embeddings, attention_mask)
    last = attention_mask.astype(bool).sum(axis=1) - 1
    return token_embeddings[np.arange(len(token_embeddings)), last]


def lengths(vectors, axis=-1):
    """Return lengths as float64, of numbers of any size: (..., 1)."""
    wide = vectors.astype(np.longdouble if vectors.dtype == np.float64 else np.float64)
    largest = np.abs(wide).max(initial=0) or 1
    return np.sqrt(((wide / largest) ** 2).sum(axis=axis, keepdims=True)) * largest


def like(vectors, result):
    """Return the result in the dtype of the vectors."""
    return result.astype(vectors.dtype)


@wrong_answer_to(l2_normalize)
def divides_by_zero(vectors):
    """A zero vector has no direction: 0 / 0 is NaN here. Leave it as it is."""
    return np.where((vectors == 0).all(axis=-1, keepdims=True), vectors.dtype.type(np.nan), l2_normalize(vectors))


@wrong_answer_to(l2_normalize)
def lets_infinity_divide(vectors):
    """A finite number divided by an infinite length is 0, so that half of this vector looks right: the whole
    vector should be NaN.
    """
    by_infinity = np.where(np.isinf(vectors), vectors.dtype.type(np.nan), vectors * vectors.dtype.type(0))
    return np.where(np.isinf(vectors).any(axis=-1, keepdims=True), by_infinity, l2_normalize(vectors))


@wrong_answer_to(l2_normalize)
def normalizes_the_whole_batch(vectors):
    """All vectors together have length 1 now: take the length along the last axis, one a vector."""
    return like(vectors, vectors / lengths(vectors, axis=None))


@wrong_answer_to(l2_normalize)
def normalizes_along_the_batch(vectors):
    """You normalized each column over the batch: the last axis is the vector."""
    return like(vectors, vectors / lengths(vectors, axis=0))


@wrong_answer_to(l2_normalize)
def squares_overflow(vectors):
    """The square of a very long or very short vector overflows or underflows in its own dtype: scale it
    down or up first.
    """
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True, dtype=vectors.dtype))
    finite = np.isfinite(vectors).all(axis=-1, keepdims=True)
    return np.where(finite, vectors / np.where(length == 0, 1, length), l2_normalize(vectors))


@wrong_answer_to(l2_normalize)
def divides_by_the_square(vectors):
    """You divided by the sum of the squares: the length is its square root."""
    return like(vectors, l2_normalize(vectors) / np.clip(lengths(vectors), 1e-3, 1e3))


@wrong_answer_to(l2_normalize)
def divides_by_the_sum(vectors):
    """You divided by the sum of the absolute values: the L2 length is the square root of the sum of the
    squares.
    """
    total = np.abs(vectors).astype(np.float64).sum(axis=-1, keepdims=True)
    return like(vectors, vectors / np.where(total == 0, 1, total))


@wrong_answer_to(l2_normalize)
def divides_by_the_largest(vectors):
    """The largest number of each vector is 1 now, not its length: that was the first step, divide by the
    length of what it gave.
    """
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    return vectors / np.where(largest == 0, 1, largest)


@wrong_answer_to(l2_normalize)
def adds_an_epsilon(vectors):
    """An epsilon in the divisor makes short vectors shorter than 1: treat the zero vector alone apart."""
    return like(vectors, vectors / (lengths(vectors) + 1e-12))


@wrong_answer_to(l2_normalize)
def keeps_the_divisor_above_an_epsilon(vectors):
    """A divisor of at least 1e-12, as in torch's normalize, leaves shorter vectors short: treat the zero
    vector alone apart.
    """
    return like(vectors, vectors / np.maximum(lengths(vectors), 1e-12))


@wrong_answer_to(l2_normalize)
def truncates_the_dtype(vectors):
    """Integer vectors would need another dtype for their result: refuse them with a TypeError."""
    return l2_normalize(vectors.astype(np.float64))
