"""Search a corpus of embeddings exactly: cosine similarity, and the k best rows for each of many queries.

llama.cpp gives the embeddings and leaves the search to its user; FAISS calls this one IndexFlatIP. Run with
a question, this file searches the documentation of Python's standard library:

    python solutions/7_2/02_cosine_search/cosine_search.py "how do I parse JSON"
"""

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating] | NDArray[np.integer]
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

_ROWS = 8192  # rows of the corpus in one matrix product: enough to keep BLAS busy, few enough for the cache
_QUERIES = 64  # queries that share a pass over the corpus
_PAIRS = 2048  # (query, row) pairs that are scored in float64 at a time


def cosine_similarity(a: Numbers, b: Numbers) -> Floats:
    """Return the cosine of the angle between every row of a and every row of b: a.b / (|a| |b|).

    a: (n, width), b: (m, width); float16, float32, float64 or integers
    Returns (n, m) in float32 or better, never outside -1..1. The length of a vector has no effect, however
    large or small it is. A zero vector has no direction: its similarity to everything is 0.
    Raises TypeError for an array that does not hold real numbers; ValueError for an array that is not a
    matrix, for widths that differ, and for NaN or infinity. The message names the argument.
    Source: Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, section 6.3.
    """
    a, b = _matrix("a", a), _matrix("b", b)
    _same_width("a", a, "b", b)
    _refuse_nan("a", a)
    _refuse_nan("b", b)
    dtype = np.result_type(a, b, np.float32)
    return np.clip(_vectors(a, dtype, cosine=True) @ _vectors(b, dtype, cosine=True).T, -1, 1)


def top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest inner product, the best first.

    queries: (number, width), corpus: (n, width); float16, float32, float64 or integers
    Returns (scores, indices), both (number, min(k, n)). Equal scores are ordered by index, the lowest first,
    which also decides who is among the k. An empty corpus gives results of shape (number, 0).
    Scores are computed in float32 or better, whatever the dtype of the corpus. Memory beyond the arguments
    and the result stays the same however many queries and rows there are: no (number, n) matrix, and no
    converted copy of the corpus.
    Raises TypeError for an array that does not hold real numbers and for a k that is not an integer, which
    True is not; ValueError for an array that is not a matrix, for widths that differ, for NaN or infinity in
    either of them, for inner products that overflow, and for k < 1. The message names the argument.
    Source: Johnson, Douze and Jegou 2017 (FAISS), section 2: exact search is a matrix product and a selection.
    """
    return _search(queries, corpus, k, cosine=False)


def cosine_top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest cosine, for vectors of any length.

    As top_k, but scores are cosines within -1..1, and zero vectors score 0. The corpus is normalized on the
    way: the memory is bounded here too.
    """
    return _search(queries, corpus, k, cosine=True)


def _search(queries: Numbers, corpus: Numbers, k: int, cosine: bool) -> tuple[Floats, Integers]:
    queries, corpus = _matrix("queries", queries), _matrix("corpus", corpus)
    _same_width("queries", queries, "corpus", corpus)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"k must be an integer, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    _refuse_nan("queries", queries)
    if not len(queries):  # the search itself checks the corpus on the way
        _refuse_nan("corpus", corpus)
    k = min(int(k), len(corpus))
    scores = np.empty((len(queries), k))
    indices = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), _QUERIES):
        some = slice(start, start + _QUERIES)
        scores[some], indices[some] = _search_few(queries[some], corpus, k, cosine)
    return scores, indices


def _search_few(queries: Numbers, corpus: Numbers, k: int, cosine: bool) -> tuple[Floats, Integers]:
    """Let BLAS find the candidates, block by block, and float64 decide among them.

    BLAS adds the products of one row in another order at another place of the matrix: equal rows differ by
    some units in the last place. So whatever comes within the error bound of the k-th best is scored again,
    each pair in the same way. What is found is what a sort of all float64 scores would give.
    """
    dtype = np.result_type(queries, corpus, np.float32)
    exact_queries = _vectors(queries, np.float64, cosine)  # (queries, width)
    fast_queries = exact_queries.astype(dtype)
    sums = np.abs(exact_queries).sum(axis=1)  # (queries,); |query.row| <= sum |query| * max |row|, no square overflows
    # |error| <= width * eps / 2 * sum |query * row| (Higham 2002, section 3.1); the bar may be wrong as much, and
    # normalizing rounds too
    slack = 4 * queries.shape[1] * float(np.finfo(dtype).eps) * sums
    block = max(_ROWS, k)
    buffer = np.empty((len(queries), min(block, len(corpus))), dtype)
    # the k best so far of every query, one after the other: whose, which row, how good
    query, index, score = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    for start in range(0, len(corpus), block):
        rows = _vectors(corpus[start : start + block], dtype, cosine)  # (rows, width)
        largest = float(max(rows.max(initial=0), -rows.min(initial=0)))  # not finite if any number is not
        if not largest * float(sums.max()) <= float(np.finfo(dtype).max):
            _refuse_nan("corpus", rows, start)
            raise ValueError(f"queries and corpus are too large: their inner products may overflow {dtype}")
        scores = np.matmul(fast_queries, rows.T, out=buffer[:, : len(rows)])  # (queries, rows)
        bar = score[k - 1 :: k] if start else np.partition(scores, -k, axis=1)[:, -k]
        # after the first block, equal is not enough: the lower index came first
        reaches: Callable[..., NDArray] = np.greater if start else np.greater_equal
        lowest = (bar - slack * largest).astype(dtype)
        near = np.flatnonzero(reaches(scores.max(axis=1), lowest))  # after some blocks, few queries
        hits = [np.flatnonzero(reaches(scores[one], lowest[one])) + start for one in near]
        new_query = np.repeat(near, [len(hit) for hit in hits])
        new_index = np.concatenate([index[:0], *hits])
        new_score = _exact_scores(exact_queries, corpus, new_query, new_index, cosine)
        query = np.concatenate([query, new_query])
        index = np.concatenate([index, new_index])
        score = np.concatenate([score, new_score])
        order = np.lexsort((index, -score, query))
        sorted_query = query[order]
        rank = np.arange(len(order)) - np.searchsorted(sorted_query, sorted_query)  # within its query
        order = order[rank < k]
        query, index, score = query[order], index[order], score[order]
    return score.reshape(len(queries), k), index.reshape(len(queries), k)


def _exact_scores(queries: Floats, corpus: Numbers, query: Integers, index: Integers, cosine: bool) -> Floats:
    """Score pairs of a query and a row in float64; equal rows get equal scores."""
    scores = np.empty(len(query))
    for start in range(0, len(query), _PAIRS):
        some = slice(start, start + _PAIRS)
        rows = _vectors(corpus[index[some]], np.float64, cosine)  # (pairs, width)
        scores[some] = np.einsum("ij,ij->i", queries[query[some]], rows)
    return np.clip(scores, -1, 1) if cosine else scores


def _vectors(rows: Numbers, dtype: np.dtype | type, cosine: bool) -> Floats:
    """Return the rows in this dtype; for cosines scaled to length 1, where zero vectors stay zero."""
    vectors: Floats = rows.astype(dtype, copy=False)
    if not cosine:
        return vectors
    largest = np.maximum(vectors.max(axis=1, initial=0), -vectors.min(axis=1, initial=0))[:, None]  # (rows, 1)
    with np.errstate(invalid="ignore"):  # inf / inf: the caller refuses what is not finite
        unit = vectors / np.where(largest == 0, 1, largest)  # within -1..1: squares neither over- nor underflow
    length = np.sqrt(np.einsum("ij,ij->i", unit, unit))[:, None]
    unit /= np.where(length == 0, 1, length)
    return unit


def _matrix(name: str, array: Numbers) -> Numbers:
    array = cast(Numbers, np.asarray(array))
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name} must be a matrix with one vector a row, got shape {array.shape}")
    return array


def _same_width(first_name: str, first: Numbers, second_name: str, second: Numbers) -> None:
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"{first_name} {first.shape} and {second_name} {second.shape} must have the same width: "
                         f"do they come from the same model?")


def _refuse_nan(name: str, rows: Numbers, start: int = 0) -> None:
    for block in range(0, len(rows), _ROWS):
        finite = np.isfinite(rows[block : block + _ROWS]).all(axis=1)
        if not finite.all():
            raise ValueError(f"{name} holds NaN or infinity in row {start + block + int(np.argmin(finite))}")


if __name__ == "__main__":
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fixtures.katas.cosine_search.documentation_search import main

    main(Path(__file__))
