import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_compression import binary_codes, hamming_top_k, int8_scores, quantize_int8, rescore, truncate

from fixtures.checking import call
from fixtures.katas import recorded

# Three vectors of very different dimensions: the README's example.
VECTORS = np.array([[-254, 3.02, 0.4], [126, 4, -0.8], [100, -1.2, 1.27]], dtype=np.float32)
CODES = np.array([[-127, 96, 40], [63, 127, -80], [50, -38, 127]], dtype=np.int8)
SCALE = np.array([2, 4 / 127, 0.01], dtype=np.float32)
NEAR = 1e-6  # float32 rounds to 1e-7 of numbers around 1


def test_a_cut_vector_gets_length_one_again():
    vectors = np.array([[3, 4, 12], [0, -2, 1]], dtype=np.float32)  # longer than 1, as a model may give them
    call(truncate, vectors, 2).gives(np.array([[0.6, 0.8], [0, -1]], dtype=np.float32), atol=NEAR)
    call(truncate, -vectors[:1], 1).gives(np.array([[-1]], dtype=np.float32), atol=NEAR)


def test_the_first_dimensions_are_kept():
    """A Matryoshka model puts most of the meaning first."""
    vectors = np.array([[2, 0, 0, 9], [0, 0, -5, 9]], dtype=np.float32)
    call(truncate, vectors, 3).gives(np.array([[1, 0, 0], [0, 0, -1]], dtype=np.float32), atol=NEAR)
    call(truncate, vectors, 4).satisfies(
        lambda kept: np.allclose(np.linalg.norm(kept, axis=1), 1, atol=NEAR), "with all dimensions each has length 1")


def test_each_dimension_has_its_own_step():
    """The largest number of a dimension, sign left aside, becomes 127 or -127; 3.02 is 95.9 steps: 96."""
    call(quantize_int8, VECTORS).gives((CODES, SCALE), atol=NEAR)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_no_number_moves_by_more_than_half_a_step(seed, width):
    rng = np.random.default_rng(seed)
    vectors = (rng.standard_normal((7, width)) * 10.0 ** rng.integers(-3, 3, width)).astype(np.float32)
    codes, scale = call(quantize_int8, vectors).value
    error = np.abs(codes.astype(np.float64) * scale - vectors)
    worst = (error / (np.abs(vectors).max(axis=0) / 127)).max()
    assert worst < 0.501, f"after codes * scale a number lies {worst:.3f} steps from where it was, 0.5 is allowed"


def test_scores_of_codes_are_those_of_the_numbers_they_stand_for():
    queries = np.array([[1, 10, 100], [-0.5, 0, 2]], dtype=np.float32)
    wanted = queries.astype(np.float64) @ (CODES.astype(np.float64) * SCALE.astype(np.float64)).T
    # float32 rounds to 3e-5 of 350; without the steps the first number is 4833 instead of -184
    call(int8_scores, queries, CODES, SCALE).gives(wanted, atol=1e-3)


def test_long_codes_do_not_overflow():
    """384 products of 127 and 127 are six millions: far more than an int8 or int16 holds."""
    codes = np.tile(np.array([[127], [-127]], dtype=np.int8), 384)
    queries = np.full((1, 384), 127, dtype=np.float32)
    call(int8_scores, queries, codes, np.ones(384, dtype=np.float32)).gives(
        np.array([[127.0 * 127 * 384, -127.0 * 127 * 384]]), rtol=1e-6)


def test_one_bit_for_each_dimension():
    """Above 0 gives 1, the first dimension is the highest bit: 10100000, 01011111 and 1 more bit."""
    vectors = np.array([[0.1, -3, 2, 0, 0, -1, -1, -1, 0], [0, 5, -1, 1, 1, 2, 3, 4, 5]], dtype=np.float32)
    call(binary_codes, vectors).gives(np.array([[0b10100000, 0], [0b01011111, 0b10000000]], dtype=np.uint8))


def test_the_distance_is_the_number_of_bits_that_differ():
    codes = np.array([[0b11111111, 0], [0b00000001, 0], [0b10000001, 0b1], [0, 0b11110000]], dtype=np.uint8)
    queries = np.array([[0, 0], [0b11110000, 0b1]], dtype=np.uint8)
    call(hamming_top_k, queries, codes, 4).gives((
        np.array([[1, 3, 4, 8], [4, 5, 6, 9]]), np.array([[1, 2, 3, 0], [2, 0, 1, 3]])))


def test_the_nearest_come_first_and_of_equal_ones_the_first():
    codes = np.array([[7], [1], [2], [0], [4]], dtype=np.uint8)  # 3, 1, 1, 0 and 1 bits from 0
    call(hamming_top_k, np.array([[0]], dtype=np.uint8), codes, 3).gives((np.array([[0, 1, 1]]), np.array([[3, 1, 2]])))


def test_distances_are_those_of_faiss():
    record = recorded("vector_compression")
    found = call(hamming_top_k, record["queries"], record["codes"], 20)
    found.gives((record["distances"], found.value[1]))  # which of equally distant codes comes first is tested above
    call(binary_codes, record["vectors"].astype(np.float32)).gives(record["codes"])


def test_rescoring_orders_the_candidates_by_their_full_vectors():
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.8, 0.6], [-1, 0]], dtype=np.float32)
    queries = np.array([[1, 0], [0, 2]], dtype=np.float32)
    candidates = np.array([[4, 1, 3], [0, 3, 2]])  # the best one of the first query, 0, is not among them
    call(rescore, queries, vectors, candidates, 2).gives((
        np.array([[0.8, 0.6], [2, 1.2]]), np.array([[3, 1], [2, 3]])), atol=NEAR)


@pytest.mark.parametrize("k", [1, 3])
def test_rescoring_gives_indices_of_the_corpus(k):
    vectors = np.eye(4, dtype=np.float32)
    query = np.array([[0.1, 0.4, 0.2, 0.3]], dtype=np.float32)
    call(rescore, query, vectors, np.array([[3, 1, 2]]), k).gives((
        np.array([[0.4, 0.3, 0.2]])[:, :k], np.array([[1, 3, 2]])[:, :k]), atol=NEAR)


def test_codes_then_full_vectors_find_what_the_full_vectors_find():
    """2,000 vectors around 40 centres: bits alone miss neighbours, 50 rescored candidates hold them."""
    rng = np.random.default_rng(7)
    vectors = (rng.standard_normal((40, 64)).repeat(50, axis=0) + 0.7 * rng.standard_normal((2000, 64)))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    queries = vectors[::100]
    right = np.sort(np.argsort(-queries @ vectors.T, axis=1)[:, :5], axis=1)
    packed = call(binary_codes, vectors).value
    _, candidates = call(hamming_top_k, packed[::100], packed, 100).value
    _, found = call(rescore, queries, vectors, candidates, 5).value
    share = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(found.tolist(), right.tolist())])
    assert share > 0.95, f"bits and rescoring find {share:.2f} of the five nearest; 0.95 was expected"
