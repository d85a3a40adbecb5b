"""What goes silently wrong in real use, and one table of what is refused."""

import numpy as np
import pytest
from patch_embedding import embed, embed_patches, patchify, resize_positions

from fixtures.checking import call
from fixtures.katas.patch_embedding.reference import convolved

rng = np.random.default_rng(3)
PIXELS = rng.standard_normal((2, 3, 9, 14)).astype(np.float32)
WEIGHT = rng.standard_normal((5, 3, 4, 4)).astype(np.float32)
BIAS = rng.standard_normal(5).astype(np.float32)
TABLE = rng.standard_normal((9, 5)).astype(np.float32)
WEIGHTS = {"v.patch_embd.weight": WEIGHT, "v.position_embd.weight": TABLE}
WANTED = convolved(PIXELS, WEIGHT) + BIAS
NEAR = 1e-5  # float32 rounds to 2e-6


@pytest.mark.parametrize("pixels", [
    np.asfortranarray(PIXELS), np.ascontiguousarray(PIXELS[:, ::-1])[:, ::-1],
    np.ascontiguousarray(PIXELS.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)], ids=["fortran", "bgr", "was HWC"])
def test_pixels_may_be_a_view(pixels):
    call(embed_patches, pixels, WEIGHT, BIAS).gives(WANTED, atol=NEAR)


def test_an_image_of_one_patch_is_a_new_array():
    """Nothing is to be moved, and yet the result is no view of the pixels."""
    pixels = PIXELS[:1, :1, :4, :4].copy()
    call(patchify, pixels, 4).gives(pixels.reshape(1, 1, 16))


def test_a_table_on_its_own_grid_is_a_new_array_with_the_same_numbers():
    call(resize_positions, TABLE, (3, 3)).gives(TABLE, atol=1e-6)
    call(resize_positions, TABLE, (3, 3), "bilinear").gives(TABLE, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_pixels_is_kept(dtype):
    """Whatever the weights have: in an mmproj of float16 the patches' weight is float16, its bias float32."""
    half = WEIGHT.astype(np.float16)
    wanted = convolved(PIXELS, half) + BIAS
    call(embed_patches, PIXELS.astype(dtype), half, BIAS.astype(np.float64)).gives(wanted, atol=NEAR, dtype=dtype)


@pytest.mark.parametrize("tables", [np.float16, np.float64])
def test_the_dtype_of_the_pixels_is_kept_by_the_whole(tables):
    weights = {name: tensor.astype(tables) for name, tensor in WEIGHTS.items()}
    weights["v.class_embd"] = BIAS.astype(tables)
    weights["v.position_embd.weight"] = np.concatenate([TABLE[:1], TABLE]).astype(tables)
    call(embed, PIXELS, weights).satisfies(lambda x: x.dtype == np.float32 and x.shape == (2, 7, 5),
                                           "float32 pixels give float32 vectors, 1 + 6 of 5 numbers each")
    call(embed, PIXELS, {name: weights[name] for name in WEIGHTS} | {"v.position_embd.weight": TABLE.astype(tables)}
         ).satisfies(lambda x: x.dtype == np.float32 and x.shape == (2, 6, 5), "the same without a class token")


def test_float64_keeps_its_digits():
    """A detour through float32 costs 1e-7."""
    pixels, weight = PIXELS.astype(np.float64) + 1e-9, WEIGHT.astype(np.float64)
    call(embed_patches, pixels, weight).gives(convolved(pixels, weight), atol=1e-12)


def test_a_table_of_float16_is_stretched_in_float32():
    """It stays float16 and is rounded once, at the end, by half a step at most: 0.03 at 100."""
    table = (100 + TABLE).astype(np.float16)
    exact = call(resize_positions, table.astype(np.float64), (5, 7)).value
    call(resize_positions, table, (5, 7)).gives(exact, atol=0.04, dtype=np.float16)


def test_numbers_of_numpys_small_integers():
    """A patch size from a file may be np.uint8, where 32 * 14 goes around at 256."""
    pixels = rng.standard_normal((1, 1, 20, 450)).astype(np.float32)
    wanted = call(patchify, pixels, 14).value.copy()
    call(patchify, pixels, np.uint8(14)).gives(wanted)
    same = call(resize_positions, TABLE, (1, 90)).value.copy()
    call(resize_positions, TABLE, (np.uint8(1), np.int8(90))).gives(same)


def test_a_batch_of_no_images_gives_no_vectors():
    call(embed_patches, PIXELS[:0], WEIGHT, BIAS).gives(np.zeros((0, 6, 5), np.float32))
    call(embed, PIXELS[:0], {**WEIGHTS, "v.class_embd": BIAS, "v.position_embd.weight": np.zeros((10, 5), np.float32)}
         ).gives(np.zeros((0, 7, 5), np.float32))


def test_a_broken_pixel_stays_in_its_patch():
    """NaN in the pixel (5, 6) of the second image: row 1, column 1 of its patches, and no other."""
    pixels = PIXELS.copy()
    pixels[1, 2, 5, 6] = np.nan
    wanted = WANTED.copy()
    wanted[1, 1 * 3 + 1] = np.nan
    call(embed_patches, pixels, WEIGHT, BIAS).gives(wanted, atol=NEAR)


REFUSED = {
    "bytes that were not normalized": (patchify, (PIXELS.astype(np.uint8), 4), TypeError, "pixels"),
    "one image without a batch": (patchify, (PIXELS[0], 4), ValueError, "pixels"),
    "a batch of batches": (patchify, (PIXELS[None], 4), ValueError, "pixels"),
    "pixels lower than a patch": (patchify, (PIXELS, 10), ValueError, "pixels"),
    "pixels narrower than a patch": (patchify, (PIXELS[..., :3], 4), ValueError, "pixels"),
    "no patch": (patchify, (PIXELS, 0), ValueError, "patch_size"),
    "a negative patch": (patchify, (PIXELS, -4), ValueError, "patch_size"),
    "half a pixel": (patchify, (PIXELS, 4.5), ValueError, "patch_size"),
    "bytes for the product": (embed_patches, (PIXELS.astype(np.uint8), WEIGHT), TypeError, "pixels"),
    "bits for the product": (embed_patches, (PIXELS > 0, WEIGHT), TypeError, "pixels"),
    "channels last": (embed_patches, (PIXELS.transpose(0, 2, 3, 1), WEIGHT), ValueError, "pixels"),
    "grey": (embed_patches, (PIXELS[:, :1], WEIGHT), ValueError, "pixels"),
    "colours and alpha": (embed_patches, (PIXELS[:, [0, 1, 2, 0]], WEIGHT), ValueError, "pixels"),
    "a narrow filter": (embed_patches, (PIXELS, WEIGHT[..., :3]), ValueError, "weight"),
    "a wide filter": (embed_patches, (PIXELS, WEIGHT[:, :, :3]), ValueError, "weight"),
    "a filter in time": (embed_patches, (PIXELS, WEIGHT[..., None]), ValueError, "weight"),
    "filters as rows": (embed_patches, (PIXELS, WEIGHT.reshape(5, -1)), ValueError, "weight"),
    "one bias for all": (embed_patches, (PIXELS, WEIGHT, BIAS[:1]), ValueError, "bias"),
    "a bias for each patch": (embed_patches, (PIXELS, WEIGHT, np.zeros((6, 5))), ValueError, "bias"),
    "the class token's row in the table": (resize_positions, (TABLE[[0, *range(9)]], (3, 3)), ValueError, "positions"),
    "no positions": (resize_positions, (TABLE[:0], (3, 3)), ValueError, "positions"),
    "a table in rows and columns": (resize_positions, (np.ones((4, 4, 5)), (3, 3)), ValueError, "positions"),
    "a table in a batch": (resize_positions, (TABLE[None], (3, 3)), ValueError, "positions"),
    "a number each": (resize_positions, (TABLE[:, 0], (3, 3)), ValueError, "positions"),
    "a grid of no rows": (resize_positions, (TABLE, (0, 3)), ValueError, "grid"),
    "a grid of half columns": (resize_positions, (TABLE, (2, 2.5)), ValueError, "grid"),
    "another curve": (resize_positions, (TABLE, (2, 2), "lanczos"), ValueError, "mode"),
    "a class token without a row": (embed, (PIXELS, {**WEIGHTS, "v.class_embd": BIAS}), ValueError, "positions"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, argument = REFUSED[case]
    call(function, *arguments).raises(error, naming=argument)
