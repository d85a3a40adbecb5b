import io

import numpy as np
import pytest
from clip_preprocess import CLIP_GREY, clip_preprocess, letterbox, normalize, pad_then_resize, resize_then_crop, to_rgb
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.clip_preprocess.pictures import BLUE, GREEN, GREY, NUMBERED, RED, palette_image, places, reopened

RECORD = recorded("clip_preprocess")
SQUARED = [key[7:] for key in RECORD if key.startswith("pixels_") and key != "pixels_float32"]
ENCODED = [key[5:-4] for key in RECORD if key.endswith("_png") and key != "clip_exif_turned_png"]
NO_MEAN, NO_STD = (0, 0, 0), (1, 1, 1)
LINE = np.array([[[200, 100, 0]] * 4], dtype=np.uint8)  # (1, 4, 3): the example of the README
BOTH = pytest.mark.parametrize("square", [pad_then_resize, letterbox], ids=lambda function: function.__name__)


# --- normalize ---------------------------------------------------------------------------------------


def test_each_channel_has_its_own_mean_and_deviation():
    """(pixels / 255 - mean) / std, red with the first mean and std, green with the second, blue with the third."""
    pixels = np.array([[[0, 255, 51], [102, 153, 204]]], dtype=np.uint8)  # (1, 2, 3)
    wanted = [[[-2, -0.4]], [[0.75, -0.25]], [[-0.1, 0.2]]]  # (3, 1, 2)
    # float32 rounding is 1e-7 here; dividing by 256 is off by up to 1e-2
    call(normalize, pixels, (0.5, 0.7, 0.4), (0.25, 0.4, 2)).gives(wanted, atol=1e-6)


def test_channels_come_first():
    """(height, width, 3) becomes (3, height, width): the axis moves, and each pixel keeps its place."""
    wanted = [NUMBERED[:, :, channel] / 255 for channel in range(3)]  # (3, 5, 6)
    call(normalize, NUMBERED, NO_MEAN, NO_STD).gives(wanted, atol=1e-6)


def test_black_and_white_with_the_numbers_of_clip():
    """Without a mean and a std they are CLIP's: black is near -1.8, white near 2."""
    pixels = np.array([[[0, 0, 0]], [[255, 255, 255]]], dtype=np.uint8)  # (2, 1, 3)
    wanted = [[[-1.792263], [1.930336]], [[-1.752097], [2.074884]], [[-1.480220], [2.145897]]]
    call(normalize, pixels).gives(wanted, atol=1e-5)


# --- resize_then_crop --------------------------------------------------------------------------------


def test_the_crop_is_the_middle():
    """The crop begins at (8 - 4) // 2 = 2. Nothing is resized; red is a pixel's row, green its column."""
    image = places(4, 8)
    call(resize_then_crop, image, 4).gives(image[:, 2:6])
    call(resize_then_crop, image.swapaxes(0, 1), 4).gives(image[:, 2:6].swapaxes(0, 1))


def test_an_odd_rest_is_larger_at_the_end():
    """What cannot be halved is larger at the end. Red is a pixel's row, green its column."""
    image = places(4, 7)
    call(resize_then_crop, image, 4).gives(image[:, 1:5])  # (7 - 4) // 2 is 1
    call(resize_then_crop, NUMBERED, 5).gives(NUMBERED[:, :5])  # (6 - 5) // 2 is 0


def test_the_shorter_edge_is_resized():
    """The shorter edge becomes `size`: 1 x 4 at size 2 becomes 2 x 8, and its middle is 2 x 2."""
    call(resize_then_crop, LINE, 2).gives([[[200, 100, 0]] * 2] * 2)


def test_a_step_is_smoothed_by_the_bicubic_kernel():
    """The resize is bicubic: 6 x 1 becomes 24 x 4, whose middle rows lie between the pixels of the step.

    They are 1/8, 3/8, 5/8 and 7/8 of a pixel behind the last one before the step.

    With d the distance, a pixel weighs 1.5 d^3 - 2.5 d^2 + 1 up to 1 and -0.5 d^3 + 2.5 d^2 - 4 d + 2 up to 2,
    so that the two pixels after the step weigh 0.0840, 0.3457, 0.6543 and 0.9160 together.
    """
    image = np.array([[[40, 200, 100]]] * 3 + [[[200, 40, 110]]] * 3, dtype=np.uint8)  # (6, 1, 3)
    rows = np.array([[53, 187, 101], [95, 145, 103], [145, 95, 107], [187, 53, 109]])
    # another rounding is one level; a bilinear resize is off by 7
    call(resize_then_crop, image, 4).gives(np.stack([rows] * 4, axis=1), atol=1)


@pytest.mark.parametrize("name", SQUARED)
def test_the_crop_is_that_of_transformers(name):
    """The pixels are those of CLIPImageProcessor: `size * longer // shorter`, and the middle of it."""
    wanted = RECORD[f"crop_{name}"]
    # another rounding is one level; a longer edge of 19 pixels for 18 (rounded_down) is off by 60
    call(resize_then_crop, RECORD[f"pixels_{name}"], len(wanted)).gives(wanted, atol=1)


# --- pad_then_resize and letterbox -------------------------------------------------------------------


@BOTH
def test_an_image_that_fits_is_only_padded(square):
    """The longer edge is 6 already. The image stands in the middle, an odd rest is larger at the end."""
    wanted = np.full((6, 6, 3), CLIP_GREY, dtype=np.uint8)
    wanted[0:5] = NUMBERED
    call(square, NUMBERED, 6).gives(wanted)
    call(square, NUMBERED.swapaxes(0, 1), 6).gives(wanted.swapaxes(0, 1))
    wanted[:] = (1, 2, 3)
    wanted[1:4] = NUMBERED[:3]
    call(square, NUMBERED[:3], 6, (1, 2, 3)).gives(wanted)


def test_padding_before_the_resize_blurs_the_border():
    """1 x 4 becomes 4 x 4 with the line in row 1, and that 2 x 2.

    Seen from the new upper row, the rows weigh 0.8672, 0.8672, 0.2266 and -0.0703 (the kernel at half the
    distance) of 1.8906; from the lower one the other way round.
    """
    wanted = [[[92, 46, 0]] * 2, [[24, 12, 0]] * 2]
    call(pad_then_resize, LINE, 2, (0, 0, 0)).gives(wanted, atol=1)


def test_the_letterbox_keeps_the_border_sharp():
    """1 x 4 fits into 2 x 2 as 1 x 2 (half a row is rounded up), and stands in row (2 - 1) // 2."""
    call(letterbox, LINE, 2, (0, 0, 0)).gives([[[200, 100, 0]] * 2, [[0, 0, 0]] * 2])


def test_the_letterbox_rounds_up():
    """30 x 44 at size 24: 24 / 44 * 30 is 16.36, so 17 rows, 3 to 19, from (24 - 17) // 2 on; the rest is black."""
    wanted = np.zeros((24, 24, 3), dtype=np.uint8)
    wanted[3:20] = 200, 100, 50
    call(letterbox, np.full((30, 44, 3), (200, 100, 50), dtype=np.uint8), 24, (0, 0, 0)).gives(wanted)


@pytest.mark.parametrize("name", SQUARED)
def test_padding_then_resizing_gives_what_llava_gives(name):
    """The pixels are those of LLaVA's processor: a square of the longer edge, resized as a whole."""
    wanted = RECORD[f"pad_{name}"]
    call(pad_then_resize, RECORD[f"pixels_{name}"], len(wanted)).gives(wanted, atol=1)  # another rounding is one level


@pytest.mark.parametrize("name", SQUARED)
def test_the_letterbox_gives_what_llama_cpp_gave(name):
    """The pixels are those that llama.cpp's encoder got: resized to fit, then padded."""
    wanted = RECORD[f"letterbox_{name}"]
    call(letterbox, RECORD[f"pixels_{name}"], len(wanted)).gives(wanted, atol=1)  # another rounding is one level


def test_the_crop_loses_what_the_squares_keep():
    """A white stripe at the left of a wide image: which of the three shows it to the encoder?"""
    wide = np.zeros((10, 30, 3), dtype=np.uint8)
    wide[:, :5] = 255
    call(resize_then_crop, wide, 10).satisfies(lambda pixels: pixels.max() < 32, "nothing white is in the middle")
    for square in (pad_then_resize, letterbox):
        call(square, wide, 12, (0, 0, 0)).satisfies(
            lambda pixels: pixels[:, 0].max() > 200 and pixels[:, -8:].max() < 48, "the stripe is on the left")


@settings(max_examples=25)
@given(edge=st.integers(1, 40), size=st.integers(1, 30))
def test_a_square_image_is_only_resized(edge, size):
    """Nothing to crop, nothing to pad: the three agree."""
    image = places(edge, edge) * 6
    cropped = call(resize_then_crop, image, size).value
    for square in (pad_then_resize, letterbox):
        call(square, image, size).gives(cropped, atol=1)


# --- to_rgb and the whole ----------------------------------------------------------------------------


def test_grey_and_palette_become_colours():
    """A grey level is its own red, green and blue; a palette's numbers stand for colours; 1 bit is 0 or 255."""
    grey = np.arange(0, 255, 17, dtype=np.uint8).reshape(3, 5)
    wanted = np.stack([grey] * 3, axis=-1)
    call(to_rgb, reopened(Image.fromarray(grey))).gives(wanted)
    call(to_rgb, reopened(Image.fromarray(grey > 99))).gives(np.where(wanted > 99, 255, 0))
    call(to_rgb, reopened(palette_image())).gives(np.array([[RED, GREEN, BLUE], [GREY, BLUE, RED]]))
    call(to_rgb, reopened(Image.fromarray(NUMBERED))).gives(NUMBERED)


def test_the_background_shows_through_transparent_pixels():
    """alpha * color + (1 - alpha) * background, white unless asked for: 51 is 0.2, and 0.2 * 30 + 0.8 * 255 is 210."""
    pixels = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [30, 60, 255, 51]]], dtype=np.uint8)
    call(to_rgb, Image.fromarray(pixels[:, :2])).gives([[[200, 100, 50], [255, 255, 255]]])
    call(to_rgb, Image.fromarray(pixels)).gives([[[200, 100, 50], [255, 255, 255], [210, 216, 255]]], atol=1)
    call(to_rgb, Image.fromarray(pixels), (0, 100, 20)).gives([[[200, 100, 50], [0, 100, 20], [6, 92, 67]]], atol=1)


@pytest.mark.parametrize("name", ENCODED)
def test_the_encoder_sees_what_transformers_gives_it(name):
    """The whole, from a file to the encoder: to_rgb, resize_then_crop, normalize, as CLIPImageProcessor has it."""
    image = Image.open(io.BytesIO(RECORD[f"clip_{name}_png"].tobytes()))
    wanted = RECORD[f"clip_{name}"]
    statistics = {"mean": RECORD["other_mean"], "std": RECORD["other_std"]} if name == "other_statistics" else {}
    one_level = 1.001 / 255 / (0.2 if statistics else 0.2613)  # another rounding; a stretched image is off by 1
    call(clip_preprocess, image, wanted.shape[1], **statistics).gives(wanted, atol=one_level)


def test_224_pixels_are_the_default():
    """Without a size it is 224. Red is a pixel's row, green its column; the crop begins at column 13."""
    photo, bytes_again = places(224, 250), (1 / 255,) * 3
    call(clip_preprocess, Image.fromarray(photo), mean=NO_MEAN, std=bytes_again).gives(
        photo[:, 13:237].transpose(2, 0, 1), atol=1e-3)
