"""The speed jobs of the flash attention kata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fixtures.jobs import Job, job, large_job, small_job

HEADS, WIDTH = 8, 64


def _job(tokens: int, goal: str, *, stretched: float = 1.0, causal: bool = False) -> Job:
    """Self-attention of normal numbers; the scores are normal, too, with `stretched` as their deviation."""
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((1, HEADS, tokens, WIDTH), dtype=np.float32) for _ in range(3))
    q *= np.float32(stretched)

    def exact() -> tuple[np.ndarray]:
        result = np.empty(q.shape)
        for head in range(HEADS):
            for start in range(0, tokens, 256):  # whole rows, in float64
                rows = slice(start, start + 256)
                scores = q[0, head, rows].astype(np.float64) @ k[0, head].T.astype(np.float64) / np.sqrt(WIDTH)
                if causal:
                    scores[np.arange(tokens) > np.arange(tokens)[rows, None]] = -np.inf
                weights = np.exp(scores - scores.max(axis=1, keepdims=True))
                result[0, head, rows] = weights @ v[0, head] / weights.sum(axis=1, keepdims=True)
        return (result,)

    def torch() -> Callable[[], Any]:
        from torch import from_numpy
        from torch.nn.functional import scaled_dot_product_attention

        tensors = [from_numpy(array) for array in (q, k, v)]
        return lambda: (scaled_dot_product_attention(*tensors, is_causal=causal),)

    return Job("flash_attention", (q, k, v), exact, {"torch": torch}, goal,
               options={"causal": causal, "block_q": 512, "block_k": 256})


@small_job
def attend_to_1024_tokens() -> Job:
    """8 heads of width 64: the scores of all would take 34 MB."""
    return _job(1024, "within 1.3x of torch on one thread")


@large_job
def attend_to_4096_tokens() -> Job:
    """8 heads of width 64: the scores of all would take 537 MB."""
    return _job(4096, "within 1.3x of torch on one thread")


@large_job
def attend_to_4096_tokens_causal() -> Job:
    """The same with a causal mask: the tiles of the future are skipped."""
    return _job(4096, "within 1.5x of torch on one thread, half of the time without a mask", causal=True)


@job
def attend_with_large_scores() -> Job:
    """1024 tokens, scores with a deviation of 8: the maximum has to be carried along."""
    return _job(1024, "within 1.7x of torch on one thread", stretched=8.0)
