"""The speed jobs of the patch embedding kata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fixtures.jobs import Job, job
from fixtures.katas.patch_embedding.reference import convolved


def _job(n: int, size: int, patch_size: int, width: int, goal: str) -> Job:
    rng = np.random.default_rng(size)
    pixels = rng.standard_normal((n, 3, size, size), dtype=np.float32)
    weight = rng.standard_normal((width, 3, patch_size, patch_size), dtype=np.float32)
    bias = rng.standard_normal(width, dtype=np.float32)

    def torch_conv2d() -> Callable[[], Any]:
        import torch
        from torch.nn.functional import conv2d

        x, kernel, shift = (torch.from_numpy(array) for array in (pixels, weight, bias))

        def run() -> Any:
            with torch.inference_mode():
                return conv2d(x, kernel, shift, stride=patch_size).flatten(2).transpose(1, 2).contiguous()

        return run

    return Job("embed_patches", (pixels, weight, bias), lambda: convolved(pixels, weight) + bias,
               {"torch conv2d": torch_conv2d}, goal)


@job
def embed_one_image_of_336() -> Job:
    """LLaVA 1.5: one image, patches of 14, width 1024."""
    return _job(1, 336, 14, 1024, "within 1.5x of torch's conv2d on the CPU")


@job
def embed_8_images_of_224() -> Job:
    """A batch for CLIP ViT-B/16: patches of 16, width 768."""
    return _job(8, 224, 16, 768, "as fast as torch's conv2d on the CPU")


@job
def embed_one_image_of_1344() -> Job:
    """A large image, as the models take it that resize their positions: 9216 patches."""
    return _job(1, 1344, 14, 1024, "faster than torch's conv2d on the CPU")
