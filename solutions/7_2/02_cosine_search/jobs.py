"""The speed jobs of the search kata."""

from functools import lru_cache

import numpy as np

from fixtures.jobs import Job, job, large_job, small_job

K = 10


@lru_cache(maxsize=3)
def unit_vectors(rows: int, seed: int):
    """Make random vectors of length 1."""
    vectors = np.random.default_rng(seed).standard_normal((rows, 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def in_float64(queries, corpus):
    """Return the best scores by float64, a part of the corpus at a time."""
    best = np.full((len(queries), K), -np.inf)
    for part in np.array_split(corpus, 10):
        scores = queries.astype(np.float64) @ part.astype(np.float64).T
        best = np.sort(np.concatenate([best, scores], axis=1), axis=1)[:, ::-1][:, :K]
    return best, None


class BestOf:
    """The best of all scores, selected when somebody looks: outside of the measured time."""

    def __init__(self, scores):
        self.scores = scores

    def __array__(self, dtype=None, copy=None):
        return np.sort(self.scores, axis=1)[:, ::-1][:, :K].astype(dtype or self.scores.dtype)


def search(queries: int, rows: int, goal: str) -> Job:
    """The best rows for each query; FAISS's flat index does the same."""
    wanted, corpus = unit_vectors(queries, 0), unit_vectors(rows, 1)

    def faiss():
        import faiss

        index = faiss.IndexFlatIP(384)
        index.add(corpus)
        return lambda: index.search(wanted, K)

    def matrix_product_alone():
        scores = np.empty((queries, rows), dtype=np.float32)
        return lambda: (BestOf(np.matmul(wanted, corpus.T, out=scores)), None)

    peers = {"FAISS IndexFlatIP": faiss}
    if queries > 1:
        peers["matrix product alone"] = matrix_product_alone
    return Job("top_k", (wanted, corpus, K), lambda: in_float64(wanted, corpus), peers, goal)


@large_job
def top_k_64_of_200000x384() -> Job:
    """64 queries at once over 200,000 vectors of MiniLM's width."""
    return search(64, 200_000, goal="at least 2x as fast as FAISS, within 1.5x of the matrix product, below 64 MB")


@large_job
def top_k_1_of_200000x384() -> Job:
    """One query: the corpus has to be read, and that is almost all there is to do."""
    return search(1, 200_000, goal="none: the guarantees about NaN and ties cost a second look at the corpus")


@small_job
def top_k_64_of_20000x384() -> Job:
    """The same, in a moment."""
    return search(64, 20_000, goal="none: see the large job")


@small_job
def top_k_1_of_20000x384() -> Job:
    """One query, in a moment."""
    return search(1, 20_000, goal="none: see the large job")


@job
def cosine_top_k_64_of_20000x384() -> Job:
    """Vectors of any length; smaller, because usearch's exact search takes half a second for it."""
    queries, corpus = unit_vectors(64, 0), unit_vectors(20_000, 1)
    long = corpus * np.random.default_rng(2).uniform(0.5, 9, (len(corpus), 1)).astype(np.float32)

    def usearch():
        from usearch.index import MetricKind, search

        return lambda: (1 - search(long, queries, K, MetricKind.Cos, exact=True).distances,)

    return Job("cosine_top_k", (queries, long, K), lambda: in_float64(queries, corpus), {"usearch exact": usearch},
               goal="at least as fast as usearch")
