"""Make embeddings smaller: fewer dimensions, int8 or one bit a dimension, and rescoring of what these find.

A search over small codes gives candidates; their full vectors put them in order.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Found = tuple[NDArray, NDArray[np.int64]]


def truncate(vectors: Floats, width: int) -> Floats:
    """Keep the first dimensions and scale each vector back to length 1 (Matryoshka embeddings).

    vectors: (n, dimensions)
    Returns (n, width) in the dtype of vectors; a vector whose first numbers are all 0 stays zero.
    Raises ValueError if width is not in 1..dimensions, or for another shape.
    Source: Kusupati et al. 2022, section 3.
    """
    raise NotImplementedError


def quantize_int8(vectors: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each dimension to -127..127 steps of its own size: (codes, scale).

    vectors: (n, dimensions); codes: (n, dimensions); scale: (dimensions,), the step of each dimension
    codes * scale is at most half a step away from vectors. A dimension that is 0 everywhere has scale 1.
    Raises ValueError for NaN, infinity or another shape. Source: ggml's Q8_0, with a scale a dimension.
    """
    raise NotImplementedError


def int8_scores(queries: Floats, codes: NDArray[np.int8], scale: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the inner products of float queries with the vectors that the codes stand for.

    queries: (q, dimensions); codes: (n, dimensions); scale: (dimensions,)
    Returns (q, n): queries @ (codes * scale).T
    Raises ValueError if a shape disagrees.
    """
    raise NotImplementedError


def binary_codes(vectors: Floats) -> NDArray[np.uint8]:
    """Keep one bit a dimension, 1 where it is above 0, eight to a byte.

    vectors: (n, dimensions)
    Returns (n, ceil(dimensions / 8)); the first dimension is the highest bit, missing ones at the end are 0.
    Raises ValueError for another shape. Source: sentence-transformers' quantize_embeddings, "ubinary".
    """
    raise NotImplementedError


def hamming_top_k(queries: NDArray[np.uint8], codes: NDArray[np.uint8], k: int) -> Found:
    """Find the k codes that differ from each query in the fewest bits.

    queries: (q, bytes), codes: (n, bytes), as binary_codes gives them
    Returns (distances, indices), both (q, min(k, n)): the nearest first, of equal ones the lower index first.
    Raises TypeError if one is not uint8; ValueError if a shape disagrees or k is below 1.
    """
    raise NotImplementedError


def rescore(queries: Floats, vectors: Floats, candidates: NDArray[np.integer], k: int) -> Found:
    """Put the candidates of each query in order by the inner product with their full vectors; keep the best k.

    queries: (q, dimensions); vectors: (n, dimensions), the whole corpus
    candidates: (q, m), for each query the indices of vectors that a search over codes has found
    Returns (scores, indices), both (q, min(k, m)): best first, of equal ones the lower index first.
    Raises ValueError if a shape disagrees, a candidate is not in 0..n-1, or k is below 1.
    Source: Yamada et al. 2021 (binary passage retriever), section 3.3.
    """
    raise NotImplementedError
