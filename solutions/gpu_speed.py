"""Print sentences per second that llama.cpp embeds on the CPU and on the GPU.

    tox -e gpu
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fixtures.models import model_path
from fixtures.oracles.embeddings import pooled_embeddings

SENTENCES = [f"Sentence number {i} tells that {i % 7} of {i % 13} boats are in the harbour." for i in range(512)]


def fastest(run: Callable[[], Any], rounds: int = 5) -> float:
    """Return the seconds of the fastest of several runs, after one to warm up."""
    run()
    times = []
    for _ in range(rounds):
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return min(times)


def main() -> None:
    """Embed the same sentences on both, compare, and print the speeds."""
    path = model_path("all-MiniLM-L6-v2")
    vectors = {}
    for device, layers in (("CPU", 0), ("GPU", -1)):
        def embed(layers: int = layers) -> Any:
            return pooled_embeddings(path, SENTENCES, n_gpu_layers=layers, batched=True)

        vectors[device] = embed()
        print(f"{device}: {len(SENTENCES) / fastest(embed):10.0f} sentences per second")
    a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in vectors.values())
    print(f"smallest cosine between the CPU's and the GPU's vectors: {(a * b).sum(axis=1).min():.6f}")


if __name__ == "__main__":
    main()
