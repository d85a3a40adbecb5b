"""Attention in tiles with an online softmax: exact, and in memory that grows with n instead of n^2."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]


class Partial(NamedTuple):
    """What attention over some of the keys leaves behind. For each query, with s the scores of these keys:"""

    maximum: Numbers  # (..., queries): m = max s
    total: Numbers  # (..., queries): sum of exp(s - m)
    weighted: Numbers  # (..., queries, width): sum of exp(s - m) v


def tile_attention(q: Numbers, k: Numbers, v: Numbers, scale: float, seen: NDArray | None = None) -> Partial:
    """Attend over the keys of one tile, without the division. The scores are q . k * scale.

    q: (..., queries, width); k, v: (..., keys, width), with at least one key
    seen: bools, broadcast to (..., queries, keys), True where the query sees the key; None: all are seen
    A query that sees none of the keys has the maximum -inf, the total 0 and the weighted sum 0.
    """
    raise NotImplementedError


def merge(first: Partial, second: Partial) -> Partial:
    """Return the partial of two disjoint sets of keys together, from the partials of each.

    The order of merging does not matter, and (-inf, 0, 0), the partial of no keys, changes nothing.
    """
    raise NotImplementedError


def finish(partial: Partial) -> tuple[Numbers, Numbers]:
    """Divide, once at the end: the attention, (..., queries, width), and log(sum of exp(s)), (..., queries).

    They are zeros and -inf for a query that saw no key.
    """
    raise NotImplementedError


def flash_attention(
    q: Numbers, k: Numbers, v: Numbers, *, causal: bool = False, lengths: Numbers | None = None,
    scale: float | None = None, block_q: int = 128, block_k: int = 128,
) -> tuple[Numbers, Numbers]:
    """Return the softmax attention and its log-sum-exp, tile by tile; the result is that of the whole table.

    q: (batch, heads, queries, width); k, v: (batch, heads, keys, width)
    causal: the queries are the last positions of the sequence; query i sees the keys 0 to keys - queries + i
    lengths: (batch,) integers, how many of the keys are no padding; None: all
    scale: None: 1 / sqrt(width)
    block_q, block_k: a tile is block_q queries times block_k keys of all heads, and starts at multiples of these.
        One in which no query of the batch sees a key is not read, so that a NaN there does nothing.
    Returns (batch, heads, queries, width) and (batch, heads, queries), both in np.result_type(q, k, v, np.float32);
    zeros and -inf for a query that sees no key.
    Memory: the results, O(n) beside them, and a few tiles (batch, heads, block_q, block_k).
    NaN: a query that is NaN, or sees one, gives NaN. Nothing is promised about a NaN hidden inside a tile that is
    read, nor about infinity.
    Raises ValueError that names the argument: the table in the README says which.
    Sources: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022, algorithm 1; Dao 2023, section 3.1.
    """
    raise NotImplementedError
