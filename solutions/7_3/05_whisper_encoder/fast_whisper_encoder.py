"""Whisper's encoder in place: frames and tokens are rows of one matrix, a convolution is one product of it."""

import math

import numpy as np
import whisper_encoder as plain
from numpy.lib.stride_tricks import sliding_window_view
from whisper_encoder import EPS, Encoder, Floats, Weights, attention, convolve, encoder_block, sinusoids

__all__ = ["Encoder", "attention", "convolve", "embed", "encode", "encoder_block", "gelu", "sinusoids"]

_BLOCK = 1 << 14  # numbers that pass through GELU or the norm at a time: they stay in the cache
_TILE = 1 << 19  # scores that exist at a time, of one head: 2 MB of float32
# the share of N(0, 1) above x is exp(-x^2 / 2) / sqrt(2 pi) times a polynomial in 1 / (1 + 0.2316419 x), to 7.5e-8:
# Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17
_SLOPE = 0.2316419
_ABOVE = [b / math.sqrt(2 * math.pi) for b in (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)]


def gelu(x: Floats, form: str) -> Floats:
    """Return the GELU of this form; as in whisper_encoder.py."""
    if form not in ("erf", "tanh"):
        raise ValueError(f'form must be "erf" or "tanh", got {form!r}')
    result = np.array(x, order="C")
    _gelu_in_place(result, form)
    return result


def embed(log_mel: Floats, encoder: Encoder) -> Floats:
    """Return what enters the first block; as in whisper_encoder.py."""
    w = encoder.weights
    if log_mel.ndim != 3 or log_mel.shape[1] != w["conv1.weight"].shape[1]:
        raise ValueError(f"log_mel must be (n, {w['conv1.weight'].shape[1]}, frames), got {log_mel.shape}")
    tokens, width = (log_mel.shape[2] + 1) // 2, len(w["conv2.weight"])
    positions = w["positional_embedding"] if "positional_embedding" in w else sinusoids(tokens, width)
    if tokens > len(positions):
        raise ValueError(f"log_mel has {log_mel.shape[2]} frames, there are positions for {2 * len(positions)}")
    x = log_mel.swapaxes(1, 2)  # (n, frames, mels)
    for name, stride in (("conv1", 1), ("conv2", 2)):
        x = _convolve_rows(x, w[f"{name}.weight"], w[f"{name}.bias"], stride)
        _gelu_in_place(x, encoder.conv_gelu)
    x += positions[:tokens]
    return x


def encode(log_mel: Floats, encoder: Encoder) -> Floats:
    """Return what the decoder reads; as in whisper_encoder.py."""
    x = embed(log_mel, encoder)
    rows = x.reshape(-1, x.shape[2])
    for prefix in [f"blocks.{i}." for i in range(encoder.blocks)]:
        own = {name.removeprefix(prefix): tensor for name, tensor in encoder.weights.items() if name.startswith(prefix)}
        rows += _attention(_norm(rows, own, "attn_ln"), len(x), own, encoder.heads)
        hidden = _linear(_norm(rows, own, "mlp_ln"), own, "mlp.0")
        _gelu_in_place(hidden, encoder.gelu)
        rows += _linear(hidden, own, "mlp.2")
    return _norm(rows, encoder.weights, "ln_post").reshape(x.shape)


def _convolve_rows(x: Floats, weight: Floats, bias: Floats, stride: int) -> Floats:
    """Convolve (n, frames, channels) into (n, ceil(frames / stride), out): three frames side by side are one row."""
    n, frames, channels = x.shape
    padded = np.zeros((n, frames + 2, channels), dtype=x.dtype)
    padded[:, 1:-1] = x
    numbers = padded.reshape(n, (frames + 2) * channels)
    windows = sliding_window_view(numbers, 3 * channels, axis=1)[:, ::stride * channels]
    matrix = weight.transpose(2, 1, 0).reshape(3 * channels, -1)  # tap by tap, as the frames lie
    y = np.ascontiguousarray(windows) @ matrix.astype(np.result_type(x, weight), copy=False)
    y += bias[:, 0]
    return y


def _attention(x: Floats, sounds: int, w: Weights, heads: int) -> Floats:
    """Attend within each sound, head by head; x is (rows, width). Of a head's scores a tile exists at a time."""
    rows, width = x.shape
    if not rows:
        return x
    q, k, v = (_linear(x, w, f"attn.{part}") for part in ("query", "key", "value"))  # (rows, width)
    q *= q.dtype.type(1 / math.sqrt(width // heads))
    tokens, shape = rows // sounds, (sounds, rows // sounds, heads, width // heads)
    q, k, v = (part.reshape(shape).swapaxes(1, 2) for part in (q, k, v))  # (n, heads, tokens, head_width)
    mixed = np.empty(shape, dtype=x.dtype)
    step = max(1, _TILE // tokens)
    for sound, head in np.ndindex(sounds, heads):
        for start in range(0, tokens, step):
            scores = q[sound, head, start:start + step] @ k[sound, head].T  # (queries, keys)
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            total = scores.sum(axis=1, keepdims=True)
            mixed[sound, start:start + step, head] = scores @ v[sound, head] / total
    return _linear(mixed.reshape(rows, width), w, "attn.out")


def _linear(x: Floats, w: Weights, name: str) -> Floats:
    y = x @ w[f"{name}.weight"].T
    if f"{name}.bias" in w:
        y += w[f"{name}.bias"]
    return y


def _norm(x: Floats, w: Weights, name: str) -> Floats:
    """Norm the rows, some of them at a time."""
    weight, bias, result = w[f"{name}.weight"], w[f"{name}.bias"], np.empty_like(x)
    step = max(1, _BLOCK // x.shape[1])
    for start in range(0, len(x), step):
        rows = result[start:start + step]
        np.subtract(x[start:start + step], x[start:start + step].mean(axis=1, keepdims=True), out=rows)
        variance = np.einsum("rw,rw->r", rows, rows)[:, None] / x.dtype.type(x.shape[1])
        rows *= 1 / np.sqrt(variance + EPS)
        rows *= weight
        rows += bias
    return result


def _gelu_in_place(array: Floats, form: str) -> None:
    """Put GELU in place of the numbers of an array without gaps."""
    flat = array.reshape(-1)
    if form not in ("erf", "tanh") or flat.dtype != np.float32:  # refused there, or to more digits than here
        flat[:] = plain.gelu(flat, form)
        return
    buffers = np.empty((2, min(_BLOCK, len(flat))), np.float32)
    for start in range(0, len(flat), _BLOCK):
        x = flat[start:start + _BLOCK]
        (_erf_form if form == "erf" else _tanh_form)(x, *buffers[:, :len(x)])


def _erf_form(x: Floats, y: Floats, size: Floats) -> None:
    """Make max(x, 0) - |x| * (the share of N(0, 1) above |x|) of x."""
    np.abs(x, out=size)
    np.multiply(size, _SLOPE, out=y)
    y += 1
    np.reciprocal(y, out=y)
    share = y * _ABOVE[4]
    for coefficient in _ABOVE[3::-1]:
        share += coefficient
        share *= y
    share *= size
    np.multiply(size, size, out=size)
    size *= -0.5
    np.exp(size, out=size)
    share *= size
    np.maximum(x, 0, out=x)
    x -= share


def _tanh_form(x: Floats, y: Floats, size: Floats) -> None:
    """Make x / (1 + exp(-2 u)) of x, which is x * (1 + tanh(u)) / 2."""
    np.multiply(x, x, out=y)
    y *= -2 * math.sqrt(2 / math.pi) * 0.044715
    y -= 2 * math.sqrt(2 / math.pi)
    y *= x
    np.minimum(y, 80, out=y)  # exp(80) is a number of float32, and x / exp(80) is 0 beside 1
    np.exp(y, out=y)
    y += 1
    x /= y
