"""Patches, positions, class token; numbers that a head can follow come first, then torch and transformers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patch_embedding import embed, embed_patches, patchify, resize_positions

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.patch_embedding.reference import convolved

RECORD = recorded("patch_embedding")
NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes Pillow's bicubic is nearest: 0.1
GRIDS = pytest.mark.parametrize("name", ["larger", "smaller", "mixed", "one", "same"])
# one image of two channels, 2 x 4 pixels: two patches of 2 x 2
PIXELS = np.array([[[[0, 1, 2, 3], [4, 5, 6, 7]], [[10, 11, 12, 13], [14, 15, 16, 17]]]], dtype=np.float32)
PATCHES = np.array([[[0, 1, 4, 5, 10, 11, 14, 15], [2, 3, 6, 7, 12, 13, 16, 17]]], dtype=np.float32)


def numbered(n, channels, height, width):
    """Return pixels that are all different: their places, counted."""
    return np.arange(n * channels * height * width, dtype=np.float32).reshape(n, channels, height, width)


# --- patches ---------------------------------------------------------------------------------------------


def test_a_patch_is_its_rows_one_channel_after_the_other():
    call(patchify, PIXELS, 2).gives(PATCHES)


def test_patches_are_counted_row_by_row():
    """One channel of 4 x 6 pixels, patches of 2: the upper left corners are the pixels 0, 2, 4 and 12, 14, 16."""
    wanted = np.array([[[corner, corner + 1, corner + 6, corner + 7] for corner in (0, 2, 4, 12, 14, 16)]])
    call(patchify, numbered(1, 1, 4, 6), 2).gives(wanted)


def test_each_image_has_its_own_patches():
    """Two images of 3 channels, 2 x 3 pixels, patches of one pixel: the three colours of each pixel."""
    pixels = numbered(2, 3, 2, 3)
    call(patchify, pixels, 1).gives(np.stack([image.reshape(3, 6).T for image in pixels]))


def test_what_is_left_over_is_dropped():
    """Of 5 x 7 pixels 4 x 6 are cut into patches of 2; the last row and the last column go."""
    pixels = numbered(1, 2, 5, 7)
    whole = call(patchify, np.ascontiguousarray(pixels[:, :, :4, :6]), 2).value
    call(patchify, pixels, 2).gives(whole)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_every_pixel_is_in_one_patch(n, channels, size, rows, columns):
    """Put back by its number, each patch is again where it was."""
    pixels = numbered(n, channels, rows * size, columns * size)
    patches = call(patchify, pixels, size).value.reshape(n, rows, columns, channels, size, size)
    back = np.empty_like(pixels)
    for y in range(rows):
        for x in range(columns):
            back[:, :, y * size:(y + 1) * size, x * size:(x + 1) * size] = patches[:, y, x]
    assert np.array_equal(back, pixels), f"patch y * {columns} + x is not the one in row y and column x"


# --- one product -----------------------------------------------------------------------------------------


def test_a_filter_is_laid_over_each_patch():
    """Filter 0 adds all eight numbers, filter 1 picks the upper right pixel of channel 1; the bias comes on top."""
    weight = np.zeros((2, 2, 2, 2), dtype=np.float32)
    weight[0], weight[1, 1, 0, 1] = 1, 1
    wanted = np.array([[[60, 11], [76, 13]]])
    call(embed_patches, PIXELS, weight).gives(wanted)
    call(embed_patches, PIXELS, weight, np.array([100, 200], np.float32)).gives(wanted + np.array([100, 200]))


def test_the_product_is_torchs_convolution_with_a_stride():
    """Recorded: torch's conv2d, two images of 17 x 26, patches of 5, so that something is left over."""
    call(embed_patches, RECORD["pixels"], RECORD["weight"], RECORD["bias"]).gives(RECORD["convolved"], atol=NEAR)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8, 4), (2, 1, 9, 5, 2), (1, 4, 3, 11, 3)], ids=str)
def test_the_product_is_a_sum_over_each_window(shape):
    n, channels, height, width, size = shape
    rng = np.random.default_rng(list(shape))
    pixels = rng.standard_normal((n, channels, height, width)).astype(np.float32)
    weight = rng.standard_normal((6, channels, size, size)).astype(np.float32)
    call(embed_patches, pixels, weight).gives(convolved(pixels, weight), atol=NEAR)


# --- positions on another grid -----------------------------------------------------------------------------

LINE = np.array([0, 64, 0, 64], dtype=np.float32)[:, None]  # a table of 2 x 2: 0 at the left, 64 at the right
FOUR = np.tile(np.array([0, 7, 14, 35], dtype=np.float32), 4)[:, None]  # of 4 x 4: each row 0 7 14 35


def test_two_columns_become_four_by_bicubic_curves():
    """New centres lie at -0.25, 0.25, 0.75 and 1.25; the curve overshoots. Pillow's would give 13 for 14.5."""
    wanted = np.array([-6.75, 14.5, 49.5, 70.75])
    call(resize_positions, LINE, (1, 4)).gives(wanted[:, None], atol=NEAR)
    call(resize_positions, LINE, (3, 4)).gives(np.tile(wanted, 3)[:, None], atol=NEAR)


def test_rows_are_not_columns():
    """The same table lying on its side: 0 above, 64 below."""
    table = np.array([0, 0, 64, 64], dtype=np.float32)[:, None]
    call(resize_positions, table, (4, 1)).gives(np.array([-6.75, 14.5, 49.5, 70.75])[:, None], atol=NEAR)


def test_four_columns_become_two_by_wide_triangles():
    """Bilinear, antialiased: the weights of the left one are 3/7, 3/7 and 1/7, so (3 * 0 + 3 * 7 + 14) / 7 = 5."""
    call(resize_positions, FOUR, (1, 2), "bilinear").gives(np.array([[5], [22]]), atol=NEAR)


@GRIDS
def test_bicubic_is_torchs(name):
    """Recorded: torch.nn.functional.interpolate, mode bicubic, neither antialias nor align_corners."""
    grid = tuple(int(edge) for edge in RECORD[f"grid {name}"])
    call(resize_positions, RECORD["table"], grid).gives(RECORD[f"bicubic {name}"], atol=NEAR)


@GRIDS
def test_bilinear_is_torchs_with_antialias(name):
    grid = tuple(int(edge) for edge in RECORD[f"grid {name}"])
    call(resize_positions, RECORD["table"], grid, "bilinear").gives(RECORD[f"bilinear {name}"], atol=NEAR)


# --- the whole -------------------------------------------------------------------------------------------

SMALL = {  # patches of one pixel with one channel; a vector is (the pixel, 10 times the pixel)
    "v.patch_embd.weight": np.array([1, 10], dtype=np.float32).reshape(2, 1, 1, 1),
    "v.position_embd.weight": np.array([[100, 0], [200, 0], [300, 0], [400, 0]], dtype=np.float32),
}
SQUARE = np.array([[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]], dtype=np.float32)  # two images of 2 x 2


def test_every_patch_gets_its_position():
    wanted = np.array([[[101, 10], [202, 20], [303, 30], [404, 40]], [[105, 50], [206, 60], [307, 70], [408, 80]]])
    call(embed, SQUARE, SMALL).gives(wanted, atol=1e-3)  # of numbers up to 408


def test_the_class_token_comes_first_and_has_row_0():
    """The table has one row more: row 0 for the class token, row 1 for patch 0."""
    weights = {**SMALL, "v.class_embd": np.array([0, 7], np.float32), "v.patch_embd.bias": np.array([0, 1], np.float32),
               "v.position_embd.weight": np.array([[9, 9], [100, 0], [200, 0], [300, 0], [400, 0]], np.float32)}
    wanted = np.array([[[9, 16], [101, 11], [202, 21], [303, 31], [404, 41]],
                       [[9, 16], [105, 51], [206, 61], [307, 71], [408, 81]]])
    call(embed, SQUARE, weights).gives(wanted, atol=1e-3)


def test_the_grid_has_the_rows_and_columns_of_the_patches():
    """One row of four patches: the 2 x 2 table, 0 at the left and 64 at the right, becomes -6.75, 14.5, 49.5, 70.75."""
    weights = {"v.patch_embd.weight": np.ones((1, 1, 1, 1), np.float32), "v.position_embd.weight": LINE}
    pixels = np.array([[[[100, 200, 300, 400]]]], dtype=np.float32)
    call(embed, pixels, weights).gives(np.array([[[93.25], [214.5], [349.5], [470.75]]]), atol=1e-4)  # 3e-5 at 471


@pytest.mark.parametrize("size", ["own", "larger", "smaller"])
def test_embeddings_are_those_of_transformers_clip(size):
    """Recorded: CLIPVisionEmbeddings on images of 16 x 16, 20 x 28 and 8 x 12, the table resized by bicubic curves."""
    weights = {"v.patch_embd.weight": RECORD["clip weight"], "v.class_embd": RECORD["clip class"],
               "v.position_embd.weight": RECORD["clip table"]}
    call(embed, RECORD[f"clip pixels {size}"], weights).gives(RECORD[f"clip {size}"], atol=NEAR)


def test_the_table_is_resized_as_asked():
    """4 x 4 positions for 1 x 2 patches; bicubic curves would give 2.8 and 25.2 for 5 and 22."""
    weights = {"v.patch_embd.weight": np.ones((1, 1, 1, 1), np.float32), "v.position_embd.weight": FOUR}
    pixels = np.array([[[[100, 200]]]], dtype=np.float32)
    call(embed, pixels, weights, "bilinear").gives(np.array([[[105], [222]]]), atol=5e-5)  # steps of 1.5e-5 at 222
