"""The speed jobs of the hybrid search kata."""

from functools import lru_cache

import numpy as np

from fixtures.jobs import Job, job

CHUNKS, VOCABULARY, QUERIES = 20_000, 30_000, 100


@lru_cache(maxsize=1)
def corpus():
    """Make chunks of 40 to 160 terms, which are as unequally frequent as words are, and queries of 6 (as numbers)."""
    rng = np.random.default_rng(72)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    chunks = rng.choice(VOCABULARY, size=(CHUNKS, 160), p=shares / shares.sum()).astype(np.int32)
    chunks[np.arange(160) >= rng.integers(40, 161, (CHUNKS, 1))] = -1  # behind the end of a chunk
    return chunks, rng.choice(VOCABULARY, size=(QUERIES, 6), p=shares / shares.sum())


def as_terms(rows):
    """Return the numbers as terms, without the padding."""
    names = [f"t{number}" for number in range(VOCABULARY)]
    return [[names[number] for number in row if number >= 0] for row in rows.tolist()]


def by_the_definition():
    """Count each term of each query in all chunks."""
    chunks, queries = corpus()
    lengths = (chunks >= 0).sum(axis=1)
    saturation = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
    scores = np.zeros((QUERIES, CHUNKS))
    for row, query in zip(scores, queries):
        for term in query:
            count = (chunks == term).sum(axis=1)
            holding = np.count_nonzero(count)
            row += np.log(1 + (CHUNKS - holding + 0.5) / (holding + 0.5)) * count / (count + saturation)
    return scores


@job
def bm25_index_20k_chunks_and_ask_100() -> Job:
    """Index 20,000 chunks of about 100 terms, score all of them for 100 queries."""
    chunks, queries = map(as_terms, corpus())

    def bm25s_lucene():
        import bm25s

        def run():
            index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
            index.index(chunks, show_progress=False)
            return np.array([index.get_scores(query) for query in queries])

        return run

    return Job("bm25_scores", (queries, chunks), by_the_definition, {"bm25s": bm25s_lucene},
               goal="at least as fast as bm25s")
