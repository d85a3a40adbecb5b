"""Seven interview questions about embeddings. Each function predicts; the tests then measure.

No function is given vectors: the result is worked out from a few numbers that you know beforehand.
"""

import math

import numpy as np
from numpy.typing import ArrayLike


def mean_with_padding(length: float, tokens: int, padding: int) -> tuple[float, float]:
    """Question 1. A batch is filled up with rows of zeros, and somebody pools with x.mean(axis=1), without a mask.
    What became of the sentence's vector?

    length: of the right mean, over the real tokens; tokens: how many these are; padding: rows of zeros behind them
    Returns (cosine of the vector with the right mean, the vector's length).
    Raises ValueError for a length that is not above 0.
    """
    if not length > 0:
        raise ValueError(f"length must be above 0, got {length}: a zero vector has no direction")
    return 1.0, float(length) * int(tokens) / (int(tokens) + int(padding))


def length_of_a_mean(count: int, cosine: float) -> float:
    """Question 2. A page is represented by the mean of its chunks' vectors, each of length 1. How long is the mean?

    count: of chunks; cosine: the mean of the cosines of all pairs of different chunks (one chunk has none: ignored)
    Returns the length; a cosine that rounding has put below -1 / (count - 1), by up to 1e-6, gives 0.
    Raises ValueError for a count below 1, or a cosine that is not in -1 / (count - 1)..1, give or take 1e-6: no
    vectors have it.
    """
    count = int(count)
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    square = (1 + (count - 1) * float(cosine)) / count if count > 1 else 1.0  # of count**2 products, count are 1
    if not -1e-6 < square < 1 + 1e-6:
        raise ValueError(f"cosine is {cosine}: {count} vectors have no such mean")
    return math.sqrt(max(square, 0.0))


def winners(cosines: ArrayLike, lengths: ArrayLike, query_length: float) -> tuple[int, int, int]:
    """Question 3. Nobody has normalised the vectors. Which document does a search find first?

    cosines: (n,), of the query with each document; lengths: (n,), of the documents; query_length: of the query
    Returns the indices of the document with the largest cosine, of that with the largest inner product, and of
    that at the smallest Euclidean distance; of equal ones the lower index.
    Raises ValueError unless cosines and lengths are rows of equally many numbers (one or more, no NaN), and
    query_length is above 0.
    """
    cosines, lengths = _row("cosines", cosines), _row("lengths", lengths)
    if cosines.shape != lengths.shape:
        raise ValueError(f"lengths has {len(lengths)} documents, cosines {len(cosines)}")
    if not query_length > 0:
        raise ValueError(f"query_length must be above 0, got {query_length}")
    products = cosines * lengths  # the query's length is a factor of all of them
    distances = lengths**2 - 2 * float(query_length) * products  # squared, less query_length**2, which all have
    return int(np.argmax(cosines)), int(np.argmax(products)), int(np.argmin(distances))


def spread_by_chance(dimensions: float) -> float:
    """Question 4. Two texts have nothing to do with each other. How far from 0 is their cosine, by chance?

    dimensions: in which the vectors really spread, evenly to all sides
    Returns the standard deviation of the cosine of two random directions.
    """
    return 1 / math.sqrt(dimensions)


def cosines_kept(dimensions: int, budget: int) -> tuple[float, float, float]:
    """Question 5. You may store so many bytes a vector: fewer float32 dimensions, int8, or one bit a dimension?

    dimensions: of the vectors, which point evenly to all sides: none of their dimensions says more than another
    budget: bytes a vector, of which each way stores as many of the first dimensions as fit, at most all
    Returns for (float32, int8, bits) the cosine of a vector with what is stored of it, all other dimensions being 0;
    of many vectors the root of the mean squared cosine; 0 where no dimension fits. A bit is a sign. The tests allow
    0.015: the rounding of int8 does not count.
    """
    dimensions, budget = int(dimensions), int(budget)
    float32, int8, bits = (math.sqrt(min(stored, dimensions) / dimensions)
                           for stored in (budget // 4, budget, budget * 8))
    return float32, int8, bits * math.sqrt(2 / math.pi)  # a sign's cosine: mean of |x| / root of the mean of x**2


def tokens_read(words: int, limit: int) -> tuple[int, bool]:
    """Question 6. A text is longer than the model's limit, and llama-cpp-python cuts it. What has the model read?

    words: the text's tokens, without [CLS] in front and [SEP] behind
    limit: the most tokens that the model is given; `embed(text, truncate=True)` keeps the first of all tokens
    Returns (how many of the words the model reads, whether it reads [SEP]).
    """
    words, limit = int(words), int(limit)
    return min(words, limit - 1), words + 2 <= limit


def last_rank_that_wins(k: int, best: int, lists: int) -> int:
    """Question 7. Reciprocal-rank fusion: is it better to be first once, or third everywhere?

    Document A stands at rank `best` (from 1) of one list and in no other; document B at rank r of all lists.
    k: the constant of the fusion; a document scores the sum of 1 / (k + rank) over the lists that hold it
    Returns the last r at which B still scores more than A; 0 where it never does.
    Raises ValueError for best below 1. Source: Cormack, Clarke and Büttcher 2009, with k = 60.
    """
    if best < 1:
        raise ValueError(f"best must be at least 1, the first rank, got {best}")
    k, best, lists = int(k), int(best), int(lists)
    return lists * (k + best) - k - 1  # lists / (k + r) > 1 / (k + best)


def _row(name: str, numbers: ArrayLike) -> np.ndarray:
    row = np.asarray(numbers, dtype=np.float64)
    if row.ndim != 1 or not len(row) or np.isnan(row).any():
        raise ValueError(f"{name} must hold one number or more in a row, without NaN, got shape {row.shape}")
    return row
