"""From any image to the pixels that a CLIP vision encoder sees.

Hugging Face's CLIPImageProcessor, LLaVA and llama.cpp (tools/mtmd/mtmd-image.cpp) give three answers to one
question: what becomes of an image that is not square. It is cropped, padded before the resize, or after it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

Pixels = NDArray[np.uint8]  # (height, width, 3), red first
Color = tuple[int, int, int]  # red, green, blue, each 0..255

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
CLIP_GREY: Color = (122, 116, 104)  # CLIP_MEAN in 8 bits: close to zero after normalize
WHITE: Color = (255, 255, 255)
MAX_ASPECT = 200  # longer edge / shorter edge: above it a small file would fill the memory


def to_rgb(image: Image.Image, background: Color | None = WHITE) -> Pixels:
    """Decode any image to 8-bit RGB, upright.

    image: a PIL image of any mode, as Image.open gives it; it is not changed
    background: the colour that shows through transparent pixels, also those of a palette; None ignores the
        transparency and takes the colours as they are stored, as llama.cpp does
    Returns (height, width, 3) uint8, turned as the EXIF orientation says. 16-bit grey (modes I;16, I;16B and
    I with values 0..65535) keeps its high byte: value >> 8, and is never transparent. All else is
    Image.convert("RGB"). Of an animation it is the frame at which the image stands.
    Raises TypeError if image is not a PIL image; ValueError that names image if its file is truncated, it has
    no pixels, or its numbers have no known range (mode F, mode I outside 0..65535); ValueError if background
    is not three whole numbers of 0..255.
    Source: transformers 5 convert_to_rgb; stb_image for 16 bits and None; EXIF 2.3 tag 0x0112.
    """
    return np.asarray(_rgb_image(image, background))


def resize_shortest_edge(pixels: Pixels, size: int) -> Pixels:
    """Resize so that the shorter edge has `size` pixels: bicubic, antialiased (Pillow's).

    pixels: (height, width, 3) uint8
    Returns uint8 with the other edge int(size * longer / shorter): rounded down. Of images more than twice as
    high as wide, Pillow 13 resizes the heights first, older ones and llama.cpp the widths: either will do.
    Raises TypeError if pixels is not an array of uint8 or size not an integer; ValueError if pixels is not
    (height, width, 3) or empty, if its longer edge is more than MAX_ASPECT times the shorter one, or if size
    is below 1.
    Source: transformers get_resize_output_image_size; the limit of aspect is Qwen2-VL's.
    """
    _check_pixels(pixels)
    height, width = pixels.shape[:2]
    return np.asarray(_resized(Image.fromarray(pixels), _shortest_edge_size(width, height, size)))


def center_crop(pixels: Pixels, size: int) -> Pixels:
    """Cut the middle square of size x size.

    pixels: (height, width, 3) uint8
    Returns (size, size, 3) uint8 that begins at row (height - size) // 2 and column (width - size) // 2. What
    lies outside of the image (where such a number is negative) is black.
    Raises TypeError and ValueError for pixels and size as resize_shortest_edge does, but any aspect will do.
    Source: transformers center_crop.
    """
    _check_pixels(pixels)
    _check_size(size, "size")
    top, left = (pixels.shape[0] - size) // 2, (pixels.shape[1] - size) // 2
    kept = pixels[max(top, 0):top + size, max(left, 0):left + size]
    return _on_canvas(kept, size, max(-top, 0), max(-left, 0), (0, 0, 0))


def normalize(
    pixels: Pixels, mean: Sequence[float] = CLIP_MEAN, std: Sequence[float] = CLIP_STD
) -> NDArray[np.float32]:
    """Scale to 0..1, subtract the mean of each channel, divide by its standard deviation, channels first.

    pixels: (height, width, 3) uint8
    mean, std: one number for each of red, green and blue
    Returns (3, height, width) float32: (pixels / 255 - mean) / std.
    Raises TypeError and ValueError for pixels as center_crop does; ValueError that names mean or std if it is
    not three finite numbers, or if a std is not above 0.
    Source: Radford et al. 2021 (CLIP), the released preprocessing.
    """
    _check_pixels(pixels)
    means, stds = _channels(mean, "mean"), _channels(std, "std")
    if (stds <= 0).any():
        raise ValueError(f"std must be above 0, got {std}")
    scale, shift = (1 / (255 * stds)).astype(np.float32), (-means / stds).astype(np.float32)
    normal = np.empty((3, *pixels.shape[:2]), dtype=np.float32)
    # x * scale + shift: one sweep reads the bytes, no float64 copy in between
    np.multiply(pixels.transpose(2, 0, 1), scale[:, None, None], out=normal)
    normal += shift[:, None, None]
    return normal


def clip_preprocess(
    image: Image.Image,
    size: int = 224,
    crop_size: int = 224,
    mean: Sequence[float] = CLIP_MEAN,
    std: Sequence[float] = CLIP_STD,
    background: Color | None = WHITE,
) -> NDArray[np.float32]:
    """Do what CLIPImageProcessor does: RGB, shorter edge to `size`, middle crop of `crop_size`, normalize.

    image, background: as in to_rgb
    size, crop_size: pixels
    mean, std: as in normalize
    Returns (3, crop_size, crop_size) float32. An image of 1 x 1 becomes one colour.
    Raises what the steps raise, naming image, background, size, crop_size, mean or std; so an image of
    1 x 3000 is a ValueError.
    Source: transformers CLIPImageProcessor.
    """
    _check_size(crop_size, "crop_size")
    rgb = _rgb_image(image, background)
    # a PIL image up to here: a detour of the full image through an array costs as much as all that follows
    small = _resized(rgb, _shortest_edge_size(*rgb.size, size))
    return normalize(center_crop(np.asarray(small), crop_size), mean, std)


def pad_to_square_then_resize(pixels: Pixels, size: int, color: Color = CLIP_GREY) -> Pixels:
    """Pad to a square around the image, then resize: nothing is cut off, and the border is blurred.

    pixels: (height, width, 3) uint8
    Returns (size, size, 3) uint8. The square's side is the longer edge, the image begins at
    (longer - shorter) // 2, and color fills the rest.
    Raises TypeError and ValueError for pixels and size as resize_shortest_edge does; ValueError if color is
    not three whole numbers of 0..255.
    Source: LLaVA 1.5, image_aspect_ratio "pad" (expand2square).
    """
    _check_pixels(pixels)
    _check_size(size, "size")
    height, width = pixels.shape[:2]
    _check_aspect(width, height)
    side = max(height, width)
    square = _on_canvas(pixels, side, (side - height) // 2, (side - width) // 2, color)
    return np.asarray(_resized(Image.fromarray(square), (size, size)))


def letterbox(pixels: Pixels, size: int, color: Color = CLIP_GREY) -> Pixels:
    """Resize so that the image fits into size x size, then pad: nothing is cut off, and the border is sharp.

    pixels: (height, width, 3) uint8
    Returns (size, size, 3) uint8. In float32, as in llama.cpp: scale = min(size / width, size / height), and
    each edge becomes min(ceil(edge * scale), size). The image begins at row (size - height) // 2 and column
    (size - width) // 2 of the new edges, color fills the rest. float64 is not the same: 21 x 42 pixels at
    size 24 become 13 x 24 in float32 and 12 x 24 in float64. The resize is that of resize_shortest_edge.
    Raises TypeError and ValueError for pixels, size and color as pad_to_square_then_resize does, but any
    aspect will do: the shorter edge has one pixel at least.
    Source: llama.cpp tools/mtmd/mtmd-image.cpp, mtmd_image_preprocessor_fixed_size.
    """
    _check_pixels(pixels)
    _check_size(size, "size")
    edges = np.array(pixels.shape[:2], dtype=np.float32)  # height, width
    scale = (np.float32(size) / edges).min()
    height, width = (min(math.ceil(edge), size) for edge in edges * scale)
    small = np.asarray(_resized(Image.fromarray(pixels), (width, height)))
    return _on_canvas(small, size, (size - height) // 2, (size - width) // 2, color)


def _rgb_image(image: Image.Image, background: Color | None) -> Image.Image:
    if background is not None:
        _check_color(background, "background")
    if not isinstance(image, Image.Image):
        raise TypeError(f"image must be a PIL image, got {type(image).__name__}: see Image.open")
    if 0 in image.size:
        raise ValueError(f"image has no pixels: it is {image.width}x{image.height}")
    try:
        image.load()
        if ExifTags.Base.Orientation in image.getexif():  # exif_transpose copies an upright image as well
            image = ImageOps.exif_transpose(image)
    except Exception as error:  # Pillow's readers raise OSError, SyntaxError, RuntimeError, struct.error
        raise ValueError(f"image cannot be read, its file is truncated or damaged: {error}") from error
    if image.mode.startswith("I"):
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > 65535:
            raise ValueError(f"image of mode {image.mode} holds {grey.min()} to {grey.max()}, not 0..65535: "
                             "scale it first")
        return Image.fromarray((grey >> 8).astype(np.uint8)).convert("RGB")  # convert alone would clip at 255
    if image.mode == "F":
        raise ValueError("image of mode F has no known range: scale it to 8 bits first")
    if image.mode in ("La", "RGBa"):  # multiplied by the alpha: convert("RGB") would leave it so, or refuse
        image = image.convert(image.mode.upper())
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        image = image.convert("RGBA")
        if background is not None:
            opaque = Image.new("RGB", image.size, tuple(map(int, background))).convert("RGBA")
            image = Image.alpha_composite(opaque, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _shortest_edge_size(width: int, height: int, size: int) -> tuple[int, int]:
    """Return (width, height) after the resize."""
    _check_size(size, "size")
    _check_aspect(width, height)
    longer = size * max(width, height) // min(width, height)
    return (size, longer) if width <= height else (longer, size)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    width_only = image.resize((size[0], image.height), Image.Resampling.BICUBIC)
    # a second call, because Pillow 13 does tall images the other way round and rounds differently on the way
    return width_only.resize(size, Image.Resampling.BICUBIC)


def _on_canvas(pixels: Pixels, size: int, top: int, left: int, color: Color) -> Pixels:
    """Return size x size of the colour with the pixels on it."""
    _check_color(color, "color")
    canvas = np.empty((size, size, 3), dtype=np.uint8)
    canvas[:] = color
    canvas[top:top + pixels.shape[0], left:left + pixels.shape[1]] = pixels
    return canvas


def _channels(values: Sequence[float], name: str) -> NDArray[np.float64]:
    try:
        channels = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):  # text, complex numbers, rows of unequal length
        channels = np.empty(0)
    if channels.shape != (3,) or not np.isfinite(channels).all():
        raise ValueError(f"{name} must be three finite numbers (red, green, blue), got {values}")
    return channels


def _check_pixels(pixels: Pixels) -> None:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        found = getattr(pixels, "dtype", type(pixels).__name__)
        raise TypeError(f"pixels must be an array of uint8, got {found}: to_rgb makes one")
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ValueError(f"pixels must be (height, width, 3) and not empty, got shape {pixels.shape}")


def _check_size(size: int, name: str) -> None:
    if not isinstance(size, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {size!r}")
    if size < 1:
        raise ValueError(f"{name} must be at least 1, got {size}")


def _check_color(color: Color, name: str) -> None:
    if np.shape(color) != (3,) or not all(channel in range(256) for channel in color):
        raise ValueError(f"{name} must be three whole numbers of 0..255 (red, green, blue), got {color}")


def _check_aspect(width: int, height: int) -> None:
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ValueError(f"the image has {width} x {height} pixels, an aspect above {MAX_ASPECT}: crop or letterbox it")
