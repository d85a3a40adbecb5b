"""The Hamming search of vector_compression on packed 64-bit words. The other functions are the plain ones."""

import numpy as np
from numpy.typing import NDArray
from vector_compression import (
    ONES_OF_A_BYTE,
    Found,
    _checked_codes,
    binary_codes,
    int8_scores,
    quantize_int8,
    rescore,
    truncate,
)

GROUP = 64  # distances of a group, of which only the smallest is looked at at first

__all__ = ["binary_codes", "hamming_top_k", "int8_scores", "quantize_int8", "rescore", "truncate"]


def hamming_top_k(queries: NDArray[np.uint8], codes: NDArray[np.uint8], k: int) -> Found:
    """Find the k codes that differ from each query in the fewest bits; as in vector_compression.py."""
    queries, codes, k = _checked_codes(queries, codes, k)
    k = min(k, len(codes))
    distances = np.empty((len(queries), k), dtype=np.int64)
    indices = np.empty((len(queries), k), dtype=np.int64)
    if k == 0:
        return distances, indices
    corpus, asked = _words(codes), _words(queries)  # (words, n) and (words, q)
    different, ones = np.empty(len(codes), dtype=np.uint64), np.empty(len(codes), dtype=np.uint8)
    total = np.empty(len(codes), dtype=np.uint16 if codes.shape[1] < 8192 else np.uint32)
    for query in range(len(queries)):
        total[:] = 0
        for row, word in zip(corpus, asked[:, query]):
            np.bitwise_xor(row, word, out=different)
            np.add(total, _ones_of_words(different, ones), out=total)
        near = np.flatnonzero(total <= _bound(total, k))  # in the order of the corpus
        best = near[np.argsort(total[near], kind="stable")[:k]]
        distances[query], indices[query] = total[best], best
    return distances, indices


def _bound(distances: NDArray, k: int) -> int:
    """Return a distance that at least k of these reach, and few more: sorting all takes longer than computing them.

    Of the smallest ones of k groups, the largest is such a distance.
    """
    groups = len(distances) // GROUP
    if groups < k:
        return np.partition(distances, k - 1)[k - 1]
    smallest = distances[: groups * GROUP].reshape(GROUP, groups).min(axis=0)
    return np.partition(smallest, k - 1)[k - 1]


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the codes as 64-bit words, a row a word, so that each step runs over contiguous memory."""
    padded = np.zeros((len(codes), -(-codes.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : codes.shape[1]] = codes
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _ones_of_words(words: NDArray[np.uint64], out: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Count the ones of each word."""
    if hasattr(np, "bitwise_count"):  # numpy 2: the processor's own instruction
        return np.bitwise_count(words, out=out)
    return np.sum(ONES_OF_A_BYTE[words.view(np.uint8).reshape(-1, 8)], axis=1, dtype=np.uint8, out=out)
