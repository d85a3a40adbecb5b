"""Wrong answers that people give to the index kata; each docstring says what is wrong."""

import numpy as np
from ivf_index import IvfIndex, assign, build, kmeans, move_centroids, search

from fixtures.checking import wrong_answer_to


def ordered(index, queries, k, probed):
    """Search rightly in the cells of `probed`, a row of cells a query: each wrong answer is wrong in one way only."""
    wide = np.result_type(queries, index.vectors, np.float32)
    cells = np.repeat(np.arange(len(index.centroids)), np.diff(index.offsets))
    scores = queries.astype(wide) @ index.vectors.astype(wide).T
    scores[~(cells[:, None] == probed[:, None]).any(axis=2)] = -np.inf
    ids = np.broadcast_to(index.ids, scores.shape)
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    return best, np.where(np.isneginf(best), -1, np.take_along_axis(ids, order, axis=1))


def nearest_cells(index, queries, n_probe):
    """Return the cells that each query looks into."""
    return np.argsort(-(queries @ index.centroids.T), axis=1, kind="stable")[:, :n_probe]


@wrong_answer_to(assign)
def takes_the_worst_fit(vectors, centroids):
    """These are the cells that fit worst: an inner product is a similarity, the largest one is the best."""
    return (vectors @ centroids.T).argmin(axis=1)


@wrong_answer_to(move_centroids)
def keeps_the_mean_short(vectors, cells, centroids):
    """Your centroids are means, shorter than 1, and the shorter the wider the cell: by inner product such a cell loses
    to narrow ones. Scale each mean to length 1."""
    return np.array([vectors[cells == cell].mean(axis=0) for cell in range(len(centroids))])


@wrong_answer_to(move_centroids)
def adds_one_vector_a_cell(vectors, cells, centroids):
    """Each centroid is the last vector of its cell: numpy's sums[cells] += vectors adds once for each cell, whatever
    stands in it. np.add.at adds every one."""
    totals = np.zeros(centroids.shape)
    totals[cells] += vectors
    return totals / np.linalg.norm(totals, axis=1, keepdims=True)


@wrong_answer_to(move_centroids)
def leaves_empty_cells_where_they_are(vectors, cells, centroids):
    """Your empty cell stays where nothing is: it starts again at the vector that fits its own centroid worst."""
    totals = np.zeros(centroids.shape)
    np.add.at(totals, cells, vectors)
    length = np.linalg.norm(totals, axis=1, keepdims=True)
    return np.where(length > 0, totals / np.where(length > 0, length, 1), centroids)


@wrong_answer_to(kmeans)
def never_moves(vectors, n_cells, iterations=10, seed=0):
    """These are the centroids that it started with: assign and move them, and use what move_centroids returns."""
    return kmeans(vectors, n_cells, 0, seed)


@wrong_answer_to(kmeans)
def assigns_once(vectors, n_cells, iterations=10, seed=0):
    """Your cells are those of the start, so that every move gives the same centroids: assign before each move."""
    return kmeans(vectors, n_cells, min(iterations, 1), seed)


@wrong_answer_to(build)
def leaves_the_vectors_where_they_were(vectors, centroids):
    """ids are in the order of the cells, vectors are not: place i must hold vector ids[i] of the corpus."""
    centroids, offsets, ids, _ = build(vectors, centroids)
    return IvfIndex(centroids, offsets, ids, np.array(vectors))


@wrong_answer_to(search)
def takes_the_best_of_one_cell(index, queries, k, n_probe):
    """These are the best of the first cell: the vectors of all n_probe cells compete, and are sorted together."""
    return ordered(index, queries, k, nearest_cells(index, queries, 1))


@wrong_answer_to(search)
def takes_the_cells_of_the_first_query(index, queries, k, n_probe):
    """All your queries look into the cells of the first one: each query has its own cells."""
    return ordered(index, queries, k, np.repeat(nearest_cells(index, queries, n_probe)[:1], len(queries), axis=0))


@wrong_answer_to(search)
def looks_everywhere(index, queries, k, n_probe):
    """This is the exact search of all vectors: only those in the n_probe cells count."""
    return ordered(index, queries, k, nearest_cells(index, queries, len(index.centroids)))


@wrong_answer_to(search)
def gives_places_in_the_index(index, queries, k, n_probe):
    """Your ids are places in the index, where vectors stand in the order of their cells: look them up in index.ids."""
    scores, ids = ordered(index, queries, k, nearest_cells(index, queries, n_probe))
    return scores, np.where(ids < 0, -1, np.argsort(index.ids)[ids])


@wrong_answer_to(search)
def fills_up_with_zero(index, queries, k, n_probe):
    """Where fewer than k are found, your id is 0, which is a vector of the corpus: -1 says that there is nothing."""
    scores, ids = ordered(index, queries, k, nearest_cells(index, queries, n_probe))
    return scores, np.maximum(ids, 0)
