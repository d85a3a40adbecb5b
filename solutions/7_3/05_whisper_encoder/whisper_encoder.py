"""Whisper's encoder: a log-mel in, a state for every two frames out; in llama.cpp tools/mtmd/models/whisper-enc.cpp."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

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
    if form not in ("erf", "tanh"):
        raise ValueError(f'form must be "erf" or "tanh", got {form!r}')
    inner = erf(x / math.sqrt(2)) if form == "erf" else np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * (1 + inner) / 2


def convolve(x: Floats, weight: Floats, bias: Floats, stride: int) -> Floats:
    """Convolve over time: each output sees three frames of all channels, with a frame of zeros at either end.

    x: (n, channels, frames); weight: (out, channels, 3), tap 0 for the frame before; bias: (out, 1)
    stride: output t lies at frame stride * t
    Returns (n, out, ceil(frames / stride)): weight[:, :, k] @ (frame stride * t + k - 1), summed over k, + bias.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    taps = (weight[:, :, k] @ padded[:, :, k:k + x.shape[2]:stride] for k in range(3))  # each (n, out, frames / stride)
    return sum(taps) + bias


def sinusoids(positions: int, width: int) -> NDArray[np.float32]:
    """Return OpenAI's table of positions, (positions, width), sines in its first half and cosines in its second.

    Column i and column width/2 + i are sine and cosine of position / 10000 ** (i / (width/2 - 1)).
    """
    if width < 4 or width % 2:
        raise ValueError(f"width must be even and 4 at least, got {width}")
    half = width // 2
    angles = np.arange(positions)[:, None] / 10_000 ** (np.arange(half) / (half - 1))  # (positions, half)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def embed(log_mel: Floats, encoder: Encoder) -> Floats:
    """Return what enters the first block: conv1 (stride 1) and conv2 (stride 2), each with a GELU, then positions.

    log_mel: (n, mels, frames), at most two frames for each row of positional_embedding; fewer take its first rows
    Returns (n, ceil(frames / 2), width). Weights without positional_embedding mean `sinusoids`, as long as needed.
    """
    w = encoder.weights
    if log_mel.ndim != 3 or log_mel.shape[1] != w["conv1.weight"].shape[1]:
        raise ValueError(f"log_mel must be (n, {w['conv1.weight'].shape[1]}, frames), got {log_mel.shape}")
    x = gelu(convolve(log_mel, w["conv1.weight"], w["conv1.bias"], 1), encoder.conv_gelu)
    x = gelu(convolve(x, w["conv2.weight"], w["conv2.bias"], 2), encoder.conv_gelu).swapaxes(1, 2)
    tokens, width = x.shape[1:]
    positions = w["positional_embedding"] if "positional_embedding" in w else sinusoids(tokens, width)
    if tokens > len(positions):
        raise ValueError(f"log_mel has {log_mel.shape[2]} frames, there are positions for {2 * len(positions)}")
    return x + positions[:tokens].astype(x.dtype)


def attention(x: Floats, weights: Weights, heads: int) -> Floats:
    """Let every token look at all tokens of its sound, those after it as well.

    x: (n, tokens, width); weights: query, key, value and out, each attn.query.weight (width, width); key has no bias
    heads: head h owns the numbers h * width/heads to (h + 1) * width/heads - 1 of each query, key and value
    Returns (n, tokens, width): softmax(q k^T / sqrt(width / heads)) v of each head, side by side, then attn.out.
    """
    n, tokens, width = x.shape
    q, k, v = (_linear(x, weights, f"attn.{part}").reshape(n, tokens, heads, width // heads).swapaxes(1, 2)
               for part in ("query", "key", "value"))  # (n, heads, tokens, head_width)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(width // heads)  # (n, heads, queries, keys)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v  # (n, heads, tokens, head_width)
    return _linear(mixed.swapaxes(1, 2).reshape(x.shape), weights, "attn.out")


def encoder_block(x: Floats, weights: Weights, heads: int, form: str) -> Floats:
    """Run one block, norms first: y = x + attention(attn_ln(x)), then y + mlp.2(gelu(mlp.0(mlp_ln(y)), form))."""
    x = x + attention(_layer_norm(x, weights, "attn_ln"), weights, heads)
    hidden = gelu(_linear(_layer_norm(x, weights, "mlp_ln"), weights, "mlp.0"), form)  # (n, tokens, hidden)
    return x + _linear(hidden, weights, "mlp.2")


def encode(log_mel: Floats, encoder: Encoder) -> Floats:
    """Return what the decoder reads, (n, ceil(frames / 2), width): embed, the blocks, then the norm ln_post."""
    x = embed(log_mel, encoder)
    for prefix in [f"blocks.{i}." for i in range(encoder.blocks)]:
        own = {name.removeprefix(prefix): tensor for name, tensor in encoder.weights.items() if name.startswith(prefix)}
        x = encoder_block(x, own, encoder.heads, encoder.gelu)
    return _layer_norm(x, encoder.weights, "ln_post")


def _layer_norm(x: Floats, weights: Weights, name: str) -> Floats:
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + EPS)  # (n, tokens, 1)
    return (x - x.mean(axis=-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _linear(x: Floats, weights: Weights, name: str) -> Floats:
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)
