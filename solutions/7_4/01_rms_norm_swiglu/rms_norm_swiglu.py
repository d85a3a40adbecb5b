"""The norms and the gated feed-forward of today's decoders.

llama.cpp builds them in `build_norm` and `build_ffn` (src/llama-graph.cpp).
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

Numbers = NDArray[np.number]


def rms_norm(x: Numbers, weight: Numbers, eps: float) -> Numbers:
    """Divide each vector by the root of its mean square, and multiply by the weight.

    x: (..., width), the last axis is the vector
    weight: (width,), multiplied as it is: gemma's, too, has its 1 in a GGUF already
    eps: is added to the mean square, under the root; a plain number, whatever its dtype
    Returns the shape of x in np.result_type(x, weight, np.float32), and computes in it: float16 gives float32.
    Raises TypeError if x holds no real numbers; ValueError if weight is not (width,), or eps is below 0 or NaN.
    Source: Zhang and Sennrich 2019, equation 4; LLM_NORM_RMS.
    """
    x = _wide(x, weight)
    _check_shape("weight", weight, x.shape[-1:])
    if not eps >= 0:  # true of NaN as well
        raise ValueError(f"eps must be 0 or more, got {eps}")
    mean_square = (x * x).mean(axis=-1, keepdims=True)  # (..., 1)
    return x / np.sqrt(mean_square + float(eps)) * weight


def layer_norm(x: Numbers, weight: Numbers, bias: Numbers, eps: float) -> Numbers:
    """Take its mean away from each vector, divide by the standard deviation, multiply by the weight, add the bias.

    x, weight: as in rms_norm; bias: (width,)
    eps: is added to the variance, under the root, as in rms_norm; the variance is the mean of the squares
    Returns the shape of x in np.result_type(x, weight, bias, np.float32), and computes in it.
    Raises as rms_norm, and ValueError if bias is not (width,).
    Source: Ba, Kiros and Hinton 2016, section 3.1; LLM_NORM.
    """
    x = _wide(x, weight, bias)
    _check_shape("bias", bias, x.shape[-1:])
    return rms_norm(x - x.mean(axis=-1, keepdims=True), weight, eps) + bias


def activate(x: Numbers, activation: str) -> Numbers:
    """Bend each number: large ones stay, negative ones nearly vanish.

    activation: "silu", x / (1 + exp(-x)); "gelu_erf", x times the share of N(0, 1) below x; "gelu_tanh", which
        comes close to it, x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
    Returns the shape of x in np.result_type(x, np.float32), and computes in it; up to 10,000 nothing overflows.
    Raises TypeError if x holds no real numbers; ValueError if activation is another word.
    Source: Hendrycks and Gimpel 2016, section 2; LLM_FFN_SILU, and LLM_FFN_GELU, which is the form with tanh.
    """
    x = _wide(x)
    if activation == "silu":
        return x * expit(x)
    if activation == "gelu_erf":
        return x * ndtr(x)
    if activation == "gelu_tanh":
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    raise ValueError(f'activation must be "silu", "gelu_erf" or "gelu_tanh", got {activation!r}')


def gated_feed_forward(x: Numbers, gate: Numbers, up: Numbers, down: Numbers, activation: str = "silu") -> Numbers:
    """Give each vector to two matrices; what one makes, activated, is the share of the other that goes on to a third.

    x: (..., width)
    gate, up: (hidden, width); down: (width, hidden); each a row for a number that it makes, so x @ gate.T
    activation: as in activate; with "silu" this is SwiGLU, with a GELU it is GEGLU
    Returns (..., width) in np.result_type(x, gate, up, down, np.float32), and computes in it.
    Raises as activate, and ValueError if a matrix has another shape.
    Source: Shazeer 2020, equation 6; build_ffn with LLM_FFN_PAR.
    """
    x = _wide(x, gate, up, down)
    _check_shape("gate", gate, (len(gate), x.shape[-1]))
    _check_shape("up", up, gate.shape)
    _check_shape("down", down, gate.shape[::-1])
    hidden = activate(x @ gate.T, activation) * (x @ up.T)  # (..., hidden)
    return hidden @ down.T


def feed_forward_block(x: Numbers, block: Mapping[str, Numbers], eps: float, activation: str = "silu") -> Numbers:
    """Add to each vector what the feed-forward makes of its norm: the second half of a decoder's block.

    x: (..., width)
    block: "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight" and "ffn_down.weight", as a GGUF names them after
        "blk.0."
    eps, activation, dtypes, errors: as in rms_norm and gated_feed_forward
    Returns (..., width).
    """
    normed = rms_norm(x, block["ffn_norm.weight"], eps)
    gate, up, down = (block[f"ffn_{name}.weight"] for name in ("gate", "up", "down"))
    return x + gated_feed_forward(normed, gate, up, down, activation)


def _wide(x: Numbers, *others: Numbers) -> Numbers:
    """Return x in the dtype of the result, which is float32 at least: 300 * 300 is infinite in float16."""
    x = np.asarray(x)
    if x.dtype.kind not in "iuf":
        raise TypeError(f"x must hold real numbers, got {x.dtype}")
    return x.astype(np.result_type(x, *others, np.float32), copy=False)


def _check_shape(name: str, tensor: Numbers, fitting: tuple[int, ...]) -> None:
    if tensor.shape != fitting:
        raise ValueError(f"{name} must have the shape {fitting}, got {tensor.shape}")
