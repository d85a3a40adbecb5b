"""The speed jobs of the whisper_encoder kata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from whisper_encoder import Encoder

from fixtures.jobs import Job, job
from fixtures.katas.whisper_encoder.reference import drawn_fields, states


def _job(n: int, goal: str, frames: int, **shape: int) -> Job:
    """Random weights of Whisper's form, erf throughout."""
    encoder = Encoder(**drawn_fields(0, mels=80, context=frames // 2, **shape))
    log_mel = np.random.default_rng(1).standard_normal((n, 80, frames)).astype(np.float32)

    def whisper_encoder() -> Callable[[], Any]:
        import torch

        from fixtures.katas.whisper_encoder.in_transformers import encoder_of

        model, x = encoder_of(encoder), torch.from_numpy(log_mel)

        def run() -> Any:
            with torch.inference_mode():
                return model(x).last_hidden_state.numpy()

        return run

    return Job("encode", (log_mel, encoder), lambda: states(log_mel, encoder), {"transformers": whisper_encoder}, goal)


@job
def encode_8_sounds_of_5_s() -> Job:
    """A batch for an encoder of the shipped recogniser's shape: 256 tokens, width 128, 3 blocks."""
    return _job(8, "within 1.3x of transformers on the CPU", 512, width=128, heads=4, blocks=3)


@job
def encode_30_s() -> Job:
    """Whisper base cut to 2 of its 6 blocks: 1500 tokens, width 512, whose scores of all heads take 72 MB."""
    return _job(1, "within 1.2x of transformers on the CPU, in a fifth of the plain one's memory", 3000, width=512,
                heads=8, blocks=2)
