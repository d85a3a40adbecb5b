"""Norms and a gated feed-forward; numbers that a head can follow come first, then records of torch and transformers."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rms_norm_swiglu import activate, feed_forward_block, gated_feed_forward, layer_norm, rms_norm

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.rms_norm_swiglu.reference import EPS, block_output, drawn

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes the other GELU is nearest: 2e-4
RECORD = recorded("rms_norm_swiglu")
X, BLOCK = drawn(1)  # (2, 5, 12), and matrices of 20 hidden numbers
WEIGHT, BIAS = BLOCK["ffn_norm.weight"], BLOCK["ffn_down.weight"][:, 0]
MATRICES = [BLOCK[f"ffn_{name}.weight"] for name in ("gate", "up", "down")]
ACTIVATIONS = ["silu", "gelu_tanh", "gelu_erf"]


def floats(*rows):
    return np.array(rows, dtype=np.float32)


ONES, ZEROS = floats(1, 1, 1), floats(0, 0, 0)

# --- RMSNorm ---------------------------------------------------------------------------------------------


def test_rms_norm_divides_by_the_root_of_the_mean_square():
    """1 + 25 + 49 is 75, their mean 25, its root 5."""
    call(rms_norm, floats(1, 5, 7), ONES, 0.0).gives(floats(0.2, 1, 1.4), atol=NEAR)


def test_rms_norm_has_its_epsilon_under_the_root():
    """1 + 16 + 49 is 66, their mean 22: with an epsilon of 3 the root is 5 again."""
    call(rms_norm, floats(1, 4, 7), ONES, 3.0).gives(floats(0.2, 0.8, 1.4), atol=NEAR)


def test_rms_norm_multiplies_by_the_weight_at_last():
    """(0.2 0.8 1.4), as before, times (10 5 -2)."""
    call(rms_norm, floats(1, 4, 7), floats(10, 5, -2), 3.0).gives(floats(2, 4, -2.8), atol=NEAR)


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3), (2, 2, 3)])
def test_rms_norm_takes_every_vector_for_itself(shape):
    """The roots are 5 of (1 5 7) and 10 of (10 -10 10)."""
    x = np.resize(floats(1, 5, 7, 10, -10, 10), shape)
    call(rms_norm, x, ONES, 0.0).gives(np.resize(floats(0.2, 1, 1.4, 1, -1, 1), shape), atol=NEAR)


@given(st.floats(0.1, 100), st.sampled_from([1, -1]))
def test_rms_norm_does_not_mind_the_scale(scale, sign):
    """A vector twice as long, with an epsilon four times as large, has the same norm."""
    once = call(rms_norm, X[0], WEIGHT, EPS).value
    call(rms_norm, X[0] * np.float32(sign * scale), WEIGHT, EPS * scale**2).gives(sign * once, atol=NEAR)


def test_rms_norm_is_that_of_torch():
    call(rms_norm, X, WEIGHT, EPS).gives(RECORD["rms_norm"], atol=NEAR)


def test_rms_norm_is_gemmas_where_the_weight_has_its_1():
    """Gemma's checkpoint keeps weight - 1 and its code adds the 1; a GGUF has the sum."""
    checkpoint = WEIGHT - 1
    call(rms_norm, X, checkpoint + 1, EPS).gives(RECORD["gemma_norm"], atol=NEAR)


# --- LayerNorm -------------------------------------------------------------------------------------------


def test_layer_norm_takes_the_mean_away_first():
    """(1 4 7) less its mean is (-3 0 3): the variance is 18 / 3 = 6, and with an epsilon of 3 the root is 3."""
    call(layer_norm, floats(1, 4, 7), ONES, ZEROS, 3.0).gives(floats(-1, 0, 1), atol=NEAR)


def test_layer_norm_has_a_weight_and_a_bias():
    """(-1 0 1), as before, times (10 5 -2), plus (1 2 3)."""
    call(layer_norm, floats(1, 4, 7), floats(10, 5, -2), floats(1, 2, 3), 3.0).gives(floats(-9, 2, 1), atol=NEAR)


def test_layer_norm_is_that_of_torch():
    call(layer_norm, X, WEIGHT, BIAS, EPS).gives(RECORD["layer_norm"], atol=NEAR)


# --- activations -----------------------------------------------------------------------------------------


def test_silu_is_the_number_times_its_sigmoid():
    """1 / (1 + exp(-ln 3)) is 3/4, that of -ln 3 is 1/4, that of 0 is 1/2."""
    call(activate, floats(0, log(3), -log(3)), "silu").gives(floats(0, 0.75 * log(3), -0.25 * log(3)), atol=NEAR)


@pytest.mark.parametrize(("activation", "of_one", "of_minus_two"), [
    ("gelu_erf", 0.841345, -0.045500), ("gelu_tanh", 0.841192, -0.045402)])
def test_gelu_has_two_forms(activation, of_one, of_minus_two):
    """Below 1 lie 84.13 % of a normal distribution, below -2 2.275 %. Quick GELU has 0.8458 and -0.0643."""
    call(activate, floats(0, 1, -2), activation).gives(floats(0, of_one, of_minus_two), atol=NEAR)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_those_of_transformers(activation):
    call(activate, X, activation).gives(RECORD[activation], atol=NEAR)


# --- gated feed-forward ----------------------------------------------------------------------------------

GATE = floats([0, log(3)], [1, -2], [0, -log(3)])
UP = floats([2, 0], [4, 1], [3, 2])
DOWN = floats([1, 7, 1], [10, 7, 0])


def test_feed_forward_lets_the_gate_say_how_much_of_up_passes():
    """Of (2 1) gate makes ln 3, 0 and -ln 3, up makes 4, 9 and 8: the hidden numbers are 3 ln 3, 0 and -2 ln 3."""
    wanted = floats(3 * log(3) - 2 * log(3), 30 * log(3))
    call(gated_feed_forward, floats(2, 1), GATE, UP, DOWN).gives(wanted, atol=NEAR)


def test_feed_forward_takes_every_token_for_itself():
    """(0 0) gives (0 0), without a bias; (4 2) does not give twice as much as (2 1), for the gate opens further."""
    of_ln_9 = 0.9 * log(9) * 8 - 0.1 * log(9) * 16
    x = floats([[2, 1], [0, 0]], [[0, 0], [4, 2]])
    wanted = floats([[log(3), 30 * log(3)], [0, 0]], [[0, 0], [of_ln_9, 72 * log(9)]])
    call(gated_feed_forward, x, GATE, UP, DOWN).gives(wanted, rtol=1e-6, atol=NEAR)


@given(st.permutations(range(20)))
def test_feed_forward_does_not_mind_the_order_of_the_hidden_numbers(order):
    gate, up, down = MATRICES
    straight = call(gated_feed_forward, X, gate, up, down).value
    call(gated_feed_forward, X, gate[order], up[order], down[:, order]).gives(straight, atol=NEAR)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_feed_forward_is_that_of_transformers(activation):
    """LlamaMLP has SiLU; GemmaMLP has GELU, by its configuration one form or the other."""
    call(gated_feed_forward, X, *MATRICES, activation).gives(RECORD[f"feed_forward_{activation}"], atol=NEAR)


# --- the block -------------------------------------------------------------------------------------------


def test_block_adds_to_the_vector_what_is_made_of_its_norm():
    """(2 11) has the mean square 62.5; with an epsilon of 58.5 the root is 11, and the weight makes (2 1) of it."""
    block = {"ffn_norm.weight": floats(11, 1), "ffn_gate.weight": GATE, "ffn_up.weight": UP, "ffn_down.weight": DOWN}
    call(feed_forward_block, floats(2, 11), block, 58.5).gives(floats(2 + log(3), 11 + 30 * log(3)), atol=NEAR)


def test_block_is_that_of_transformers():
    call(feed_forward_block, X, BLOCK, EPS).gives(RECORD["llama_block"], atol=NEAR)


def test_block_hands_the_activation_on():
    call(feed_forward_block, X, BLOCK, EPS, "gelu_tanh").gives(block_output(X, BLOCK, EPS, "gelu_tanh"), atol=NEAR)
