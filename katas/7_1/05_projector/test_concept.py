"""Four projectors; numbers that a head can follow come first, then records of transformers and torch."""

from math import cos, log, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from projector import mlp_projector, pixel_shuffle, pooled_projector, positions_2d, resampler

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.projector.reference import drawn

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes the other GELU is nearest: 1.5e-4
RECORD = recorded("projector")
EYE, ONES, ZEROS = np.eye(4, dtype=np.float32), np.ones(4, np.float32), np.zeros(4, np.float32)
# eight patches of two numbers in two rows: 0 1, 10 11, 20 21, 30 31 and 40 41, 50 51, 60 61, 70 71
EIGHT = (10 * np.arange(8)[:, None] + np.arange(2))[None].astype(np.float32)
GRID = (2, 4)


def floats(*rows):
    return np.array(rows, dtype=np.float32)


# --- two layers ------------------------------------------------------------------------------------------

# (2, 1) becomes 1, -1 and 0: GELU makes 0.8413, -0.1587 and 0 of them
TWO_LAYERS = {"mm.0.weight": floats([1, -1], [-1, 1], [0, 3]), "mm.0.bias": floats(0, 0, -3),
              "mm.2.weight": floats([1, 1, 7], [10, 0, 7]), "mm.2.bias": floats(0.5, 1)}


def test_two_layers_with_a_gelu_between():
    """GELU makes 0.84134 of 1 and -0.15866 of -1; erf without a root of 2 would make 0.92135 and -0.07865."""
    wanted = [[[0.841345 - 0.158655 + 0.5, 8.413447 + 1]]]
    call(mlp_projector, floats([[2, 1]]), TWO_LAYERS, "erf").gives(np.array(wanted), atol=NEAR)


def test_the_tanh_form_is_another_function():
    """0.84119 and -0.15881; the form with erf would be 0.84134 and -0.15866, quick GELU 0.84580 and -0.15420."""
    wanted = [[[0.841192 - 0.158808 + 0.5, 8.411920 + 1]]]
    call(mlp_projector, floats([[2, 1]]), TWO_LAYERS, "tanh").gives(np.array(wanted), atol=NEAR)


@given(st.permutations(range(5)))
def test_no_patch_knows_of_the_others(order):
    x, weights = RECORD["llava features"], drawn("mlp", 1)
    straight = call(mlp_projector, x[:, :5], weights, "erf").value
    call(mlp_projector, x[:, order], weights, "erf").gives(straight[:, order], atol=NEAR)


def test_llava_projects_so_in_transformers():
    call(mlp_projector, RECORD["llava features"], drawn("mlp", 1), "erf").gives(RECORD["llava tokens"], atol=NEAR)


# --- pixel shuffle ---------------------------------------------------------------------------------------


def test_squares_stand_row_after_row():
    """Six rows of four patches of one number: the squares' upper left corners are the patches 0, 2, 8, 10, 16, 18."""
    x = np.arange(24, dtype=np.float32).reshape(1, 24, 1)
    call(pixel_shuffle, x, (6, 4), 2).gives(floats([[i, i + 1, i + 4, i + 5] for i in (0, 2, 8, 10, 16, 18)]))


def test_a_square_of_patches_becomes_one_vector():
    """First the upper two of the square, then the lower two, each with all its numbers."""
    call(pixel_shuffle, EIGHT, GRID, 2).gives(floats([[0, 1, 10, 11, 40, 41, 50, 51],
                                                      [20, 21, 30, 31, 60, 61, 70, 71]]))


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
def test_every_number_is_in_one_token(n, rows, columns, width, factor):
    """Put back where it was, each square gives the patches again."""
    x = np.arange(n * rows * columns * factor**2 * width).reshape(n, rows * factor, columns * factor, width)
    flat = x.reshape(n, -1, width).astype(np.float32)
    tokens = call(pixel_shuffle, flat, (rows * factor, columns * factor), factor).value
    back = np.empty_like(x)
    for i, token in enumerate(tokens.reshape(n, rows * columns, factor, factor, width).swapaxes(0, 1)):
        top, left = i // columns * factor, i % columns * factor
        back[:, top:top + factor, left:left + factor] = token
    assert np.array_equal(back, x), f"rows {rows}, columns {columns}, factor {factor}: numbers are in the wrong token"


@pytest.mark.parametrize(("name", "grid"), [("idefics3", (4, 4)), ("internvl", (4, 6))])
def test_transformers_shuffles_so(name, grid):
    call(pixel_shuffle, RECORD[f"{name} features"], grid, 2).gives(RECORD[f"{name} shuffled"].astype(np.float32))


# --- average, norm, matrix -------------------------------------------------------------------------------


def test_squares_are_averaged_and_then_normed():
    """The squares' means are (1, 7) and (-3, 4): the roots of the mean squares are 5 and sqrt(12.5)."""
    x = floats([[0, 5], [2, 5], [-6, 0], [0, 0], [2, 9], [0, 9], [-6, 8], [0, 8]])
    weights = {"mm.soft_emb_norm.weight": floats(1, 1), "mm.input_projection.weight": EYE[:2, :2]}
    wanted = [[[0.2, 1.4], [-3 / sqrt(12.5), 4 / sqrt(12.5)]]]
    call(pooled_projector, x, weights, GRID, 2, 0.0).gives(np.array(wanted), atol=NEAR)


def test_the_norm_has_a_weight_and_the_matrix_lies_the_other_way():
    """(1, 7) and an epsilon of 24 make sqrt(25 + 24) = 7. Row 0 of the matrix is what the first number adds."""
    weights = {"mm.soft_emb_norm.weight": floats(14, 3), "mm.input_projection.weight": floats([1, 10, 0], [0, 1, 5])}
    x = np.tile(floats(1, 7), (1, 4, 1))
    call(pooled_projector, x, weights, (2, 2), 2, 24.0).gives(np.array([[[2.0, 23.0, 15.0]]]), atol=NEAR)


def test_gemma3_projects_so_in_transformers():
    call(pooled_projector, RECORD["gemma3 features"], drawn("gemma3", 4), (4, 4), 2, 1e-2).gives(
        RECORD["gemma3 tokens"], atol=NEAR)


# --- positions -------------------------------------------------------------------------------------------


def test_a_place_is_the_sine_and_cosine_of_its_column_then_of_its_row():
    wanted = [[sin(x), cos(x), sin(y), cos(y)] for y in (0, 1) for x in (0, 1, 2)]
    call(positions_2d, (2, 3), 4).gives(np.array(wanted), atol=1e-6)


def test_each_quarter_has_its_frequencies():
    """Width 8: the frequencies are 1 and 10000^(-1/2) = 0.01."""
    wanted = [[0, 0, 1, 1, 0, 0, 1, 1], [sin(1), sin(0.01), cos(1), cos(0.01), 0, 0, 1, 1],
              [0, 0, 1, 1, sin(1), sin(0.01), cos(1), cos(0.01)],
              [sin(1), sin(0.01), cos(1), cos(0.01), sin(1), sin(0.01), cos(1), cos(0.01)]]
    call(positions_2d, (2, 2), 8).gives(np.array(wanted), atol=1e-6)


def test_transformers_places_so():
    """ViTMAE's places of 2 x 8 patches, with columns before rows."""
    call(positions_2d, (2, 8), 16).gives(RECORD["positions"], atol=1e-6)


# --- resampler -------------------------------------------------------------------------------------------

PATCHES = floats([[2, 4, 6, 4], [6, 4, 2, 4]])  # with an epsilon of 2 the norms are (-1 0 1 0) and (1 0 -1 0)
ANSWER = floats(1, 0, -1, 0)
# Query 0 gives the second patch the weight 3/4, query 1 the first one: 1/4 (-1 0 1 0) + 3/4 (1 0 -1 0) is
# (0.5 0 -0.5 0), attn.out makes (2 0 -2 0) of it, and the last norm (1 0 -1 0).
ASKING = {
    "resampler.kv.weight": EYE, "resampler.query": PATCHES[0], "resampler.proj.weight": EYE,
    **{f"resampler.ln_{name}.{kind}": value for name in ("q", "kv", "post")
       for kind, value in (("weight", ONES), ("bias", ZEROS))},
    "resampler.attn.q.weight": -np.diag(EYE[2]) * np.float32(log(3)), "resampler.attn.q.bias": ZEROS,
    "resampler.attn.k.weight": EYE, "resampler.attn.k.bias": ZEROS, "resampler.attn.v.weight": EYE,
    "resampler.attn.v.bias": ZEROS, "resampler.attn.out.weight": 4 * EYE, "resampler.attn.out.bias": ZEROS,
}


def asking_for(number, amount):
    """Return weights whose queries are all alike: they ask for one number of a key."""
    return ASKING | {"resampler.attn.q.weight": 0 * EYE, "resampler.attn.q.bias": EYE[number] * np.float32(amount)}


def test_each_query_weighs_the_patches_for_itself():
    """Number 2 of the keys is 1 and -1; times -ln 3, by the root of the width: the scores are ln 3 apart."""
    call(resampler, PATCHES, ASKING, (1, 2), 1, 2.0).gives(np.array([[ANSWER, 0 - ANSWER]]), atol=NEAR)


@pytest.mark.parametrize(("grid", "number", "apart"), [((1, 2), 0, 2 + sin(1)), ((2, 1), 2, -2 + sin(1))])
def test_keys_know_their_place(grid, number, apart):
    """Into number 0 goes the sine of the column, into number 2 that of the row, and then attn.k doubles all numbers."""
    weights = asking_for(number, log(3) / apart) | {"resampler.attn.k.weight": 2 * EYE}
    call(resampler, PATCHES, weights, grid, 1, 2.0).gives(np.array([[ANSWER, ANSWER]]), atol=NEAR)


def test_values_do_not_know_their_place():
    """Patches of equal numbers have the norm 0: all that a value has is the bias of attn.v."""
    weights = ASKING | {"resampler.attn.v.bias": ANSWER / 2}
    call(resampler, np.tile(ONES, (1, 6, 1)), weights, (2, 3), 1, 2.0).gives(np.array([[ANSWER, ANSWER]]), atol=NEAR)


def test_the_last_matrix_is_applied_as_a_linear_layer():
    """Row i of resampler.proj.weight makes number i, here of the number behind it: (1 0 -1 0) moves to the left."""
    weights = ASKING | {"resampler.attn.v.bias": ANSWER / 2, "resampler.proj.weight": EYE[[1, 2, 3, 0]]}
    moved = floats(0, -1, 0, 1)
    call(resampler, np.tile(ONES, (1, 6, 1)), weights, (2, 3), 1, 2.0).gives(np.array([[moved, moved]]), atol=NEAR)


def test_each_head_weighs_for_itself():
    """Head 1 asks for number 2, head 0 for nothing, so that numbers 0 and 1 of the mixture are means: 0."""
    out = 4 * np.stack([-EYE[2], EYE[0], EYE[2], EYE[1]])
    weights = asking_for(2, -log(3) / sqrt(2)) | {"resampler.attn.out.weight": out}
    call(resampler, PATCHES, weights, (1, 2), 2, 2.0).gives(np.array([[ANSWER, ANSWER]]), atol=NEAR)


def test_minicpm_resamples_so_with_the_parts_of_torch():
    """Random weights, two images of 2 x 8 patches, four heads of four numbers: torch's nn.MultiheadAttention."""
    call(resampler, RECORD["resampler features"], drawn("resampler", 5), (2, 8), 4, 1e-2).gives(
        RECORD["resampler tokens"], atol=NEAR)
