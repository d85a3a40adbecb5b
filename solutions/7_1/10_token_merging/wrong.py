"""Wrong answers that people give to the token merging kata; each docstring says what was misunderstood."""

import numpy as np
from token_merging import bipartite_matching, merge, merged_features, proportional_attention
from vision_encoder import gelu, hidden_state, layer_norm

from fixtures.checking import wrong_answer_to


def pairs(keys, r, protected, *, cosine=True, best_first=True, among_all=False):
    """Return the places that tokens become part of; the keywords change one step each."""
    tokens = keys.shape[1]
    places, r = np.arange(tokens), min(r, (tokens - protected) // 2)
    becomes = np.tile(places, (len(keys), 1))
    if not r:
        return becomes
    vectors = keys.astype(np.float64)
    if cosine:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-300)
    free = places >= protected
    a, b = places[free & (places % 2 == 0)], places[free & (among_all | (places % 2 == 1))]
    for own, image in zip(becomes, vectors):
        scores = image[a] @ image[b].T
        scores[a[:, None] == b] = -np.inf
        edges = np.argsort(-scores.max(axis=1) if best_first else scores.max(axis=1), kind="stable")[:r]
        own[a[edges]] = b[scores[edges].argmax(axis=1)]
    return becomes


def numbered(becomes):
    """Return the groups of these places, in the order of the image."""
    stays = becomes == np.arange(becomes.shape[1])
    return np.take_along_axis(stays.cumsum(axis=1) - 1, becomes, axis=1)


@wrong_answer_to(bipartite_matching)
def compares_by_the_product(keys, r, protected=0):
    """Your similarity is the inner product, which likes long keys: divide by both lengths, for the cosine."""
    return numbered(pairs(keys, r, protected, cosine=False))


@wrong_answer_to(bipartite_matching)
def merges_the_worst_edges(keys, r, protected=0):
    """You merged the r least similar pairs: sort the edges from the best down."""
    return numbered(pairs(keys, r, protected, best_first=False))


@wrong_answer_to(bipartite_matching)
def looks_among_all_tokens(keys, r, protected=0):
    """You looked for the most similar of all tokens: a token of A (even place) is merged with one of B (odd place)."""
    return numbered(pairs(keys, r, protected, among_all=True))


@wrong_answer_to(bipartite_matching)
def merges_the_class_token(keys, r, protected=0):
    """A protected token was merged: the first `protected` tokens neither go to another, nor does one go to them."""
    return bipartite_matching(keys, r)


@wrong_answer_to(bipartite_matching)
def puts_the_rest_of_a_before_b(keys, r, protected=0):
    """Your tokens are the rest of A, then B, as in the authors' code: here they keep the order of the image."""
    becomes = pairs(keys, r, protected)
    groups = []
    for own in becomes:
        stays = np.flatnonzero(own == np.arange(len(own)))
        number = np.empty(len(own), dtype=np.int64)
        number[np.concatenate([stays[stays % 2 == 0], stays[stays % 2 == 1]])] = np.arange(len(stays))
        groups.append(number[own])
    return np.array(groups)


@wrong_answer_to(merge)
def forgets_the_sizes(x, sizes, groups):
    """Each token counted once in your mean: one that stands for three patches counts three times."""
    return merge(x, np.ones_like(sizes), groups)[0], merge(x, sizes, groups)[1]


@wrong_answer_to(merge)
def lets_the_last_one_win(x, sizes, groups):
    """Of several tokens of a group only the last was added: `sums[groups] += x` adds once a number, np.add.at all."""
    at = np.arange(len(x))[:, None], groups
    total = merge(x, sizes, groups)[1]
    sums = np.zeros((*total.shape, x.shape[2]))
    sums[at] += x * sizes[..., None]
    return (sums / total[..., None]).astype(x.dtype), total


@wrong_answer_to(proportional_attention)
def forgets_the_logarithm(x, sizes, weights, heads):
    """The sizes are missing in your scores: add the logarithm of a key's size, so that it counts that many times."""
    return proportional_attention(x, np.ones_like(sizes), weights, heads)


@wrong_answer_to(proportional_attention)
def adds_the_size_itself(x, sizes, weights, heads):
    """You added the sizes to the scores: the exponential makes a factor of exp(size) of it, so add their logarithm."""
    grown = np.exp(sizes.astype(x.dtype))  # the solution takes the logarithm of these
    return proportional_attention(x, grown, weights, heads)


def run(pixels, encoder, r, *, features=False, late=False, last_only=False):
    """Run the encoder with merging; the keywords change one step each."""
    own, x = int("v.class_embd" in encoder.weights), hidden_state(pixels, encoder, 0)
    sizes = np.ones(x.shape[:2], dtype=np.int64)
    whole = sizes.cumsum(axis=1) - 1
    for i, fewer in enumerate(r):
        w = {name.removeprefix(f"v.blk.{i}."): tensor for name, tensor in encoder.weights.items()}
        attended, keys = proportional_attention(layer_norm(x, w, "ln1", encoder.eps), sizes, w, encoder.heads)
        x = x + attended
        groups = bipartite_matching(x if features else keys, fewer, own)
        if not late:
            x, sizes = merge(x, sizes, groups)
        hidden = layer_norm(x, w, "ln2", encoder.eps) @ w["ffn_up.weight"].T + w["ffn_up.bias"]
        x = x + gelu(hidden, encoder.gelu) @ w["ffn_down.weight"].T + w["ffn_down.bias"]
        if late:
            x, sizes = merge(x, sizes, groups)
        whole = groups if last_only else np.take_along_axis(groups, whole, axis=1)
    return x[:, own:], sizes[:, own:], whole[:, own:] - own


@wrong_answer_to(merged_features)
def compares_the_features(pixels, encoder, r):
    """You compared the tokens themselves: compare the keys of the block's attention, averaged over its heads."""
    return run(pixels, encoder, r, features=True)


@wrong_answer_to(merged_features)
def merges_after_the_feed_forward_part(pixels, encoder, r):
    """You merged at the end of the block: merge between attention and the feed-forward part, which is half the cost."""
    return run(pixels, encoder, r, late=True)


@wrong_answer_to(merged_features)
def keeps_the_groups_of_the_last_block(pixels, encoder, r):
    """Your groups are those of the last block alone: say for each patch what the groups of all blocks made of it."""
    return run(pixels, encoder, r, last_only=True)
