"""Wrong answers that people give to the projector kata; each docstring says what was misunderstood."""

import numpy as np
from projector import mlp_projector, pixel_shuffle, pooled_projector, positions_2d, resampler
from scipy.special import softmax
from vision_encoder import layer_norm

from fixtures.checking import wrong_answer_to


def linear(x, weights, name):
    """Return x @ weight.T + bias."""
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)


@wrong_answer_to(mlp_projector)
def uses_relu(x, weights, form):
    """There is a ReLU between your layers: LLaVA's projector has a GELU there."""
    return linear(np.maximum(linear(x, weights, "mm.0"), 0), weights, "mm.2")


@wrong_answer_to(mlp_projector)
def uses_the_encoders_gelu(x, weights, form):
    """This is quick GELU, which CLIP's encoder has: the projector has the one with erf, or its tanh form."""
    hidden = linear(x, weights, "mm.0")
    return linear(hidden / (1 + np.exp(-1.702 * hidden)), weights, "mm.2")


@wrong_answer_to(mlp_projector)
def has_one_layer(x, weights, form):
    """These are the tokens after one layer: GELU and the layer mm.2 are missing."""
    return linear(x, weights, "mm.0")


@wrong_answer_to(mlp_projector)
def leaves_the_biases_out(x, weights, form):
    """The biases mm.0.bias and mm.2.bias are missing."""
    return mlp_projector(x, {name: tensor for name, tensor in weights.items() if not name.endswith("bias")}, form)


@wrong_answer_to(mlp_projector)
def does_not_transpose_the_square(x, weights, form):
    """mm.2.weight is applied the wrong way round: it is (out, in) as every linear layer, x @ weight.T."""
    return mlp_projector(x, {**weights, "mm.2.weight": weights["mm.2.weight"].T}, form)


@wrong_answer_to(pixel_shuffle)
def takes_neighbours_in_the_sequence(x, grid, factor):
    """Your tokens are patches that follow each other in the sequence: a square has patches of several rows."""
    return x.reshape(len(x), x.shape[1] // factor**2, factor**2 * x.shape[2])


@wrong_answer_to(pixel_shuffle)
def puts_numbers_before_places(x, grid, factor):
    """This is torch's pixel_unshuffle, number 0 of all patches first: here each patch comes with all its numbers."""
    squares = pixel_shuffle(x, grid, factor).reshape(len(x), -1, factor**2, x.shape[2])
    return squares.swapaxes(2, 3).reshape(len(x), squares.shape[1], -1)


@wrong_answer_to(pixel_shuffle)
def goes_down_columns(x, grid, factor):
    """In your squares the left column comes first: the upper row does, as everywhere."""
    squares = pixel_shuffle(x, grid, factor).reshape(len(x), -1, factor, factor, x.shape[2])
    return squares.swapaxes(2, 3).reshape(len(x), squares.shape[1], -1)


@wrong_answer_to(pooled_projector)
def averages_the_sequence(x, weights, grid, factor, eps):
    """You averaged patches that follow each other in the sequence: a square has patches of several rows."""
    means = x.reshape(len(x), -1, factor**2, x.shape[2]).mean(axis=2)
    return pooled_projector(means, weights, (1, means.shape[1]), 1, eps)


@wrong_answer_to(pooled_projector)
def norms_each_patch(x, weights, grid, factor, eps):
    """You divided each patch by its root mean square and averaged then: the average comes first."""
    each = pooled_projector(x, weights, grid, 1, eps)  # the matrix may come before the average: both are linear
    return pixel_shuffle(each, grid, factor).reshape(len(x), -1, factor**2, each.shape[2]).mean(axis=2)


@wrong_answer_to(positions_2d)
def puts_the_row_first(grid, width):
    """The row's sines stand before the column's: here the column comes first, in the first half of the vector."""
    places = positions_2d(grid, width)
    return np.concatenate([places[:, width // 2:], places[:, :width // 2]], axis=1)


@wrong_answer_to(resampler)
def places_the_values(x, weights, grid, heads, eps):
    """The values have places as well: positions_2d is added to what the keys are made of, and to nothing else."""
    def norm(x, name):
        return layer_norm(x, weights, f"resampler.ln_{name}", eps)

    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)

    placed = norm(linear(x, weights, "resampler.kv"), "kv")
    placed = placed + positions_2d(grid, placed.shape[2]).astype(x.dtype)
    queries = norm(weights["resampler.query"], "q")
    q, k, v = (split(linear(given, weights, f"resampler.attn.{name}"))
               for name, given in [("q", queries[None]), ("k", placed), ("v", placed)])
    mixed = softmax(q @ k.swapaxes(2, 3) / float(q.shape[3]**0.5), axis=-1) @ v
    mixed = mixed.swapaxes(1, 2).reshape(len(x), *queries.shape)
    return linear(norm(linear(mixed, weights, "resampler.attn.out"), "post"), weights, "resampler.proj")
