"""Wrong answers that people give to the rope kata; each docstring says what was misunderstood."""

import numpy as np
from rope import llama3_factors, permute_heads, rope_frequencies, rotate, shift_keys, yarn_frequencies

from fixtures.checking import wrong_answer_to


@wrong_answer_to(rope_frequencies)
def leaves_out_the_two(n_dims, base=10_000.0, *, linear=1.0, ntk=1.0):
    """Your exponents are -i / n_dims, so the slowest pair is far too fast: pair i has the exponent -2i / n_dims."""
    return np.sqrt(rope_frequencies(n_dims, base, ntk=ntk)) / linear


@wrong_answer_to(yarn_frequencies)
def divides_the_fast_pairs(n_dims, factor, original_context, base=10_000.0, **betas):
    """Your ramp runs the other way: the fast pairs, which come first, keep their frequencies, and the slow ones'
    are divided.
    """
    right, scale = yarn_frequencies(n_dims, factor, original_context, base, **betas)
    plain = rope_frequencies(n_dims, base)
    return plain + plain / factor - right, scale


@wrong_answer_to(yarn_frequencies)
def leaves_the_ends_unrounded(n_dims, factor, original_context, base=10_000.0, *, beta_fast=32.0, beta_slow=1.0):
    """Your ramp runs between fractions of a pair: the i of beta_fast is rounded down, the i of beta_slow up."""
    plain, pairs = rope_frequencies(n_dims, base), np.arange(n_dims // 2)
    low, high = (n_dims * np.log(original_context / (2 * np.pi * turns)) / (2 * np.log(base))
                 for turns in (beta_fast, beta_slow))
    low, high = max(low, 0), min(high, n_dims - 1)
    divided = np.clip((pairs - low) / max(high - low, 0.001), 0, 1)
    return plain * (1 - divided) + plain / factor * divided, 1 + 0.1 * np.log(factor)


@wrong_answer_to(llama3_factors)
def gives_the_share_of_the_frequency(n_dims, factor, original_context, base=500_000.0, **turns):
    """You return what the frequencies are multiplied by: rope_freqs.weight divides them, a slow pair's is `factor`."""
    return 1 / llama3_factors(n_dims, factor, original_context, base, **turns)


@wrong_answer_to(rotate)
def takes_the_other_pairs(x, positions, frequencies, *, pairs="norm", scale=1.0):
    """You took the other pairs: "norm" pairs the neighbours (2i, 2i + 1), "neox" the halves (i, i + n_dims / 2)."""
    return rotate(x, positions, frequencies, pairs="neox" if pairs == "norm" else "norm", scale=scale)


@wrong_answer_to(rotate)
def turns_backwards(x, positions, frequencies, *, pairs="norm", scale=1.0):
    """You turned clockwise: (a, b) becomes (a cos - b sin, a sin + b cos)."""
    return rotate(x, -np.asarray(positions, np.int64), frequencies, pairs=pairs, scale=scale)


@wrong_answer_to(rotate)
def counts_the_tokens(x, positions, frequencies, *, pairs="norm", scale=1.0):
    """Your positions are 0, 1, 2, ...: a token behind a cache stands where `positions` says."""
    return rotate(x, np.arange(len(positions)), frequencies, pairs=pairs, scale=scale)


@wrong_answer_to(rotate)
def leaves_the_neighbours_apart(x, positions, frequencies, *, pairs="norm", scale=1.0):
    """You put all first numbers of the turned pairs before all second ones: with "norm" they go back to 2i and 2i + 1,
    in turn.
    """
    turned, count = rotate(x, positions, frequencies, pairs=pairs, scale=scale), len(frequencies)
    if pairs == "neox":
        return turned
    first, second = turned[..., :2 * count:2], turned[..., 1:2 * count:2]
    return np.concatenate([first, second, turned[..., 2 * count:]], axis=-1)


@wrong_answer_to(rotate)
def gives_neighbours_one_angle(x, positions, frequencies, *, pairs="norm", scale=1.0):
    """You repeated each angle for two neighbours, as "norm" needs it, and turned the halves: for "neox" the numbers i
    and i + n_dims / 2 have the same angle, so the row of angles comes twice (np.tile, not np.repeat).
    """
    if pairs == "norm":
        return rotate(x, positions, frequencies, pairs=pairs, scale=scale)
    count = len(frequencies)
    wrong = x.astype(np.result_type(x, np.float32))
    angles = np.repeat(np.asarray(positions)[:, None] * np.asarray(frequencies, np.float64), 2, axis=1)
    cos, sin = (scale * f(angles).astype(wrong.dtype) for f in (np.cos, np.sin))
    head = x[..., :2 * count]
    wrong[..., :2 * count] = head * cos + np.concatenate([-head[..., count:], head[..., :count]], axis=-1) * sin
    return wrong


@wrong_answer_to(rotate)
def computes_the_angles_in_the_dtype_of_x(x, positions, frequencies, *, pairs="norm", scale=1.0):
    """Your angles are too coarse: a float32 of 50,000 has steps of 0.004, a float16 ends at 65,504. Multiply positions
    and frequencies in float64, and round cos and sin.
    """
    count = len(frequencies)
    angles = np.asarray(positions).astype(x.dtype)[:, None] * np.asarray(frequencies).astype(x.dtype)
    first, second = np.s_[:2 * count:2], np.s_[1:2 * count:2]
    if pairs == "neox":
        first, second = np.s_[:count], np.s_[count:2 * count]
    wrong = x.astype(np.result_type(x, np.float32))
    cos, sin = (scale * f(angles.astype(np.float64)).astype(wrong.dtype) for f in (np.cos, np.sin))
    wrong[..., first] = x[..., first] * cos - x[..., second] * sin
    wrong[..., second] = x[..., first] * sin + x[..., second] * cos
    return wrong


@wrong_answer_to(permute_heads)
def permutes_back(weight, heads):
    """You permuted the other way, from "norm" to "neox": the rows i and i + width / 2 of a head become 2i and
    2i + 1.
    """
    return weight.reshape(heads, -1, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


@wrong_answer_to(shift_keys)
def turns_by_the_new_position(k, old, new, frequencies, *, pairs="norm"):
    """You turned the keys by their new positions: they are turned by the old ones already, and new - old is missing."""
    return rotate(k, new, frequencies, pairs=pairs).astype(k.dtype)
