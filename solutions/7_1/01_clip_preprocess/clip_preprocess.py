"""From any image to the pixels that a CLIP vision encoder sees.

What becomes of an image that is not square? transformers crops it, LLaVA pads it before the resize, llama.cpp after.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

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
    _checked(pixels)
    means, stds = _three(mean, "mean", "iuf", -np.inf, np.inf), _three(std, "std", "iuf", 0, np.inf)
    return ((pixels / 255 - means) / stds).transpose(2, 0, 1).astype(np.float32, order="C")  # (3, height, width)


def resize_then_crop(pixels: Pixels, size: int) -> Pixels:
    """Resize until the shorter edge has `size` pixels, then cut out the middle: (size, size, 3).

    The longer edge becomes size * longer // shorter: multiply first, then divide. Pillow's bicubic resize. The
    crop begins at (longer - size) // 2. More than MAX_ASPECT to 1 is refused. Source: transformers CLIPImageProcessor.
    """
    size = _checked(pixels, size, MAX_ASPECT)
    height, width = (size * edge // min(pixels.shape[:2]) for edge in pixels.shape[:2])
    top, left = (height - size) // 2, (width - size) // 2
    return _resized(pixels, height, width)[top:top + size, left:left + size].copy()


def pad_then_resize(pixels: Pixels, size: int, color: Three = CLIP_GREY) -> Pixels:
    """Put the image into the middle of a square of `color`, then resize that to (size, size, 3): a blurred border.

    The square's side is the longer edge, the image begins at (longer - shorter) // 2. Resize and limit of aspect are
    those of resize_then_crop. Source: LLaVA 1.5, image_aspect_ratio "pad" (expand2square).
    """
    size = _checked(pixels, size, MAX_ASPECT)
    return _resized(_centred(pixels, max(pixels.shape[:2]), color), size, size)


def letterbox(pixels: Pixels, size: int, color: Three = CLIP_GREY) -> Pixels:
    """Resize until the image fits, then put it into the middle of (size, size, 3) of `color`: a sharp border.

    Each edge becomes min(ceil(edge * scale), size), with scale = min(size / width, size / height), all in float32.
    The image begins at (size - edge) // 2 of its new edges. Any aspect will do. Source: llama.cpp mtmd-image.cpp.
    """
    size = _checked(pixels, size)
    edges = np.array(pixels.shape[:2], dtype=np.float32)
    height, width = np.minimum(np.ceil(edges * (np.float32(size) / edges).min()), size).astype(int).tolist()
    return _centred(_resized(pixels, height, width), size, color)


def to_rgb(image: Image.Image, background: Three | None = WHITE) -> Pixels:
    """Decode any image to (height, width, 3), upright as its EXIF orientation says. The image is not changed.

    Transparent pixels, be it by an alpha channel, a palette or image.info["transparency"], are blended: alpha * color
    + (1 - alpha) * background. Without a background they show the colour that is stored, as llama.cpp does. 16-bit
    grey (modes I;16, and I within 0..65535) keeps its high byte, value >> 8. Source: transformers 5; stb_image.
    """
    backdrop = None if background is None else tuple(map(int, _three(background, "background")))
    if not isinstance(image, Image.Image):
        raise TypeError(f"image must be a PIL image, got {type(image).__name__}: see Image.open")
    image = ImageOps.exif_transpose(image)  # reads the file; always a new image
    if image.mode[0] in "IF":
        levels = np.array(image)
        if image.mode == "F" or levels.min() < 0 or levels.max() > 65535:
            raise ValueError(f"image of mode {image.mode} holds numbers of no known range: scale it to 8 bits")
        return np.stack([(levels >> 8).astype(np.uint8)] * 3, axis=-1)  # convert("RGB") would clip at 255
    if backdrop is not None and (image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info):
        image = Image.alpha_composite(Image.new("RGB", image.size, backdrop).convert("RGBA"), image.convert("RGBA"))
    return np.array(image.convert("RGB"))


def clip_preprocess(image: Image.Image, size: int = 224, mean: Three = CLIP_MEAN, std: Three = CLIP_STD) -> Normal:
    """Do what CLIPImageProcessor does: to_rgb, resize_then_crop, normalize. Returns (3, size, size)."""
    return normalize(resize_then_crop(to_rgb(image), size), mean, std)


def _resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resize the widths, then the heights: Pillow 13 alone would do tall images the other way round."""
    image = Image.fromarray(pixels).resize((width, pixels.shape[0]), Image.Resampling.BICUBIC)
    return np.array(image.resize((width, height), Image.Resampling.BICUBIC))


def _centred(pixels: Pixels, side: int, color: Three) -> Pixels:
    square = np.full((side, side, 3), _three(color, "color"), dtype=np.uint8)
    top, left = ((side - edge) // 2 for edge in pixels.shape[:2])
    square[top:top + pixels.shape[0], left:left + pixels.shape[1]] = pixels
    return square


def _checked(pixels: Pixels, size: int = 1, max_aspect: float = np.inf) -> int:
    """Refuse what are no pixels or no size; return the size as an int, because np.int16(224) * 298 would overflow."""
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise TypeError(f"pixels must be an array of uint8, as to_rgb makes it, got {type(pixels).__name__}")
    if pixels.shape[2:] != (3,) or pixels.size == 0 or max(pixels.shape[:2]) > max_aspect * min(pixels.shape[:2]):
        raise ValueError(f"pixels must be (height, width, 3), not empty, below {max_aspect}:1, got {pixels.shape}")
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
        raise TypeError(f"size must be an integer, got {size!r}")
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    return int(size)


def _three(values: Three, name: str, kinds: str = "iu", above: float = -1, below: float = 256) -> NDArray:
    """Return the numbers of red, green and blue as an array, or refuse them; by default those of a colour."""
    numbers = np.array(values)
    if numbers.shape != (3,) or numbers.dtype.kind not in kinds or not ((above < numbers) & (numbers < below)).all():
        raise ValueError(f"{name} must be three numbers above {above} and below {below}, got {values}")
    return numbers
