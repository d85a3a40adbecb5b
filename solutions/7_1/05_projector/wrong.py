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
def uses_the_encoders_gelu(x, weights, form):
    """This is quick GELU, which CLIP's encoder has: the projector has the one with erf, or its tanh form."""
    hidden = linear(x, weights, "mm.0")
    return linear(hidden / (1 + np.exp(-1.702 * hidden)), weights, "mm.2")


@wrong_answer_to(mlp_projector)
def has_the_tanh_form_alone(x, weights, form):
    """This is GELU's tanh form: "erf" asks for the exact one, x * ndtr(x), which is up to 5e-4 away."""
    return mlp_projector(x, weights, "tanh")


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
def takes_the_grid_for_columns_and_rows(x, grid, factor):
    """Your patches lie in grid[1] rows: grid is (rows, columns), so patch number i is in row i // grid[1]."""
    return pixel_shuffle(x, grid[::-1], factor)


@wrong_answer_to(pixel_shuffle)
def goes_down_the_columns_of_squares(x, grid, factor):
    """Your squares stand column after column, as in InternVL's first version: here they stand row after row."""
    squares = pixel_shuffle(x, grid, factor)
    across = squares.reshape(len(x), grid[0] // factor, grid[1] // factor, squares.shape[2])
    return across.swapaxes(1, 2).reshape(squares.shape)


@wrong_answer_to(pooled_projector)
def norms_each_patch(x, weights, grid, factor, eps):
    """You divided each patch by its root mean square and averaged then: the average comes first."""
    each = pooled_projector(x, weights, grid, 1, eps)  # the matrix may come before the average: both are linear
    return pixel_shuffle(each, grid, factor).reshape(len(x), -1, factor**2, each.shape[2]).mean(axis=2)


@wrong_answer_to(pooled_projector)
def adds_one_to_the_weight(x, weights, grid, factor, eps):
    """The norm is multiplied by 1 + weight, as in transformers: in the file the 1 is in the weight already."""
    return pooled_projector(x, {**weights, "mm.soft_emb_norm.weight": 1 + weights["mm.soft_emb_norm.weight"]},
                            grid, factor, eps)


@wrong_answer_to(positions_2d)
def puts_the_row_first(grid, width):
    """The row's sines stand before the column's: here the column comes first, in the first half of the vector."""
    places = positions_2d(grid, width)
    return np.concatenate([places[:, width // 2:], places[:, :width // 2]], axis=1)


def attended(x, weights, heads, eps, on_keys, on_values):
    """Return a resampler's tokens with these places on what keys and values are made of."""
    def norm(x, name):
        return layer_norm(x, weights, f"resampler.ln_{name}", eps)

    patches, queries = norm(linear(x, weights, "resampler.kv"), "kv"), norm(weights["resampler.query"], "q")
    given = {"q": queries[None], "k": patches + on_keys, "v": patches + on_values}
    q, k, v = (linear(given[name], weights, f"resampler.attn.{name}").reshape(
        *given[name].shape[:2], heads, -1).swapaxes(1, 2) for name in "qkv")
    mixed = softmax(q @ k.swapaxes(2, 3) / q.shape[3]**0.5, axis=-1) @ v
    mixed = mixed.swapaxes(1, 2).reshape(len(x), *queries.shape)
    return linear(norm(linear(mixed, weights, "resampler.attn.out"), "post"), weights, "resampler.proj")


@wrong_answer_to(resampler)
def places_the_values(x, weights, grid, heads, eps):
    """The values have places as well: positions_2d is added to what the keys are made of, and to nothing else."""
    places = positions_2d(grid, weights["resampler.query"].shape[1]).astype(x.dtype)
    return attended(x, weights, heads, eps, places, places)


@wrong_answer_to(resampler)
def has_no_places(x, weights, grid, heads, eps):
    """Your keys do not know their place: positions_2d is added to what goes into attn.k."""
    return attended(x, weights, heads, eps, 0, 0)


@wrong_answer_to(resampler)
def divides_by_the_root_of_the_width(x, weights, grid, heads, eps):
    """The scores are divided by the root of the whole width: it is one head's, text_width / heads."""
    quieter = {name: tensor / float(heads**0.5) if ".attn.q." in name else tensor for name, tensor in weights.items()}
    return resampler(x, quieter, grid, heads, eps)
