"""The idea: what a cosine is, which rows are the best, and why the longest vector must not win."""

import numpy as np
from cosine_search import cosine_similarity, cosine_top_k, top_k
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.cosine_search.reference import ranked


def vectors(*rows):
    return np.array(rows, dtype=np.float32)


# The example of the README; the lengths are 5, and 5, 13, 5, 10, 10.
QUERY = vectors([4, 3])
CORPUS = vectors([3, 4], [12, 5], [-4, -3], [0, 10], [8, 6])
INNER_PRODUCTS = np.array([[24, 63, -25, 30, 50]])
COSINES = np.array([[24 / 25, 63 / 65, -1, 3 / 5, 1]])
ROUNDING = 1e-6  # float32 rounds by 1e-7; the smallest mistake here is 9e-3, the distance of two cosines

# Lengths 5 and 13 against lengths 5, 2, 13 and 5.
A = vectors([3, 4, 0], [0, -5, 12])
B = vectors([0, 3, 4], [2, 0, 0], [0, 5, -12], [-3, -4, 0])
COSINES_OF_A_AND_B = np.array([[12 / 25, 3 / 5, 20 / 65, -1], [33 / 65, 0, -1, 20 / 65]])

directions = st.lists(st.integers(-9, 9), min_size=3, max_size=3).filter(any)
matrices = st.lists(directions, min_size=1, max_size=6).map(np.float32)


# --- cosine_similarity: a.b / (|a| |b|) ---------------------------------------------------------------


def test_a_cosine_is_the_inner_product_over_both_lengths():
    call(cosine_similarity, QUERY, CORPUS).gives(COSINES, atol=ROUNDING)


def test_every_row_of_a_meets_every_row_of_b():
    call(cosine_similarity, A, B).gives(COSINES_OF_A_AND_B, atol=ROUNDING)


def test_the_length_of_a_vector_has_no_effect():
    longer = B * vectors([2], [64], [1], [0.5])
    call(cosine_similarity, A * 8, longer).gives(COSINES_OF_A_AND_B, atol=ROUNDING)


def test_scipy_finds_the_same_cosines():
    record = recorded("cosine_search")
    call(cosine_similarity, record["queries"], record["corpus"]).gives(record["cosines"], atol=ROUNDING)


@given(matrices)
def test_a_vector_has_cosine_one_with_itself(rows):
    call(cosine_similarity, rows, rows).satisfies(
        lambda cosines: np.allclose(np.diagonal(cosines), 1, atol=ROUNDING), "ones on the diagonal")
    call(cosine_similarity, rows, -2 * rows).satisfies(
        lambda cosines: np.allclose(np.diagonal(cosines), -1, atol=ROUNDING), "-1 for the opposite direction")


# --- top_k: the largest inner products -----------------------------------------------------------------


def test_the_best_row_has_the_largest_inner_product():
    call(top_k, QUERY, CORPUS, 1).gives((np.array([[63]]), np.array([[1]])))


def test_the_best_come_first():
    call(top_k, QUERY, CORPUS, 3).gives((np.array([[63, 50, 30]]), np.array([[1, 4, 3]])))


def test_every_query_has_its_own_row_of_results():
    queries = vectors([4, 3], [-1, 0], [0, 2])
    scores = np.array([[63, 50], [4, 0], [20, 12]])
    call(top_k, queries, CORPUS, 2).gives((scores, np.array([[1, 4], [2, 3], [3, 4]])))


def test_all_scores_may_be_negative():
    call(top_k, -QUERY, CORPUS[[1, 3, 0, 4]], 3).gives((np.array([[-24, -30, -50]]), np.array([[2, 1, 3]])))


def test_an_inner_product_grows_with_the_length():
    call(top_k, QUERY * 3, CORPUS * 5, 2).gives((np.array([[945, 750]]), np.array([[1, 4]])))


def test_faiss_finds_the_same_rows():
    record = recorded("cosine_search")
    wanted = (record["faiss_scores"], record["faiss_indices"])
    call(top_k, record["queries"], record["corpus"], 7).gives(wanted, atol=1e-5)  # scores of 20 are rounded by 1e-6


@given(step=st.integers(1, 600), k=st.integers(1, 601))
def test_a_search_is_a_sort_of_all_scores(step, k):
    """Each corpus holds 601 rows in another order, and no two score alike."""
    places = np.arange(601) * step % 601  # a permutation, because 601 is a prime
    corpus = np.stack([places, np.roll(places, 7)], axis=1).astype(np.float32)
    queries = vectors([1, 0], [0, -2], [-601, 1])
    scores = np.stack([places, -2 * np.roll(places, 7), np.roll(places, 7) - 601 * places])
    call(top_k, queries, corpus, k).gives(ranked(scores, k))


# --- cosine_top_k: the largest cosines -------------------------------------------------------------------


def test_the_closest_direction_wins_not_the_longest_vector():
    call(cosine_top_k, QUERY, CORPUS, 3).gives((COSINES[:, [4, 1, 0]], np.array([[4, 1, 0]])), atol=ROUNDING)


def test_the_scores_are_cosines():
    call(cosine_top_k, A, B, 3).gives(ranked(COSINES_OF_A_AND_B, 3), atol=ROUNDING)


def test_the_opposite_direction_comes_last():
    call(cosine_top_k, QUERY, CORPUS, 5).gives(ranked(COSINES, 5), atol=ROUNDING)


def test_the_length_of_the_query_has_no_effect():
    call(cosine_top_k, QUERY * 100, CORPUS, 3).gives(ranked(COSINES, 3), atol=ROUNDING)


def test_usearch_finds_the_same_rows():
    record = recorded("cosine_search")
    wanted = (record["usearch_cosines"], record["usearch_indices"])
    call(cosine_top_k, record["queries"], record["corpus"], 7).gives(wanted, atol=ROUNDING)
