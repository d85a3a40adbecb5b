"""Approximate search with an inverted file: vectors are kept in cells, and a search looks into the nearest few.

Vectors are compared by their inner products, and are meant to have length 1. Wherever a function takes vectors,
it raises ValueError for what is no table of rows, for widths that differ, and for NaN or infinity.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


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
    raise NotImplementedError


def move_centroids(vectors: Floats, cells: Integers, centroids: Floats) -> Floats:
    """Move each centroid to the mean of its cell's vectors, scaled to length 1: one step of spherical k-means.

    vectors: (n, width), cells: (n,) as assign gives them, centroids: (cells, width) as they were
    Returns (cells, width) in float32. A cell whose vectors add up to 0 keeps its centroid. An empty cell starts
    again at the vector that fits its own centroid worst (the lowest inner product), the next at the second worst.
    Raises ValueError, too, if a cell is not in 0..cells - 1. Source: Dhillon and Modha 2001, section 3.
    """
    raise NotImplementedError


def kmeans(vectors: Floats, n_cells: int, iterations: int = 10, seed: int = 0) -> Floats:
    """Find centroids by spherical k-means: assign, move, again.

    vectors: (n, width); iterations: how often the centroids are moved. They start at n_cells different rows of
    vectors, scaled to length 1; which ones, the seed decides. The same arguments always give the same centroids.
    Returns (n_cells, width) in float32. Raises ValueError if n_cells is not in 1..n, too.
    """
    raise NotImplementedError


def build(vectors: Floats, centroids: Floats) -> IvfIndex:
    """Put every vector into its cell. The index holds copies; vectors and centroids keep their dtypes."""
    raise NotImplementedError


def search(index: IvfIndex, queries: Floats, k: int, n_probe: int) -> tuple[Floats, Integers]:
    """Find the k best vectors for each query among those in the n_probe cells whose centroids fit it best.

    queries: (q, width); n_probe may be larger than the number of cells, which then are all searched
    Returns (scores, ids), both (q, min(k, n)): inner products in float32 or better, best first, of equal ones the
    lower id first. Where the cells hold fewer than k vectors, the rest is -infinity with id -1.
    Raises ValueError if k or n_probe is below 1, too. Source: Johnson, Douze and Jegou 2017 (FAISS), section 2.
    """
    raise NotImplementedError
