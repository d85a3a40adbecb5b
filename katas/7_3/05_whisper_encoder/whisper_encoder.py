"""Whisper's encoder: a log-mel in, a state for every two frames out; in llama.cpp tools/mtmd/models/whisper-enc.cpp."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Weights = Mapping[str, Floats]  # a linear layer's weight is (out, in): x @ weight.T + bias
EPS = 1e-5  # of every norm


@dataclass(frozen=True)
class Encoder:
    """An encoder: its weights and what they do not tell."""

    weights: Weights  # under OpenAI's names: conv1.weight, ..., blocks.0.attn_ln.weight, ..., ln_post.bias
    blocks: int
    heads: int
    conv_gelu: str = "erf"  # the GELU behind the convolutions, "erf" or "tanh"
    gelu: str = "erf"  # the one in the blocks


def gelu(x: Floats, form: str) -> Floats:
    """Return x times the share of N(0, 1) below x, or what is near to it, in the dtype of x.

    "erf": x * (1 + erf(x / sqrt(2))) / 2; "tanh": x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
    """
    raise NotImplementedError


def convolve(x: Floats, weight: Floats, bias: Floats, stride: int) -> Floats:
    """Convolve over time: each output sees three frames of all channels, with a frame of zeros at either end.

    x: (n, channels, frames); weight: (out, channels, 3), tap 0 for the frame before; bias: (out, 1)
    stride: output t lies at frame stride * t
    Returns (n, out, ceil(frames / stride)): weight[:, :, k] @ (frame stride * t + k - 1), summed over k, + bias.
    """
    raise NotImplementedError


def sinusoids(positions: int, width: int) -> NDArray[np.float32]:
    """Return OpenAI's table of positions, (positions, width), sines in its first half and cosines in its second.

    Column i and column width/2 + i are sine and cosine of position / 10000 ** (i / (width/2 - 1)).
    """
    raise NotImplementedError


def embed(log_mel: Floats, encoder: Encoder) -> Floats:
    """Return what enters the first block: conv1 (stride 1) and conv2 (stride 2), each with a GELU, then positions.

    log_mel: (n, mels, frames), at most two frames for each row of positional_embedding; fewer take its first rows
    Returns (n, ceil(frames / 2), width). Weights without positional_embedding mean `sinusoids`, as long as needed.
    """
    raise NotImplementedError


def attention(x: Floats, weights: Weights, heads: int) -> Floats:
    """Let every token look at all tokens of its sound, those after it as well.

    x: (n, tokens, width); weights: query, key, value and out, each attn.query.weight (width, width); key has no bias
    heads: head h owns the numbers h * width/heads to (h + 1) * width/heads - 1 of each query, key and value
    Returns (n, tokens, width): softmax(q k^T / sqrt(width / heads)) v of each head, side by side, then attn.out.
    """
    raise NotImplementedError


def encoder_block(x: Floats, weights: Weights, heads: int, form: str) -> Floats:
    """Run one block, norms first: y = x + attention(attn_ln(x)), then y + mlp.2(gelu(mlp.0(mlp_ln(y)), form))."""
    raise NotImplementedError


def encode(log_mel: Floats, encoder: Encoder) -> Floats:
    """Return what the decoder reads, (n, ceil(frames / 2), width): embed, the blocks, then the norm ln_post."""
    raise NotImplementedError
