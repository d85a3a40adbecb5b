import numpy as np
import pytest
from embedding_interview import (
    cosines_kept,
    last_rank_that_wins,
    length_of_a_mean,
    mean_with_padding,
    spread_by_chance,
    tokens_read,
    winners,
)
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.embedding_interview import reference as measured

EXACT = 1e-9  # float64 rounds to 1e-15; the smallest of the usual mistakes is off by 0.01
STATISTICAL = 0.015  # 1000 random vectors scatter by 0.003 at most; the smallest of the usual mistakes is off by 0.1


def test_a_mean_over_padding():
    """The tokens (3, 0), (3, 6), (3, 6) have the mean (3, 4), which is 5 long; two rows of zeros follow."""
    tokens = np.array([[3, 0], [3, 6], [3, 6]])
    call(mean_with_padding, 5.0, 3, 2).gives(measured.pooled_without_a_mask(tokens, 2), atol=EXACT)


@pytest.mark.parametrize(("tokens", "padding"), [(2, 6), (7, 1), (5, 0), (1, 3)])
def test_a_mean_over_padding_of_random_tokens(tokens, padding):
    rows = np.random.default_rng(tokens).standard_normal((tokens, 12))
    right = float(measured.length(rows.mean(axis=0))[0])
    call(mean_with_padding, right, tokens, padding).gives(measured.pooled_without_a_mask(rows, padding), atol=EXACT)


def test_the_mean_of_two_directions():
    """(1, 0) and (0.6, 0.8) have the cosine 0.6; their mean (0.8, 0.4) has the squared length 0.8: take the root."""
    call(length_of_a_mean, 2, 0.6).gives(float(np.hypot(0.8, 0.4)), atol=EXACT)


def test_the_mean_of_directions_at_right_angles():
    for count in (2, 3, 5, 16):
        call(length_of_a_mean, count, 0.0).gives(float(np.linalg.norm(np.eye(count).mean(axis=0))), atol=EXACT)


@given(st.integers(2, 8), st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_the_mean_of_directions_that_lean_to_one_side(count, seed, lean):
    rows = measured.directions(count, 5, seed) + lean * np.eye(5)[0]
    rows /= measured.length(rows)
    wanted = float(np.linalg.norm(rows.mean(axis=0)))
    # the squared length is right to 1e-15, its root near 0 only to 1e-7; the mean of the lengths is 1
    call(length_of_a_mean, count, measured.mean_cosine(rows)).gives(wanted, atol=1e-6)


# 0 has the largest cosine, 1 the largest inner product, 2 is nearest to the query, 3 to one of length 1, 4 to one half
# as long (what a forgotten factor of 2 finds), 5 is as long as the query.
QUERY = np.array([3.0, 0])
DOCUMENTS = np.array([[0.4, 0], [5.6, 4.2], [2.8, 0.9], [1, 0.2], [1.6, 0.4], [0, 3], [-2, 1]])
LENGTHS = np.hypot(*DOCUMENTS.T)
COSINES = DOCUMENTS[:, 0] / LENGTHS  # the query lies on the first axis


def test_vectors_of_any_length():
    """Another document wins each time. The README's example works |a - b|² out; here no length is 1."""
    call(winners, COSINES, LENGTHS, 3.0).gives(measured.found_first(QUERY, DOCUMENTS))


@pytest.mark.parametrize("query_length", [0.1, 12.0])
def test_vectors_of_any_length_and_shorter_or_longer_queries(query_length):
    query = QUERY / 3 * query_length
    call(winners, COSINES, LENGTHS, query_length).gives(measured.found_first(query, DOCUMENTS))


@pytest.mark.parametrize("seed", range(4))
def test_vectors_of_length_one_beside_others(seed):
    """Three random searches among 30 documents; then the same after all vectors have got length 1."""
    rng = np.random.default_rng(seed)
    query, documents = rng.standard_normal(6), measured.directions(30, 6, seed) * rng.uniform(0.3, 3, (30, 1))
    cosines = documents @ query / np.linalg.norm(documents, axis=1) / np.linalg.norm(query)
    call(winners, cosines, np.linalg.norm(documents, axis=1), float(np.linalg.norm(query))).gives(
        measured.found_first(query, documents))
    call(winners, cosines, np.ones(30), 1.0).gives((int(np.argmax(cosines)),) * 3)


@pytest.mark.parametrize("dimensions", [1, 4, 25, 384])
def test_cosines_by_chance(dimensions):
    vectors = measured.directions(600, dimensions, seed=1)
    # 180,000 pairs scatter by 0.5 %; the square of the spread is off by half and more
    call(spread_by_chance, dimensions).gives(measured.spread_of_cosines(vectors), rtol=0.03)


def test_cosines_by_chance_where_most_dimensions_are_idle():
    """Each vector holds 200 numbers, but all of them are mixtures of the same 16."""
    vectors = measured.directions(600, 16, seed=2) @ np.linalg.qr(measured.directions(200, 16, seed=3))[0].T
    call(spread_by_chance, 16).gives(measured.spread_of_cosines(vectors), rtol=0.03)


@pytest.mark.parametrize("budget", [48, 384])
def test_bytes_of_a_vector(budget):
    """48 bytes hold 12 of 384 float32 numbers, 48 int8 numbers, all signs; 384 bytes hold 96, all, all."""
    call(cosines_kept, 384, budget).gives(measured.cosines_with_what_is_stored(384, budget), atol=STATISTICAL)


@pytest.mark.parametrize(("dimensions", "budget"), [(128, 8), (128, 64), (128, 100), (64, 32)])
def test_bytes_of_a_shorter_vector(dimensions, budget):
    call(cosines_kept, dimensions, budget).gives(
        measured.cosines_with_what_is_stored(dimensions, budget), atol=STATISTICAL)


@pytest.mark.parametrize(("words", "limit"), [(600, 512), (5, 512), (20, 16)])
def test_what_is_read_of_a_long_text(words, limit):
    """[CLS] is read too, in front of the words: one place less for them."""
    call(tokens_read, words, limit).gives(measured.read_after_the_cut(words, limit))


@pytest.mark.parametrize("words", [13, 14, 15, 16])
def test_what_is_read_of_a_text_that_nearly_fits(words):
    call(tokens_read, words, 16).gives(measured.read_after_the_cut(words, 16))


def test_once_at_the_top_or_everywhere_below():
    """Two lists and k = 60: third in both beats first in one. Down to which rank?"""
    call(last_rank_that_wins, 60, 1, 2).gives(measured.last_winning_rank(60, 1, 2))


@pytest.mark.parametrize(("k", "best", "lists"), [(10, 1, 2), (1, 1, 2), (60, 1, 3), (60, 4, 2), (5, 3, 4), (60, 2, 1)])
def test_once_at_the_top_with_other_constants(k, best, lists):
    call(last_rank_that_wins, k, best, lists).gives(measured.last_winning_rank(k, best, lists))
