"""BERT's encoder: token ids and a mask in, one vector for every token out; llama.cpp's is src/models/bert.cpp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Weights = Mapping[str, Floats]  # named as in the GGUF; a linear layer's weight is (out, in): x @ weight.T + bias


def layer_norm(x: Floats, weight: Floats, bias: Floats, eps: float) -> Floats:
    """Bring every vector to mean 0 and variance 1, then scale and shift it.

    x: (..., width); weight and bias: (width,); float32 or float64
    Returns (x - mean) / sqrt(variance + eps) * weight + bias, shape and dtype of x. Source: Ba et al. 2016.
    """
    raise NotImplementedError


def gelu(x: Floats) -> Floats:
    """Return x * (1 + erf(x / sqrt(2))) / 2 in the dtype of x: the exact GELU (Hendrycks and Gimpel 2016)."""
    raise NotImplementedError


def embed(weights: Weights, token_ids: NDArray, attention_mask: NDArray, eps: float) -> Floats:
    """Look up and add token, token type 0 and position, then layer_norm.

    weights: token_embd.weight (vocabulary, width), token_types.weight (types, width), position_embd.weight
        (context, width), token_embd_norm.weight and .bias (width,)
    token_ids: (batch, tokens), integers; attention_mask: (batch, tokens), 1 or True for a real token
    Returns (batch, tokens, width). A token's position is the number of real tokens before it; the rows of the
    padding may hold anything. Source: Devlin et al. 2019, section 3 and figure 2.
    """
    raise NotImplementedError


def attention(x: Floats, attention_mask: NDArray, weights: Weights, heads: int) -> Floats:
    """Let every token look at all real tokens of its sentence.

    x: (batch, tokens, width); attention_mask as in embed
    weights: attn_q, attn_k, attn_v, attn_output, each with .weight (width, width) and .bias (width,)
    heads: head h owns the numbers h * width/heads to (h + 1) * width/heads - 1 of each query, key and value
    Returns (batch, tokens, width): softmax(q k^T / sqrt(width / heads)) v of each head, side by side, then
    attn_output; the rows of the padding may hold anything. Source: Vaswani et al. 2017, section 3.2.
    """
    raise NotImplementedError


def encoder_block(x: Floats, attention_mask: NDArray, weights: Weights, heads: int, eps: float) -> Floats:
    """Run one block: y = norm(x + attention(x)), then norm(y + ffn_down(gelu(ffn_up(y)))).

    x, attention_mask, heads: as in attention
    weights: attention's; ffn_up (hidden, width) and ffn_down (width, hidden) with their biases;
        attn_output_norm for the first norm, layer_output_norm for the second
    Returns (batch, tokens, width). Source: Devlin et al. 2019, section 3.
    """
    raise NotImplementedError


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
    raise NotImplementedError
