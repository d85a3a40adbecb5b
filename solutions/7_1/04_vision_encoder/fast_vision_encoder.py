"""The vision encoder in place: all tokens are rows of one matrix, attention goes image by image in tiles of queries."""

import math

import numpy as np
from vision_encoder import (
    Encoder,
    Floats,
    Weights,
    attention,
    encoder_block,
    layer_norm,
    read_encoder,
)
from vision_encoder import (
    hidden_state as _plain_hidden_state,
)

__all__ = ["Encoder", "attention", "encoder_block", "gelu", "hidden_state", "image_features", "layer_norm",
           "read_encoder"]

_BLOCK = 1 << 14  # numbers that pass through GELU or the norm at a time: they stay in the cache
_TILE = 1 << 20  # scores of all heads that exist at a time: 4 MB of float32


def gelu(x: Floats, form: str) -> Floats:
    """Return the GELU of this form; as in vision_encoder.py."""
    if form not in ("quick", "tanh"):
        raise ValueError(f'form must be "quick" or "tanh", got {form!r}')
    result = np.array(x, order="C")
    _gelu_in_place(result.reshape(-1), form)
    return result


def hidden_state(pixels: Floats, encoder: Encoder, layer: int) -> Floats:
    """Run the encoder as far as one of its hidden states; as in vision_encoder.py."""
    states = encoder.blocks + 1
    x = _plain_hidden_state(pixels, encoder, 0 if -states <= layer < states else layer)  # (n, tokens, width)
    rows, w = x.reshape(-1, x.shape[2]), encoder.weights
    for prefix in [f"v.blk.{i}." for i in range(layer % states)]:
        own = {name.removeprefix(prefix): tensor for name, tensor in w.items() if name.startswith(prefix)}
        rows += _attention(_norm(rows, own, "ln1", encoder.eps), len(x), own, encoder.heads)
        hidden = _linear(_norm(rows, own, "ln2", encoder.eps), own, "ffn_up")
        _gelu_in_place(hidden.reshape(-1), encoder.gelu)
        rows += _linear(hidden, own, "ffn_down")
    return x


def image_features(pixels: Floats, encoder: Encoder) -> Floats:
    """Return what the projector gets; as in vision_encoder.py."""
    x = hidden_state(pixels, encoder, encoder.layer)
    return x[:, 1:].copy() if "v.class_embd" in encoder.weights else x


def _attention(x: Floats, images: int, w: Weights, heads: int) -> Floats:
    """Attend within each image; x is (rows, width). Of the scores a tile exists at a time."""
    rows, width = x.shape
    if not rows:
        return x
    q, k, v = (_linear(x, w, f"attn_{part}") for part in "qkv")  # (rows, width)
    q *= q.dtype.type(1 / math.sqrt(width // heads))
    tokens, shape = rows // images, (images, rows // images, heads, width // heads)
    q, k, v = (part.reshape(shape).swapaxes(1, 2) for part in (q, k, v))  # (n, heads, tokens, head_width)
    mixed = np.empty(shape, dtype=x.dtype)
    step = max(1, _TILE // (heads * tokens))
    for image in range(images):
        for start in range(0, tokens, step):
            scores = q[image, :, start:start + step] @ k[image].swapaxes(1, 2)  # (heads, queries, keys)
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            total = scores.sum(axis=-1, keepdims=True)
            mixed[image, start:start + step] = (scores @ v[image] / total).swapaxes(0, 1)
    return _linear(mixed.reshape(rows, width), w, "attn_out")


def _linear(x: Floats, w: Weights, name: str) -> Floats:
    y = x @ w[f"{name}.weight"].T
    if f"{name}.bias" in w:
        y += w[f"{name}.bias"]
    return y


def _norm(x: Floats, w: Weights, name: str, eps: float) -> Floats:
    """Norm the rows, some of them at a time."""
    weight, bias, result = w[f"{name}.weight"], w[f"{name}.bias"], np.empty_like(x)
    step, eps = max(1, _BLOCK // x.shape[1]), float(eps)
    for start in range(0, len(x), step):
        rows = result[start:start + step]
        np.subtract(x[start:start + step], x[start:start + step].mean(axis=1, keepdims=True), out=rows)
        variance = np.einsum("rw,rw->r", rows, rows)[:, None] / x.dtype.type(x.shape[1])
        rows *= 1 / np.sqrt(variance + eps)
        rows *= weight
        rows += bias
    return result


def _gelu_in_place(flat: Floats, form: str) -> None:
    """x / (1 + exp(-1.702 x)), or x / (1 + exp(-2 u)), which is the tanh form."""
    buffer = np.empty(min(_BLOCK, len(flat)), dtype=flat.dtype)
    for start in range(0, len(flat), _BLOCK):
        x = flat[start:start + _BLOCK]
        y = buffer[:len(x)]
        if form == "quick":
            np.multiply(x, -1.702, out=y)
        else:
            np.multiply(x, x, out=y)
            y *= -2 * math.sqrt(2 / math.pi) * 0.044715
            y -= 2 * math.sqrt(2 / math.pi)
            y *= x
        np.minimum(y, 80, out=y)  # exp(80) is a number of float32, and x / exp(80) is 0 beside 1
        np.exp(y, out=y)
        y += 1
        x /= y
