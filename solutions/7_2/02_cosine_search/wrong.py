"""Wrong answers that people give to the search kata; each docstring says what was misunderstood."""

import numpy as np
from cosine_search import cosine_similarity, cosine_top_k, top_k

from fixtures.checking import wrong_answer_to

BLOCK = 4096
PAIRS = 200_000  # of a query and a row: a failure tries every wrong answer, and should be quick


def inner_products(queries, corpus):
    """All scores at once, of arguments that the solution accepts."""
    refuse_large(queries, corpus)
    top_k(queries, corpus, 1)
    return np.asarray(queries, np.float64) @ np.asarray(corpus, np.float64).T


def refuse_large(queries, corpus):
    """Raise ValueError where sorting all scores would take long."""
    if len(queries) * len(corpus) > PAIRS:
        raise ValueError("too large for a diagnosis")


def best(scores, k):
    """Rank rightly, so that each wrong answer is wrong in one way only."""
    indices = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, indices, axis=1), indices


def lengths(vectors):
    """Return (vectors, 1)."""
    return np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)


def unit(vectors):
    """Scale every vector to length 1."""
    return vectors / np.where(lengths(vectors) == 0, 1, lengths(vectors))


@wrong_answer_to(cosine_similarity)
def forgets_to_normalize(a, b):
    """These are inner products: a cosine divides them by the lengths of both vectors."""
    return inner_products(a, b)


@wrong_answer_to(cosine_similarity)
def normalizes_one_side(a, b):
    """You divided by the length of one of the two vectors: a cosine divides by both."""
    return inner_products(unit(a), b)


@wrong_answer_to(cosine_similarity)
def normalizes_the_columns(a, b):
    """You normalized each column over the vectors: a vector is a row, so its length is taken along axis 1."""
    columns = [np.linalg.norm(x.astype(np.float64), axis=0, keepdims=True) for x in (a, b)]
    return inner_products(a / np.where(columns[0] == 0, 1, columns[0]), b / np.where(columns[1] == 0, 1, columns[1]))


@wrong_answer_to(cosine_similarity)
def divides_by_zero(a, b):
    """0 / 0 is NaN: a zero vector has no direction, its similarity is 0 by definition."""
    return (a / lengths(a)) @ (b / lengths(b)).T


@wrong_answer_to(cosine_similarity)
def gives_a_distance(a, b):
    """This is the cosine distance, 1 - cosine: the same direction has similarity 1, not 0."""
    return 1 - cosine_similarity(a, b)


@wrong_answer_to(cosine_similarity)
def clips_at_zero(a, b):
    """Your cosines end at 0: vectors that point away from each other have negative ones, down to -1."""
    return np.maximum(cosine_similarity(a, b), 0)


@wrong_answer_to(cosine_similarity)
def takes_the_absolute_value(a, b):
    """You dropped the sign: a vector and its opposite have similarity -1, not 1."""
    return np.abs(cosine_similarity(a, b))


@wrong_answer_to(cosine_similarity)
def compares_b_to_a(a, b):
    """Your matrix is turned around: the rows belong to a and the columns to b."""
    return cosine_similarity(b, a)


@wrong_answer_to(cosine_similarity)
def compares_row_by_row(a, b):
    """You compared each row of a with one row of b: asked for are all pairs, an array (n, m)."""
    return np.diagonal(cosine_similarity(a, b)).copy()


@wrong_answer_to(cosine_similarity)
def keeps_the_divisor_above_an_epsilon(a, b):
    """An epsilon in the divisor, as in torch's cosine_similarity, gives short vectors a cosine near 0: treat
    the zero vector alone apart."""
    return cosine_similarity(a, b) * np.minimum(1, lengths(a) * lengths(b).T / 1e-8)


@wrong_answer_to(cosine_similarity)
def hides_nan(a, b):
    """You turned NaN and infinity into numbers, and the answer looks right: refuse them with a ValueError."""
    return cosine_similarity(np.nan_to_num(a, posinf=0, neginf=0), np.nan_to_num(b, posinf=0, neginf=0))


@wrong_answer_to(cosine_similarity)
def squares_overflow(a, b):
    """The squares leave the range of the input's dtype: work in float32 or better, and scale a vector by
    its largest number before you square it."""
    length = [np.sqrt((x * x).sum(axis=1, keepdims=True, dtype=x.dtype)) for x in (a, b)]
    return (a / np.where(length[0] == 0, 1, length[0])) @ (b / np.where(length[1] == 0, 1, length[1])).T


@wrong_answer_to(top_k)
def gives_the_worst(queries, corpus, k):
    """Your order is ascending, so these are the least similar rows: sort by the negated score."""
    scores, indices = best(-inner_products(queries, corpus), k)
    return -scores, indices


@wrong_answer_to(top_k)
def puts_the_best_last(queries, corpus, k):
    """These are the right rows in ascending order: the best comes first."""
    refuse_large(queries, corpus)
    scores, indices = top_k(queries, corpus, k)
    return scores[:, ::-1], indices[:, ::-1]


@wrong_answer_to(top_k)
def gives_the_indices_first(queries, corpus, k):
    """You returned (indices, scores): the scores come first."""
    return top_k(queries, corpus, k)[::-1]


@wrong_answer_to(top_k)
def keeps_the_last_block_alone(queries, corpus, k):
    """These are the best rows of the last block: keep the best so far and merge each block into them."""
    scores = inner_products(queries, corpus)
    last = (len(corpus) - 1) // BLOCK * BLOCK if len(corpus) else 0
    found, indices = best(scores[:, last:], k)
    return found, indices + last


@wrong_answer_to(top_k)
def cuts_with_any_k(queries, corpus, k):
    """A slice takes a k of 0 or below and gives nothing, or all but the last: refuse it with a ValueError."""
    refuse_large(queries, corpus)
    scores, indices = top_k(queries, corpus, max(1, len(corpus)))
    return scores[:, : int(k)], indices[:, : int(k)]


@wrong_answer_to(top_k)
def ranks_across_the_queries(queries, corpus, k):
    """You ranked the queries for each row of the corpus: the rows of the corpus are ranked, along axis 1."""
    scores = inner_products(queries, corpus)
    order = np.argsort(-scores, axis=0, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=0), order


@wrong_answer_to(top_k)
def reverses_the_ties(queries, corpus, k):
    """An ascending sort read backwards puts the highest index first among equal scores: sort the negated
    scores with a stable sort."""
    scores = inner_products(queries, corpus)
    indices = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return np.take_along_axis(scores, indices, axis=1), indices


@wrong_answer_to(top_k)
def leaves_the_best_unsorted(queries, corpus, k):
    """argpartition leaves the k best in no order: sort them by score, and equal scores by index."""
    scores = inner_products(queries, corpus)
    k = min(k, scores.shape[1])
    indices = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return np.take_along_axis(scores, indices, axis=1), indices


@wrong_answer_to(top_k)
def lets_argpartition_choose_among_ties(queries, corpus, k):
    """Your result is sorted, but among rows that tie for the last places argpartition took any: the
    lowest indices belong there."""
    scores = inner_products(queries, corpus)
    k = min(k, scores.shape[1])
    indices = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    found, order = best(np.take_along_axis(scores, indices, axis=1), k)
    return found, np.take_along_axis(indices, order, axis=1)


@wrong_answer_to(top_k)
def forgets_where_the_block_starts(queries, corpus, k):
    """These indices count from the start of a block: add the block's first row to them."""
    scores, indices = best(inner_products(queries, corpus), k)
    return scores, indices % BLOCK


@wrong_answer_to(top_k)
def prefers_later_blocks(queries, corpus, k):
    """Among equal scores of different blocks you keep the later one: put what was found before in front
    when you merge, and sort stably."""
    scores = inner_products(queries, corpus)
    blocks = [np.arange(start, min(start + BLOCK, len(corpus))) for start in range(0, len(corpus), BLOCK)]
    later_first = np.concatenate([*blocks[::-1], np.zeros(0, np.int64)])
    found, order = best(scores[:, later_first], k)
    return found, later_first[order]


@wrong_answer_to(top_k)
def pads_to_k(queries, corpus, k):
    """The corpus has fewer than k rows: return min(k, n) columns instead of filling up with made-up
    results."""
    scores, indices = best(inner_products(queries, corpus), k)
    padding = ((0, 0), (0, max(0, k - len(corpus))))
    return np.pad(scores, padding), np.pad(indices, padding)


@wrong_answer_to(top_k)
def normalizes_first(queries, corpus, k):
    """top_k ranks by the inner product of the vectors as they are: cosine_top_k is the one that
    normalizes."""
    return cosine_top_k(queries, corpus, k)


@wrong_answer_to(top_k)
def ranks_by_distance(queries, corpus, k):
    """These are the nearest rows by Euclidean distance: asked for are the largest inner products."""
    squares = lengths(queries) ** 2 + lengths(corpus).T ** 2 - 2 * inner_products(queries, corpus)
    scores, indices = best(-np.sqrt(np.maximum(squares, 0)), k)
    return -scores, indices


@wrong_answer_to(top_k)
def multiplies_in_the_input_dtype(queries, corpus, k):
    """Your scores are in the dtype of the input: float16 rounds above 2048 and int8 wraps around. Convert
    to float32 first, block by block."""
    refuse_large(queries, corpus)
    top_k(queries, corpus, k)
    return best((queries @ corpus.T).astype(np.float64), k)


@wrong_answer_to(top_k)
def goes_through_float32(queries, corpus, k):
    """float64 input lost its precision on the way through float32: convert float16 and small integers
    upwards, and leave float64 as it is."""
    return top_k(queries.astype(np.float32), corpus.astype(np.float32), k)


@wrong_answer_to(top_k)
def lets_nan_in(queries, corpus, k):
    """NaN and infinity went into your ranking, where they hide or displace real results: refuse them with
    a ValueError."""
    refuse_large(queries, corpus)
    return best(np.asarray(queries, np.float64) @ np.asarray(corpus, np.float64).T, k)


@wrong_answer_to(top_k)
def gives_a_row_for_each_place(queries, corpus, k):
    """Your result has one row for each place of the ranking: it should have one row for each query."""
    scores, indices = best(inner_products(queries, corpus), k)
    return scores.T, indices.T


@wrong_answer_to(cosine_top_k)
def ranks_by_inner_product(queries, corpus, k):
    """These are inner products, which favour long vectors: divide by the lengths of the query and of the
    row."""
    return top_k(queries, corpus, k)


@wrong_answer_to(cosine_top_k)
def normalizes_only_the_queries(queries, corpus, k):
    """The length of the corpus rows still counts in your ranking: normalize them too."""
    return top_k(unit(queries), corpus, k)


@wrong_answer_to(cosine_top_k)
def normalizes_only_the_corpus(queries, corpus, k):
    """Your ranking is right, but the scores are not cosines: divide by the length of the query too."""
    return top_k(queries, unit(corpus), k)


@wrong_answer_to(cosine_top_k)
def divides_by_the_length_of_the_whole_corpus(queries, corpus, k):
    """You divided by one length of the whole matrix: every row has its own, along axis 1."""
    return top_k(unit(queries), corpus / np.linalg.norm(corpus.astype(np.float64)), k)


@wrong_answer_to(cosine_top_k)
def gives_distances(queries, corpus, k):
    """These are cosine distances, 1 - cosine: return the cosines."""
    scores, indices = cosine_top_k(queries, corpus, k)
    return 1 - scores, indices


@wrong_answer_to(cosine_top_k)
def ranks_by_the_absolute_value(queries, corpus, k):
    """You ranked by the size of the cosine without its sign: what points away comes last."""
    refuse_large(queries, corpus)
    cosine_top_k(queries, corpus, k)
    cosines = cosine_similarity(queries, corpus)
    _, indices = best(np.abs(cosines), k)
    return np.take_along_axis(cosines, indices, axis=1), indices


@wrong_answer_to(cosine_top_k)
def leaves_zero_vectors_out(queries, corpus, k):
    """A zero vector is missing in your results: it scores 0 and is ranked like any other."""
    refuse_large(queries, corpus)
    cosine_top_k(queries, corpus, k)
    cosines = cosine_similarity(queries, corpus)
    kept = np.flatnonzero(np.any(corpus != 0, axis=1))
    found, indices = best(cosines[:, kept], k)
    return found, kept[indices]


@wrong_answer_to(cosine_top_k)
def ranks_zero_vectors_last(queries, corpus, k):
    """A zero vector gave NaN, which sorts to the end: its cosine is 0 by definition, above every row that
    points away."""
    refuse_large(queries, corpus)
    cosine_top_k(queries, corpus, k)
    return best((queries / lengths(queries)) @ (corpus / lengths(corpus)).T, k)
