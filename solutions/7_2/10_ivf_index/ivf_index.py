"""Approximate search with an inverted file: vectors are kept in cells, and a search looks into the nearest few.

Vectors are compared by their inner products, and are meant to have length 1. Wherever a function takes vectors,
it raises ValueError for what is no table of rows, for widths that differ, and for NaN or infinity.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]
_ROW_BLOCK = 4096  # vectors that are compared with all centroids at a time


class IvfIndex(NamedTuple):
    """Vectors in the order of their cells: those of cell c stand from offsets[c] up to offsets[c + 1]."""

    centroids: Floats  # (cells, width)
    offsets: Integers  # (cells + 1,), from 0 to n
    ids: Integers  # (n,), which vector of the corpus each one is; within a cell they ascend
    vectors: Floats  # (n, width)


def assign(vectors: Floats, centroids: Floats) -> Integers:
    """Return the cell of each vector: the centroid with the largest inner product, of equal ones the first.

    vectors: (n, width), centroids: (cells, width), one at least
    Returns (n,), computed in float32 or better; memory does not grow with n * cells.
    """
    vectors = _rows("vectors", vectors)
    centroids = _rows("centroids", centroids, vectors.shape[1])
    wide = np.result_type(vectors, centroids, np.float32)
    cells = np.empty(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _ROW_BLOCK):
        some = slice(start, start + _ROW_BLOCK)
        cells[some] = (vectors[some].astype(wide) @ centroids.astype(wide).T).argmax(axis=1)  # (rows, cells) -> (rows,)
    return cells


def move_centroids(vectors: Floats, cells: Integers, centroids: Floats) -> Floats:
    """Move each centroid to the mean of its cell's vectors, scaled to length 1: one step of spherical k-means.

    vectors: (n, width), cells: (n,) as assign gives them, centroids: (cells, width) as they were
    Returns (cells, width) in float32. A cell whose vectors add up to 0 keeps its centroid. An empty cell starts
    again at the vector that fits its own centroid worst (the lowest inner product), the next at the second worst.
    Raises ValueError, too, if a cell is not in 0..cells - 1. Source: Dhillon and Modha 2001, section 3.
    """
    vectors, cells = _rows("vectors", vectors), np.asarray(cells)
    centroids = _rows("centroids", centroids, vectors.shape[1])
    if cells.shape != vectors.shape[:1] or not np.isin(cells, np.arange(len(centroids))).all():
        raise ValueError(f"cells must be {vectors.shape[:1]} and in 0..{len(centroids) - 1}, got {cells.shape}")
    totals = np.zeros(centroids.shape)  # of a mean only the direction counts
    np.add.at(totals, cells, vectors)
    empty = np.setdiff1d(np.arange(len(centroids)), cells)
    worst = np.argsort((vectors.astype(np.float64) * centroids[cells]).sum(axis=1), kind="stable")[: len(empty)]
    totals[empty[: len(worst)]] = vectors[worst]
    return np.where(totals.any(axis=1, keepdims=True), _unit(totals), centroids).astype(np.float32)


def kmeans(vectors: Floats, n_cells: int, iterations: int = 10, seed: int = 0) -> Floats:
    """Find centroids by spherical k-means: assign, move, again.

    vectors: (n, width); iterations: how often the centroids are moved. They start at n_cells different rows of
    vectors, scaled to length 1; which ones, the seed decides. The same arguments always give the same centroids.
    Returns (n_cells, width) in float32. Raises ValueError if n_cells is not in 1..n, too.
    """
    vectors = _rows("vectors", vectors)
    if not 1 <= n_cells <= len(vectors):
        raise ValueError(f"n_cells must be in 1..{len(vectors)}, got {n_cells}")
    start = np.random.default_rng(seed).choice(len(vectors), int(n_cells), replace=False)
    centroids = _unit(vectors[start].astype(np.float64)).astype(np.float32)
    for _ in range(iterations):
        centroids = move_centroids(vectors, assign(vectors, centroids), centroids)
    return centroids


def build(vectors: Floats, centroids: Floats) -> IvfIndex:
    """Put every vector into its cell. The index holds copies; vectors and centroids keep their dtypes."""
    cells = assign(vectors, centroids)
    ids = np.argsort(cells, kind="stable")  # the vectors of cell 0, then those of cell 1, ...
    offsets = np.searchsorted(cells[ids], np.arange(len(centroids) + 1))
    return IvfIndex(np.array(centroids), offsets, ids, np.asarray(vectors)[ids])


def search(index: IvfIndex, queries: Floats, k: int, n_probe: int) -> tuple[Floats, Integers]:
    """Find the k best vectors for each query among those in the n_probe cells whose centroids fit it best.

    queries: (q, width); n_probe may be larger than the number of cells, which then are all searched
    Returns (scores, ids), both (q, min(k, n)): inner products in float32 or better, best first, of equal ones the
    lower id first. Where the cells hold fewer than k vectors, the rest is -infinity with id -1.
    Raises ValueError if k or n_probe is below 1, too. Source: Johnson, Douze and Jegou 2017 (FAISS), section 2.
    """
    queries = _rows("queries", queries, index.centroids.shape[1])
    if k < 1 or n_probe < 1:
        raise ValueError(f"{'k' if k < 1 else 'n_probe'} must be at least 1")
    wide = np.result_type(queries, index.vectors, np.float32)
    shape = len(queries), min(int(k), len(index.ids))
    scores, ids = np.full(shape, -np.inf, dtype=wide), np.full(shape, -1, dtype=np.int64)
    for i, query in enumerate(queries.astype(wide)):
        probed = np.argsort(-(index.centroids @ query), kind="stable")[:n_probe]
        places = np.concatenate([np.arange(index.offsets[cell], index.offsets[cell + 1]) for cell in probed])
        products = index.vectors[places].astype(wide) @ query  # (vectors in these cells,)
        best = np.lexsort((index.ids[places], -products))[: shape[1]]
        scores[i, : len(best)], ids[i, : len(best)] = products[best], index.ids[places[best]]
    return scores, ids


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300)  # zeros stay zeros


def _rows(name: str, array: Floats, width: int | None = None) -> Floats:
    array = np.asarray(array)
    if array.ndim != 2 or width not in (None, array.shape[1]):
        raise ValueError(f"{name} must be (rows, {width or 'width'}), got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return array
