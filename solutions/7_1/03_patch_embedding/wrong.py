"""Wrong answers that people give to the patch embedding kata; each docstring says what was misunderstood."""

import numpy as np
from patch_embedding import embed, embed_patches, patchify, resize_positions

from fixtures.checking import wrong_answer_to


def cut(pixels, size):
    """Return (n, rows, columns, channels, y, x)."""
    n, channels, height, width = pixels.shape
    return patchify(pixels, size).reshape(n, height // size, width // size, channels, size, size)


def patches_of(parts):
    """Return (n, patches, numbers) of six axes."""
    return parts.reshape(parts.shape[0], parts.shape[1] * parts.shape[2], -1)


def stretched(positions, grid, matrix):
    """Stretch a table along both axes; matrix(old, new) says how much each old place gives to each new one."""
    side = int(len(positions)**0.5)
    table = positions.reshape(side, side, -1).astype(np.float64)
    shares = [matrix(side, int(new)) for new in grid]
    return np.einsum("yj,xk,jkw->yxw", *shares, table).reshape(-1, positions.shape[1]).astype(positions.dtype)


def cubic(old, new, place, a=-0.75, wide=1.0):
    """Return the shares of the bicubic kernel at these places, counted in old centres; the edge repeats."""
    taps = np.arange(-8, old + 8)
    x = np.abs(place[:, None] - taps) / wide
    shares = np.where(x <= 1, (a + 2) * x**3 - (a + 3) * x**2 + 1,
                      np.where(x < 2, a * (x**3 - 5 * x**2 + 8 * x - 4), 0)) / wide
    matrix = np.zeros((new, old))
    np.add.at(matrix, (slice(None), np.clip(taps, 0, old - 1)), shares)
    return matrix


def centres(old, new):
    """Return where the new centres lie, counted in old ones."""
    return (np.arange(new) + 0.5) * old / new - 0.5


@wrong_answer_to(patchify)
def reshapes_alone(pixels, patch_size):
    """Your patches are stretches of whole rows: a reshape moves nothing. Split both axes, then transpose."""
    return cut(pixels, patch_size).transpose(0, 3, 1, 4, 2, 5).reshape(patchify(pixels, patch_size).shape)


@wrong_answer_to(patchify)
def puts_the_channels_last(pixels, patch_size):
    """Within a patch your channels change fastest: the convolution's weight has all of the first channel first."""
    return patches_of(cut(pixels, patch_size).transpose(0, 1, 2, 4, 5, 3))


@wrong_answer_to(patchify)
def counts_down_the_columns(pixels, patch_size):
    """Your patches are counted column by column: the one to the right comes next, y * columns + x."""
    return patches_of(cut(pixels, patch_size).transpose(0, 2, 1, 3, 4, 5))


@wrong_answer_to(patchify)
def lays_the_patch_on_its_side(pixels, patch_size):
    """The pixels within your patches run down the columns: the one to the right comes next."""
    return patches_of(cut(pixels, patch_size).transpose(0, 1, 2, 3, 5, 4))


@wrong_answer_to(embed_patches)
def takes_the_weight_for_in_by_out(pixels, weight, bias=None):
    """Your weight was reshaped to (numbers, width), which shuffles the filters: make it (width, numbers), then .T."""
    width = len(weight)
    shuffled = weight.reshape(-1, width).T.reshape(weight.shape)
    return embed_patches(pixels, shuffled, bias)


@wrong_answer_to(resize_positions)
def takes_pillows_curve(positions, grid, mode="bicubic"):
    """This is the bicubic curve of Pillow, a = -0.5: torch, transformers and ggml take a = -0.75."""
    return stretched(positions, grid, lambda old, new: cubic(old, new, centres(old, new), a=-0.5))


@wrong_answer_to(resize_positions)
def lays_corner_on_corner(positions, grid, mode="bicubic"):
    """Your corners lie on the old corners (align_corners): centres do, at (i + 0.5) * old / new - 0.5."""
    return stretched(positions, grid, lambda old, new: cubic(
        old, new, np.arange(new) * (old - 1) / (new - 1) if new > 1 else np.zeros(1)))


@wrong_answer_to(resize_positions)
def forgets_the_half_pixel(positions, grid, mode="bicubic"):
    """Your places are i * old / new: a place is a centre, so it is (i + 0.5) * old / new - 0.5."""
    return stretched(positions, grid, lambda old, new: cubic(old, new, np.arange(new) * old / new))


@wrong_answer_to(resize_positions)
def widens_the_curve(positions, grid, mode="bicubic"):
    """Your bicubic curve grows wider where the table shrinks (antialias): CLIP's does not, the bilinear one does."""
    def shares(old, new):
        wide = cubic(old, new, centres(old, new), wide=max(1, old / new))
        return wide / wide.sum(axis=1, keepdims=True)

    return stretched(positions, grid, shares)


@wrong_answer_to(resize_positions)
def keeps_one_share_of_the_edge(positions, grid, mode="bicubic"):
    """At the edge one share replaces another: what falls beyond it counts as the last place, and the shares add up.

    With an array of places, `matrix[places] += share` adds only one of them, np.add.at all.
    """
    if mode != "bicubic":
        return resize_positions(positions, grid, mode)

    def shares(old, new):
        taps = np.floor(centres(old, new))[:, None].astype(int) + np.arange(-1, 3)
        far = cubic(old + 4, new, centres(old, new) + 2)  # two places more at either end, where nothing is clipped
        matrix = np.zeros((new, old))
        rows = np.arange(new)[:, None]
        matrix[rows, np.clip(taps, 0, old - 1)] = far[rows, taps + 2]
        return matrix

    return stretched(positions, grid, shares)


@wrong_answer_to(resize_positions)
def keeps_the_triangle_narrow(positions, grid, mode="bicubic"):
    """Your triangle has the width 1: where the table shrinks it is old / new wide, and its weights sum to 1."""
    if mode == "bicubic":
        return resize_positions(positions, grid)
    return stretched(positions, grid, lambda old, new: np.maximum(
        0, 1 - np.abs(np.clip(centres(old, new), 0, old - 1)[:, None] - np.arange(old))))


@wrong_answer_to(embed)
def puts_the_class_token_last(pixels, weights, mode="bicubic"):
    """Your class token stands behind the patches: it comes first, and row 0 of the table is its own."""
    x = embed(pixels, weights, mode)
    return np.roll(x, -1, axis=1) if "v.class_embd" in weights else x
