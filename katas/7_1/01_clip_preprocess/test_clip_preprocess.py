import io

import numpy as np
import pytest
from clip_preprocess import (
    CLIP_GREY,
    center_crop,
    clip_preprocess,
    letterbox,
    normalize,
    pad_to_square_then_resize,
    resize_shortest_edge,
    to_rgb,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from fixtures.checking import call
from fixtures.katas import recorded

RECORD = recorded("clip_preprocess")
CLIP_CASES = [name[5:-4] for name in RECORD if name.startswith("clip_") and name.endswith("_png")]
RESIZED = [name[8:-7] for name in RECORD if name.startswith("resized_") and name.endswith("_pixels")]
SQUARED = [name[7:-7] for name in RECORD if name.startswith("square_") and name.endswith("_pixels")]

NUMBERED = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)  # every number is another one
NO_MEAN, NO_STD = (0, 0, 0), (1, 1, 1)


def noise(*shape):
    """Return random levels: bytes in which no two places are alike."""
    return np.random.default_rng(list(shape)).integers(0, 256, shape, dtype=np.uint8)


def file_of(image, kind="PNG", **options):
    """Return the bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def reopened(image, kind="PNG", **options):
    """Return the image as Image.open gives it: not read yet."""
    return Image.open(io.BytesIO(file_of(image, kind, **options)))


def palette_image():
    """Return 2 x 3 pixels of the colours red, green, blue and grey."""
    image = Image.frombytes("P", (3, 2), bytes([0, 1, 2, 3, 2, 0]))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 91, 92])
    return image


RED, GREEN, BLUE, GREY, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 91, 92), (255, 255, 255)


# --- normalize ---------------------------------------------------------------------------------------


def test_each_channel_has_its_own_mean_and_deviation():
    pixels = np.array([[[0, 255, 51], [102, 153, 204]]], dtype=np.uint8)  # (1, 2, 3)
    wanted = np.array([[[-2, -0.4]], [[0.75, -0.25]], [[-0.1, 0.2]]], dtype=np.float32)  # (3, 1, 2)
    # float32 rounding is 1e-7 here; dividing by 256 is off by 1e-2
    call(normalize, pixels, (0.5, 0.7, 0.4), (0.25, 0.4, 2)).gives(wanted, atol=1e-6, dtype=np.float32)


def test_black_and_white_with_the_numbers_of_clip():
    pixels = np.array([[[0, 0, 0]], [[255, 255, 255]]], dtype=np.uint8)  # (2, 1, 3)
    wanted = np.array([[[-1.792263], [1.930336]], [[-1.752097], [2.074884]], [[-1.480220], [2.145897]]])
    call(normalize, pixels).gives(wanted, atol=1e-5)


def test_channels_come_first():
    wanted = np.array([NUMBERED[:, :, channel] for channel in range(3)]) / 255  # (3, 5, 6)
    call(normalize, NUMBERED, NO_MEAN, NO_STD).gives(wanted, atol=1e-6)


@pytest.mark.parametrize("kind", [list, np.array], ids=["list", "array"])
def test_mean_and_deviation_may_be_any_sequence(kind):
    wanted = (NUMBERED.transpose(2, 0, 1) / 255 - 0.5) / np.array([[[1.0]], [[0.5]], [[0.25]]])
    call(normalize, NUMBERED, kind([0.5, 0.5, 0.5]), kind([1.0, 0.5, 0.25])).gives(wanted, atol=1e-6)


def test_views_with_strides_are_read_correctly():
    turned = noise(7, 4, 3)[::-1, ::2]
    call(normalize, turned, NO_MEAN, NO_STD).gives(np.stack(np.split(turned, 3, axis=2))[..., 0] / 255, atol=1e-6)
    call(center_crop, turned, 1).gives(np.array([[turned[3, 0]]]))
    call(resize_shortest_edge, turned, 2).gives(np.array(turned))


@pytest.mark.parametrize("name", ["mean", "std"])
def test_mean_and_deviation_are_three_finite_numbers(name):
    for numbers in ((0.5, 0.5), 0.5, (0.5, 0.5, 0.5, 0.5), (0.5, np.nan, 0.5), (0.5, 0.5, np.inf),
                    None, "0.5", (0.5, 0.5, "half"), (0.5, 0.5, 1j)):
        call(normalize, NUMBERED, **{name: numbers}).raises(ValueError, naming=name)


def test_a_deviation_is_above_zero():
    call(normalize, NUMBERED, NO_MEAN, (1, 0, 1)).raises(ValueError, naming="std")
    call(normalize, NUMBERED, NO_MEAN, (1, 1, -0.5)).raises(ValueError, naming="std")


# --- center_crop -------------------------------------------------------------------------------------


def test_the_crop_is_the_middle():
    call(center_crop, NUMBERED, 3).gives(NUMBERED[1:4, 1:4], dtype=np.uint8)  # (6 - 3) // 2 is 1


def test_an_odd_rest_is_larger_at_the_end():
    call(center_crop, NUMBERED, 2).gives(NUMBERED[1:3, 2:4])  # (5 - 2) // 2 is 1
    call(center_crop, NUMBERED.swapaxes(0, 1), 2).gives(NUMBERED.swapaxes(0, 1)[2:4, 1:3])


def test_a_crop_larger_than_the_image_has_a_black_border():
    image = NUMBERED[1:3, 1:4]  # 2 x 3
    wanted = np.zeros((6, 6, 3), dtype=np.uint8)
    wanted[2:4, 2:5] = image  # -((2 - 6) // 2) is 2, -((3 - 6) // 2) is 2: an odd rest is larger at the beginning
    call(center_crop, image, 6).gives(wanted)


def test_a_crop_may_be_larger_one_way_and_smaller_the_other():
    image = noise(7, 2, 3)
    wanted = np.zeros((4, 4, 3), dtype=np.uint8)
    wanted[:, 1:3] = image[1:5]
    call(center_crop, image, 4).gives(wanted)
    call(center_crop, image.swapaxes(0, 1), 4).gives(wanted.swapaxes(0, 1))


# --- resize_shortest_edge ----------------------------------------------------------------------------


def test_the_longer_edge_is_rounded_down():
    """14 * 40 / 30 is 18.67 and 10 * 7 / 4 is 17.5: the fraction is cut off."""
    call(resize_shortest_edge, noise(30, 40, 3), 14).satisfies(
        lambda resized: resized.shape == (14, 18, 3) and resized.dtype == np.uint8, "(14, 18, 3) of uint8")
    call(resize_shortest_edge, noise(7, 4, 3), 10).satisfies(
        lambda resized: resized.shape == (17, 10, 3), "the shape is (17, 10, 3)")


@pytest.mark.parametrize(("shorter", "longer", "size", "wanted"), [
    (10, 45, 14, 63), (22, 55, 24, 60), (37, 74, 24, 48)])
def test_a_whole_number_stays_whole(shorter, longer, size, wanted):
    """14 / 10 * 45 is 62.99999999999999, and 24 / 37 * 74 in float32 is 47.999996: multiply first, then divide."""
    call(resize_shortest_edge, noise(shorter, longer, 3), size).satisfies(
        lambda resized: resized.shape == (size, wanted, 3), f"the shape is ({size}, {wanted}, 3)")


def test_a_step_is_smoothed_by_the_bicubic_kernel():
    """Four rows across the step, 1/8, 3/8, 5/8 and 7/8 of a pixel behind the last one before it.

    With d the distance, a pixel weighs 1.5 d^3 - 2.5 d^2 + 1 up to 1 and -0.5 d^3 + 2.5 d^2 - 4 d + 2 up to 2,
    so that the two pixels after the step weigh 0.0840, 0.3457, 0.6543 and 0.9160 together.
    """
    image = np.array([[[40, 200, 100]]] * 3 + [[[200, 40, 110]]] * 3, dtype=np.uint8)  # (6, 1, 3)
    rows = [[53, 187, 101], [95, 145, 103], [145, 95, 107], [187, 53, 109]]
    call(resize_shortest_edge, image, 4).satisfies(
        lambda resized: resized.shape == (24, 4, 3) and np.array_equal(resized[10:14], np.stack([rows] * 4, axis=1)),
        f"shape (24, 4, 3), rows 10 to 13 {rows}")


@pytest.mark.parametrize("name", RESIZED)
def test_the_pixels_are_those_of_transformers(name):
    pixels, size = RECORD[f"resized_{name}_pixels"], int(RECORD[f"resized_{name}_size"])
    call(resize_shortest_edge, pixels, size).gives(RECORD[f"resized_{name}"], dtype=np.uint8)


# --- to_rgb ------------------------------------------------------------------------------------------


def test_an_rgb_image_keeps_its_pixels():
    call(to_rgb, Image.fromarray(NUMBERED)).gives(NUMBERED, dtype=np.uint8)
    call(to_rgb, reopened(Image.fromarray(NUMBERED))).gives(NUMBERED)


def test_grey_becomes_three_equal_channels():
    grey = noise(3, 5)
    wanted = np.stack([grey] * 3, axis=-1)
    call(to_rgb, reopened(Image.fromarray(grey))).gives(wanted)
    call(to_rgb, reopened(Image.fromarray(grey > 99))).gives(np.where(wanted > 99, 255, 0))


def test_a_palette_is_looked_up():
    call(to_rgb, reopened(palette_image())).gives(np.array([[RED, GREEN, BLUE], [GREY, BLUE, RED]]))


@pytest.mark.parametrize("background", [WHITE, (0, 0, 0), (10, 200, 30)], ids=str)
def test_the_background_shows_through_transparent_pixels(background):
    pixels = noise(4, 3, 4)
    pixels[..., 3] = np.array([0, 255, 128, 1, 77, 200, 254, 255, 0, 30, 60, 90]).reshape(4, 3)
    alpha = pixels[..., 3:] / 255
    wanted = alpha * pixels[..., :3] + (1 - alpha) * background
    # rounding differs by a level; dropping the alpha or another background differs by a hundred
    call(to_rgb, reopened(Image.fromarray(pixels)), background).gives(wanted, atol=1.01, dtype=np.uint8)


def test_the_background_is_white_unless_said_otherwise():
    pixels = np.array([[[9, 60, 7, 0], [9, 60, 7, 255]]], dtype=np.uint8)
    call(to_rgb, Image.fromarray(pixels)).gives(np.array([[WHITE, (9, 60, 7)]]))


def test_grey_may_be_transparent():
    pixels = np.array([[[9, 0], [60, 255]], [[7, 255], [90, 0]]], dtype=np.uint8)
    call(to_rgb, reopened(Image.fromarray(pixels))).gives(np.array([[[255] * 3, [60] * 3], [[7] * 3, [255] * 3]]))


def test_colours_of_a_palette_may_be_transparent():
    """PNG gives every colour an alpha, GIF names a single transparent one."""
    wanted = np.array([[WHITE, GREEN, BLUE], [GREY, BLUE, WHITE]])
    call(to_rgb, reopened(palette_image(), transparency=bytes([0, 255]))).gives(wanted)
    call(to_rgb, reopened(palette_image(), "GIF", transparency=0)).gives(wanted)
    call(to_rgb, palette_image().convert("PA")).gives(np.array([[RED, GREEN, BLUE], [GREY, BLUE, RED]]))


def test_one_level_or_colour_may_be_transparent():
    """PNG can name one: such a file has no alpha channel, and Pillow tells it in image.info."""
    grey = np.array([[9, 60, 7]], dtype=np.uint8)
    call(to_rgb, reopened(Image.fromarray(grey), transparency=60)).gives(np.array([[[9] * 3, WHITE, [7] * 3]]))
    rgb = np.array([[[1, 2, 3], [1, 2, 4]]], dtype=np.uint8)
    call(to_rgb, reopened(Image.fromarray(rgb), transparency=(1, 2, 3))).gives(np.array([[WHITE, (1, 2, 4)]]))


def test_without_a_background_the_stored_colours_are_taken():
    """What lies under a transparent pixel is arbitrary. llama.cpp takes it all the same."""
    pixels = noise(4, 3, 4)
    call(to_rgb, reopened(Image.fromarray(pixels)), None).gives(pixels[..., :3])
    grey = noise(4, 3, 2)
    call(to_rgb, reopened(Image.fromarray(grey)), None).gives(np.repeat(grey[..., :1], 3, axis=2))
    call(to_rgb, reopened(palette_image(), transparency=bytes([0, 99])), background=None).gives(
        np.array([[RED, GREEN, BLUE], [GREY, BLUE, RED]]))


@pytest.mark.parametrize("background", [WHITE, None], ids=str)
def test_the_image_keeps_its_transparency(background):
    """It is the caller's: who asks for another background next must see it."""
    image = reopened(palette_image(), transparency=bytes([0, 99]))
    call(to_rgb, image, background).satisfies(
        lambda pixels: image.mode == "P" and image.info["transparency"] == bytes([0, 99]), "the image is not changed")


def test_colours_multiplied_by_their_alpha_are_blended_all_the_same():
    """Pillow's modes with a small a: what was converted for a resize, say. Divide before you blend."""
    pixels = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [30, 60, 255, 51]]], dtype=np.uint8)
    wanted = np.array([[[200, 100, 50], WHITE, [210, 216, 255]]])  # 0.2 * (30, 60, 255) + 0.8 * 255
    call(to_rgb, Image.fromarray(pixels).convert("RGBa")).gives(wanted, atol=1)
    grey = np.array([[[200, 255], [200, 0], [30, 51]]], dtype=np.uint8)
    wanted = np.array([[[200] * 3, WHITE, [210] * 3]])
    call(to_rgb, Image.fromarray(grey).convert("La")).gives(wanted, atol=1)


def test_an_animation_shows_the_frame_it_stands_at():
    frames = [Image.new("RGB", (3, 2), color) for color in (RED, GREEN)]
    animation = reopened(frames[0], "GIF", save_all=True, append_images=frames[1:])
    call(to_rgb, animation).gives(np.array([[RED] * 3] * 2))
    animation.seek(1)
    call(to_rgb, animation).gives(np.array([[GREEN] * 3] * 2))


DEEP = np.array([[0, 100, 255, 256], [1000, 32767, 32768, 60_000]])
DEEP_IN_8_BITS = np.stack([[[0, 0, 0, 1], [3, 127, 128, 234]]] * 3, axis=-1)


@pytest.mark.parametrize("image", [
    reopened(Image.fromarray(DEEP.astype(np.uint16))),
    Image.frombytes("I;16B", (4, 2), DEEP.astype(">u2").tobytes()),
    Image.fromarray(DEEP.astype(np.int32)),
], ids=lambda image: image.mode)
def test_16_bits_keep_their_high_byte(image):
    """Image.convert would clip: all above 255 becomes white."""
    call(to_rgb, image).gives(DEEP_IN_8_BITS, dtype=np.uint8)


def test_a_dark_image_of_16_bits_stays_dark():
    dark = np.array([[300, 800, 513]])
    for image in (Image.fromarray(dark.astype(np.uint16)), Image.fromarray(dark.astype(np.int32))):
        call(to_rgb, image).gives(np.array([[[1] * 3, [3] * 3, [2] * 3]]))


def test_16_bits_reach_from_black_to_white():
    ends = np.array([[0, 65535]])
    for image in (Image.fromarray(ends.astype(np.uint16)), Image.fromarray(ends.astype(np.int32))):
        call(to_rgb, image).gives(np.array([[[0] * 3, WHITE]]))


@pytest.mark.parametrize("image", [
    Image.fromarray(np.array([[300, 65536]], dtype=np.int32)),
    Image.fromarray(np.array([[-1, 7]], dtype=np.int32)),
    Image.fromarray(np.array([[0.0, 0.5]], dtype=np.float32)),
], ids=["above 16 bits", "negative", "float"])
def test_numbers_of_an_unknown_range_are_refused(image):
    call(to_rgb, image).raises(ValueError, naming=("image", image.mode))


def test_cmyk_is_ink_on_white():
    inks = noise(3, 4, 4)
    inks[0] = [[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]
    wanted = (255 - inks[..., :3].astype(float)) * (255 - inks[..., 3:].astype(float)) / 255
    # rounding differs by a level; the first three inks taken as colours differ by a hundred
    call(to_rgb, Image.frombytes("CMYK", (4, 3), inks.tobytes())).gives(wanted, atol=1.01)


def test_other_colour_spaces_are_converted():
    """YCbCr as JPEG defines it: red is Y + 1.402 (Cr - 128), and so on."""
    stored = np.array([[[90, 128, 128], [100, 90, 160], [150, 150, 100]]], dtype=np.uint8)
    luma, blue, red = (stored[..., i] - [0, 128.0, 128.0][i] for i in range(3))
    wanted = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1)
    # rounding differs by a level; the three channels taken as colours differ by fifty
    call(to_rgb, Image.frombytes("YCbCr", (3, 1), stored.tobytes())).gives(wanted, atol=1.01)


UPRIGHT = {  # EXIF orientation: how a stored image becomes upright
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1], 8: lambda a: a.swapaxes(0, 1)[::-1],
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_the_image_is_turned_upright_as_exif_says(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = reopened(Image.fromarray(NUMBERED), exif=exif)
    call(to_rgb, image).gives(UPRIGHT[orientation](NUMBERED))
    untouched = image.size == (6, 5) and np.array_equal(np.asarray(image), NUMBERED)
    assert untouched, "the image given must not be changed"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_a_truncated_file_is_refused(kind):
    whole = file_of(Image.fromarray(noise(40, 50, 3)), kind)
    call(to_rgb, Image.open(io.BytesIO(whole[:len(whole) // 2]))).raises(ValueError, naming="image")


@pytest.mark.parametrize("image", [NUMBERED, "photo.png", b"\x89PNG", None], ids=lambda value: type(value).__name__)
def test_only_a_pil_image_is_taken(image):
    call(to_rgb, image).raises(TypeError, naming="image")


def test_an_image_without_pixels_is_refused():
    call(to_rgb, Image.new("RGB", (0, 5))).raises(ValueError, naming="image")
    call(to_rgb, Image.new("L", (5, 0))).raises(ValueError, naming="image")


BAD_COLORS = [(1, 2), (0, 0, 256), (0, -1, 0), "white", 5, (1, 2, 3, 4)]


def test_a_background_is_three_numbers_of_8_bits():
    for background in BAD_COLORS:
        call(to_rgb, Image.fromarray(NUMBERED), background).raises(ValueError, naming="background")


# --- clip_preprocess ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLIP_CASES)
def test_the_encoder_sees_what_transformers_gives_it(name):
    image = Image.open(io.BytesIO(RECORD[f"clip_{name}_png"].tobytes()))
    size, crop_size = (int(number) for number in RECORD[f"clip_{name}_sizes"])
    statistics = {"mean": RECORD["other_mean"], "std": RECORD["other_std"]} if name == "other_statistics" else {}
    # float32 rounding is 5e-7; one level of 255 is 1.4e-2, dividing by 256 is off by up to 1e-2
    call(clip_preprocess, image, size, crop_size, **statistics).gives(
        RECORD[f"clip_{name}"], atol=1e-5, dtype=np.float32)


def test_the_sizes_of_clip_are_the_default():
    photo = noise(224, 300, 3)  # needs no resize
    call(clip_preprocess, Image.fromarray(photo), mean=NO_MEAN, std=NO_STD).gives(
        photo[:, 38:262].transpose(2, 0, 1) / 255, atol=1e-6)
    bordered = call(clip_preprocess, Image.fromarray(noise(9, 12, 3)), 5, std=NO_STD).value
    assert bordered.shape == (3, 224, 224), "size alone leaves the crop at 224"
    assert np.allclose(bordered[:, 0, 0], [-0.4815, -0.4578, -0.4082], atol=1e-3), "black less the mean of CLIP"


@settings(max_examples=20)
@given(height=st.integers(1, 40), width=st.integers(1, 40), size=st.integers(1, 12), crop_size=st.integers(1, 14))
def test_any_image_becomes_a_square(height, width, size, crop_size):
    image = Image.fromarray(noise(height, width, 3))
    call(clip_preprocess, image, size, crop_size, NO_MEAN, NO_STD).satisfies(
        lambda pixels: pixels.shape == (3, crop_size, crop_size) and pixels.min() >= 0 and pixels.max() <= 1 + 1e-6,
        f"shape (3, {crop_size}, {crop_size}) and numbers of 0..1")


def test_a_line_of_200_pixels_shows_its_middle():
    """1 x 200 at size 4 is 4 x 800 before the crop: the same four rows as in the test of the step."""
    column = np.full((200, 1, 3), 40, dtype=np.uint8)
    column[100:] = 200
    wanted = np.tile(np.array([53, 95, 145, 187])[:, None] / 255, (3, 1, 4))
    call(clip_preprocess, Image.fromarray(column), 4, 4, NO_MEAN, NO_STD).gives(wanted, atol=1e-6)


def test_a_longer_line_is_refused():
    """At size 224 a line of 3000 would be 224 x 672000 pixels: 600 MB from a file of a few bytes."""
    call(clip_preprocess, Image.fromarray(noise(3000, 1, 3)), 2, 2).raises(ValueError, naming="image")
    for line in (noise(201, 1, 3), noise(1, 201, 3), noise(401, 2, 3)):
        call(resize_shortest_edge, line, 2).raises(ValueError, naming="pixels")
        call(pad_to_square_then_resize, line, 2).raises(ValueError, naming="pixels")
    call(pad_to_square_then_resize, noise(1, 200, 3), 2).satisfies(
        lambda pixels: pixels.shape == (2, 2, 3), "1 x 200 is not too long")


def test_the_background_reaches_the_encoder():
    pixels = noise(9, 12, 4)
    pixels[:, :7, 3] = 0
    pixels[:, 7:, 3] = 255
    on_blue = np.where(pixels[..., 3:] == 0, BLUE, pixels[..., :3]).astype(np.uint8)
    for background, seen in ((BLUE, on_blue), (None, pixels[..., :3])):
        wanted = (np.asarray(Image.fromarray(seen)) / 255).transpose(2, 0, 1)[:, 1:8, 2:9]
        call(clip_preprocess, Image.fromarray(pixels), 9, 7, NO_MEAN, NO_STD, background).gives(wanted, atol=1e-6)


def test_the_steps_of_clip_preprocess_refuse_what_they_cannot_take():
    image = Image.fromarray(NUMBERED)
    call(clip_preprocess, NUMBERED).raises(TypeError, naming="image")
    call(clip_preprocess, image, 0).raises(ValueError, naming="size")
    call(clip_preprocess, image, 4, 0).raises(ValueError, naming="crop_size")
    call(clip_preprocess, image, 4, 2.5).raises(TypeError, naming="crop_size")
    call(clip_preprocess, image, 4, 4, (0.5, 0.5)).raises(ValueError, naming="mean")
    call(clip_preprocess, image, 4, 4, NO_MEAN, (1, 0, 1)).raises(ValueError, naming="std")
    call(clip_preprocess, image, 4, 4, background=(1, 2)).raises(ValueError, naming="background")


# --- pad_to_square_then_resize and letterbox -----------------------------------------------------------

SQUARES = [pad_to_square_then_resize, letterbox]
BOTH = pytest.mark.parametrize("square", SQUARES, ids=lambda function: function.__name__)


@BOTH
def test_an_image_that_fits_is_only_padded(square):
    """The longer edge is 6 already. The image stands in the middle, an odd rest is larger at the end."""
    wanted = np.empty((6, 6, 3), dtype=np.uint8)
    wanted[:] = CLIP_GREY
    wanted[0:5] = NUMBERED
    call(square, NUMBERED, 6).gives(wanted, dtype=np.uint8)
    call(square, NUMBERED.swapaxes(0, 1), 6).gives(wanted.swapaxes(0, 1))
    wanted[:] = (1, 2, 3)
    wanted[1:4] = NUMBERED[:3]
    call(square, NUMBERED[:3], 6, (1, 2, 3)).gives(wanted)


def test_padding_comes_before_the_resize():
    """The border is blurred: 1 x 4 becomes 4 x 4 with the line in row 1, and that 2 x 2.

    Seen from the new upper row, the rows weigh 0.8672, 0.8672, 0.2266 and -0.0703 (the kernel at half the
    distance) of 1.8906; from the lower one the other way round.
    """
    line = np.array([[[200, 100, 0]] * 4], dtype=np.uint8)
    wanted = np.array([[[92, 46, 0]] * 2, [[24, 12, 0]] * 2])
    call(pad_to_square_then_resize, line, 2, (0, 0, 0)).gives(wanted)


@pytest.mark.parametrize("name", SQUARED)
def test_padding_then_resizing_gives_what_llava_gives(name):
    pixels, size = RECORD[f"square_{name}_pixels"], int(RECORD[f"square_{name}_size"])
    call(pad_to_square_then_resize, pixels, size).gives(RECORD[f"padded_{name}"], dtype=np.uint8)


@pytest.mark.parametrize(("height", "width", "size", "rows", "columns"), [
    (30, 44, 24, slice(3, 20), slice(0, 24)),  # 16.36 is rounded up, and begins at (24 - 17) // 2
    (45, 90, 26, slice(6, 20), slice(0, 26)),  # 13 comes out a little above in float32
    (40, 25, 24, slice(0, 24), slice(4, 20)),  # 15 as well
    (25, 40, 24, slice(4, 20), slice(0, 24)),
    (17, 43, 24, slice(7, 17), slice(0, 24)),  # the longer edge comes out above 24, and stays 24
    (3000, 1, 24, slice(0, 24), slice(11, 12)),
    (1, 3000, 24, slice(11, 12), slice(0, 24)),
])
def test_the_letterbox_rounds_up(height, width, size, rows, columns):
    image = np.full((height, width, 3), (0, 255, 30), dtype=np.uint8)
    wanted = np.empty((size, size, 3), dtype=np.uint8)
    wanted[:] = CLIP_GREY
    wanted[rows, columns] = (0, 255, 30)
    call(letterbox, image, size).gives(wanted)


@pytest.mark.parametrize("name", SQUARED)
def test_the_letterbox_gives_what_llama_cpp_gave(name):
    pixels, size = RECORD[f"square_{name}_pixels"], int(RECORD[f"square_{name}_size"])
    call(letterbox, pixels, size).gives(RECORD[f"letterbox_{name}"], dtype=np.uint8)


def test_the_crop_loses_what_the_squares_keep():
    """A white stripe at the left of a wide image: which of the three shows it to the encoder?"""
    wide = np.zeros((10, 30, 3), dtype=np.uint8)
    wide[:, :5] = 255
    cropped = call(clip_preprocess, Image.fromarray(wide), 10, 10, NO_MEAN, NO_STD).value
    assert cropped.max() < 0.01, "the middle of the image has no white"
    for square in SQUARES:
        call(square, wide, 12, (0, 0, 0)).satisfies(
            lambda pixels: pixels.max() == 255 and pixels[:, -8:].max() < 20, "the stripe is on the left")


@BOTH
def test_a_color_is_three_numbers_of_8_bits(square):
    for color in BAD_COLORS:
        call(square, NUMBERED, 6, color).raises(ValueError, naming="color")


# --- what every function of pixels refuses ---------------------------------------------------------------

SIZED = [resize_shortest_edge, center_crop, pad_to_square_then_resize, letterbox]
EVERY = pytest.mark.parametrize("function", [*SIZED, normalize], ids=lambda function: function.__name__)


@EVERY
def test_pixels_are_bytes(function):
    """Numbers of 0..1 would be divided by 255 again."""
    for pixels in (NUMBERED / 255, NUMBERED.astype(np.int64), NUMBERED > 40, NUMBERED.tolist()):
        call(function, pixels, *([4] if function in SIZED else [])).raises(TypeError, naming="pixels")


@EVERY
def test_pixels_are_height_width_and_three_channels(function):
    for shape in ((3, 5, 6), (5, 6), (5, 6, 4), (5, 6, 1), (1, 5, 6, 3), (5, 6, 3, 1), (0, 6, 3), (5, 0, 3)):
        pixels = np.zeros(shape, dtype=np.uint8)
        call(function, pixels, *([4] if function in SIZED else [])).raises(ValueError, naming=("pixels", str(shape)))


@pytest.mark.parametrize("function", SIZED, ids=lambda function: function.__name__)
def test_a_size_is_an_integer_above_zero(function):
    call(function, NUMBERED, 0).raises(ValueError, naming="size")
    call(function, NUMBERED, -3).raises(ValueError, naming="size")
    call(function, NUMBERED, 2.5).raises(TypeError, naming="size")
    call(function, NUMBERED, (4, 4)).raises(TypeError, naming="size")
    call(function, NUMBERED, np.int64(1)).satisfies(
        lambda pixels: min(pixels.shape[:2]) == 1, "numpy's integers are taken, and one pixel is enough")


# --- against llama.cpp ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen_by_llama(tmp_path_factory):
    """Return a function that gives the pixels that reach llama.cpp's encoder."""
    from fixtures.models.made.vision import pixels_of, write_identity_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    folder = tmp_path_factory.mktemp("identity")

    def seen(pixels, size, mean, std):
        path = folder / f"{size}-{mean}-{std}.gguf"
        if not path.exists():
            write_identity_mmproj(path, size, 4, mean, std)
        [embeddings] = image_embeddings(path, pixels)
        return pixels_of(embeddings, size, 4)

    return seen


@pytest.mark.llama
@pytest.mark.parametrize("statistics", [((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
                                        ((0.5, 0.4, 0.3), (0.5, 0.25, 0.2))], ids=["clip", "other"])
@pytest.mark.parametrize("shape", [(48, 64), (64, 48), (37, 61), (61, 37), (28, 28), (13, 7), (1, 1), (1, 90), (40, 25),
                                   (25, 40), (99, 100), (427, 640)], ids=str)
def test_llama_cpps_encoder_sees_your_letterbox(seen_by_llama, shape, statistics):
    """An mmproj whose weights are the identity gives back the pixels that reach the encoder."""
    pixels = noise(*shape, 3)
    boxed = call(letterbox, pixels, 28).value
    # llama.cpp rounds the pixels to float16, up to 2e-3; one level of 255 is 8e-3 or more
    call(normalize, boxed, *statistics).gives(seen_by_llama(pixels, 28, *statistics), atol=3e-3)


@pytest.mark.llama
def test_llama_cpp_puts_the_border_where_you_do(seen_by_llama):
    """Every height from 1 to 60 beside a width of 45: where is the border grey?"""
    for height in range(1, 61):
        pixels = np.zeros((height, 45, 3), dtype=np.uint8)
        boxed = call(letterbox, pixels, 24).value
        border = (np.asarray(boxed) == CLIP_GREY).all(axis=2)
        seen = seen_by_llama(pixels, 24, NO_MEAN, NO_STD) > 0.2
        assert np.array_equal(border, seen.all(axis=0)), f"{height} x 45 pixels: another border than llama.cpp's"


@pytest.mark.llama
def test_llama_cpp_reads_the_colours_that_you_read(tmp_path):
    """to_rgb without a background is llama.cpp's own image reader, but for EXIF, which it does not look at."""
    from fixtures.models.made.vision import write_identity_mmproj
    from fixtures.oracles.mtmd import decoded_image

    mmproj = write_identity_mmproj(tmp_path / "identity.gguf", 8, 4)
    deep = np.random.default_rng(16).integers(0, 65536, (5, 7)).astype(np.uint16)
    files = [file_of(Image.fromarray(pixels)) for pixels in
             (noise(5, 7, 3), noise(5, 7, 4), noise(5, 7, 2), noise(5, 7), noise(5, 7) > 99, deep)]
    files.append(file_of(palette_image(), transparency=bytes([0, 128])))
    for file in files:
        call(to_rgb, Image.open(io.BytesIO(file)), None).gives(decoded_image(mmproj, file))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = file_of(Image.fromarray(noise(5, 7, 3)), exif=exif)
    call(to_rgb, Image.open(io.BytesIO(turned)), None).gives(
        decoded_image(mmproj, turned).swapaxes(0, 1)[:, ::-1])


@pytest.mark.llama
def test_the_three_variants_give_a_model_three_images(tmp_path):
    """A LLaVA encoder with random weights: your letterbox changes nothing for llama.cpp, the others do."""
    from fixtures.models.made.vision import write_llava_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    mmproj = write_llava_mmproj(tmp_path / "llava.gguf", seed=71).path
    photo = np.asarray(Image.fromarray(noise(6, 9, 3)).resize((60, 40), Image.Resampling.BICUBIC))
    [wanted] = image_embeddings(mmproj, photo)

    def embedded(pixels):
        [embeddings] = image_embeddings(mmproj, np.asarray(pixels))
        return np.abs(embeddings - wanted).max()

    cropped = call(center_crop, call(resize_shortest_edge, photo, 24).value, 24).value
    assert embedded(cropped) > 0.1, "a crop is another image"
    assert embedded(call(pad_to_square_then_resize, photo, 24).value) > 0.01, "a blurred border is another image"
    assert embedded(call(letterbox, photo, 24).value) == 0, "llama.cpp would have made this very image itself"
