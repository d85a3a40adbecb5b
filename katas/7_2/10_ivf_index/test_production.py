"""What goes wrong in silence when an index is used: empty cells, too few found, ties, dtypes, memory, bad input."""

import numpy as np
import pytest
from ivf_index import IvfIndex, assign, build, kmeans, move_centroids, search

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.ivf_index import reference
from fixtures.katas.peak_memory import measured

VECTORS = np.array([[2, 0], [2, 1], [0, 2], [1, 2], [2, -1], [-1, 2], [2, 1]], dtype=np.float32)
CENTROIDS = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)  # the last cell is empty
IDS, OFFSETS = np.array([0, 1, 4, 6, 2, 3, 5]), np.array([0, 4, 7, 7])
INDEX = IvfIndex(CENTROIDS, OFFSETS, IDS, VECTORS[IDS])
QUERIES = np.array([[1, 1], [-3, 1]], dtype=np.float32)


def test_fewer_than_k_are_filled_up_with_nothing():
    """An id of 0 would be a vector that was never looked at; FAISS says -1 as well."""
    wanted = (np.array([[3, 3, 2, 1, -np.inf], [-np.inf] * 5]), np.array([[1, 6, 0, 4, -1], [-1] * 5]))
    call(search, INDEX, QUERIES, 5, 1).gives(wanted)
    record = recorded("ivf_index")
    index = call(build, record["vectors"].astype(np.float32), record["centroids"]).value
    call(search, index, record["queries"], 60, 1).gives((record["scores_1"], record["ids_1"]), atol=1e-6)


@pytest.mark.parametrize("n_probe", [2, 3, 50, np.int64(2)])
def test_equal_scores_are_ordered_by_id_whatever_their_cells(n_probe):
    """Vectors 1 and 6 of cell 0 and vector 3 of cell 1 score 3: they come as 1, 3, 6."""
    call(search, INDEX, QUERIES[:1], 4, n_probe).gives((np.array([[3, 3, 3, 2]]), np.array([[1, 3, 6, 0]])))


def test_of_cells_that_fit_alike_the_first_is_probed():
    call(assign, np.array([[1, 1], [-2, 2], [0, 0]], dtype=np.float32), CENTROIDS).gives(np.array([0, 1, 0]))
    call(search, INDEX, QUERIES[:1], 1, 1).gives((np.array([[3]]), np.array([[1]])))
    many = IvfIndex(np.repeat(CENTROIDS[:1], 40, axis=0), np.arange(41), np.arange(40), np.eye(40, 2, dtype="f4"))
    call(search, many, QUERIES[:1], 2, 2).gives((np.array([[1, 1]]), np.array([[0, 1]])))


def test_more_than_there_is():
    call(search, INDEX, QUERIES, 10**18, 3).satisfies(
        lambda found: found[0].shape == found[1].shape == (2, 7) and (found[1] >= 0).all(), "all seven: (2, 7)")
    call(search, INDEX, QUERIES[:0], np.int64(3), 1).satisfies(
        lambda found: found[0].shape == found[1].shape == (0, 3), "no queries, no rows: (0, 3)")
    empty = call(build, VECTORS[:0], CENTROIDS).gives((CENTROIDS, np.zeros(4), np.zeros(0), VECTORS[:0]))
    call(search, empty, QUERIES, 3, 2).satisfies(
        lambda found: found[0].shape == found[1].shape == (2, 0), "none of an empty corpus: (2, 0)")


def test_an_empty_cell_starts_again_where_the_fit_is_worst():
    """0 / 0 is NaN, and NaN is never near anything again. The fits are 0.6, 0.8, -0.352, 0.936 and 0.28."""
    vectors = -np.array([[1, 0], [0.6, -0.8], [-0.6, -0.8], [0.28, 0.96], [0, -1]], dtype=np.float32)
    before = -np.array([[-1, 0], [0.6, 0.8], [0.96, -0.28], [0, 1]], dtype=np.float32)
    after = np.array([[0.6, 0.8], [-0.8, -0.6], [0, 1], [0, 1]])
    call(move_centroids, vectors, np.array([1, 2, 2, 1, 2]), before).gives(after, atol=1e-6)


def test_vectors_that_cancel_out_leave_their_centroid_where_it_was():
    """Both are in cell 1 and add up to 0, which has no direction; cell 0 is empty and takes the one that fits worst."""
    vectors, before = np.array([[0.6, 0.8], [-0.6, -0.8]], dtype=np.float32), np.array([[0, -1], [1, 0]], dtype="f4")
    call(move_centroids, vectors, np.array([1, 1]), before).gives(np.array([[-0.6, -0.8], [1, 0]]), atol=1e-6)
    call(move_centroids, vectors[:0], np.zeros(0, dtype=np.int64), before).gives(before)


def test_duplicates_and_zeros_make_no_nan():
    vectors = np.array([[0, 0]] + [[3, 4]] * 6, dtype=np.float32)
    for cells in (np.int64(4), 7):
        call(kmeans, vectors, cells, 3).satisfies(
            lambda centroids, cells=cells: centroids.shape == (cells, 2) and np.isfinite(centroids).all()
            and (np.linalg.norm(centroids, axis=1) < 1.001).all(), f"{cells} centroids without NaN, none longer than 1")


def test_kmeans_is_repeatable_and_the_seed_matters():
    vectors = np.random.default_rng(4).standard_normal((1500, 8)).astype(np.float32)
    centroids = call(kmeans, vectors, 9, 2, 5).value
    call(kmeans, vectors, 9, 2, 5).gives(centroids, dtype=np.float32)
    call(kmeans, vectors, 9, 2, 6).satisfies(lambda other: not np.allclose(other, centroids), "another start")
    call(kmeans, vectors, 30).gives(call(kmeans, vectors, 30, 10, 0).value)


def test_within_a_large_cell_ids_ascend():
    """numpy's default sort leaves equal cells to chance from 17 numbers on."""
    call(build, reference.whole_numbers(7, 900, 2), CENTROIDS).satisfies(
        lambda index: all((np.diff(np.split(index.ids, index.offsets[1:-1])[cell]) > 0).all() for cell in range(3)),
        "the ids of each cell in ascending order")


def test_the_index_does_not_change_with_the_callers_arrays():
    vectors, centroids = VECTORS.copy(), CENTROIDS.copy()
    index = call(build, vectors, centroids).value
    vectors[:], centroids[:] = 7, -1
    call(search, index, QUERIES[:1], 4, 2).gives((np.array([[3, 3, 3, 2]]), np.array([[1, 3, 6, 0]])))


@pytest.mark.parametrize(("stored", "computed"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8")])
def test_what_is_stored_keeps_its_dtype_and_is_computed_wider(stored, computed):
    """3 * 1001 + 1 is no number of float16."""
    vectors = np.array([[1001, 1], [1001, 3], [1001, 2]], dtype=stored)
    index = call(build, vectors, CENTROIDS).value
    assert index.vectors.dtype == stored, f"the index holds {index.vectors.dtype}, not {stored}"
    scores, ids = call(search, index, np.array([[3, 1]], dtype=stored), 3, 1).gives(
        (np.array([[3006, 3005, 3004]]), np.array([[1, 2, 0]])))
    assert (scores.dtype, ids.dtype.kind) == (computed, "i"), f"scores are {scores.dtype}, ids {ids.dtype}"
    call(assign, np.array([[1001, 1]], dtype=stored), np.array([[3, 0], [3, 1]], dtype=stored)).gives(np.array([1]))
    call(move_centroids, vectors * 60, np.zeros(3, dtype=np.int64), CENTROIDS[:1].astype(stored)).gives(
        np.array([[1001, 2]]) / np.hypot(1001, 2), atol=1e-3, dtype=np.float32)


def test_memory_does_not_grow_with_vectors_times_cells():
    """All products at once would be 64 MB; 16 are allowed. Products, not distances: centroids of many lengths."""
    vectors, centroids = reference.whole_numbers(1, 40_009, 2), reference.whole_numbers(2, 400, 2)
    run, peaks = measured(assign)
    last = [int(np.argmax(centroids @ vector)) for vector in vectors[-9:]]
    call(run, vectors, centroids).satisfies(lambda cells: cells[-9:].tolist() == last, f"the last cells {last}")
    assert peaks[-1] < 16, f"{peaks[-1]:.0f} MB above the arguments"


NAN = np.array([[np.nan, 1]], dtype=np.float32)
ZEROS = np.zeros(7, dtype=np.int64)
REFUSED = {
    "one vector alone": (assign, (VECTORS[0], CENTROIDS), "vectors"),
    "a batch of tables": (assign, (VECTORS[None], CENTROIDS), "vectors"),
    "centroids of another width": (build, (VECTORS, CENTROIDS[:, :1]), "centroids"),
    "NaN is in no cell": (build, (NAN, CENTROIDS), "vectors"),
    "a centroid of NaN": (assign, (VECTORS, NAN), "centroids"),
    "a cell -1": (move_centroids, (VECTORS, ZEROS - 1, CENTROIDS), "cells"),
    "one cell too many": (move_centroids, (VECTORS, ZEROS + 3, CENTROIDS), "cells"),
    "cells of fewer vectors": (move_centroids, (VECTORS, ZEROS[:1], CENTROIDS), "cells"),
    "cells of more vectors": (move_centroids, (VECTORS[:6], ZEROS, CENTROIDS), "cells"),
    "more cells than vectors": (kmeans, (VECTORS, 8), "n_cells"),
    "no cell": (kmeans, (VECTORS, 0), "n_cells"),
    "infinity": (kmeans, (VECTORS + np.float32([0, np.inf]), 2), "vectors"),
    "a query of another width": (search, (INDEX, QUERIES[:, :1], 1, 1), "queries"),
    "a query of NaN": (search, (INDEX, NAN, 1, 1), "queries"),
    "the 0 best": (search, (INDEX, QUERIES, 0, 1), "k"),
    "no probe": (search, (INDEX, QUERIES, 1, 0), "n_probe"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, argument = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=argument)
