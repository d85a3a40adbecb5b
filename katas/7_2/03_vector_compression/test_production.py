import numpy as np
import pytest
from vector_compression import binary_codes, hamming_top_k, int8_scores, quantize_int8, rescore, truncate

from fixtures.checking import call
from fixtures.katas.peak_memory import measured

RNG = np.random.default_rng(3)
VECTORS = RNG.standard_normal((6, 16)).astype(np.float32)
CODES = RNG.integers(0, 256, (6, 2)).astype(np.uint8)


def test_a_vector_without_its_first_numbers_stays_zero():
    vectors = np.array([[0, 0, 7], [3, 4, 7]], dtype=np.float32)
    call(truncate, vectors, 2).gives(np.array([[0, 0], [0.6, 0.8]], dtype=np.float32), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_truncation_keeps_the_dtype(dtype):
    """In float16 the square of 300 is infinite: the length needs something wider."""
    vectors = np.array([[300, 400, 1], [-300, 0, 1]], dtype=dtype)
    call(truncate, vectors, 2).gives(np.array([[0.6, 0.8], [-1, 0]]), atol=5e-4, dtype=dtype)


def test_a_dimension_of_zeros_has_a_step():
    """0 / 0 is NaN, and NaN as int8 is anything."""
    vectors = np.array([[0, 1], [0, -2]], dtype=np.float32)
    call(quantize_int8, vectors).gives(
        (np.array([[0, 64], [0, -127]], dtype=np.int8), np.array([1, 2 / 127], dtype=np.float32)), atol=1e-7)
    call(quantize_int8, vectors[:0]).gives((np.zeros((0, 2), dtype=np.int8), np.ones(2, dtype=np.float32)))


def test_the_types_are_as_small_as_promised():
    codes, scale = call(quantize_int8, VECTORS.astype(np.float64)).value
    assert (codes.dtype, scale.dtype) == (np.int8, np.float32), f"codes are {codes.dtype}, scale is {scale.dtype}"
    call(binary_codes, VECTORS).satisfies(lambda bits: bits.dtype == np.uint8, "eight dimensions to a byte, uint8")
    call(int8_scores, VECTORS.astype(np.float64), codes, scale).satisfies(
        lambda scores: scores.dtype == np.float32, "scores in float32")


def test_more_bits_than_one_byte_can_count():
    """400 differing bits: a sum in uint8 gives 144."""
    codes = np.array([np.zeros(50), np.full(50, 255)], dtype=np.uint8)
    call(hamming_top_k, codes[:1], codes[::-1], 2).gives((np.array([[0, 400]]), np.array([[1, 0]])))


def test_more_results_than_there_are():
    call(hamming_top_k, CODES[:2], CODES, np.int64(10)).satisfies(
        lambda found: found[0].shape == found[1].shape == (2, 6), "as many as there are codes: (2, 6)")
    call(hamming_top_k, CODES[:2], CODES[:0], 3).satisfies(
        lambda found: found[0].shape == found[1].shape == (2, 0), "none of an empty corpus: (2, 0)")
    call(hamming_top_k, CODES[:0], CODES, 3).satisfies(
        lambda found: found[0].shape == found[1].shape == (0, 3), "no queries, no rows: (0, 3)")
    call(rescore, VECTORS[:1], VECTORS, np.array([[2, 1]]), 10).satisfies(
        lambda found: set(found[1][0].tolist()) == {1, 2}, "both candidates")
    call(rescore, VECTORS[:1], VECTORS, np.array([[5]]), 1).satisfies(
        lambda found: found[1].tolist() == [[5]], "the only candidate")


def test_many_codes_are_searched_exactly():
    """20,000 codes with many ties, and more queries than fit into one table."""
    rng = np.random.default_rng(11)
    codes = rng.integers(0, 4, (20_000, 3)).astype(np.uint8)
    queries = codes[rng.integers(0, len(codes), 35)]
    bits = np.unpackbits(codes, axis=1).astype(np.float32)
    asked = np.unpackbits(queries, axis=1).astype(np.float32)
    distances = (asked @ (1 - bits).T + (1 - asked) @ bits.T).astype(np.int64)
    order = np.lexsort((np.broadcast_to(np.arange(20_000), distances.shape), distances), axis=1)[:, :40]
    call(hamming_top_k, queries, codes, 40).gives((np.take_along_axis(distances, order, axis=1), order))


def test_a_search_of_many_queries_holds_little():
    """All differing bytes of 64 queries and 20,000 codes of 24 bytes would be 31 MB."""
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 256, (20_000, 24)).astype(np.uint8)
    search, peaks = measured(hamming_top_k)
    call(search, codes[:64], codes, 3).satisfies(
        lambda found: (found[1][:, 0] == np.arange(64)).all(), "each code is the nearest to itself")
    assert peaks[0] < 8, f"{peaks[0]:.0f} MB above the arguments; 8 are allowed: go through the queries in groups"


def test_candidates_that_score_alike_keep_the_order_of_the_corpus():
    vectors = np.ones((5, 2), dtype=np.float32)
    candidates = np.array([[4, 0, 3, 1]])
    call(rescore, vectors[:1], vectors, candidates, 3).gives((np.full((1, 3), 2.0), np.array([[0, 1, 3]])))


REFUSED = {
    "more dimensions than there are": (truncate, (VECTORS, 17), ValueError, "width"),
    "no dimension": (truncate, (VECTORS, 0), ValueError, "width"),
    "one vector alone": (truncate, (VECTORS[0], 4), ValueError, "vectors"),
    "NaN has no step": (quantize_int8, (np.array([[1, np.nan]]),), ValueError, "vectors"),
    "a batch of tables": (binary_codes, (VECTORS[None],), ValueError, "vectors"),
    "codes of another width": (int8_scores, (VECTORS, CODES.astype(np.int8), np.ones(2)), ValueError, "codes"),
    "steps for fewer dimensions": (int8_scores, (VECTORS, VECTORS.astype(np.int8), np.ones(15)), ValueError, "scale"),
    "steps for more dimensions": (int8_scores, (VECTORS, VECTORS.astype(np.int8), np.ones(17)), ValueError, "scale"),
    "bits that are not packed": (hamming_top_k, (CODES.astype(bool), CODES, 1), TypeError, "queries"),
    "bytes in another type": (hamming_top_k, (CODES, CODES.astype(np.int64), 1), TypeError, "codes"),
    "packed codes of another width": (hamming_top_k, (CODES[:, :1], CODES, 1), ValueError, "codes"),
    "the 0 nearest": (hamming_top_k, (CODES, CODES, 0), ValueError, "k"),
    "the 0 best candidates": (rescore, (VECTORS[:1], VECTORS, np.array([[0, 1]]), 0), ValueError, "k"),
    "-1 for nothing found": (rescore, (VECTORS[:1], VECTORS, np.array([[0, -1]]), 1), ValueError, "candidates"),
    "one behind the last": (rescore, (VECTORS[:1], VECTORS, np.array([[0, 6]]), 1), ValueError, "candidates"),
    "one far behind the last": (rescore, (VECTORS[:1], VECTORS, np.array([[0, 9]]), 1), ValueError, "candidates"),
    "candidates of no query": (rescore, (VECTORS[:1], VECTORS, np.array([0]), 1), ValueError, "candidates"),
    "candidates in a table more": (rescore, (VECTORS[:1], VECTORS, np.array([[[0]]]), 1), ValueError, "candidates"),
    "candidates of more queries": (rescore, (VECTORS[:1], VECTORS, np.array([[0], [1]]), 1), ValueError, "candidates"),
    "candidates of another query": (rescore, (VECTORS[:2], VECTORS, np.array([[0, 1]]), 1), ValueError, "candidates"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, argument = REFUSED[case]
    call(function, *arguments).raises(error, naming=argument)
