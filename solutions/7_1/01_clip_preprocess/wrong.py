"""Wrong answers that people give to the preprocessing kata; each docstring says what is wrong."""

import math

import numpy as np
from clip_preprocess import (
    CLIP_GREY,
    CLIP_MEAN,
    CLIP_STD,
    WHITE,
    letterbox,
    normalize,
    pad_then_resize,
    resize_then_crop,
    to_rgb,
)
from PIL import ExifTags, Image

from fixtures.checking import wrong_answer_to


def _resized(pixels, height, width):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def _middle(pixels, size):
    top, left = (pixels.shape[0] - size) // 2, (pixels.shape[1] - size) // 2
    return pixels[top:top + size, left:left + size]


def _on_square(pixels, size, color):
    square = np.full((size, size, 3), color, dtype=np.uint8)
    top, left = (size - pixels.shape[0]) // 2, (size - pixels.shape[1]) // 2
    square[top:top + pixels.shape[0], left:left + pixels.shape[1]] = pixels
    return square


@wrong_answer_to(normalize)
def forgets_to_rescale(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """The mean and the deviation are those of numbers of 0..1: divide the bytes by 255 first."""
    return ((pixels - np.array(mean)) / np.array(std)).transpose(2, 0, 1)


@wrong_answer_to(normalize)
def leaves_the_channels_last(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """The channels are still the last axis: (height, width, 3) becomes (3, height, width), with transpose(2, 0, 1)."""
    return (pixels / 255 - np.array(mean)) / np.array(std)


@wrong_answer_to(normalize)
def reshapes_the_channels_to_the_front(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """The pixels are torn apart: reshape keeps the order in memory, transpose (2, 0, 1) moves the channels."""
    return ((pixels / 255 - np.array(mean)) / np.array(std)).reshape(3, *pixels.shape[:2])


@wrong_answer_to(resize_then_crop)
def stretches_to_a_square(pixels, size):
    """The whole image was squeezed into the square: only the shorter edge becomes `size`, the rest is cut off."""
    return _resized(pixels, size, size)


@wrong_answer_to(resize_then_crop)
def crops_the_corner(pixels, size):
    """This is the upper left corner: the crop is the middle, it begins at (longer - size) // 2."""
    height, width = (size * edge // min(pixels.shape[:2]) for edge in pixels.shape[:2])
    return _resized(pixels, height, width)[:size, :size]


@wrong_answer_to(resize_then_crop)
def swaps_height_and_width(pixels, size):
    """Height and width are swapped: an array's shape is (height, width, 3), Pillow's size is (width, height)."""
    height, width = (size * edge // min(pixels.shape[:2]) for edge in pixels.shape[:2])
    return _middle(_resized(pixels, width, height), size)


@wrong_answer_to(resize_then_crop)
def divides_before_it_multiplies(pixels, size):
    """The longer edge is a pixel short, for size / shorter was rounded before it was multiplied: take
    size * longer // shorter.
    """
    scale = size / min(pixels.shape[:2])
    height, width = (max(size, int(edge * scale)) for edge in pixels.shape[:2])
    return _middle(_resized(pixels, height, width), size)


@wrong_answer_to(pad_then_resize)
def resizes_before_it_pads(pixels, size, color=CLIP_GREY):
    """The border is sharp, because it was added after the resize: pad to a square first, then resize the whole."""
    return letterbox(pixels, size, color)


@wrong_answer_to(letterbox)
def computes_the_edge_in_float64(pixels, size, color=CLIP_GREY):
    """The edge is the exact one: a whole number may come out larger in float32, and llama.cpp rounds it up."""
    height, width = (math.ceil(edge * size / max(pixels.shape[:2])) for edge in pixels.shape[:2])
    return _on_square(_resized(pixels, height, width), size, color)


@wrong_answer_to(to_rgb)
def drops_the_alpha(image, background=WHITE):
    """The transparency is ignored: blend with the background. It is in an alpha channel, or, of a palette, grey or
    RGB image, in image.info["transparency"]; convert("RGBA") understands both.
    """
    return to_rgb(image, None)


@wrong_answer_to(to_rgb)
def overflows_in_the_blend(image, background=WHITE):
    """alpha * color went around at 256, because a product of bytes is kept in a byte: take wider numbers first."""
    if image.mode != "RGBA" or background is None:
        return to_rgb(image, background)
    colors, alpha = np.asarray(image)[..., :3], np.asarray(image)[..., 3:]
    return ((alpha * colors + (255 - alpha) * np.array(background)) / 255).astype(np.uint8)


@wrong_answer_to(to_rgb)
def takes_the_image_as_it_is_stored(image, background=WHITE):
    """The EXIF orientation is ignored: it says how to turn or mirror the image. ImageOps.exif_transpose does that."""
    image = image.copy()
    image.getexif().pop(ExifTags.Base.Orientation, None)
    return to_rgb(image, background)
