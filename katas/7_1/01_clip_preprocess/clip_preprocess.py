"""From any image to the pixels that a CLIP vision encoder sees.

Hugging Face's CLIPImageProcessor, LLaVA and llama.cpp (tools/mtmd/mtmd-image.cpp) give three answers to one
question: what becomes of an image that is not square. It is cropped, padded before the resize, or after it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
    raise NotImplementedError


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
    raise NotImplementedError


def center_crop(pixels: Pixels, size: int) -> Pixels:
    """Cut the middle square of size x size.

    pixels: (height, width, 3) uint8
    Returns (size, size, 3) uint8 that begins at row (height - size) // 2 and column (width - size) // 2. What
    lies outside of the image (where such a number is negative) is black.
    Raises TypeError and ValueError for pixels and size as resize_shortest_edge does, but any aspect will do.
    Source: transformers center_crop.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    raise NotImplementedError


def pad_to_square_then_resize(pixels: Pixels, size: int, color: Color = CLIP_GREY) -> Pixels:
    """Pad to a square around the image, then resize: nothing is cut off, and the border is blurred.

    pixels: (height, width, 3) uint8
    Returns (size, size, 3) uint8. The square's side is the longer edge, the image begins at
    (longer - shorter) // 2, and color fills the rest.
    Raises TypeError and ValueError for pixels and size as resize_shortest_edge does; ValueError if color is
    not three whole numbers of 0..255.
    Source: LLaVA 1.5, image_aspect_ratio "pad" (expand2square).
    """
    raise NotImplementedError


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
    raise NotImplementedError
