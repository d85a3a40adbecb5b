"""CLIP's vision transformer: pixels in, one vector a patch out; llama.cpp's is tools/mtmd/models/llava.cpp."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from patch_embedding import embed
from scipy.special import expit

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
    if form not in ("quick", "tanh"):
        raise ValueError(f'form must be "quick" or "tanh", got {form!r}')
    return x * (expit(1.702 * x) if form == "quick" else
                (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2)


def layer_norm(x: Floats, weights: Weights, name: str, eps: float) -> Floats:
    """Return (x - mean) / sqrt(variance + eps) * name.weight + name.bias, each vector by itself (the last axis)."""
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + float(eps))  # (..., 1)
    return (x - x.mean(axis=-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attention(x: Floats, weights: Weights, heads: int) -> Floats:
    """Let every token look at all tokens of its image, those behind it as well.

    x: (n, tokens, width); weights: of attn_q, attn_k, attn_v and attn_out, each attn_q.weight (width, width) and .bias
    heads: head h owns the numbers h * width/heads to (h + 1) * width/heads - 1 of each query, key and value
    Returns (n, tokens, width): softmax(q k^T / sqrt(width / heads)) v of each head, side by side, then attn_out.
    """
    n, tokens, width = x.shape
    q, k, v = (_linear(x, weights, f"attn_{part}").reshape(n, tokens, heads, width // heads).swapaxes(1, 2)
               for part in "qkv")  # (n, heads, tokens, head_width)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(width // heads)  # (n, heads, queries, keys)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v  # (n, heads, tokens, head_width)
    return _linear(mixed.swapaxes(1, 2).reshape(x.shape), weights, "attn_out")


def encoder_block(x: Floats, weights: Weights, heads: int, eps: float, form: str) -> Floats:
    """Run one block, norms first: y = x + attention(ln1(x)), then y + ffn_down(gelu(ffn_up(ln2(y)), form))."""
    x = x + attention(layer_norm(x, weights, "ln1", eps), weights, heads)
    hidden = gelu(_linear(layer_norm(x, weights, "ln2", eps), weights, "ffn_up"), form)  # (n, tokens, hidden)
    return x + _linear(hidden, weights, "ffn_down")


def hidden_state(pixels: Floats, encoder: Encoder, layer: int) -> Floats:
    """Run the encoder as far as one of its hidden states; the blocks behind it do not run.

    pixels: (n, 3, height, width), normalized
    layer: 0 is what enters the first block: patch_embedding.embed and, where the file has it, the norm v.pre_ln;
        i is what leaves block i (counted from 1); -1 the last one, -2 the one before. No norm comes at the end.
    Returns (n, tokens, width), the class token first, where there is one, as transformers' hidden_states.
    """
    states = encoder.blocks + 1
    if not -states <= layer < states:
        raise ValueError(f"layer must be {-states} to {states - 1}, got {layer}")
    x = embed(pixels, encoder.weights)
    if "v.pre_ln.weight" in encoder.weights:
        x = layer_norm(x, encoder.weights, "v.pre_ln", encoder.eps)
    for prefix in [f"v.blk.{i}." for i in range(layer % states)]:
        own = {name.removeprefix(prefix): tensor for name, tensor in encoder.weights.items() if name.startswith(prefix)}
        x = encoder_block(x, own, encoder.heads, encoder.eps, encoder.gelu)
    return x


def image_features(pixels: Floats, encoder: Encoder) -> Floats:
    """Return what the projector gets, (n, patches, width): the hidden state encoder.layer without the class token."""
    x = hidden_state(pixels, encoder, encoder.layer)
    return x[:, 1:].copy() if "v.class_embd" in encoder.weights else x


def read_encoder(path: Path) -> Encoder:
    """Read the encoder of an mmproj GGUF, its tensors as float32, whatever type they have in the file.

    gelu is "tanh" where clip.use_gelu is true; layer the one number in clip.vision.feature_layer, -2 without that key.
    An old converter exchanged the names ffn_up and ffn_down: what has `width` rows is ffn_down, whatever its name.
    Raises ValueError that names the key for a true clip.use_silu and for a feature_layer of several numbers.
    """
    import gguf

    reader = gguf.GGUFReader(path)
    keys = {name.removeprefix("clip."): field.contents() for name, field in reader.fields.items()}
    layers, width = keys.get("vision.feature_layer", [-2]), keys["vision.embedding_length"]
    if keys.get("use_silu") or len(layers) != 1:
        raise ValueError(f"{path}: " + ("clip.use_silu" if keys.get("use_silu") else f"feature_layer {layers}"))
    weights = {}
    for tensor in reader.tensors:
        numbers = np.array(gguf.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        weights[re.sub("ffn_(up|down)", "ffn_down" if len(numbers) == width else "ffn_up", tensor.name)] = numbers
    return Encoder(weights, keys["vision.block_count"], keys["vision.attention.head_count"],
                   keys["vision.attention.layer_norm_epsilon"], "tanh" if keys.get("use_gelu") else "quick", layers[0])


def _linear(x: Floats, weights: Weights, name: str) -> Floats:
    y = x @ weights[f"{name}.weight"].T
    return y + weights[f"{name}.bias"] if f"{name}.bias" in weights else y
