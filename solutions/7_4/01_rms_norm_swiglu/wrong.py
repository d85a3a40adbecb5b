"""Wrong answers that people give to this kata; each docstring says what was misunderstood."""

import numpy as np
from rms_norm_swiglu import activate, feed_forward_block, gated_feed_forward, layer_norm, rms_norm

from fixtures.checking import wrong_answer_to


def squared(x):
    """Return the squares in float32 at least, so that float16 is the mistake of squares_in_float16 alone."""
    return np.square(x, dtype=np.result_type(x, np.float32))


@wrong_answer_to(rms_norm)
def divides_by_the_length(x, weight, eps):
    """You divided by the root of the sum of the squares, the vector's length: it is the root of their mean."""
    return x / np.sqrt(squared(x).sum(axis=-1, keepdims=True) + eps) * weight


@wrong_answer_to(rms_norm)
def adds_epsilon_to_the_root(x, weight, eps):
    """Your epsilon is added to the root: it stands under it, beside the mean square."""
    return x / (np.sqrt(squared(x).mean(axis=-1, keepdims=True)) + eps) * weight


@wrong_answer_to(rms_norm)
def takes_the_mean_away(x, weight, eps):
    """This is LayerNorm: RMSNorm takes no mean away."""
    return layer_norm(x, weight, np.zeros_like(weight), eps)


@wrong_answer_to(rms_norm)
def adds_one_to_the_weight(x, weight, eps):
    """You multiplied by 1 + weight, as gemma's code does with its checkpoint: here the 1 is in the weight already."""
    return rms_norm(x, 1 + weight, eps)


@wrong_answer_to(rms_norm)
def shares_one_root(x, weight, eps):
    """All vectors were divided by one root: each has its own, the mean is along the last axis alone."""
    return x / np.sqrt(squared(x).mean() + eps) * weight


@wrong_answer_to(rms_norm)
def squares_in_float16(x, weight, eps):
    """Your squares leave float16, which goes from 6e-8 to 65504: convert x to float32 before anything else."""
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * weight


@wrong_answer_to(layer_norm)
def adds_epsilon_to_the_deviation(x, weight, bias, eps):
    """Your epsilon is added to the standard deviation: it stands under the root, beside the variance."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / (x.std(axis=-1, keepdims=True) + eps) * weight + bias


@wrong_answer_to(activate)
def has_the_tanh_form_alone(x, activation):
    """This is GELU's form with tanh: "gelu_erf" asks for the exact one, x * ndtr(x), which is up to 5e-4 away."""
    return activate(x, "gelu_tanh" if activation == "gelu_erf" else activation)


@wrong_answer_to(gated_feed_forward)
def activates_up(x, gate, up, down, activation="silu"):
    """You activated what `up` makes: the activation is the gate's."""
    return gated_feed_forward(x, up, gate, down, activation)


@wrong_answer_to(feed_forward_block)
def adds_to_the_norm(x, block, eps, activation="silu"):
    """You added to the normed vector: it is the vector itself that goes on, untouched by the norm."""
    return feed_forward_block(x, block, eps, activation) - x + rms_norm(x, block["ffn_norm.weight"], eps)


@wrong_answer_to(feed_forward_block)
def leaves_the_vector_out(x, block, eps, activation="silu"):
    """The vector itself is missing: the block returns x + what the feed-forward makes of its norm."""
    return feed_forward_block(x, block, eps, activation) - x


@wrong_answer_to(feed_forward_block)
def norms_the_sum(x, block, eps, activation="silu"):
    """This is post-norm, BERT's order: here the norm comes before the feed-forward, and the sum is not normed."""
    fed = gated_feed_forward(x, *(block[f"ffn_{name}.weight"] for name in ("gate", "up", "down")), activation)
    return rms_norm(x + fed, block["ffn_norm.weight"], eps)
