"""The speed jobs of the index kata: the same cells and the same vectors found, by FAISS.

measure_ivf_index.py measures recall, and hnswlib, which finds other vectors.
"""

from functools import lru_cache

import numpy as np
from ivf_index import build, kmeans

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


def by_faiss(queries, probes=PROBES):
    """Search with FAISS's IVFFlat over the same centroids: the same cells, and so the same recall."""
    import faiss

    quantizer = faiss.IndexFlatIP(WIDTH)
    quantizer.add(cells().centroids)
    index = faiss.IndexIVFFlat(quantizer, WIDTH, CELLS, faiss.METRIC_INNER_PRODUCT)
    index.train(clustered(1000)[0])
    index.add(clustered(1000)[0])
    index.nprobe = probes
    return lambda: index.search(queries, K)


@job
def search_1000_of_50000x64() -> Job:
    """1,000 queries at once, the ten nearest of 50,000, 24 of 224 cells."""
    queries = clustered(1000)[1]
    return Job("search", (cells(), queries, K, PROBES), lambda: in_float64(queries),
               {"FAISS IVFFlat": lambda: by_faiss(queries)}, goal="beside FAISS IVFFlat with the same cells")


@job
def search_1_of_50000x64() -> Job:
    """One query: numpy's calls cost more than the products."""
    queries = clustered(1000)[1][:1]
    return Job("search", (cells(), queries, K, PROBES), lambda: in_float64(queries),
               {"FAISS IVFFlat": lambda: by_faiss(queries)}, goal="below a millisecond")
