"""Token merging (Bolya et al. 2023): patches that are alike become one token on their way through the encoder."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from vision_encoder import Encoder, Floats, Weights, gelu, hidden_state, layer_norm

Integers = NDArray[np.integer]


def bipartite_matching(keys: Floats, r: int, protected: int = 0) -> Integers:
    """Say which tokens become one: r tokens at even places, each with the one at an odd place most similar to it.

    keys: (n, tokens, width); similarity is the cosine of two of them, 0 where one is all zeros
    r: so many tokens there will be less, in each image; more than half of the unprotected ones count as half
    protected: so many tokens at the front stay as they are (1: the class token)
    Every unprotected token at an even place (A) has one edge, to the most similar of those at odd places (B); the r
    best edges are merged. Of equals the earlier counts.
    Returns groups, (n, tokens) integers: the number of the token that each token becomes part of. They are numbered
    from 0 in the order of the image, a merged one standing where its B stood.
    Raises ValueError that names keys (not finite), r (below 0) or protected (not 0 to tokens).
    """
    n, tokens, _ = keys.shape
    for name, right in (("keys", np.isfinite(keys).all()), ("r", r >= 0), ("protected", 0 <= protected <= tokens)):
        if not right:
            raise ValueError(f"{name} is not finite, or not in its range")
    a, b = np.arange(protected + protected % 2, tokens, 2), np.arange(protected | 1, tokens, 2)
    r = min(r, (tokens - protected) // 2)
    becomes = np.tile(np.arange(tokens), (n, 1))  # (n, tokens): the place of the token that each one is part of
    if r:
        length = np.linalg.norm(keys.astype(np.float64), axis=2, keepdims=True)
        unit = keys / np.where(length, length, 1)  # (n, tokens, width) float64
        scores = unit[:, a] @ unit[:, b].swapaxes(1, 2)  # (n, A, B)
        merged = np.argsort(-scores.max(axis=2), axis=1, kind="stable")[:, :r]  # which of A
        partner = np.take_along_axis(scores.argmax(axis=2), merged, axis=1)  # which of B
        np.put_along_axis(becomes, a[merged], b[partner], axis=1)
    number = (becomes == np.arange(tokens)).cumsum(axis=1) - 1  # of a token that stays
    return np.take_along_axis(number, becomes, axis=1)


def merge(x: Floats, sizes: Integers, groups: Integers) -> tuple[Floats, Integers]:
    """Make one token of each group: the mean of its tokens, each counted with its size.

    x: (n, tokens, width); sizes: (n, tokens), how many patches each token stands for; groups: from bipartite_matching
    Returns the tokens, (n, merged, width) in the dtype of x, and their sizes, (n, merged).
    Raises ValueError that names sizes or groups if they are not (n, tokens), a size is below 1, or a number below the
    largest of groups is missing in an image.
    """
    for name, array in (("sizes", sizes), ("groups", groups)):
        if array.shape != x.shape[:2] or array.min() < (name == "sizes"):
            raise ValueError(f"{name} must be {x.shape[:2]} numbers, none too small")
    at, shape = (np.arange(len(x))[:, None], groups), (len(x), groups.max() + 1)
    total, sums = np.zeros(shape, dtype=np.int64), np.zeros((*shape, x.shape[2]))
    np.add.at(total, at, sizes)
    if not total.all():
        raise ValueError("groups leaves out a number in one of the images")
    np.add.at(sums, at, x * sizes[..., None].astype(np.float64))
    return (sums / total[..., None]).astype(x.dtype), total


def unmerge(x: Floats, groups: Integers) -> Floats:
    """Give each token of before the vector of the one that it became part of: (n, tokens, width).

    x: (n, merged, width)
    Raises ValueError that names groups if it is for another n, or holds a number that x has no token for.
    """
    if len(groups) != len(x) or groups.min() < 0 or groups.max() >= x.shape[1]:
        raise ValueError(f"groups must be (n, tokens) numbers of tokens of {x.shape}")
    return np.take_along_axis(x, groups[..., None], axis=1)


def proportional_attention(x: Floats, sizes: Integers, weights: Weights, heads: int) -> tuple[Floats, Floats]:
    """Attend as vision_encoder.attention, but a key of size s counts as s alike ones: log(s) is added to its scores.

    x: (n, tokens, width), normed; sizes: (n, tokens), how many patches each token stands for
    Returns (n, tokens, width), and what tokens are compared by: the heads' mean key, (n, tokens, width / heads).
    Raises ValueError that names sizes if they are not (n, tokens) or one is below 1.
    """
    if sizes.shape != x.shape[:2] or sizes.min() < 1:
        raise ValueError(f"sizes must be {x.shape[:2]} numbers from 1, got {sizes.shape}")
    q, k, v = (_linear(x, weights, f"attn_{part}").reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)
               for part in "qkv")  # (n, heads, tokens, head width)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]) + np.log(sizes.astype(x.dtype))[:, None, None]
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))  # (n, heads, queries, keys)
    mixed = scores / scores.sum(axis=-1, keepdims=True) @ v
    return _linear(mixed.swapaxes(1, 2).reshape(x.shape), weights, "attn_out"), k.mean(axis=1)


def merged_features(pixels: Floats, encoder: Encoder, r: Sequence[int]) -> tuple[Floats, Integers, Integers]:
    """Run the encoder as image_features does, with proportional attention, and merge r[i] tokens in block i.

    Merging comes between attention, which tells what tokens are compared by, and the feed-forward part.
    Returns features (n, merged, width), their sizes (n, merged), and groups (n, patches), by which unmerge puts them
    back on the grid. The class token, where there is one, is never merged, and left out of all three.
    Raises ValueError that names r if it has not one number for each block that runs.
    """
    blocks, own = encoder.layer % (encoder.blocks + 1), int("v.class_embd" in encoder.weights)
    if len(r) != blocks:
        raise ValueError(f"r must have {blocks} numbers, got {len(r)}")
    x = hidden_state(pixels, encoder, 0)
    sizes: Integers = np.ones(x.shape[:2], dtype=np.int64)
    whole: Integers = sizes.cumsum(axis=1) - 1  # each token is a group of its own
    for i in range(blocks):
        w = {name.removeprefix(f"v.blk.{i}."): tensor for name, tensor in encoder.weights.items()}
        attended, keys = proportional_attention(layer_norm(x, w, "ln1", encoder.eps), sizes, w, encoder.heads)
        groups = bipartite_matching(keys, r[i], own)
        x, sizes = merge(x + attended, sizes, groups)
        whole = np.take_along_axis(groups, whole, axis=1)
        hidden = gelu(_linear(layer_norm(x, w, "ln2", encoder.eps), w, "ffn_up"), encoder.gelu)
        x = x + _linear(hidden, w, "ffn_down")
    return x[:, own:], sizes[:, own:], whole[:, own:] - own


def _linear(x: Floats, weights: Weights, name: str) -> Floats:
    y = x @ weights[f"{name}.weight"].T
    return y + weights[f"{name}.bias"] if f"{name}.bias" in weights else y
