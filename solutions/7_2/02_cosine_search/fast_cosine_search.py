"""The search, tuned: BLAS finds the candidates, float64 decides among them. README.md says what each trick brings."""

from collections.abc import Callable

import numpy as np
from cosine_search import Floats, Integers, Numbers, _finite, _matrix, cosine_similarity
from numpy.typing import NDArray

__all__ = ["cosine_similarity", "cosine_top_k", "top_k"]

_ROWS = 8192  # rows of the corpus in one matrix product: enough to keep BLAS busy, few enough for the cache
_QUERIES = 64  # queries that share a pass over the corpus
_PAIRS = 2048  # (query, row) pairs that are scored in float64 at a time


def top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest inner product; the plain solution says more."""
    return _search(queries, corpus, k, cosine=False)


def cosine_top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest cosine; the plain solution says more."""
    return _search(queries, corpus, k, cosine=True)


def _search(queries: Numbers, corpus: Numbers, k: int, cosine: bool) -> tuple[Floats, Integers]:
    queries = _matrix("queries", queries)
    corpus = _matrix("corpus", corpus, queries.shape[1])
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"k must be an integer, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    k = min(int(k), len(corpus))
    scores = np.empty((len(queries), k))
    indices = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, max(1, len(queries)), _QUERIES):  # without queries the corpus is checked all the same
        some = slice(start, start + _QUERIES)
        _finite("queries", queries[some].astype(np.float64), start)
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
        if not largest * float(sums.max(initial=0)) <= float(np.finfo(dtype).max):
            _finite("corpus", rows, start)
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
