"""Wrong answers that people give to the pooling kata; each docstring says what was misunderstood."""

import numpy as np
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import wrong_answer_to


@wrong_answer_to(mean_pool)
def averages_the_padding(token_embeddings, attention_mask):
    """The padding is in your average: divide by the number of real tokens, not by the length of the row."""
    return token_embeddings.mean(axis=1)


@wrong_answer_to(mean_pool)
def divides_by_the_row_length(token_embeddings, attention_mask):
    """Your sum leaves the padding out, but your divisor counts it: divide by the sum of the mask."""
    return (token_embeddings * attention_mask[:, :, None]).mean(axis=1)


@wrong_answer_to(mean_pool)
def skips_cls_and_sep(token_embeddings, attention_mask):
    """You left out the first and the last token: [CLS] and [SEP] count as real tokens, in
    sentence-transformers and in llama.cpp.
    """
    inside = [tokens[real == 1][1:-1] for tokens, real in zip(token_embeddings, attention_mask)]
    return np.array([rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1]) for rows in inside])


@wrong_answer_to(mean_pool)
def takes_the_mask_for_an_index(token_embeddings, attention_mask):
    """Your integer mask was taken for an index: its 0 and 1 picked the rows 0 and 1 again and again. Only a
    mask of bool selects.
    """
    return np.array([tokens[real.astype(np.int64)].mean(axis=0)
                     for tokens, real in zip(token_embeddings, attention_mask)])


@wrong_answer_to(mean_pool)
def multiplies_the_padding_by_zero(token_embeddings, attention_mask):
    """The padding reaches your sum as 0 * NaN, which is NaN: select the real tokens instead of multiplying
    by the mask.
    """
    mask = attention_mask[:, :, None]
    return (token_embeddings * mask).sum(axis=1) / mask.sum(axis=1)


@wrong_answer_to(mean_pool)
def hides_a_broken_token(token_embeddings, attention_mask):
    """You hid the NaN of a real token: the padding alone is to be ignored, a broken vector must show."""
    return mean_pool(np.nan_to_num(token_embeddings), attention_mask)


@wrong_answer_to(mean_pool)
def sums_in_float16(token_embeddings, attention_mask):
    """Your sum overflows: float16 ends at 65504. Sum in float32 and convert the mean."""
    real = np.where(attention_mask[:, :, None] == 1, token_embeddings, token_embeddings.dtype.type(0))
    return np.add.accumulate(real, axis=1)[:, -1] / attention_mask.sum(axis=1, keepdims=True)


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
    """The sum of the mask minus one is the last token only where the padding is on the right and has no gaps."""
    last = (attention_mask == 1).sum(axis=1) - 1
    return token_embeddings[np.arange(len(token_embeddings)), last]


@wrong_answer_to(l2_normalize)
def normalizes_the_whole_batch(vectors):
    """All vectors together have length 1 now: take the length along the last axis, one a vector."""
    return vectors / np.linalg.norm(vectors)


@wrong_answer_to(l2_normalize)
def divides_zero_by_zero(vectors):
    """A zero vector has no direction, and 0 / 0 is NaN, which spreads through every search: leave it as it is."""
    return (vectors / np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)).astype(vectors.dtype)
