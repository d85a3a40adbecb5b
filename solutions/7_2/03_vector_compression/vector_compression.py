"""Make embeddings smaller: fewer dimensions, int8 or one bit a dimension, and rescoring of what these find.

A search over small codes gives candidates; their full vectors put them in order.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Found = tuple[NDArray, NDArray[np.int64]]
_ONES_OF_A_BYTE = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)


def truncate(vectors: Floats, width: int) -> Floats:
    """Keep the first dimensions and scale each vector back to length 1 (Matryoshka embeddings).

    vectors: (n, dimensions)
    Returns (n, width) in the dtype of vectors; a vector whose first numbers are all 0 stays zero.
    Raises ValueError if width is not in 1..dimensions, or for another shape.
    Source: Kusupati et al. 2022, section 3.
    """
    vectors = _rows("vectors", vectors)
    if not 1 <= width <= vectors.shape[1]:
        raise ValueError(f"width must be in 1..{vectors.shape[1]}, got {width}")
    kept = vectors[:, :width]
    length = np.linalg.norm(kept.astype(np.float64), axis=1, keepdims=True)  # (n, 1)
    return (kept / np.where(length == 0, 1, length)).astype(vectors.dtype)


def quantize_int8(vectors: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each dimension to -127..127 steps of its own size: (codes, scale).

    vectors: (n, dimensions); codes: (n, dimensions); scale: (dimensions,), the step of each dimension
    codes * scale is at most half a step away from vectors. A dimension that is 0 everywhere has scale 1.
    Raises ValueError for NaN, infinity or another shape. Source: ggml's Q8_0, with a scale a dimension.
    """
    vectors = _rows("vectors", vectors)
    if not np.isfinite(vectors).all():
        raise ValueError("vectors holds NaN or infinity: such a number has no step")
    largest = np.abs(vectors).max(axis=0, initial=0)  # (dimensions,)
    scale = np.where(largest == 0, 1, largest / 127).astype(np.float32)
    return np.rint(vectors / scale).astype(np.int8), scale


def int8_scores(queries: Floats, codes: NDArray[np.int8], scale: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the inner products of float queries with the vectors that the codes stand for.

    queries: (q, dimensions); codes: (n, dimensions); scale: (dimensions,)
    Returns (q, n): queries @ (codes * scale).T
    Raises ValueError if a shape disagrees.
    """
    queries, codes = _alike(queries, "codes", codes)
    if len(scale) != codes.shape[1]:
        raise ValueError(f"scale has {len(scale)} dimensions, codes has {codes.shape[1]}")
    weighted = (queries * scale).astype(np.float32)  # (q, dimensions): the steps go to the few queries
    return weighted @ codes.astype(np.float32).T  # int8 @ int8 would be computed, and wrap around, in int8


def binary_codes(vectors: Floats) -> NDArray[np.uint8]:
    """Keep one bit a dimension, 1 where it is above 0, eight to a byte.

    vectors: (n, dimensions)
    Returns (n, ceil(dimensions / 8)); the first dimension is the highest bit, missing ones at the end are 0.
    Raises ValueError for another shape. Source: sentence-transformers' quantize_embeddings, "ubinary".
    """
    return np.packbits(_rows("vectors", vectors) > 0, axis=1)


def hamming_top_k(queries: NDArray[np.uint8], codes: NDArray[np.uint8], k: int) -> Found:
    """Find the k codes that differ from each query in the fewest bits.

    queries: (q, bytes), codes: (n, bytes), as binary_codes gives them
    Returns (distances, indices), both (q, min(k, n)): the nearest first, of equal ones the lower index first.
    Raises TypeError if one is not uint8; ValueError if a shape disagrees or k is below 1.
    """
    queries, codes = _alike(queries, "codes", codes, k, np.uint8)
    distances, indices = np.empty((2, len(queries), min(k, len(codes))), dtype=np.int64)
    for i, query in enumerate(queries):  # one at a time: a table for all of them would not fit
        different = _ONES_OF_A_BYTE[query ^ codes].sum(axis=1, dtype=np.int64)  # (n,)
        indices[i] = np.argsort(different, kind="stable")[:k]
        distances[i] = different[indices[i]]
    return distances, indices


def rescore(queries: Floats, vectors: Floats, candidates: NDArray[np.integer], k: int) -> Found:
    """Put the candidates of each query in order by the inner product with their full vectors; keep the best k.

    queries: (q, dimensions); vectors: (n, dimensions), the whole corpus
    candidates: (q, m), for each query the indices of vectors that a search over codes has found
    Returns (scores, indices), both (q, min(k, m)): best first, of equal ones the lower index first.
    Raises ValueError if a shape disagrees, a candidate is not in 0..n-1, or k is below 1.
    Source: Yamada et al. 2021 (binary passage retriever), section 3.3.
    """
    (queries, vectors), candidates = _alike(queries, "vectors", vectors, k), np.asarray(candidates)
    if candidates.ndim != 2 or len(candidates) != len(queries):
        raise ValueError(f"candidates must be ({len(queries)}, m), got {candidates.shape}")
    if candidates.size and not 0 <= candidates.min() <= candidates.max() < len(vectors):
        raise ValueError(f"candidates holds {candidates.min()} or {candidates.max()}, of {len(vectors)} vectors")
    ordered = np.sort(candidates.astype(np.int64), axis=1)  # so that a stable sort keeps the lower index first
    scores = np.einsum("qd,qmd->qm", queries, vectors[ordered])  # (q, m)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ordered, order, axis=1)


def _alike(queries: NDArray, name: str, others: NDArray, k: int = 1, dtype: type | None = None) -> tuple:
    queries, others = _rows("queries", queries, dtype), _rows(name, others, dtype)
    if queries.shape[1] != others.shape[1]:
        raise ValueError(f"{name} has {others.shape[1]} columns, queries has {queries.shape[1]}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return queries, others


def _rows(name: str, array: NDArray, dtype: type | None = None) -> NDArray:
    array = np.asarray(array)
    if dtype is not None and array.dtype != dtype:
        raise TypeError(f"{name} must be {dtype.__name__}, got {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name} must be (rows, columns), got shape {array.shape}")
    return array
