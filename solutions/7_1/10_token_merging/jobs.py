"""The speed jobs of the token merging kata: what the encoder costs with merging, beside encoders without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from vision_encoder import Encoder, image_features

from fixtures.jobs import Job, job
from fixtures.katas.token_merging.reference import features
from fixtures.katas.vision_encoder.reference import drawn_fields


def _job(n: int, r: int, goal: str, **shape: int) -> Job:
    """CLIP with random weights, r tokens merged in every block; who merges nothing gives another, longer result."""
    encoder = Encoder(**drawn_fields(0, class_token=True, pre_ln=True, eps=1e-5, layer=-1, **shape))
    size, each = shape["image_size"], [r] * shape["blocks"]
    pixels = np.random.default_rng(1).standard_normal((n, 3, size, size)).astype(np.float32)

    def without_merging() -> Callable[[], Any]:
        return lambda: image_features(pixels, encoder)

    def clip_vision_model() -> Callable[[], Any]:
        import torch

        from fixtures.katas.vision_encoder.in_transformers import clip_of

        model, x = clip_of(encoder), torch.from_numpy(pixels)

        def run() -> Any:
            with torch.inference_mode():
                return model(x, output_hidden_states=True).hidden_states[-1][:, 1:].numpy()

        return run

    return Job("merged_features", (pixels, encoder, each), lambda: features(pixels, encoder, each),
               {"nothing merged": without_merging, "transformers": clip_vision_model}, goal)


@job
def encode_32_images_of_96() -> Job:
    """The shipped model's shape: 64 patches become 32 in four blocks."""
    return _job(32, 8, "less time than transformers without merging", image_size=96, patch_size=12, width=128, heads=4,
                feed_forward=384, blocks=4)


@job
def encode_one_image_of_224() -> Job:
    """CLIP ViT-B/16 cut to 6 of its 12 blocks: 196 patches become 100."""
    return _job(1, 16, "0.8 of the time of transformers without merging", image_size=224, patch_size=16, width=768,
                heads=12, feed_forward=3072, blocks=6)
