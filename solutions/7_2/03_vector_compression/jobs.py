"""The speed jobs of the vector_compression kata."""

import numpy as np
from vector_compression import binary_codes

from fixtures.jobs import Job, job


@job
def hamming_100_of_100k_x_384() -> Job:
    """100 queries, the ten nearest of 100,000 codes of 384 bits."""
    rng = np.random.default_rng(0)
    codes = binary_codes(rng.standard_normal((100_000, 384), dtype=np.float32))
    queries = binary_codes(rng.standard_normal((100, 384), dtype=np.float32))

    def exact():
        signs = 1 - 2 * np.unpackbits(codes, axis=1).astype(np.float32)
        asked = 1 - 2 * np.unpackbits(queries, axis=1).astype(np.float32)
        return (np.sort((384 - asked @ signs.T) / 2, axis=1)[:, :10],)

    def faiss_binary_flat():
        import faiss

        index = faiss.IndexBinaryFlat(384)
        index.add(codes)
        return lambda: index.search(queries, 10)

    return Job("hamming_top_k", (queries, codes, 10), exact, {"FAISS IndexBinaryFlat": faiss_binary_flat},
               goal="beside FAISS IndexBinaryFlat")
