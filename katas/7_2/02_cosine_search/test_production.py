"""What goes wrong in silence when a search is used: zeros, dtypes, ties, blocks, memory, bad input."""

import numpy as np
import pytest
from cosine_search import cosine_similarity, cosine_top_k, top_k

from fixtures.checking import call
from fixtures.katas.cosine_search.reference import in_order, ranked
from fixtures.katas.peak_memory import measured

EVERY_SEARCH = pytest.mark.parametrize("search", [top_k, cosine_top_k], ids=["top_k", "cosine_top_k"])

# Lengths 5, 13 and 0 against lengths 5, 2, 0 and 13: the cosines are fractions.
A = np.array([[3, 4, 0], [0, -5, 12], [0, 0, 0]], dtype=np.float32)
B = np.array([[0, 3, 4], [-2, 0, 0], [0, 0, 0], [0, 5, -12]], dtype=np.float32)
COSINES = np.array([[12 / 25, -3 / 5, 0, 20 / 65], [33 / 65, 0, 0, -1], [0, 0, 0, 0]])

# Products of small integers are exact in every dtype, so ties are ties.
QUERIES = np.array([[1, 2, 0], [0, -1, 3]], dtype=np.float32)
CORPUS = np.array([[1, 0, 0], [0, 2, 0], [2, 1, 1], [0, 0, 0], [-1, 1, 2], [4, 0, 1]], dtype=np.float32)
PRODUCTS = np.array([[1, 4, 4, 0, 1, 4], [0, -2, 2, 0, 5, 3]])


def test_a_zero_vector_is_similar_to_nothing():
    call(cosine_similarity, A, B).gives(COSINES, atol=1e-6)  # float32 rounds by 1e-7
    call(cosine_top_k, A[:1], B, 4).gives(ranked(COSINES[:1], 4), atol=1e-6)


@pytest.mark.parametrize(("dtype", "exponent"), [("f4", 100), ("f4", -100), ("f8", 700), ("f8", -700)])
def test_very_long_and_very_short_vectors_have_a_direction(dtype, exponent):
    """The square of such a number is infinite or zero in its own dtype."""
    queries, corpus = np.ldexp(A[:1].astype(dtype), -exponent), np.ldexp(B[[3, 0, 1]].astype(dtype), exponent)
    cosines = COSINES[:1, [3, 0, 1]]
    call(cosine_similarity, corpus, queries).gives(cosines.T, atol=1e-6)
    call(cosine_top_k, queries, corpus, 3).gives(ranked(cosines, 3), atol=1e-6)


def test_cosines_end_at_one_and_what_ends_there_is_a_tie():
    """Rounding makes 1.0000001 of many: arccos would make NaN of that, and it is no better than 1."""
    rows = np.random.default_rng(0).standard_normal((6, 1, 37)) * np.linspace(0.5, 9, 40)[:, None]
    rows = np.concatenate([rows, -rows]).reshape(480, 37).astype(np.float32)  # each direction 40 times
    largest = np.abs(call(cosine_similarity, rows, rows).value).max()
    assert largest <= 1, f"the largest cosine is {largest:.8f}: rounding makes such numbers, clip them to -1..1"
    call(cosine_top_k, rows[::40], rows, 480).satisfies(
        lambda result: np.abs(result[0]).max() <= 1 and in_order(result),
        "no score beyond -1..1, and equal scores in the order of their indices")


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float16, np.float64])
def test_any_dtype_is_computed_in_float32_or_better(dtype):  # int8 wraps around, float16 rounds above 2048
    corpus = np.array([[100, 100], [90, 3], [20, 127], [127, 0], [-128, -128]], dtype=dtype)
    queries = np.array([[100, 100], [100, -50]], dtype=dtype)
    products = np.array([[20_000, 9300, 14_700, 12_700, -25_600], [5000, 8850, -4350, 12_700, -6400]])
    cosines = products / np.sqrt(np.outer([20_000, 12_500], [20_000, 8109, 16_529, 16_129, 32_768]))
    call(top_k, queries, corpus, 4).gives(ranked(products, 4))
    call(cosine_similarity, queries, corpus).gives(cosines, atol=1e-6)  # float16 is wrong by 1e-4
    call(cosine_top_k, queries, corpus, 4).gives(ranked(cosines, 4), atol=1e-6)


def test_float64_keeps_its_precision():
    corpus = np.array([[1, 0], [1 + 2e-12, 0], [1 + 1e-12, 0]])  # equal in float32
    call(top_k, np.array([[1.0, 5.0]]), corpus, 3).gives(ranked(corpus[:, :1].T, 3), atol=1e-15)
    call(cosine_similarity, A.astype(float), B.astype(float)).gives(COSINES, atol=1e-14)  # float32: wrong by 1e-8


@pytest.mark.parametrize("k", [2, 4])
def test_equal_scores_are_ordered_by_index(k):
    """That also decides who is among the k: three rows score 4, and k = 2 takes the first two."""
    call(top_k, QUERIES, CORPUS, k).gives(ranked(PRODUCTS, k))


@EVERY_SEARCH
@pytest.mark.parametrize("k", [7, 8500])
def test_ties_across_a_large_corpus_go_to_the_lowest_index(search, k):
    """Equal rows stand everywhere; where your blocks end must not show."""
    kinds = np.array([[1, 0], [-1, 0], [0, 1], [0, 0], [0, -1]], dtype=np.float32)
    corpus, queries = kinds[np.random.default_rng(2).integers(0, 5, 9001)], kinds[[0, 2, 3, 1]]
    call(search, queries, corpus, k).gives(ranked(queries @ corpus.T, k))


@EVERY_SEARCH
@pytest.mark.parametrize(("number", "n", "k"), [
    (2, 6, 7), (2, 6, 10**18), (2, 6, np.int64(200)), (2, 0, 4), (0, 6, 4)])
def test_a_k_beyond_the_corpus_gives_all_of_it(search, number, n, k):
    shape = number, min(int(k), n)
    call(search, QUERIES[:number], CORPUS[:n], k).satisfies(
        lambda found: shape == found[0].shape == found[1].shape and found[1].dtype.kind in "iu" and in_order(found),
        f"scores and indices of shape {shape}, the best first, the indices integers")


@EVERY_SEARCH
@pytest.mark.parametrize("step", [1, 7919])  # with a step of 1 each row is better than the one before
def test_the_best_of_100_003_rows_are_found_wherever_they_stand(search, step):
    n = 100_003  # a prime: blocks of any size leave a rest
    places = np.arange(n) * step % n
    corpus = np.stack([places, np.sqrt(float(n) ** 2 - places**2.0)], axis=1)  # all of one length
    wanted = np.argsort(places)[np.stack([-1 - np.arange(12), np.arange(12)])]
    call(search, np.array([[2.0, 0.0], [-2.0, 0.0]]), corpus, 12).satisfies(
        lambda result: np.array_equal(result[1], wanted), f"the rows {wanted[0, :3]}... and {wanted[1, :3]}...")


@EVERY_SEARCH
def test_a_longer_search_begins_with_the_shorter_one(search):
    """Whoever asks for the next page must neither miss a row nor see one twice."""
    corpus = np.random.default_rng(3).standard_normal((90, 48)).astype(np.float32)[np.arange(700) * 7 % 90]
    _, longest = call(search, corpus[:9], corpus, 64).value
    for k in (1, 3, 20):
        call(search, corpus[:9], corpus, k).satisfies(
            lambda result, k=k: np.array_equal(result[1], longest[:, :k]), f"the first {k} of the search for 64")


@pytest.mark.parametrize(("search", "number", "n", "width", "dtype"), [
    (top_k, 64, 80_000, 2, np.float32), (cosine_top_k, 64, 80_000, 2, np.float32), (top_k, 1500, 1500, 2, np.float32),
    (top_k, 1, 200_000, 100, np.int8), (cosine_top_k, 1, 200_000, 100, np.int8),
], ids=["many rows", "many rows, cosine", "many queries", "a large corpus", "a large corpus, cosine"])
def test_the_memory_is_bounded(search, number, n, width, dtype):
    """16 MB may be taken. Sorting all scores, the large corpus in float32, and np.isfinite of it take 20 to 80."""
    corpus = np.zeros((n, width), dtype=dtype)
    corpus[:, :2] = np.stack([-1 - np.arange(n) / n, np.full(n, -1)], axis=1)
    corpus[[n - 7, 2, n // 2], 0] = 8, 4, 2
    search, peaks = measured(search)
    call(search, np.eye(1, width, dtype=dtype).repeat(number, axis=0), corpus, 3).satisfies(
        lambda result: (result[1] == [n - 7, 2, n // 2]).all(), f"the rows {n - 7}, 2 and {n // 2}")
    assert peaks[0] < 16, f"{peaks[0]:.0f} MB above the arguments: convert, check, normalize and multiply in blocks"


NAN = np.where(np.arange(60_000).reshape(20_000, 3) == 51_009, np.nan, 1)  # in column 0, where ZERO_THERE is zero
ZERO_THERE, LARGE = QUERIES[1:], np.array([[1e200, 1, 0], [-1e200, 1, 0]])


@EVERY_SEARCH
@pytest.mark.parametrize(("arguments", "error", "name"), [
    ((QUERIES, CORPUS[:, :, None], 2), ValueError, "corpus"), ((QUERIES, np.zeros((0, 5)), 2), ValueError, "corpus"),
    ((ZERO_THERE, NAN, 2), ValueError, "corpus"), ((np.full((2, 3), np.inf), CORPUS, 2), ValueError, "queries"),
    ((QUERIES, CORPUS.astype(str), 2), TypeError, "corpus"), ((QUERIES, CORPUS, 0), ValueError, "k"),
    ((QUERIES, CORPUS, 2.0), TypeError, "k"), ((QUERIES, CORPUS, True), TypeError, "k"),
])
def test_what_cannot_be_searched_is_refused(search, arguments, error, name):
    call(search, *arguments).raises(error, naming=name)


@pytest.mark.parametrize(("function", "arguments", "error", "name"), [
    (cosine_similarity, (QUERIES, CORPUS[:, :2]), ValueError, "right"),
    (cosine_similarity, (QUERIES[0], CORPUS), ValueError, "left"),
    (cosine_similarity, (QUERIES, NAN), ValueError, "right"),
    (cosine_similarity, (QUERIES > 0, CORPUS), TypeError, "left"),
    (top_k, (LARGE, LARGE, 2), ValueError, "corpus"),
])
def test_what_has_no_score_is_refused(function, arguments, error, name):
    call(function, *arguments).raises(error, naming=name)
