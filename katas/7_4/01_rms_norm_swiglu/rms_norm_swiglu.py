"""The norms and the gated feed-forward of today's decoders.

llama.cpp builds them in `build_norm` and `build_ffn` (src/llama-graph.cpp).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

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
    raise NotImplementedError


def layer_norm(x: Numbers, weight: Numbers, bias: Numbers, eps: float) -> Numbers:
    """Take its mean away from each vector, divide by the standard deviation, multiply by the weight, add the bias.

    x, weight: as in rms_norm; bias: (width,)
    eps: is added to the variance, under the root, as in rms_norm; the variance is the mean of the squares
    Returns the shape of x in np.result_type(x, weight, bias, np.float32), and computes in it.
    Raises as rms_norm, and ValueError if bias is not (width,).
    Source: Ba, Kiros and Hinton 2016, section 3.1; LLM_NORM.
    """
    raise NotImplementedError


def activate(x: Numbers, activation: str) -> Numbers:
    """Bend each number: large ones stay, negative ones nearly vanish.

    activation: "silu", x / (1 + exp(-x)); "gelu_erf", x times the share of N(0, 1) below x; "gelu_tanh", which
        comes close to it, x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
    Returns the shape of x in np.result_type(x, np.float32), and computes in it; up to 10,000 nothing overflows.
    Raises TypeError if x holds no real numbers; ValueError if activation is another word.
    Source: Hendrycks and Gimpel 2016, section 2; LLM_FFN_SILU, and LLM_FFN_GELU, which is the form with tanh.
    """
    raise NotImplementedError


def gated_feed_forward(x: Numbers, gate: Numbers, up: Numbers, down: Numbers, activation: str = "silu") -> Numbers:
    """Give each vector to two matrices; what one makes, activated, is the share of the other that goes on to a third.

    x: (..., width)
    gate, up: (hidden, width); down: (width, hidden); each a row for a number that it makes, so x @ gate.T
    activation: as in activate; with "silu" this is SwiGLU, with a GELU it is GEGLU
    Returns (..., width) in np.result_type(x, gate, up, down, np.float32), and computes in it.
    Raises as activate, and ValueError if a matrix has another shape.
    Source: Shazeer 2020, equation 6; build_ffn with LLM_FFN_PAR.
    """
    raise NotImplementedError


def feed_forward_block(x: Numbers, block: Mapping[str, Numbers], eps: float, activation: str = "silu") -> Numbers:
    """Add to each vector what the feed-forward makes of its norm: the second half of a decoder's block.

    x: (..., width)
    block: "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight" and "ffn_down.weight", as a GGUF names them after
        "blk.0."
    eps, activation, dtypes, errors: as in rms_norm and gated_feed_forward
    Returns (..., width).
    """
    raise NotImplementedError
