"""Search a corpus of embeddings exactly: cosine similarity, and the k best rows for each of many queries.

llama.cpp leaves the search to its user. As a program, this file searches Python's documentation: see README.md.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]  # real ones
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

_QUERY_BLOCK = 64
_ROW_BLOCK = 4096  # 64 x 4096 scores are 1 MB


def cosine_similarity(left: Numbers, right: Numbers) -> Floats:
    """Return the cosine of the angle between every row of left and every row of right: a.b / (|a| |b|).

    left: (n, width), right: (m, width); float16, float32, float64 or integers
    Returns (n, m) in float32 or better, never outside -1..1. The length of a vector has no effect, however
    large or small it is. A zero vector has no direction: its similarity to everything is 0.
    Raises TypeError for an array that does not hold real numbers; ValueError for one that is not a matrix, for
    widths that differ, and for NaN or infinity. The message names the argument.
    Source: Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, section 6.3.
    """
    left = _matrix("left", left)
    right = _matrix("right", right, left.shape[1])
    dtype = np.result_type(left, right, np.float32)
    left, right = _unit(_finite("left", left.astype(dtype))), _unit(_finite("right", right.astype(dtype)))
    return np.clip(left @ right.T, -1, 1)  # (n, m); rounding makes 1.0000001 of some


def top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest inner product, the best first.

    queries: (number, width), corpus: (n, width); float16, float32, float64 or integers
    Returns (scores, indices), both (number, min(k, n)). Equal scores are ordered by index, the lowest first,
    which also decides who is among the k. Scores are computed in float32 or better, whatever the dtype of the
    corpus. Memory beyond arguments and result is bounded: no (number, n) matrix, no converted copy of the corpus.
    Raises TypeError for an array that does not hold real numbers and for a k that is not an integer (True is
    none); ValueError for an array that is not a matrix, for widths that differ, for NaN, infinity and inner
    products that overflow, and for k < 1. The message names the argument.
    Source: Johnson, Douze and Jegou 2017 (FAISS), section 2: exact search is a matrix product and a selection.
    """
    return _search(queries, corpus, k, cosine=False)


def cosine_top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest cosine, for vectors of any length.

    As top_k, but scores are cosines within -1..1, and zero vectors score 0. Memory is bounded here too: a block
    of the corpus is normalized when its turn comes.
    """
    return _search(queries, corpus, k, cosine=True)


def _search(queries: Numbers, corpus: Numbers, k: int, cosine: bool) -> tuple[Floats, Integers]:
    queries = _matrix("queries", queries)
    corpus = _matrix("corpus", corpus, queries.shape[1])
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"k must be an integer, got {k!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    dtype = np.result_type(queries, corpus, np.float32)
    groups = [_best(_finite("queries", queries[i : i + _QUERY_BLOCK].astype(dtype), i), corpus, int(k), cosine)
              for i in range(0, max(1, len(queries)), _QUERY_BLOCK)]  # without queries one empty group
    return np.concatenate([scores for scores, _ in groups]), np.concatenate([indices for _, indices in groups])


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused
def _best(queries: Floats, corpus: Numbers, k: int, cosine: bool) -> tuple[Floats, Integers]:
    """Go through the corpus for a few queries, a block at a time, and keep the k best so far."""
    scores = np.empty((len(queries), 0), queries.dtype)
    indices = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(corpus), _ROW_BLOCK):
        rows = _finite("corpus", corpus[start : start + _ROW_BLOCK].astype(queries.dtype), start)  # (rows, width)
        new = np.clip(_unit(queries) @ _unit(rows).T, -1, 1) if cosine else queries @ rows.T  # (queries, rows)
        _finite("corpus, multiplied by queries", new.T, start)
        places = np.broadcast_to(np.arange(start, start + len(rows)), new.shape)
        scores = np.concatenate([scores, new], axis=1)  # what was found before has lower indices: it comes first,
        indices = np.concatenate([indices, places], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]  # and among equals a stable sort leaves it there
        scores, indices = np.take_along_axis(scores, best, axis=1), np.take_along_axis(indices, best, axis=1)
    return scores, indices  # (queries, k) both


def _unit(vectors: Floats) -> Floats:
    largest = np.abs(vectors).max(axis=1, initial=0, keepdims=True)  # (rows, 1)
    vectors = vectors / np.where(largest == 0, 1, largest)  # within -1..1: the square of 1e30 would overflow
    length = np.linalg.norm(vectors, axis=1, keepdims=True)  # (rows, 1)
    return vectors / np.where(length == 0, 1, length)  # each of length 1; zeros stay zeros


def _matrix(name: str, array: Numbers, width: int | None = None) -> Numbers:
    array = np.asarray(array)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{name} must be a matrix with one vector a row, got shape {array.shape}")
    if width not in (None, array.shape[1]):
        raise ValueError(f"{name} {array.shape} must have the width of the other vectors, {width}: same model?")
    return array


def _finite(name: str, rows: Floats, start: int = 0) -> Floats:
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise ValueError(f"NaN or infinity in row {start + np.argmin(finite)} of {name}")
    return rows


if __name__ == "__main__":
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fixtures.katas.cosine_search.documentation_search import main

    main(Path(__file__))
