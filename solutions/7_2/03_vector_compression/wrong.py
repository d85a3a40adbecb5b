"""Wrong answers that people give to the compression kata; each docstring says what was misunderstood."""

import numpy as np
from vector_compression import binary_codes, hamming_top_k, int8_scores, quantize_int8, rescore, truncate

from fixtures.checking import wrong_answer_to


@wrong_answer_to(truncate)
def keeps_the_shorter_length(vectors, width):
    """The cut vectors are shorter than 1, each by another amount: scale them back to length 1, or the longest
    one is found first.
    """
    return vectors[:, :width].copy()


@wrong_answer_to(truncate)
def normalizes_before_the_cut(vectors, width):
    """You scaled to length 1 before you cut: what is left is shorter again. First cut, then scale."""
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, :width]


@wrong_answer_to(quantize_int8)
def takes_one_scale_for_all(vectors):
    """Your step is the same for all dimensions: the widest one decides, and small dimensions become 0."""
    scale = np.full(vectors.shape[1], np.abs(vectors).max() / 127, dtype=np.float32)
    return np.rint(vectors / scale).astype(np.int8), scale


@wrong_answer_to(quantize_int8)
def cuts_instead_of_rounding(vectors):
    """astype cuts towards zero, so that every number is off by up to a whole step, and always inwards: round first."""
    scale = (np.abs(vectors).max(axis=0) / 127).astype(np.float32)
    return (vectors / scale).astype(np.int8), scale


@wrong_answer_to(quantize_int8)
def counts_128_steps(vectors):
    """Your largest number needs the code 128, which int8 does not have: it becomes -128. Use 127 steps."""
    scale = (np.abs(vectors).max(axis=0) / 128).astype(np.float32)
    return np.rint(vectors / scale).astype(np.int64).astype(np.int8), scale


@wrong_answer_to(int8_scores)
def forgets_the_steps(queries, codes, scale):
    """You multiplied with the codes alone: a code counts steps, and the step of each dimension is its scale."""
    return (queries @ codes.astype(np.float32).T).astype(np.float32)


@wrong_answer_to(int8_scores)
def rounds_the_query_to_int8(queries, codes, scale):
    """Your query became int8, and so did the sums, which wrap around at 127: leave the query in float."""
    return ((queries / scale).astype(np.int8) @ codes.T).astype(np.float32)


@wrong_answer_to(binary_codes)
def begins_with_the_lowest_bit(vectors):
    """Your first dimension is the lowest bit of its byte: numpy, FAISS and sentence-transformers put it highest."""
    return np.packbits(vectors > 0, axis=1, bitorder="little")


@wrong_answer_to(binary_codes)
def takes_zero_for_positive(vectors):
    """A dimension that is 0 got a 1: only what is above 0 does."""
    return np.packbits(vectors >= 0, axis=1)


@wrong_answer_to(hamming_top_k)
def counts_bytes(queries, codes, k):
    """You counted the bytes that differ: the distance is the number of bits, 0 to 8 in each byte."""
    distances = (queries[:, None] != codes).sum(axis=2)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


@wrong_answer_to(hamming_top_k)
def finds_the_farthest(queries, codes, k):
    """These are the codes that differ most: a distance is not a similarity, the smallest is the best."""
    distances = np.unpackbits(queries[:, None] ^ codes, axis=2).sum(axis=2, dtype=np.int64)
    order = np.argsort(-distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


@wrong_answer_to(rescore)
def gives_places_among_the_candidates(queries, vectors, candidates, k):
    """Your indices count within the candidates: look up which vector of the corpus each of them is."""
    scores = np.einsum("qd,qmd->qm", queries, vectors[candidates])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order
