"""The speed jobs of the vision encoder kata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from vision_encoder import Encoder

from fixtures.jobs import Job, job
from fixtures.katas.vision_encoder.reference import drawn_fields, features


def _job(n: int, goal: str, **shape: int) -> Job:
    """CLIP with random weights: class token, norm before the blocks, quick GELU; the last state is read."""
    encoder = Encoder(**drawn_fields(0, class_token=True, pre_ln=True, eps=1e-5, layer=-1, **shape))
    size = shape["image_size"]
    pixels = np.random.default_rng(1).standard_normal((n, 3, size, size)).astype(np.float32)

    def clip_vision_model() -> Callable[[], Any]:
        import torch

        from fixtures.katas.vision_encoder.in_transformers import clip_of

        model, x = clip_of(encoder), torch.from_numpy(pixels)

        def run() -> Any:
            with torch.inference_mode():
                return model(x, output_hidden_states=True).hidden_states[-1][:, 1:].numpy()

        return run

    return Job("image_features", (pixels, encoder), lambda: features(pixels, encoder),
               {"transformers": clip_vision_model}, goal)


@job
def encode_32_images_of_96() -> Job:
    """A batch for an encoder of the shipped model's shape: 65 tokens, width 128, 4 blocks."""
    return _job(32, "within 1.2x of transformers on the CPU", image_size=96, patch_size=12, width=128, heads=4,
                feed_forward=384, blocks=4)


@job
def encode_one_image_of_224() -> Job:
    """CLIP ViT-B/16 cut to 3 of its 12 blocks: 197 tokens, width 768."""
    return _job(1, "within 1.2x of transformers on the CPU", image_size=224, patch_size=16, width=768, heads=12,
                feed_forward=3072, blocks=3)


@job
def encode_one_image_of_672() -> Job:
    """Many tokens: 1765 of width 384, where the scores of all heads take 75 MB."""
    return _job(1, "within 1.2x of transformers on the CPU, in a fifth of the plain one's memory", image_size=672,
                patch_size=16, width=384, heads=6, feed_forward=1536, blocks=2)
