"""BERT's encoder: token ids and a mask in, one vector for every token out; llama.cpp's is src/models/bert.cpp."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Floats = NDArray[np.floating]
Weights = Mapping[str, Floats]  # named as in the GGUF; a linear layer's weight is (out, in): x @ weight.T + bias


def layer_norm(x: Floats, weight: Floats, bias: Floats, eps: float) -> Floats:
    """Bring every vector to mean 0 and variance 1, then scale and shift it.

    x: (..., width); weight and bias: (width,); float32 or float64
    Returns (x - mean) / sqrt(variance + eps) * weight + bias, shape and dtype of x. Source: Ba et al. 2016.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)  # (..., 1)
    return centred / np.sqrt(variance + float(eps)) * weight + bias


def gelu(x: Floats) -> Floats:
    """Return x * (1 + erf(x / sqrt(2))) / 2 in the dtype of x: the exact GELU (Hendrycks and Gimpel 2016)."""
    return x * (1 + erf(x / math.sqrt(2))) / 2


def embed(weights: Weights, token_ids: NDArray, attention_mask: NDArray, eps: float) -> Floats:
    """Look up and add token, token type 0 and position, then layer_norm.

    weights: token_embd.weight (vocabulary, width), token_types.weight (types, width), position_embd.weight
        (context, width), token_embd_norm.weight and .bias (width,)
    token_ids: (batch, tokens), integers; attention_mask: (batch, tokens), 1 or True for a real token
    Returns (batch, tokens, width). A token's position is the number of real tokens before it; the rows of the
    padding may hold anything. Source: Devlin et al. 2019, section 3 and figure 2.
    """
    real = attention_mask == 1
    position = real.cumsum(axis=1) - 1  # (batch, tokens)
    x = weights["token_embd.weight"][token_ids] + weights["position_embd.weight"][position]
    x += weights["token_types.weight"][0]  # (batch, tokens, width)
    return layer_norm(x, weights["token_embd_norm.weight"], weights["token_embd_norm.bias"], eps)


def attention(x: Floats, attention_mask: NDArray, weights: Weights, heads: int) -> Floats:
    """Let every token look at all real tokens of its sentence.

    x: (batch, tokens, width); attention_mask as in embed
    weights: attn_q, attn_k, attn_v, attn_output, each with .weight (width, width) and .bias (width,)
    heads: head h owns the numbers h * width/heads to (h + 1) * width/heads - 1 of each query, key and value
    Returns (batch, tokens, width): softmax(q k^T / sqrt(width / heads)) v of each head, side by side, then
    attn_output; the rows of the padding may hold anything. Source: Vaswani et al. 2017, section 3.2.
    """
    batch, tokens, width = x.shape
    q, k, v = (_linear(x, weights, f"attn_{part}").reshape(batch, tokens, heads, width // heads).swapaxes(1, 2)
               for part in "qkv")  # (batch, heads, tokens, head_width)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(width // heads)  # (batch, heads, queries, keys)
    scores = np.where((attention_mask == 1)[:, None, None, :], scores, -np.inf)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v  # (batch, heads, tokens, head_width)
    return _linear(mixed.swapaxes(1, 2).reshape(x.shape), weights, "attn_output")


def encoder_block(x: Floats, attention_mask: NDArray, weights: Weights, heads: int, eps: float) -> Floats:
    """Run one block: y = norm(x + attention(x)), then norm(y + ffn_down(gelu(ffn_up(y)))).

    x, attention_mask, heads: as in attention
    weights: attention's; ffn_up (hidden, width) and ffn_down (width, hidden) with their biases;
        attn_output_norm for the first norm, layer_output_norm for the second
    Returns (batch, tokens, width). Source: Devlin et al. 2019, section 3.
    """
    x = x + attention(x, attention_mask, weights, heads)
    x = layer_norm(x, weights["attn_output_norm.weight"], weights["attn_output_norm.bias"], eps)
    x = x + _linear(gelu(_linear(x, weights, "ffn_up")), weights, "ffn_down")
    return layer_norm(x, weights["layer_output_norm.weight"], weights["layer_output_norm.bias"], eps)


def encode(embedding_weights: Weights, block_weights: Sequence[Weights], token_ids: NDArray,
           attention_mask: NDArray, heads: int, eps: float) -> Floats:
    """Turn token ids into one vector for every token: embed, then the blocks in their order.

    embedding_weights, token_ids, attention_mask: as in embed; block_weights: one mapping for each block
    Returns (batch, tokens, width) in the dtype of the weights; zeros in the padding, which may stand anywhere
    and hold any id, -100 too, without an effect on the other rows.
    Raises TypeError if token_ids holds no integers; ValueError, which names the argument, for token_ids that
    are not (batch, tokens), outside the vocabulary, or more real tokens in a sentence than positions; for an
    attention_mask of another shape, with other values than 0 and 1, or with a sentence without a real token;
    for heads that do not divide the width.
    """
    real = _checked(embedding_weights, token_ids, attention_mask, heads)
    x = embed(embedding_weights, np.where(real, token_ids, 0), real, eps)
    for weights in block_weights:
        x = encoder_block(x, real, weights, int(heads), eps)
    return np.where(real[:, :, None], x, 0)


def _linear(x: Floats, weights: Weights, name: str) -> Floats:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _checked(weights: Weights, token_ids: NDArray, attention_mask: NDArray, heads: int) -> NDArray[np.bool_]:
    """Return the mask as (batch, tokens) of bool, or say what is wrong with the arguments of encode."""
    ids, mask, real = np.asarray(token_ids), np.asarray(attention_mask), np.asarray(attention_mask) == 1
    (vocabulary, width), context = weights["token_embd.weight"].shape, len(weights["position_embd.weight"])
    if ids.dtype.kind not in "iu":
        raise TypeError(f"token_ids must be integers, got {ids.dtype}")
    if ids.ndim != 2:
        raise ValueError(f"token_ids must be (batch, tokens), got shape {ids.shape}")
    if mask.shape != ids.shape or not np.array_equal(real, mask) or not real.any(axis=1).all():
        raise ValueError(f"attention_mask must be {ids.shape} of 0 and 1, with a real token in each sentence")
    if ((ids[real] < 0) | (ids[real] >= vocabulary)).any():
        raise ValueError(f"token_ids must be 0 to {vocabulary - 1}: a negative one would silently take another row")
    if (real.sum(axis=1) > context).any():
        raise ValueError(f"token_ids has a sentence of {real.sum(axis=1).max()} tokens, and {context} positions exist")
    if heads < 1 or width % heads:
        raise ValueError(f"heads must divide the width, {width}, got {heads}")
    return real
