"""The speed jobs of the token merging kata: the plain solution beside the fast one.

No library of the `peers` extra merges tokens, and an encoder that merges nothing gives another result, which a job does
not allow: `python -m fixtures.katas.token_merging.measure_encoder_time` measures beside encoders without merging.
"""

from __future__ import annotations

import numpy as np
from vision_encoder import Encoder

from fixtures.jobs import Job, job
from fixtures.katas.token_merging.reference import features
from fixtures.katas.vision_encoder.reference import drawn_fields


def _job(n: int, r: int, goal: str, **shape: int) -> Job:
    """CLIP with random weights, r tokens merged in every block."""
    encoder = Encoder(**drawn_fields(0, class_token=True, pre_ln=True, eps=1e-5, layer=-1, **shape))
    size, each = shape["image_size"], [r] * shape["blocks"]
    pixels = np.random.default_rng(1).standard_normal((n, 3, size, size)).astype(np.float32)
    return Job("merged_features", (pixels, encoder, each), lambda: features(pixels, encoder, each), {}, goal)


@job
def encode_32_images_of_96() -> Job:
    """The shipped model's shape: 64 patches become 32 in four blocks."""
    return _job(32, 8, "0.85 of the time of the same encoder without merging", image_size=96, patch_size=12, width=128,
                heads=4, feed_forward=384, blocks=4)


@job
def encode_one_image_of_224() -> Job:
    """CLIP ViT-B/16 cut to 6 of its 12 blocks: 196 patches become 100."""
    return _job(1, 16, "0.8 of the time of the same encoder without merging", image_size=224, patch_size=16, width=768,
                heads=12, feed_forward=3072, blocks=6)
