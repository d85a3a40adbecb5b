"""CLIP's vision transformer: pixels in, one vector a patch out; llama.cpp's is tools/mtmd/models/llava.cpp."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Weights = Mapping[str, Floats]  # a linear layer's weight is (out, in): x @ weight.T + bias; the bias may be missing


@dataclass(frozen=True)
class Encoder:
    """A vision encoder as its mmproj file describes it."""

    weights: Weights  # under the names of the file: v.patch_embd.weight, ..., v.blk.0.ln1.weight, ...
    blocks: int
    heads: int
    eps: float
    gelu: str = "quick"  # or "tanh"
    layer: int = -2  # the hidden state that the projector reads


def gelu(x: Floats, form: str) -> Floats:
    """Return one of two functions near x * (the share of N(0, 1) below x), in the dtype of x.

    "quick" (CLIP): x * sigmoid(1.702 x); "tanh" (SigLIP): x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
    """
    raise NotImplementedError


def layer_norm(x: Floats, weights: Weights, name: str, eps: float) -> Floats:
    """Return (x - mean) / sqrt(variance + eps) * name.weight + name.bias, each vector by itself (the last axis)."""
    raise NotImplementedError


def attention(x: Floats, weights: Weights, heads: int) -> Floats:
    """Let every token look at all tokens of its image, those behind it as well.

    x: (n, tokens, width); weights: of attn_q, attn_k, attn_v and attn_out, each attn_q.weight (width, width) and .bias
    heads: head h owns the numbers h * width/heads to (h + 1) * width/heads - 1 of each query, key and value
    Returns (n, tokens, width): softmax(q k^T / sqrt(width / heads)) v of each head, side by side, then attn_out.
    """
    raise NotImplementedError


def encoder_block(x: Floats, weights: Weights, heads: int, eps: float, form: str) -> Floats:
    """Run one block, norms first: y = x + attention(ln1(x)), then y + ffn_down(gelu(ffn_up(ln2(y)), form))."""
    raise NotImplementedError


def hidden_state(pixels: Floats, encoder: Encoder, layer: int) -> Floats:
    """Run the encoder as far as one of its hidden states; the blocks behind it do not run.

    pixels: (n, 3, height, width), normalized
    layer: 0 is what enters the first block: patch_embedding.embed and, where the file has it, the norm v.pre_ln;
        i is what leaves block i (counted from 1); -1 the last one, -2 the one before. No norm comes at the end.
    Returns (n, tokens, width), the class token first, where there is one, as transformers' hidden_states.
    """
    raise NotImplementedError


def image_features(pixels: Floats, encoder: Encoder) -> Floats:
    """Return what the projector gets, (n, patches, width): the hidden state encoder.layer without the class token."""
    raise NotImplementedError


def read_encoder(path: Path) -> Encoder:
    """Read the encoder of an mmproj GGUF, its tensors as float32, whatever type they have in the file.

    gelu is "tanh" where clip.use_gelu is true; layer the one number in clip.vision.feature_layer, -2 without that key.
    An old converter exchanged the names ffn_up and ffn_down: what has `width` rows is ffn_down, whatever its name.
    Raises ValueError that names the key for a true clip.use_silu and for a feature_layer of several numbers.
    """
    raise NotImplementedError
