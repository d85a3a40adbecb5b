"""The speed jobs of the preprocessing kata."""

import numpy as np
from PIL import Image

from fixtures.jobs import Job, job

MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
STD = np.array([0.26862954, 0.26130258, 0.27577711])


def _photo(height: int, width: int) -> Image.Image:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    waves = [128 + 80 * np.sin(x / 37 + c) + 30 * np.cos(y / (11 + 5 * c)) for c in range(3)]
    noisy = np.stack(waves, axis=-1) + rng.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@job
def clip_preprocess_1024x683() -> Job:
    """A photo of 1024 x 683 for CLIP at 224."""
    photo = _photo(683, 1024)

    def exact():
        resized = np.asarray(photo.resize((335, 224), Image.Resampling.BICUBIC))  # 224 * 1024 / 683 is 335.8
        return ((resized[:, 55:279] / 255 - MEAN) / STD).transpose(2, 0, 1)

    def transformers():
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

        processor = CLIPImageProcessorPil()
        return lambda: processor(photo, return_tensors="np")["pixel_values"][0]

    return Job("clip_preprocess", (photo,), exact, {"transformers (PIL)": transformers},
               goal="faster than transformers' processor on its PIL backend")


@job
def normalize_336x336() -> Job:
    """The last step alone: bytes to what the encoder sees."""
    pixels = np.random.default_rng(0).integers(0, 256, (336, 336, 3), dtype=np.uint8)

    def exact():
        return ((pixels / 255 - MEAN) / STD).transpose(2, 0, 1)

    def torch():
        import torch

        mean, std = (torch.tensor(numbers, dtype=torch.float32)[:, None, None] for numbers in (MEAN, STD))
        tensor = torch.from_numpy(pixels)
        # what torchvision's ToTensor and Normalize do
        return lambda: tensor.permute(2, 0, 1).contiguous().to(torch.float32).div(255).sub_(mean).div_(std)

    return Job("normalize", (pixels,), exact, {"torch": torch}, goal="faster than torch on one thread")
