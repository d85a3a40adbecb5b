"""The speed jobs of the index kata: the same recall, by other libraries."""

from functools import lru_cache

import numpy as np
from ivf_index import build, kmeans, search

from fixtures.jobs import Job, job

N, WIDTH, CELLS, PROBES, K = 50_000, 64, 224, 24, 10


@lru_cache(maxsize=2)
def clustered(queries: int):
    """Make unit vectors around 2,000 middles, as texts about the same things are, and queries of the same kind."""
    rng = np.random.default_rng(0)
    middles = rng.standard_normal((2000, WIDTH))
    vectors = middles[rng.integers(0, 2000, N + queries)] + 0.7 * rng.standard_normal((N + queries, WIDTH))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors[:N], vectors[N:]


@lru_cache(maxsize=1)
def cells():
    """Return the index of the solution; half of the vectors are enough to find the middles of cells."""
    vectors, _ = clustered(1000)
    return build(vectors, kmeans(vectors[::4], CELLS, 8))


def in_float64(queries):
    """Return the best scores in the probed cells by float64, one query after the other."""
    index, best = cells(), []
    for query in queries.astype(np.float64):
        probed = np.argsort(-(index.centroids @ query), kind="stable")[:PROBES]
        scores = np.concatenate([index.vectors[index.offsets[c] : index.offsets[c + 1]] @ query for c in probed])
        best.append(np.sort(scores)[::-1][:K])
    return np.array(best), None


def recall(ids, queries):
    """Return the share of the truly nearest that was found."""
    vectors, _ = clustered(1000)
    right = np.argsort(-queries @ vectors.T, axis=1)[:, :K]
    return np.mean([len(set(a) & set(b)) / K for a, b in zip(ids.tolist(), right.tolist())])


def by_faiss(queries):
    """Search with FAISS's IVFFlat over the same centroids: the same cells, and so the same recall."""
    import faiss

    quantizer = faiss.IndexFlatIP(WIDTH)
    quantizer.add(cells().centroids)
    index = faiss.IndexIVFFlat(quantizer, WIDTH, CELLS, faiss.METRIC_INNER_PRODUCT)
    index.train(clustered(1000)[0])
    index.add(clustered(1000)[0])
    index.nprobe = PROBES
    return lambda: index.search(queries, K)


@lru_cache(maxsize=1)
def graph():
    """Build hnswlib's graph once."""
    import hnswlib

    vectors, _ = clustered(1000)
    index = hnswlib.Index(space="ip", dim=WIDTH)
    index.init_index(max_elements=N, M=16, ef_construction=100)
    index.add_items(vectors)
    return index


def by_hnswlib(queries):
    """Search with hnswlib, as carefully as it takes to reach the recall of the cells."""
    index, wanted = graph(), recall(search(cells(), queries, K, PROBES)[1], queries)
    for ef in range(K, 400, 2):
        index.set_ef(ef)
        if recall(index.knn_query(queries, K)[0], queries) >= wanted:
            break

    def run():
        index.set_num_threads(1)
        ids, distances = index.knn_query(queries, K)
        return 1 - distances, ids

    return run


@job
def search_1000_of_50000x64() -> Job:
    """1,000 queries at once, the ten nearest of 50,000, 24 of 224 cells."""
    queries = clustered(1000)[1]
    return Job("search", (cells(), queries, K, PROBES), lambda: in_float64(queries),
               {"FAISS IVFFlat": lambda: by_faiss(queries), "hnswlib at equal recall": lambda: by_hnswlib(queries)},
               goal="beside FAISS IVFFlat with the same cells")


@job
def search_1_of_50000x64() -> Job:
    """One query: here a graph is faster than cells, and numpy's calls cost more than the products."""
    queries = clustered(1000)[1][:1]
    return Job("search", (cells(), queries, K, PROBES), lambda: in_float64(queries),
               {"FAISS IVFFlat": lambda: by_faiss(queries), "hnswlib": lambda: by_hnswlib(clustered(1000)[1])},
               goal="below a millisecond")
