"""The same pixels in less time: the photo stays a PIL image until it is small, and bytes become floats in one sweep."""

import numpy as np
from clip_preprocess import (
    CLIP_GREY,
    CLIP_MEAN,
    CLIP_STD,
    MAX_ASPECT,
    Normal,
    Pixels,
    Three,
    _checked,
    _three,
    letterbox,
    pad_then_resize,
    resize_then_crop,
    to_rgb,
)
from PIL import ExifTags, Image

__all__ = ["CLIP_GREY", "clip_preprocess", "letterbox", "normalize", "pad_then_resize", "resize_then_crop", "to_rgb"]


def normalize(pixels: Pixels, mean: Three = CLIP_MEAN, std: Three = CLIP_STD) -> Normal:
    """Return (pixels / 255 - mean) / std, channels first: one multiplication and one addition for each number."""
    _checked(pixels)
    means, stds = _three(mean, "mean", "iuf", -np.inf, np.inf), _three(std, "std", "iuf", 0, np.inf)
    scale, shift = (1 / (255 * stds)).astype(np.float32), (-means / stds).astype(np.float32)
    normal = np.empty((3, *pixels.shape[:2]), dtype=np.float32)
    np.multiply(pixels.transpose(2, 0, 1), scale[:, None, None], out=normal)  # reads the bytes: no float64 in between
    normal += shift[:, None, None]
    return normal


def clip_preprocess(image: Image.Image, size: int = 224, mean: Three = CLIP_MEAN, std: Three = CLIP_STD) -> Normal:
    """Do what CLIPImageProcessor does, without a copy of the large image where it is upright RGB already."""
    if not _is_upright_rgb(image):
        return normalize(resize_then_crop(to_rgb(image), size), mean, std)
    width, height = image.size
    size = _checked(np.broadcast_to(np.uint8(0), (height, width, 3)), size, MAX_ASPECT)  # takes no memory
    wide, high = (size * edge // min(width, height) for edge in (width, height))
    # widths, then heights, as the plain solution does it; 8 bits in between
    small = image.resize((wide, height), Image.Resampling.BICUBIC).resize((wide, high), Image.Resampling.BICUBIC)
    left, top = (wide - size) // 2, (high - size) // 2
    return normalize(np.asarray(small)[top:top + size, left:left + size], mean, std)


def _is_upright_rgb(image: Image.Image) -> bool:
    return (isinstance(image, Image.Image) and image.mode == "RGB" and "transparency" not in image.info
            and ExifTags.Base.Orientation not in image.getexif())
