"""From any image to the pixels that a CLIP vision encoder sees.

What becomes of an image that is not square? transformers crops it, LLaVA pads it before the resize, llama.cpp after.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]  # (height, width, 3), red first
Normal = NDArray[np.float32]  # (3, height, width)
Three = Sequence[float]  # one number for each of red, green and blue; those of a colour are whole, 0..255
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
CLIP_GREY = (122, 116, 104)  # 255 * CLIP_MEAN, cut to whole numbers: close to zero after normalize
WHITE = (255, 255, 255)
MAX_ASPECT = 200  # longer edge / shorter edge: above it a small file would fill the memory


def normalize(pixels: Pixels, mean: Three = CLIP_MEAN, std: Three = CLIP_STD) -> Normal:
    """Return (pixels / 255 - mean) / std, channels first. Source: Radford et al. 2021 (CLIP), the released code."""
    raise NotImplementedError


def resize_then_crop(pixels: Pixels, size: int) -> Pixels:
    """Resize until the shorter edge has `size` pixels, then cut out the middle: (size, size, 3).

    The longer edge becomes size * longer // shorter: multiply first, then divide. Pillow's bicubic resize. The
    crop begins at (longer - size) // 2. More than MAX_ASPECT to 1 is refused. Source: transformers CLIPImageProcessor.
    """
    raise NotImplementedError


def pad_then_resize(pixels: Pixels, size: int, color: Three = CLIP_GREY) -> Pixels:
    """Put the image into the middle of a square of `color`, then resize that to (size, size, 3): a blurred border.

    The square's side is the longer edge, the image begins at (longer - shorter) // 2. Resize and limit of aspect are
    those of resize_then_crop. Source: LLaVA 1.5, image_aspect_ratio "pad" (expand2square).
    """
    raise NotImplementedError


def letterbox(pixels: Pixels, size: int, color: Three = CLIP_GREY) -> Pixels:
    """Resize until the image fits, then put it into the middle of (size, size, 3) of `color`: a sharp border.

    Each edge becomes min(ceil(edge * scale), size), with scale = min(size / width, size / height), all in float32.
    The image begins at (size - edge) // 2 of its new edges. Any aspect will do. Source: llama.cpp mtmd-image.cpp.
    """
    raise NotImplementedError


def to_rgb(image: Image.Image, background: Three | None = WHITE) -> Pixels:
    """Decode any image to (height, width, 3), upright as its EXIF orientation says. The image is not changed.

    Transparent pixels, be it by an alpha channel, a palette or image.info["transparency"], are blended: alpha * color
    + (1 - alpha) * background. Without a background they show the colour that is stored, as llama.cpp does. 16-bit
    grey (modes I;16, and I within 0..65535) keeps its high byte, value >> 8. Source: transformers 5; stb_image.
    """
    raise NotImplementedError


def clip_preprocess(image: Image.Image, size: int = 224, mean: Three = CLIP_MEAN, std: Three = CLIP_STD) -> Normal:
    """Do what CLIPImageProcessor does: to_rgb, resize_then_crop, normalize. Returns (3, size, size)."""
    raise NotImplementedError
