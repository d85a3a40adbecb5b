"""BERT's encoder without the padding: all real tokens of a batch are rows of one matrix. The rest is the plain one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from bert_encoder import Floats, Weights, _checked, attention, embed, encoder_block, layer_norm
from bert_encoder import gelu as _exact_gelu
from numpy.typing import NDArray

__all__ = ["attention", "embed", "encode", "encoder_block", "gelu", "layer_norm"]

_BLOCK = 1 << 14  # numbers that pass through GELU or the norm at a time: they stay in the cache
# erf(x) = 1 - (a1 t + ... + a5 t^5) exp(-x^2), t = 1 / (1 + p x), to 1.5e-7: Abramowitz and Stegun 1964, 7.1.26
_P = 0.3275911
_A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def gelu(x: Floats) -> Floats:
    """Return the exact GELU; in float32 from a formula for erf that is right to 1.5e-7."""
    if x.dtype != np.float32:
        return _exact_gelu(x)
    result = np.array(x, order="C")
    _gelu_in_place(result.reshape(-1))
    return result


def encode(embedding_weights: Weights, block_weights: Sequence[Weights], token_ids: NDArray,
           attention_mask: NDArray, heads: int, eps: float) -> Floats:
    """Turn token ids into one vector for every token; as in bert_encoder.py."""
    real = _checked(embedding_weights, token_ids, attention_mask, heads)
    heads, eps, w = int(heads), float(eps), embedding_weights
    lengths = real.sum(axis=1)
    ends = np.cumsum(lengths)
    position = np.arange(real.sum()) - np.repeat(ends - lengths, lengths)  # (rows,)
    x = w["token_embd.weight"][np.asarray(token_ids)[real]]  # (rows, width)
    x += w["position_embd.weight"][position]
    x += w["token_types.weight"][0]
    _norm_in_place(x, w, "token_embd_norm", eps)
    sentences = [slice(end - length, end) for end, length in zip(ends.tolist(), lengths.tolist())]
    for w in block_weights:
        x += _attention(x, sentences, w, heads)
        _norm_in_place(x, w, "attn_output_norm", eps)
        hidden = _linear(x, w["ffn_up.weight"], w["ffn_up.bias"])
        if hidden.dtype == np.float32:
            _gelu_in_place(hidden.reshape(-1))
        else:
            hidden = _exact_gelu(hidden)
        x += _linear(hidden, w["ffn_down.weight"], w["ffn_down.bias"])
        _norm_in_place(x, w, "layer_output_norm", eps)
    result = np.zeros((*real.shape, x.shape[1]), dtype=x.dtype)
    result[real] = x
    return result


def _attention(x: Floats, sentences: list[slice], w: Weights, heads: int) -> Floats:
    """Attend within each sentence; x is (rows, width)."""
    rows, width = x.shape
    q, k, v = (_linear(x, w[f"attn_{part}.weight"], w[f"attn_{part}.bias"]) for part in "qkv")  # (rows, width)
    q, k, v = (part.reshape(rows, heads, width // heads).swapaxes(0, 1) for part in (q, k, v))  # (heads, rows, ...)
    q *= 1 / math.sqrt(width // heads)
    mixed = np.empty((rows, heads, width // heads), dtype=x.dtype)
    for sentence in sentences:
        scores = q[:, sentence] @ k[:, sentence].swapaxes(1, 2)  # (heads, queries, keys)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        total = scores.sum(axis=-1, keepdims=True)  # (heads, queries, 1)
        mixed[sentence] = (scores @ v[:, sentence] / total).swapaxes(0, 1)
    return _linear(mixed.reshape(rows, width), w["attn_output.weight"], w["attn_output.bias"])


def _linear(x: Floats, weight: Floats, bias: Floats) -> Floats:
    y = x @ weight.T
    y += bias
    return y


def _norm_in_place(x: Floats, w: Weights, name: str, eps: float) -> None:
    """Norm the rows of x, a few at a time."""
    weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    step = max(1, _BLOCK // x.shape[1])
    for start in range(0, len(x), step):
        rows = x[start:start + step]
        rows -= rows.mean(axis=1, keepdims=True)
        variance = np.einsum("rw,rw->r", rows, rows)[:, None] / x.dtype.type(x.shape[1])
        rows *= 1 / np.sqrt(variance + eps)
        rows *= weight
        rows += bias


def _gelu_in_place(flat: Floats) -> None:
    """x * (1 + erf(x / sqrt(2))) / 2 = max(x, 0) - |x| * poly(t) * exp(-x^2 / 2) / 2, float32 alone."""
    t, power = np.empty((2, min(_BLOCK, len(flat))), dtype=np.float32)
    for start in range(0, len(flat), _BLOCK):
        x = flat[start:start + _BLOCK]
        a, b = t[:len(x)], power[:len(x)]
        np.abs(x, out=b)
        np.multiply(b, _P / math.sqrt(2), out=a)
        a += 1
        np.divide(1, a, out=a)
        tail = a * _A[4]
        for coefficient in _A[3::-1]:
            tail += coefficient
            tail *= a
        tail *= b
        np.minimum(b, 30, out=b)  # exp(-450) is 0, and a square of 1e30 would be infinite
        b *= b
        b *= -0.5
        np.exp(b, out=b)
        tail *= b
        tail *= 0.5
        np.maximum(x, 0, out=x)
        x -= tail
