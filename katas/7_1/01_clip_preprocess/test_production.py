import io

import numpy as np
import pytest
from clip_preprocess import CLIP_GREY, clip_preprocess, letterbox, normalize, pad_then_resize, resize_then_crop, to_rgb
from PIL import Image

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.clip_preprocess.pictures import NUMBERED, noise, reopened, transparent_picture, turned_by_exif
from fixtures.katas.clip_preprocess.reference import UPRIGHT, blended

RECORD = recorded("clip_preprocess")
SQUARES = {"crop": resize_then_crop, "pad": pad_then_resize, "letterbox": letterbox}
OLIVE = (10, 200, 30)
DEEP = np.array([[0, 100, 255, 256], [1000, 32767, 32768, 65535]])
PHOTO = Image.fromarray(NUMBERED)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_the_image_is_turned_upright_as_exif_says(orientation):
    blocks = np.kron(NUMBERED[..., :1] * 2, np.ones((16, 16, 3), dtype=np.uint8))  # JPEG keeps such blocks within 2
    call(to_rgb, turned_by_exif(blocks, orientation, "JPEG", quality=95)).gives(UPRIGHT[orientation](blocks), atol=2)
    call(to_rgb, turned_by_exif(NUMBERED, orientation)).gives(UPRIGHT[orientation](NUMBERED))


def test_a_turned_photo_reaches_the_encoder_upright():
    image = Image.open(io.BytesIO(RECORD["clip_exif_turned_png"].tobytes()))
    call(clip_preprocess, image, 19).gives(RECORD["clip_exif_turned"], atol=0.016)  # one level


@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette", "grey level", "RGB colour"])
def test_every_kind_of_transparency_is_blended(kind):
    image, colors, alpha = transparent_picture(kind)
    # another rounding is one level; an alpha that is cut at half, or a white background, is off by a hundred
    call(to_rgb, image, OLIVE).gives(blended(colors, alpha, OLIVE), atol=1.01)


def test_without_a_background_the_stored_colours_are_taken():
    """What lies under a transparent pixel is arbitrary. llama.cpp takes it all the same."""
    pixels, grey = noise(4, 3, 4), noise(4, 3, 2)
    call(to_rgb, reopened(Image.fromarray(pixels)), None).gives(pixels[..., :3])
    call(to_rgb, reopened(Image.fromarray(grey)), None).gives(np.repeat(grey[..., :1], 3, axis=2))
    palette, colors, _ = transparent_picture("palette")
    call(to_rgb, palette, None).gives(colors)


@pytest.mark.parametrize("image", [
    reopened(Image.fromarray(DEEP.astype(np.uint16))),
    Image.fromarray(DEEP.astype(np.int32)),
    Image.fromarray(DEEP.astype(np.uint16)).crop((1, 0, 3, 1)),  # a dark one
], ids=["I;16", "I", "dark"])
def test_16_bits_keep_their_high_byte(image):
    """Image.convert would clip: all above 255 becomes white."""
    high = np.array([[0, 0, 0, 1], [3, 127, 128, 255]]) if image.width == 4 else np.array([[0, 0]])
    call(to_rgb, image).gives(np.stack([high] * 3, axis=-1))


def test_the_image_given_is_not_changed():
    """It is the caller's. Image.draft and thumbnail would be seen by whoever uses it next."""
    photo = turned_by_exif(noise(64, 96, 3), 6, "JPEG")
    before = (photo.size, photo.mode, photo.getexif()[0x0112])
    call(clip_preprocess, photo, 8).satisfies(
        lambda seen: seen.shape == (3, 8, 8) and (photo.size, photo.mode, photo.getexif()[0x0112]) == before,
        "(3, 8, 8), and the photo keeps its size, mode and orientation")


@pytest.mark.parametrize(("height", "width", "size", "rows", "columns"), [
    (45, 90, 26, slice(6, 20), slice(0, 26)),  # 26 / 90 * 45 comes out a little above 13
    (40, 25, 24, slice(0, 24), slice(4, 20)),  # 15 as well
    (17, 43, 24, slice(7, 17), slice(0, 24)),  # the longer edge comes out above 24, and stays 24
    (3000, 1, 24, slice(0, 24), slice(11, 12)),  # any aspect will do
])
def test_the_letterbox_rounds_in_float32(height, width, size, rows, columns):
    pixels = np.full((height, width, 3), (0, 255, 30), dtype=np.uint8)
    wanted = np.full((size, size, 3), CLIP_GREY, dtype=np.uint8)
    wanted[rows, columns] = (0, 255, 30)
    call(letterbox, pixels, size).gives(wanted)


@pytest.mark.parametrize(("shorter", "longer", "size", "wanted"), [(10, 45, 14, 63), (37, 74, 24, 48)])
def test_a_whole_number_stays_whole(shorter, longer, size, wanted):
    """14 / 10 * 45 is 62.99999999999999, and 24 / 37 * 74 in float32 is 47.999996: multiply first, then divide."""
    pixels = noise(shorter, longer, 3)
    resized = np.asarray(Image.fromarray(pixels).resize((wanted, size), Image.Resampling.BICUBIC))
    call(resize_then_crop, pixels, size).gives(resized[:, (wanted - size) // 2:][:, :size], atol=1)


def test_a_size_may_be_one_of_numpys_integers():
    """np.uint8(24) * 61 is 184."""
    for kind, square in SQUARES.items():
        call(square, RECORD["pixels_landscape"], np.uint8(24)).gives(RECORD[f"{kind}_landscape"], atol=1)


def test_pixels_may_be_a_view():
    """pixels[..., ::-1] is how OpenCV's BGR becomes RGB: a view that runs backwards."""
    bgr = np.ascontiguousarray(RECORD["pixels_landscape"][..., ::-1])
    for kind, square in SQUARES.items():
        call(square, bgr[..., ::-1], 24).gives(RECORD[f"{kind}_landscape"], atol=1)
    view = noise(7, 4, 3)[::-1, ::2, ::-1]
    call(normalize, view, (0, 0, 0), (1, 1, 1)).gives([view[..., i] / 255 for i in range(3)], atol=1e-6)


@pytest.mark.parametrize("square", SQUARES.values(), ids=SQUARES)
def test_a_square_is_a_new_array(square):
    """Even where nothing is to do: whoever draws on the result must not draw on the image."""
    pixels = noise(6, 6, 3)
    call(square, pixels, 6).satisfies(
        lambda result: result.flags.writeable and not np.shares_memory(result, pixels), "writeable, no view of pixels")


def test_results_have_their_dtypes():
    call(to_rgb, PHOTO).satisfies(lambda rgb: rgb.dtype == np.uint8 and rgb.flags.writeable, "uint8, writeable")
    for square in SQUARES.values():
        call(square, noise(4, 800, 3), 4).satisfies(
            lambda pixels: pixels.dtype == np.uint8 and pixels.shape == (4, 4, 3), "(4, 4, 3) of uint8")
    call(normalize, NUMBERED).satisfies(lambda normal: normal.dtype == np.float32, "float32")
    call(clip_preprocess, PHOTO, 4).satisfies(lambda normal: normal.dtype == np.float32, "float32")


@pytest.mark.parametrize(("function", "arguments", "error", "name"), [
    (to_rgb, (NUMBERED,), TypeError, "image"),
    (to_rgb, ("photo.png",), TypeError, "image"),
    (to_rgb, (Image.fromarray(np.array([[0.0, 0.5]], dtype=np.float32)),), ValueError, "image"),
    (to_rgb, (Image.fromarray(np.array([[300, 65536]], dtype=np.int32)),), ValueError, "image"),
    (to_rgb, (Image.fromarray(np.array([[-1, 7]], dtype=np.int32)),), ValueError, "image"),
    (to_rgb, (PHOTO, (10, 200, 30, 255)), ValueError, "background"),
    (to_rgb, (PHOTO, (0, -1, 0)), ValueError, "background"),
    (to_rgb, (PHOTO, (0, 0, 256)), ValueError, "background"),
    (normalize, (NUMBERED / 255,), TypeError, "pixels"),
    (normalize, (NUMBERED > 40,), TypeError, "pixels"),
    (normalize, (NUMBERED[..., 0],), ValueError, "pixels"),
    (normalize, (NUMBERED, (0.5, 0.5)), ValueError, "mean"),
    (normalize, (NUMBERED, (0.5, np.nan, 0.5)), ValueError, "mean"),
    (normalize, (NUMBERED, (0, 0, 0), (1, 0, 1)), ValueError, "std"),
    (clip_preprocess, (PHOTO, 4, (0, 0, 0), (1, -1, 1)), ValueError, "std"),
    *((square, *row) for square in SQUARES.values() for row in [
        ((NUMBERED.tolist(), 4), TypeError, "pixels"),
        ((NUMBERED.transpose(2, 0, 1), 4), ValueError, "pixels"),
        ((NUMBERED[:0], 4), ValueError, "pixels"),
        ((NUMBERED, 4.0), TypeError, "size"),
        ((NUMBERED, 0), ValueError, "size")]),
    (resize_then_crop, (noise(1, 201, 3), 2), ValueError, "pixels"),
    (pad_then_resize, (noise(201, 1, 3), 2), ValueError, "pixels"),
    (pad_then_resize, (NUMBERED, 6, (0, 0, 300)), ValueError, "color"),
    (letterbox, (NUMBERED, 6, (0.5, 0, 0)), ValueError, "color"),
])
def test_what_cannot_be_right_is_refused(function, arguments, error, name):
    call(function, *arguments).raises(error, naming=name)
