"""Token merging on top of an encoder that works in place: rows of all images in one matrix, nothing twice."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from token_merging import Encoder, Floats, Integers, Weights, unmerge
from vision_encoder import hidden_state

__all__ = ["Encoder", "bipartite_matching", "merge", "merged_features", "proportional_attention", "unmerge"]

_BLOCK = 1 << 14  # numbers that pass through GELU or the norm at a time: they stay in the cache
_TILE = 1 << 20  # scores of all heads that exist at a time: 4 MB of float32


def bipartite_matching(keys: Floats, r: int, protected: int = 0) -> Integers:
    """Say which tokens become one; as in token_merging.py, with products in float32 where the keys are no wider."""
    n, tokens, _ = keys.shape
    for name, right in (("keys", np.isfinite(keys).all()), ("r", r >= 0), ("protected", 0 <= protected <= tokens)):
        if not right:
            raise ValueError(f"{name} is not finite, or not in its range")
    places, r = np.arange(tokens), min(int(r), (tokens - int(protected)) // 2)
    becomes = np.repeat(places[None], n, axis=0)
    if not r:
        return becomes
    a, b = slice(protected + protected % 2, None, 2), slice(protected | 1, None, 2)
    unit = keys.astype(np.result_type(keys.dtype, np.float32))
    largest = np.abs(unit).max(axis=2, keepdims=True)  # no square leaves the range of float32
    unit /= np.where(largest, largest, 1)
    length = np.sqrt(np.einsum("ntw,ntw->nt", unit, unit))[..., None]
    unit /= np.where(length, length, 1)
    scores = unit[:, a] @ unit[:, b].swapaxes(1, 2)
    partner = scores.argmax(axis=2)  # (n, A)
    best = np.take_along_axis(scores, partner[..., None], axis=2)[..., 0]
    merged = np.argsort(-best, axis=1, kind="stable")[:, :r]
    rows = np.arange(n)[:, None]
    becomes[rows, places[a][merged]] = places[b][partner[rows, merged]]
    return ((becomes == places).cumsum(axis=1) - 1)[rows, becomes]


def merge(x: Floats, sizes: Integers, groups: Integers) -> tuple[Floats, Integers]:
    """Make one token of each group; as in token_merging.py. Only what is merged is summed, all else is copied."""
    for name, array in (("sizes", sizes), ("groups", groups)):
        if array.shape != x.shape[:2] or array.min() < (name == "sizes"):
            raise ValueError(f"{name} must be {x.shape[:2]} numbers, none too small")
    n, _, width = x.shape
    count = int(groups.max()) + 1
    flat = (groups + count * np.arange(n)[:, None]).ravel()  # numbered through all images
    order = np.argsort(flat, kind="stable")
    members = np.bincount(flat, minlength=n * count)
    if not members.all():
        raise ValueError("groups leaves out a number in one of the images")
    starts = np.cumsum(members) - members
    rows, weights = x.reshape(-1, width), sizes.ravel().astype(np.int64)
    result, total = rows[order[starts]], np.add.reduceat(weights[order], starts)
    several = np.flatnonzero(members > 1)
    chosen = order[np.repeat(members > 1, members)]  # the tokens of these groups, group by group
    if len(several):
        begins = np.cumsum(members[several]) - members[several]
        sums = np.add.reduceat(rows[chosen] * weights[chosen, None].astype(np.float64), begins, axis=0)
        result[several] = sums / total[several, None]
    return result.reshape(n, count, width), total.reshape(n, count)


def proportional_attention(x: Floats, sizes: Integers, weights: Weights, heads: int) -> tuple[Floats, Floats]:
    """Attend with sizes; as in token_merging.py. Of the scores a tile exists at a time."""
    if sizes.shape != x.shape[:2] or sizes.min() < 1:
        raise ValueError(f"sizes must be {x.shape[:2]} numbers from 1, got {sizes.shape}")
    n, tokens, width = x.shape
    q, k, v = (_linear(x.reshape(-1, width), weights, f"attn_{part}") for part in "qkv")
    q *= q.dtype.type(1 / math.sqrt(width // heads))
    q, k, v = (part.reshape(n, tokens, heads, width // heads).swapaxes(1, 2) for part in (q, k, v))
    extra = np.log(sizes.astype(x.dtype)) if (sizes > 1).any() else None  # (n, keys)
    mixed = np.empty((n, tokens, heads, width // heads), dtype=x.dtype)
    step = max(1, _TILE // (heads * tokens))
    for image in range(n):
        for start in range(0, tokens, step):
            scores = q[image, :, start:start + step] @ k[image].swapaxes(1, 2)  # (heads, queries, keys)
            if extra is not None:
                scores += extra[image]
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            total = scores.sum(axis=-1, keepdims=True)
            mixed[image, start:start + step] = (scores @ v[image] / total).swapaxes(0, 1)
    return _linear(mixed.reshape(-1, width), weights, "attn_out").reshape(x.shape), k.mean(axis=1)


def merged_features(pixels: Floats, encoder: Encoder, r: Sequence[int]) -> tuple[Floats, Integers, Integers]:
    """Run the encoder and merge r[i] tokens in block i; as in token_merging.py."""
    blocks, own = encoder.layer % (encoder.blocks + 1), int("v.class_embd" in encoder.weights)
    if len(r) != blocks:
        raise ValueError(f"r must have {blocks} numbers, got {len(r)}")
    x = hidden_state(pixels, encoder, 0)
    n, tokens, width = x.shape
    sizes: Integers = np.ones((n, tokens), dtype=np.int64)
    whole: Integers = np.repeat(np.arange(tokens)[None], n, axis=0)
    for i, fewer in enumerate(r):
        prefix = f"v.blk.{i}."
        w = {name.removeprefix(prefix): tensor for name, tensor in encoder.weights.items() if name.startswith(prefix)}
        attended, keys = proportional_attention(_norm(x, w, "ln1", encoder.eps), sizes, w, encoder.heads)
        x += attended
        if fewer:
            groups = bipartite_matching(keys, fewer, own)
            x, sizes = merge(x, sizes, groups)
            whole = groups[np.arange(n)[:, None], whole]
        hidden = _linear(_norm(x, w, "ln2", encoder.eps).reshape(-1, width), w, "ffn_up")
        _gelu_in_place(hidden.reshape(-1), encoder.gelu)
        x += _linear(hidden, w, "ffn_down").reshape(x.shape)
    return x[:, own:], sizes[:, own:], whole[:, own:] - own


def _linear(x: Floats, w: Weights, name: str) -> NDArray:
    y = x @ w[f"{name}.weight"].T
    if f"{name}.bias" in w:
        y += w[f"{name}.bias"]
    return y


def _norm(x: Floats, w: Weights, name: str, eps: float) -> Floats:
    """Norm the rows, some of them at a time."""
    rows, result = x.reshape(-1, x.shape[-1]), np.empty(x.shape, dtype=x.dtype)
    flat, step = result.reshape(rows.shape), max(1, _BLOCK // x.shape[-1])
    for start in range(0, len(rows), step):
        part = flat[start:start + step]
        np.subtract(rows[start:start + step], rows[start:start + step].mean(axis=1, keepdims=True), out=part)
        variance = np.einsum("rw,rw->r", part, part)[:, None] / x.dtype.type(x.shape[-1])
        part *= 1 / np.sqrt(variance + float(eps))
        part *= w[f"{name}.weight"]
        part += w[f"{name}.bias"]
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
