"""Token merging (Bolya et al. 2023): patches that are alike become one token on their way through the encoder."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from vision_encoder import Encoder, Floats, Weights

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
    raise NotImplementedError


def merge(x: Floats, sizes: Integers, groups: Integers) -> tuple[Floats, Integers]:
    """Make one token of each group: the mean of its tokens, each counted with its size.

    x: (n, tokens, width); sizes: (n, tokens), how many patches each token stands for; groups: from bipartite_matching
    Returns the tokens, (n, merged, width) in the dtype of x, and their sizes, (n, merged).
    Raises ValueError that names sizes or groups if they are not (n, tokens), a size is below 1, or a number below the
    largest of groups is missing in an image.
    """
    raise NotImplementedError


def unmerge(x: Floats, groups: Integers) -> Floats:
    """Give each token of before the vector of the one that it became part of: (n, tokens, width).

    x: (n, merged, width)
    Raises ValueError that names groups if it is for another n, or holds a number that x has no token for.
    """
    raise NotImplementedError


def proportional_attention(x: Floats, sizes: Integers, weights: Weights, heads: int) -> tuple[Floats, Floats]:
    """Attend as vision_encoder.attention, but a key of size s counts as s alike ones: log(s) is added to its scores.

    x: (n, tokens, width), normed; sizes: (n, tokens), how many patches each token stands for
    Returns (n, tokens, width), and what tokens are compared by: the heads' mean key, (n, tokens, width / heads).
    Raises ValueError that names sizes if they are not (n, tokens) or one is below 1.
    """
    raise NotImplementedError


def merged_features(pixels: Floats, encoder: Encoder, r: Sequence[int]) -> tuple[Floats, Integers, Integers]:
    """Run the encoder as image_features does, with proportional attention, and merge r[i] tokens in block i.

    Merging comes between attention, which tells what tokens are compared by, and the feed-forward part.
    Returns features (n, merged, width), their sizes (n, merged), and groups (n, patches), by which unmerge puts them
    back on the grid. The class token, where there is one, is never merged, and left out of all three.
    Raises ValueError that names r if it has not one number for each block that runs.
    """
    raise NotImplementedError
