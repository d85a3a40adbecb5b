"""The search, cell by cell: all queries that look into a cell are multiplied with it at once. The rest is plain."""

import numpy as np
from ivf_index import Floats, Integers, IvfIndex, _rows, assign, build, kmeans, move_centroids

__all__ = ["IvfIndex", "assign", "build", "kmeans", "move_centroids", "search"]

_GROUP = 16  # scores of which only the largest is looked at, at first
_SCORES = 1 << 22  # of the queries at a time with what their cells hold: 16 MB


def search(index: IvfIndex, queries: Floats, k: int, n_probe: int) -> tuple[Floats, Integers]:
    """Find the k best vectors for each query in its n_probe cells; as in ivf_index.py."""
    queries = _rows("queries", queries, index.centroids.shape[1])
    if k < 1 or n_probe < 1:
        raise ValueError(f"{'k' if k < 1 else 'n_probe'} must be at least 1")
    wide = np.result_type(queries, index.vectors, np.float32)
    queries, sizes = queries.astype(wide), np.diff(index.offsets)
    shape = len(queries), min(int(k), len(index.ids))
    scores, ids = np.full(shape, -np.inf, dtype=wide), np.full(shape, -1, dtype=np.int64)
    if 0 in shape:
        return scores, ids
    probes = min(int(n_probe), len(sizes))
    step = max(1, _SCORES // (probes * int(sizes.max())))
    for start in range(0, len(queries), step):
        some = slice(start, start + step)
        _search_few(index, queries[some], probes, scores[some], ids[some])
    return scores, ids


def _search_few(index: IvfIndex, queries: Floats, probes: int, scores: Floats, ids: Integers) -> None:
    fit = queries @ index.centroids.T  # (q, cells)
    probed = np.argsort(-fit, axis=1, kind="stable")[:, :probes]
    widest = int(np.diff(index.offsets).max())
    products = np.full((len(queries), probes, widest), -np.inf, dtype=queries.dtype)
    pairs = np.argsort(probed, axis=None, kind="stable")  # (query, probe) pairs, cell by cell
    cells, first = np.unique(probed.ravel()[pairs], return_index=True)
    for cell, group in zip(cells, np.split(pairs, first[1:])):
        one, end = index.offsets[cell], index.offsets[cell + 1]
        vectors = index.vectors[one:end].astype(queries.dtype, copy=False)
        products[group // probes, group % probes, : end - one] = queries[group // probes] @ vectors.T
    row = products.reshape(len(queries), -1)
    k = min(scores.shape[1], row.shape[1])
    bar = np.maximum(_bar(row, k), np.finfo(row.dtype).min)  # finite: what is below was never looked at
    places = np.flatnonzero(row >= bar[:, None])  # k of each query, and more that equal the last one
    query, probe, place = np.unravel_index(places, products.shape)
    best, found_ids = products.ravel()[places], index.ids[index.offsets[probed[query, probe]] + place]
    order = np.lexsort((found_ids, -best, query))
    query, best, found_ids = query[order], best[order], found_ids[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query)  # within its query
    kept = rank < k
    scores[query[kept], rank[kept]], ids[query[kept], rank[kept]] = best[kept], found_ids[kept]


def _bar(rows: Floats, k: int) -> Floats:
    """Return for each row a number that at least k of it reach, and few more.

    Of the largest ones of k groups, the smallest is such a number: a few hundred are sorted instead of thousands.
    """
    groups = rows.shape[1] // _GROUP
    if groups < 2 * k:
        return np.partition(rows, -k, axis=1)[:, -k]
    largest = rows[:, : groups * _GROUP].reshape(len(rows), _GROUP, groups).max(axis=1)
    return np.partition(largest, -k, axis=1)[:, -k]
