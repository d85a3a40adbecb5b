"""Wrong answers that people give to the search kata; each docstring says what is wrong."""

import numpy as np
from cosine_search import cosine_similarity, cosine_top_k, top_k

from fixtures.checking import wrong_answer_to

BLOCK = 4096


def products(queries, corpus):
    """All inner products, in the dtype in which a right search computes them."""
    dtype = np.result_type(queries, corpus, np.float32)
    return queries.astype(dtype) @ corpus.astype(dtype).T


def taken(scores, order):
    """Return the scores at these places, and the places."""
    return np.take_along_axis(scores, order, axis=1), order


def best(scores, k):
    """Rank rightly, so that each wrong answer is wrong in one way only."""
    return taken(scores, np.argsort(-scores, axis=1, kind="stable")[:, :k])


@wrong_answer_to(cosine_similarity)
def forgets_to_normalize(left, right):
    """These are inner products: a cosine divides them by the lengths of both vectors."""
    return products(left, right)


@wrong_answer_to(cosine_similarity)
def divides_by_zero(left, right):
    """0 / 0 is NaN: a zero vector has no direction, and its similarity to everything is 0."""
    return products(left / np.linalg.norm(left, axis=1, keepdims=True),
                    right / np.linalg.norm(right, axis=1, keepdims=True))


@wrong_answer_to(top_k)
def gives_the_worst(queries, corpus, k):
    """Your order is ascending, with the smallest inner products in front: sort by the negated score."""
    scores = products(queries, corpus)
    return taken(scores, np.argsort(scores, axis=1, kind="stable")[:, :k])


@wrong_answer_to(top_k)
def puts_the_best_last(queries, corpus, k):
    """These are the right rows in ascending order: the best comes first."""
    scores, indices = top_k(queries, corpus, k)
    return scores[:, ::-1], indices[:, ::-1]


@wrong_answer_to(top_k)
def leaves_the_best_unsorted(queries, corpus, k):
    """This is the choice of argpartition: the k best in no order, and of equal scores any."""
    scores = products(queries, corpus)
    return taken(scores, np.argpartition(-scores, min(k, len(corpus)) - 1, axis=1)[:, :k])


@wrong_answer_to(top_k)
def reverses_the_ties(queries, corpus, k):
    """An ascending sort read backwards puts the highest index first among equal scores: sort the negated scores,
    with a stable sort."""
    scores = products(queries, corpus)
    return taken(scores, np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k])


@wrong_answer_to(top_k)
def leaves_ties_to_chance(queries, corpus, k):
    """The scores are right, but among equal scores these are not the lowest indices in their order: argsort without
    kind="stable" and argpartition take any."""
    scores = products(queries, corpus)
    return taken(scores, np.argsort(-scores, axis=1)[:, :k])


@wrong_answer_to(top_k)
def drops_the_last_block(queries, corpus, k):
    """The last rows are never searched: the last block may be shorter than the others."""
    return best(products(queries, corpus[: len(corpus) // BLOCK * BLOCK]), k)


@wrong_answer_to(top_k)
def forgets_where_the_block_starts(queries, corpus, k):
    """These indices count from the start of a block: add the block's first row to them."""
    scores, indices = best(products(queries, corpus), k)
    return scores, indices % BLOCK


@wrong_answer_to(top_k)
def multiplies_in_the_input_dtype(queries, corpus, k):
    """These scores were computed in the dtype of the input, where int8 wraps around and float16 rounds above 2048:
    convert to float32 first."""
    scores = queries @ corpus.T
    return taken(scores, np.argsort(-scores.astype(np.float64), axis=1, kind="stable")[:, :k])


@wrong_answer_to(cosine_top_k)
def divides_after_the_choice(queries, corpus, k):
    """The rows were chosen by their inner products and only the scores divided by the lengths, so long vectors took
    the places: divide before you choose."""
    _, indices = top_k(queries, corpus, k)
    return taken(cosine_similarity(queries, corpus), indices)


@wrong_answer_to(cosine_top_k)
def leaves_the_queries_long(queries, corpus, k):
    """Your scores are cosines times the length of each query: the order is right, a cosine has neither length."""
    wide = corpus.astype(np.result_type(corpus, np.float32))
    return best(products(queries, wide / np.linalg.norm(wide, axis=1, keepdims=True)), k)
