"""What goes silently wrong in real use, and one table of what is refused."""

import numpy as np
import pytest
from rms_norm_swiglu import activate, feed_forward_block, gated_feed_forward, layer_norm, rms_norm

from fixtures.checking import call
from fixtures.katas.rms_norm_swiglu.reference import (
    EPS,
    activated,
    block_output,
    drawn,
    fed_forward,
    layer_normed,
    rms_normed,
)

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes the other GELU is nearest: 2e-4
X, BLOCK = drawn(2)  # (2, 5, 12), and matrices of 20 hidden numbers
WEIGHT, BIAS = BLOCK["ffn_norm.weight"], BLOCK["ffn_down.weight"][:, 0]
GATE, UP, DOWN = MATRICES = [BLOCK[f"ffn_{name}.weight"] for name in ("gate", "up", "down")]
CASES = {  # function, the arguments after x, the definition
    "rms_norm": (rms_norm, (WEIGHT, EPS), rms_normed),
    "layer_norm": (layer_norm, (WEIGHT, BIAS, EPS), layer_normed),
    "silu": (activate, ("silu",), activated),
    "gelu_tanh": (activate, ("gelu_tanh",), activated),
    "gelu_erf": (activate, ("gelu_erf",), activated),
    "feed_forward": (gated_feed_forward, MATRICES, fed_forward),
    "block": (feed_forward_block, (BLOCK, EPS), block_output),
}
EACH = pytest.mark.parametrize("case", CASES)


def typed(value, dtype):
    """Return an argument with tensors of this dtype, and with a number as it comes out of an array."""
    if isinstance(value, dict):
        return {name: tensor.astype(dtype) for name, tensor in value.items()}
    return value.astype(dtype) if isinstance(value, np.ndarray) else np.float64(value) if value == EPS else value


@pytest.mark.parametrize("scale", [300, 1e-5])
@pytest.mark.parametrize("case", ["rms_norm", "layer_norm"])
def test_squares_of_float16_neither_overflow_nor_vanish(case, scale):
    """float16 ends at 65504, which 256 x 256 is beyond, and begins at 6e-8, which (1e-5)^2 is below."""
    function, (*arguments, _), definition = CASES[case]
    x = (X * scale).astype(np.float16)
    call(function, x, *arguments, 1e-12).gives(definition(x, *arguments, 1e-12), atol=NEAR, dtype=np.float32)


def test_products_of_float16_do_not_overflow():
    """What up makes of a hundred numbers of 30 is 90,000, beyond 65504."""
    x, up = np.full((2, 100), 30, np.float16), np.full((3, 100), 30, np.float16)
    x[1, 50:] = -20
    matrices = np.full((3, 100), 0.25, np.float16), up, np.full((100, 3), 1e-3, np.float16)
    call(gated_feed_forward, x, *matrices).gives(fed_forward(x, *matrices), rtol=1e-5, dtype=np.float32)


@EACH
@pytest.mark.parametrize(("dtype", "wanted", "atol"), [
    (np.float32, np.float32, NEAR), (np.float16, np.float32, NEAR), (np.float64, np.float64, 1e-13)],
    ids=["float32", "float16", "float64"])
def test_dtype_is_float32_at_least(case, dtype, wanted, atol):
    """float16 is computed in float32; np.sqrt(2 / np.pi), eps of np.float64, scipy of float16 make float64, unasked."""
    function, arguments, definition = CASES[case]
    x, arguments = X.astype(dtype), [typed(value, dtype) for value in arguments]
    call(function, x, *arguments).gives(definition(x, *arguments), atol=atol, dtype=wanted)


@pytest.mark.filterwarnings("error")  # x / (1 + inf) is 0, the right number, but only by luck
@pytest.mark.parametrize("activation", ["silu", "gelu_tanh", "gelu_erf"])
def test_large_numbers_are_activated_without_overflow(activation):
    """exp(1000) is infinite, and numpy warns of it. Far below 0 nothing passes, far above everything."""
    x = np.array([-10000, -1000, -100, 100, 1000, 10000], dtype=np.float32)
    call(activate, x, activation).gives(np.maximum(x, 0), atol=1e-30)


def test_a_large_mean_does_not_hide_the_variance():
    """10001, 10004 and 10007 less 10004 are -3, 0 and 3; the squares of the numbers have steps of 8 in float32."""
    x = np.array([10001, 10004, 10007], dtype=np.float32)
    ones, zeros = np.ones(3, np.float32), np.zeros(3, np.float32)
    call(layer_norm, x, ones, zeros, 3.0).gives(np.array([-1, 0, 1]), atol=NEAR)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", ["rms_norm", "layer_norm", "block"])
def test_a_vector_of_zeros_is_not_divided_by_zero(case):
    """Epsilon keeps the division from 0 / 0; of zeros remain zeros, or the bias."""
    function, arguments, definition = CASES[case]
    x = np.concatenate([X[:, :2], 0 * X[:, :1]], axis=1)
    call(function, x, *arguments).gives(definition(x, *arguments), atol=NEAR)


@EACH
def test_any_strides_and_any_number_of_axes_will_do(case):
    """Vectors that lie behind each other, none at all, and a single one."""
    function, arguments, definition = CASES[case]
    turned = np.asfortranarray(X)[:, ::-1]
    call(function, turned, *arguments).gives(definition(turned, *arguments), atol=NEAR)
    call(function, X[:, :0], *arguments).gives(np.zeros((2, 0, 12), np.float32))
    call(function, X[0, 0], *arguments).gives(definition(X[:1, :1], *arguments)[0, 0], atol=NEAR)


@EACH
def test_a_nan_shows_in_its_own_vector_alone(case):
    function, arguments, definition = CASES[case]
    x = X.copy()
    x[1, 3, 5] = np.nan
    call(function, x, *arguments).gives(definition(x, *arguments), atol=NEAR)


REFUSED = {
    "a weight for all numbers": (rms_norm, (X, WEIGHT[:1], EPS), ValueError, "weight"),
    "a weight for each token": (rms_norm, (X[:, :, :5], X[0, :, :5], EPS), ValueError, "weight"),
    "another width": (layer_norm, (X, WEIGHT[:-1], BIAS, EPS), ValueError, "weight"),
    "a bias for all numbers": (layer_norm, (X, WEIGHT, BIAS[:1], EPS), ValueError, "bias"),
    "an epsilon below 0": (rms_norm, (X, WEIGHT, -1e-6), ValueError, "eps"),
    "an epsilon of NaN": (layer_norm, (X, WEIGHT, BIAS, np.nan), ValueError, "eps"),
    "a GELU without its form": (activate, (X, "gelu"), ValueError, "activation"),
    "another name of SiLU": (activate, (X, "swish"), ValueError, "activation"),
    "nothing to activate with": (gated_feed_forward, (X, GATE, UP, DOWN, "none"), ValueError, "activation"),
    "a gate that lies the other way": (gated_feed_forward, (X, GATE.T, UP, DOWN), ValueError, "gate"),
    "up for one number": (gated_feed_forward, (X, GATE, UP[:1], DOWN), ValueError, "up"),
    "one number of the gate": (gated_feed_forward, (X, GATE[:1], UP, DOWN), ValueError, "up"),
    "down as up lies": (gated_feed_forward, (X, GATE, UP, UP), ValueError, "down"),
    "a part of down": (gated_feed_forward, (X, GATE, UP, DOWN[:1]), ValueError, "down"),
    "bits": (rms_norm, (X > 0, WEIGHT, EPS), TypeError, "x"),
    "complex numbers": (layer_norm, (X * 1j, WEIGHT, BIAS, EPS), TypeError, "x"),
    "bits to activate": (activate, (X > 0, "silu"), TypeError, "x"),
    "complex numbers to feed": (gated_feed_forward, (X * 1j, GATE, UP, DOWN), TypeError, "x"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, named = REFUSED[case]
    call(function, *arguments).raises(error, naming=named)
