"""Wrong answers that people give to the preprocessing kata; each docstring says what was misunderstood."""

import math

import numpy as np
from clip_preprocess import (
    CLIP_GREY,
    CLIP_MEAN,
    CLIP_STD,
    WHITE,
    center_crop,
    clip_preprocess,
    letterbox,
    normalize,
    pad_to_square_then_resize,
    resize_shortest_edge,
    to_rgb,
)
from PIL import ExifTags, Image, ImageOps

from fixtures.checking import wrong_answer_to

BICUBIC = Image.Resampling.BICUBIC


def _resized(pixels, width, height, kernel=BICUBIC):
    return np.asarray(Image.fromarray(pixels).resize((width, height), kernel))


def _edges(pixels, size):
    height, width = pixels.shape[:2]
    return (size, size * height // width) if width <= height else (size * width // height, size)


def _square(pixels, size, color, top, left):
    canvas = np.full((size, size, 3), color, dtype=np.uint8)
    canvas[top:top + len(pixels), left:left + pixels.shape[1]] = pixels
    return canvas


# --- to_rgb ------------------------------------------------------------------------------------------


@wrong_answer_to(to_rgb)
def drops_the_alpha(image, background=WHITE):
    """The transparency of this image is ignored: blend with the background. It is in an alpha channel, or, for a
    palette, grey or RGB image, in image.info["transparency"]; convert("RGBA") understands both.
    """
    return to_rgb(image, None)


@wrong_answer_to(to_rgb)
def blends_with_black(image, background=WHITE):
    """Transparent pixels became black: multiplying by the alpha is only half of the blend, (1 - alpha) *
    background is the other.
    """
    return to_rgb(image, background and (0, 0, 0))


@wrong_answer_to(to_rgb)
def always_blends_with_white(image, background=WHITE):
    """The background is white whatever is asked for: use the colour given, and for None take the stored colours."""
    return to_rgb(image, WHITE)


@wrong_answer_to(to_rgb)
def clips_16_bits(image, background=WHITE):
    """Image.convert clips 16-bit grey: all above 255 became white. Take the high byte, value >> 8, before
    you convert.
    """
    return np.asarray(image.convert("RGB")) if image.mode.startswith("I") else to_rgb(image, background)


@wrong_answer_to(to_rgb)
def takes_the_low_byte(image, background=WHITE):
    """astype(uint8) keeps the low byte of a 16-bit number, which is noise: keep the high one, value >> 8."""
    if not image.mode.startswith("I"):
        return to_rgb(image, background)
    return np.stack([np.asarray(image).astype(np.uint8)] * 3, axis=-1)


@wrong_answer_to(to_rgb)
def stretches_16_bits(image, background=WHITE):
    """You divided by the image's own maximum: a dark image becomes a bright one. The range of 16 bits is
    0..65535, whatever is in it.
    """
    if not image.mode.startswith("I"):
        return to_rgb(image, background)
    grey = np.asarray(image).astype(np.float64)
    return np.stack([(grey / grey.max() * 255).astype(np.uint8)] * 3, axis=-1)


@wrong_answer_to(to_rgb)
def scales_16_bits(image, background=WHITE):
    """You multiplied by 255 / 65535: the high byte is value >> 8, a division by 256. 65535 becomes 255 either way,
    but 256 becomes 0 here.
    """
    if not image.mode.startswith("I"):
        return to_rgb(image, background)
    return np.stack([(np.asarray(image) / 257).astype(np.uint8)] * 3, axis=-1)


@wrong_answer_to(to_rgb)
def rounds_16_bits(image, background=WHITE):
    """You rounded to the nearest of 256 levels: the high byte is value >> 8, rounded down."""
    if not image.mode.startswith("I"):
        return to_rgb(image, background)
    return np.stack([np.round(np.asarray(image) / 257).astype(np.uint8)] * 3, axis=-1)


@wrong_answer_to(to_rgb)
def takes_any_numbers(image, background=WHITE):
    """Mode F and numbers outside of 0..65535 have no known range: they would be clipped or wrap around, so refuse
    them.
    """
    if image.mode == "F":
        return np.asarray(image.convert("RGB"))
    if image.mode == "I":
        return np.stack([(np.asarray(image) >> 8).astype(np.uint8)] * 3, axis=-1)
    return to_rgb(image, background)


@wrong_answer_to(to_rgb)
def takes_three_channels_for_colours(image, background=WHITE):
    """Three channels need not be red, green and blue: YCbCr, LAB and HSV have three as well, convert them."""
    return np.asarray(image) if image.mode in ("YCbCr", "LAB", "HSV") else to_rgb(image, background)


@wrong_answer_to(to_rgb)
def cuts_the_alpha_at_half(image, background=WHITE):
    """Half transparent pixels are all or nothing here: blend, alpha * color + (1 - alpha) * background."""
    if image.mode != "RGBA" or background is None:
        return to_rgb(image, background)
    seen = np.asarray(image)[..., 3:] >= 128
    return np.where(seen, np.asarray(image)[..., :3], np.array(background)).astype(np.uint8)


@wrong_answer_to(to_rgb)
def gives_blue_first(image, background=WHITE):
    """Red and blue are swapped: OpenCV's images are BGR, Pillow's are RGB already."""
    return to_rgb(image, background)[..., ::-1]


@wrong_answer_to(to_rgb)
def does_not_turn(image, background=WHITE):
    """The image lies on its side: its EXIF orientation says how to turn it. ImageOps.exif_transpose does."""
    image = image.copy()
    image.getexif().pop(ExifTags.Base.Orientation, None)
    image.info.pop("exif", None)
    return to_rgb(image, background)


@wrong_answer_to(to_rgb)
def turns_the_other_way(image, background=WHITE):
    """Orientation 6 is turned clockwise and 8 counter-clockwise; numpy's rot90 and Pillow's rotate go
    counter-clockwise.
    """
    upright = to_rgb(image, background)
    sideways = image.getexif().get(ExifTags.Base.Orientation) in (6, 8)
    return np.rot90(upright, 2) if sideways else upright


@wrong_answer_to(to_rgb)
def takes_ink_for_light(image, background=WHITE):
    """The first three channels of CMYK are inks, not colours: convert("RGB") subtracts them, and the black,
    from white.
    """
    return np.asarray(image)[..., :3] if image.mode == "CMYK" else to_rgb(image, background)


# --- resize_shortest_edge ----------------------------------------------------------------------------


@wrong_answer_to(resize_shortest_edge)
def rounds_the_longer_edge(pixels, size):
    """The longer edge was rounded to the nearest number, or up: transformers cuts the fraction off with int()."""
    height, width = pixels.shape[:2]
    longer = round(size * max(height, width) / min(height, width))
    return _resized(pixels, *((size, longer) if width <= height else (longer, size)))


@wrong_answer_to(resize_shortest_edge)
def multiplies_by_a_rounded_scale(pixels, size):
    """You multiplied by size / shorter, which is rounded already, and a whole number came out a little too small:
    size * longer / shorter multiplies first.
    """
    height, width = pixels.shape[:2]
    longer = int(max(height, width) * (size / min(height, width)))
    return _resized(pixels, *((size, longer) if width <= height else (longer, size)))


@wrong_answer_to(resize_shortest_edge)
def never_enlarges(pixels, size):
    """A small image stayed small, as Image.thumbnail leaves it: its shorter edge has to become `size` as well."""
    return resize_shortest_edge(pixels, min(size, *pixels.shape[:2]))


@wrong_answer_to(resize_shortest_edge)
def stretches_to_a_square(pixels, size):
    """Both edges became `size`: that stretches the image. Only the shorter edge does, the other keeps the aspect."""
    return _resized(pixels, size, size)


@wrong_answer_to(resize_shortest_edge)
def resizes_the_longest_edge(pixels, size):
    """The longer edge has `size` pixels now: it is the shorter one that has to."""
    height, width = pixels.shape[:2]
    return _resized(pixels, max(size * width // max(height, width), 1), max(size * height // max(height, width), 1))


@wrong_answer_to(resize_shortest_edge)
def swaps_width_and_height(pixels, size):
    """Width and height are swapped: Pillow's sizes are (width, height), an array's shape is (height, width)."""
    return _resized(pixels, *_edges(pixels, size)[::-1])


@wrong_answer_to(resize_shortest_edge)
def resizes_bilinearly(pixels, size):
    """This is a bilinear resize: CLIP was trained on bicubic ones."""
    return _resized(pixels, *_edges(pixels, size), Image.Resampling.BILINEAR)


@wrong_answer_to(resize_shortest_edge)
def resizes_with_lanczos(pixels, size):
    """This is a Lanczos resize: sharper, but CLIP was trained on bicubic ones."""
    return _resized(pixels, *_edges(pixels, size), Image.Resampling.LANCZOS)


@wrong_answer_to(resize_shortest_edge)
def takes_the_nearest_pixel(pixels, size):
    """This takes single pixels and skips the others: ask for a bicubic resize."""
    return _resized(pixels, *_edges(pixels, size), Image.Resampling.NEAREST)


@wrong_answer_to(resize_shortest_edge)
def does_not_smooth_before_shrinking(pixels, size):
    """Bicubic without antialiasing looks at 4 x 4 pixels however small the result is, as torch's
    interpolate and OpenCV do unless told otherwise. Pillow's resize widens the kernel.
    """
    height, width = pixels.shape[:2]
    new_width, new_height = _edges(pixels, size)
    scale = (width / new_width, 0, 0, 0, height / new_height, 0)
    image = Image.fromarray(pixels)
    return np.asarray(image.transform((new_width, new_height), Image.Transform.AFFINE, scale, BICUBIC))


# --- center_crop -------------------------------------------------------------------------------------


@wrong_answer_to(center_crop)
def rounds_the_offset_up(pixels, size):
    """The crop begins one pixel late: an odd rest is halved with // 2, which rounds down (for negative
    numbers as well).
    """
    top, left = -((size - pixels.shape[0]) // 2), -((size - pixels.shape[1]) // 2)
    padded = np.pad(pixels, ((size, size), (size, size), (0, 0)))
    return padded[size + top:2 * size + top, size + left:2 * size + left]


@wrong_answer_to(center_crop)
def crops_at_the_corner(pixels, size):
    """This is the upper left corner: the crop is taken from the middle."""
    padded = np.pad(pixels, ((0, size), (0, size), (0, 0)))
    return padded[:size, :size]


@wrong_answer_to(center_crop)
def swaps_the_offsets(pixels, size):
    """The offsets of rows and columns are swapped: the first axis of an array is the height."""
    top, left = (pixels.shape[1] - size) // 2, (pixels.shape[0] - size) // 2
    padded = np.pad(pixels, ((size, size), (size, size), (0, 0)))
    return padded[size + top:2 * size + top, size + left:2 * size + left]


@wrong_answer_to(center_crop)
def does_not_pad_small_images(pixels, size):
    """An image smaller than the crop has to be put on black: the result is size x size whatever comes in."""
    top, left = max((pixels.shape[0] - size) // 2, 0), max((pixels.shape[1] - size) // 2, 0)
    return pixels[top:top + size, left:left + size]


@wrong_answer_to(center_crop)
def puts_small_images_on_grey(pixels, size):
    """The border is grey: what lies outside of a crop is black, the grey is for letterbox and padding."""
    inside = center_crop(np.ones_like(pixels), size).astype(bool)
    return np.where(inside, center_crop(pixels, size), np.array(CLIP_GREY, dtype=np.uint8))


@wrong_answer_to(center_crop)
def repeats_the_edge_of_small_images(pixels, size):
    """Around the image its last pixels are repeated: what lies outside is black."""
    rows, columns = ((np.arange(size) + (edge - size) // 2).clip(0, edge - 1) for edge in pixels.shape[:2])
    return pixels[rows[:, None], columns]


@wrong_answer_to(center_crop)
def counts_back_from_the_end(pixels, size):
    """A negative offset counts from the end in a slice: (height - size) // 2 is negative where the image is
    too small.
    """
    top, left = (pixels.shape[0] - size) // 2, (pixels.shape[1] - size) // 2
    return pixels[top:top + size, left:left + size]


# --- normalize ---------------------------------------------------------------------------------------


@wrong_answer_to(normalize)
def forgets_to_rescale(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """The mean and the deviation are those of numbers of 0..1: divide the bytes by 255 first."""
    return ((pixels - np.array(mean)) / np.array(std)).transpose(2, 0, 1).astype(np.float32)


@wrong_answer_to(normalize)
def divides_by_256(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """You divided by 256: white is 255, and has to become 1."""
    return ((pixels / 256 - np.array(mean)) / np.array(std)).transpose(2, 0, 1).astype(np.float32)


@wrong_answer_to(normalize)
def only_rescales(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """These are the numbers of 0..1: the mean of each channel has to go, and each has to be divided by its
    deviation.
    """
    return (pixels / 255).transpose(2, 0, 1).astype(np.float32)


@wrong_answer_to(normalize)
def maps_to_minus_one_to_one(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """This is pixels / 127.5 - 1, a mean and a deviation of 0.5 for all channels, as SigLIP has it: use the
    numbers given.
    """
    return (pixels / 127.5 - 1).transpose(2, 0, 1).astype(np.float32)


@wrong_answer_to(normalize)
def swaps_red_and_blue(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """Red and blue are swapped: OpenCV's images are BGR, Pillow's are RGB already."""
    return normalize(pixels[..., ::-1], mean, std)


@wrong_answer_to(normalize)
def leaves_the_channels_last(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """The numbers are right, the order is not: encoders take (3, height, width). Transpose (2, 0, 1)."""
    return normalize(pixels, mean, std).transpose(1, 2, 0)


@wrong_answer_to(normalize)
def reshapes_the_channels_to_the_front(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """reshape to (3, height, width) keeps the order in memory and tears the pixels apart: transpose (2, 0,
    1) moves the axis.
    """
    return normalize(pixels, mean, std).transpose(1, 2, 0).reshape(3, *pixels.shape[:2])


@wrong_answer_to(normalize)
def swaps_height_and_width(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """Height and width are swapped: .T turns all axes around. Transpose (2, 0, 1)."""
    return normalize(pixels, mean, std).transpose(0, 2, 1)


@wrong_answer_to(normalize)
def divides_before_it_subtracts(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """You divided by the deviation before the mean was gone: (pixels / 255 - mean) / std."""
    return (pixels / 255 / np.array(std) - np.array(mean)).transpose(2, 0, 1).astype(np.float32)


@wrong_answer_to(normalize)
def divides_by_the_variance(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """You divided by the square of the deviation."""
    return normalize(pixels, mean, np.square(std))


@wrong_answer_to(normalize)
def normalizes_with_the_images_own_numbers(pixels, mean=CLIP_MEAN, std=CLIP_STD):
    """You took mean and deviation of this image: the encoder was trained with one mean and one deviation for all."""
    own = pixels.reshape(-1, 3) / 255
    return ((pixels / 255 - own.mean(axis=0)) / (own.std(axis=0) + 1e-6)).transpose(2, 0, 1).astype(np.float32)


# --- clip_preprocess ---------------------------------------------------------------------------------


@wrong_answer_to(clip_preprocess)
def crops_before_it_resizes(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """You cut the square out of the large image and resized that: the order is resize, crop, normalize."""
    pixels = to_rgb(image, background)
    return normalize(_resized(center_crop(pixels, min(pixels.shape[:2])), crop_size, crop_size), mean, std)


@wrong_answer_to(clip_preprocess)
def stretches(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """The whole image was squeezed into the square: resize the shorter edge and crop the middle."""
    return normalize(_resized(to_rgb(image, background), crop_size, crop_size), mean, std)


@wrong_answer_to(clip_preprocess)
def makes_a_letterbox(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """This is llama.cpp's letterbox: CLIPImageProcessor resizes the shorter edge and cuts the middle out."""
    return normalize(letterbox(to_rgb(image, background), crop_size), mean, std)


@wrong_answer_to(clip_preprocess)
def pads_to_a_square(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """This is LLaVA's padding: CLIPImageProcessor resizes the shorter edge and cuts the middle out."""
    return normalize(pad_to_square_then_resize(to_rgb(image, background), crop_size), mean, std)


@wrong_answer_to(clip_preprocess)
def crops_to_the_size(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """You cropped to `size`: that is the shorter edge after the resize, the square has crop_size."""
    return clip_preprocess(image, size, size, mean, std, background)


@wrong_answer_to(clip_preprocess)
def resizes_to_the_crop_size(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """You resized to crop_size: the shorter edge gets `size`, and the square that is cut from it crop_size."""
    return clip_preprocess(image, crop_size, crop_size, mean, std, background)


@wrong_answer_to(clip_preprocess)
def ignores_mean_and_std(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """mean and std do not reach normalize: they are CLIP's, whatever is asked for."""
    return clip_preprocess(image, size, crop_size, background=background)


@wrong_answer_to(clip_preprocess)
def ignores_the_background(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """background does not reach to_rgb: it is white, whatever is asked for."""
    return clip_preprocess(image, size, crop_size, mean, std)


@wrong_answer_to(clip_preprocess)
def resizes_palette_numbers(image, size=224, crop_size=224, mean=CLIP_MEAN, std=CLIP_STD, background=WHITE):
    """You resized before the conversion to RGB, with what the image is stored as: numbers of a palette, or
    black and white, cannot be blended. Convert first.
    """
    small = ImageOps.exif_transpose(image)
    longer = size * max(small.size) // min(small.size)
    small = small.resize((size, longer) if small.width <= small.height else (longer, size), BICUBIC)
    return normalize(center_crop(to_rgb(small, background), crop_size), mean, std)


# --- pad_to_square_then_resize -----------------------------------------------------------------------


@wrong_answer_to(pad_to_square_then_resize)
def resizes_before_it_pads(pixels, size, color=CLIP_GREY):
    """This is the letterbox: here the padding comes first, and its border is resized with the image."""
    return letterbox(pixels, size, color)


@wrong_answer_to(pad_to_square_then_resize)
def pads_at_the_end(pixels, size, color=CLIP_GREY):
    """All the padding is at the end: the image stands in the middle, at (longer - shorter) // 2."""
    return _resized(_square(pixels, max(pixels.shape[:2]), color, 0, 0), size, size)


@wrong_answer_to(pad_to_square_then_resize)
def pads_black(pixels, size, color=CLIP_GREY):
    """The padding is black: use the colour given. CLIP's mean is near zero after normalize, black is -1.8."""
    return pad_to_square_then_resize(pixels, size, (0, 0, 0))


@wrong_answer_to(pad_to_square_then_resize)
def begins_one_pixel_late(pixels, size, color=CLIP_GREY):
    """An odd rest is larger at the end: the image begins at (longer - shorter) // 2, rounded down."""
    side = max(pixels.shape[:2])
    top, left = ((side - edge + 1) // 2 for edge in pixels.shape[:2])
    return _resized(_square(pixels, side, color, top, left), size, size)


@wrong_answer_to(pad_to_square_then_resize)
def pads_with_the_edge(pixels, size, color=CLIP_GREY):
    """The last rows or columns are repeated: fill with the colour."""
    side = max(pixels.shape[:2])
    around = [((side - edge) // 2, side - edge - (side - edge) // 2) for edge in pixels.shape[:2]]
    return _resized(np.pad(pixels, (*around, (0, 0)), mode="edge"), size, size)


@wrong_answer_to(pad_to_square_then_resize)
def cuts_off_the_rest(pixels, size, color=CLIP_GREY):
    """You cut a square out of the image: here nothing is lost, the shorter side is padded."""
    return _resized(center_crop(pixels, min(pixels.shape[:2])), size, size)


# --- letterbox ---------------------------------------------------------------------------------------


@wrong_answer_to(letterbox)
def pads_before_it_resizes(pixels, size, color=CLIP_GREY):
    """The border is blurred, because it was resized with the image: a letterbox resizes first and pads then."""
    return pad_to_square_then_resize(pixels, size, color)


def _boxed(pixels, size, color, rounded, scale_type=np.float32):
    edges = np.array(pixels.shape[:2], dtype=scale_type)
    height, width = (max(min(rounded(edge), size), 1) for edge in edges * (scale_type(size) / edges).min())
    small = _resized(_resized(pixels, width, len(pixels)), width, height)
    return _square(small, size, color, (size - height) // 2, (size - width) // 2)


@wrong_answer_to(letterbox)
def rounds_the_edge_down(pixels, size, color=CLIP_GREY):
    """The edges were not rounded up: int() and // go down, round() goes to the nearest. llama.cpp takes ceil."""
    return _boxed(pixels, size, color, math.floor, np.float64)


@wrong_answer_to(letterbox)
def computes_the_edge_in_float64(pixels, size, color=CLIP_GREY):
    """Your edge is the exact one. llama.cpp computes in float32, where a whole number may come out a little
    above, and is rounded up to the next.
    """
    return _boxed(pixels, size, color, math.ceil, np.float64)


@wrong_answer_to(letterbox)
def puts_it_one_pixel_late(pixels, size, color=CLIP_GREY):
    """An odd rest is larger at the end: the image begins at (size - edge) // 2, rounded down."""
    edges = np.array(pixels.shape[:2], dtype=np.float32)
    height, width = (min(math.ceil(edge), size) for edge in edges * (np.float32(size) / edges).min())
    small = _resized(_resized(pixels, width, len(pixels)), width, height)
    return _square(small, size, color, (size - height + 1) // 2, (size - width + 1) // 2)


@wrong_answer_to(letterbox)
def leaves_small_images_small(pixels, size, color=CLIP_GREY):
    """A small image stayed small: it is enlarged until it fits."""
    height, width = pixels.shape[:2]
    if max(height, width) >= size:
        return letterbox(pixels, size, color)
    return _square(pixels, size, color, (size - height) // 2, (size - width) // 2)


@wrong_answer_to(letterbox)
def puts_it_at_the_top_left(pixels, size, color=CLIP_GREY):
    """All the padding is at the end: the image stands in the middle, at (size - edge) // 2."""
    height, width = pixels.shape[:2]
    scale = min(size / width, size / height)
    edges = (min(math.ceil(np.float32(edge * scale)), size) for edge in (width, height))
    return _square(_resized(pixels, *edges), size, color, 0, 0)


@wrong_answer_to(letterbox)
def letterboxes_in_black(pixels, size, color=CLIP_GREY):
    """The border is black: use the colour given. CLIP's mean is near zero after normalize, black is -1.8."""
    return letterbox(pixels, size, (0, 0, 0))


@wrong_answer_to(letterbox)
def stretches_into_the_box(pixels, size, color=CLIP_GREY):
    """Both edges became `size`: a letterbox keeps the aspect and fills the rest with the colour."""
    return _resized(pixels, size, size)
