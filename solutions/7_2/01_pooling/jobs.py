"""The speed jobs of the pooling kata."""

import numpy as np

from fixtures.jobs import Job, job


@job
def mean_pool_64x256x384() -> Job:
    """A batch of 64 sentences of up to 256 tokens, as MiniLM pools it."""
    rng = np.random.default_rng(0)
    tokens = rng.standard_normal((64, 256, 384), dtype=np.float32)
    mask = (np.arange(256) < rng.integers(20, 257, (64, 1))).astype(np.int64)

    def exact():
        return np.array([row[real == 1].mean(axis=0, dtype=np.float64) for row, real in zip(tokens, mask)])

    def sentence_transformers():
        import torch

        try:
            from sentence_transformers.sentence_transformer.modules import Pooling
        except ImportError:  # before version 6
            from sentence_transformers.models import Pooling

        pooling = Pooling(384, pooling_mode="mean")
        features = {"token_embeddings": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
        return lambda: pooling(dict(features))["sentence_embedding"]

    return Job("mean_pool", (tokens, mask), exact, {"sentence-transformers": sentence_transformers},
               goal="at least as fast as sentence-transformers on the CPU")
