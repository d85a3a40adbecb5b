"""Attention in tiles, from two keys to any tiles: hand-computed numbers first, then torch, then the definition."""

from functools import reduce
from math import log

import numpy as np
import pytest
from flash_attention import Partial, finish, flash_attention, merge, tile_attention
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.flash_attention.reference import by_definition, draw, parts_by_definition

NEAR = 3e-6  # float32 gives 7e-7; of the mistakes a last tile left out is nearest, 1e-2

# One query asks for its first number; four keys whose scores are 0, ln 3, ln 6, ln 3, so that exp gives 1, 3, 6, 3.
Q = np.array([[1, 0]], dtype=np.float32)
K = np.array([[0, 5], [log(3), -2], [log(6), 1], [log(3), 7]], dtype=np.float32)
V = np.array([[8, 1], [4, 0], [2, -4], [8, 2]], dtype=np.float32)


def partial(maximum, total, weighted):
    """Return the partial of one query."""
    return Partial(*(np.array(part, dtype=np.float32) for part in ([maximum], [total], [weighted])))


LEFT = partial(log(3), 4 / 3, [20 / 3, 1 / 3])  # 1/3 and 1 of the values 8, 4 and 1, 0
RIGHT = partial(log(6), 3 / 2, [6, -3])  # 1 and 1/2 of the values 2, 8 and -4, 2
BOTH = partial(log(6), 13 / 6, [28 / 3, -17 / 6])  # the left one counts half: exp(ln 3 - ln 6)
NOTHING = partial(-np.inf, 0, [0, 0])


# --- one tile --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keys", "wanted"), [(slice(0, 2), LEFT), (slice(2, 4), RIGHT)], ids=["left", "right"])
def test_a_tile_has_its_maximum_its_total_and_its_weighted_sum(keys, wanted):
    """Nothing is divided yet: the largest weight is 1, not the sum of all."""
    call(tile_attention, Q, K[keys], V[keys], 1.0).gives(wanted, atol=NEAR)


def test_the_products_are_multiplied_by_the_scale():
    call(tile_attention, 4 * Q, K[:2], V[:2], 0.25).gives(LEFT, atol=NEAR)


def test_every_batch_head_and_query_has_its_own_maximum():
    q, k, v = draw(1, 2, 3, 4, 6, 5)
    call(tile_attention, 2 * q, k, v, 0.7).gives(parts_by_definition(2 * q, k, v, 0.7), atol=1e-5)


def test_keys_that_are_not_seen_count_for_nothing():
    """The third key, whose score is the largest, is hidden from the query: of four keys three are left."""
    seen = np.array([True, True, False, True])
    wanted = partial(log(3), 7 / 3, [44 / 3, 7 / 3])
    call(tile_attention, Q, K, V, 1.0, seen).gives(wanted, atol=NEAR)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_row_that_sees_nothing_in_a_tile_is_empty_not_nan():
    """On the diagonal of a causal mask a tile has rows that see all, some and none of its keys."""
    q, k, v = draw(2, 1, 2, 4, 3, 5)
    seen = np.array([[False, False, False], [True, False, False], [True, True, False], [True, True, True]])
    call(tile_attention, q, k, v, 0.5, seen).gives(parts_by_definition(q, k, v, 0.5, seen), atol=NEAR)


# --- two partials, and the end ---------------------------------------------------------------------------


def test_the_part_with_the_smaller_maximum_is_rescaled():
    """exp(ln 3 - ln 6) is 1/2: half of 4/3 and of 20/3 are added to 3/2 and 6. Whichever comes first, row by row."""
    call(merge, LEFT, RIGHT).gives(BOTH, atol=NEAR)
    there, back = (Partial(*map(np.concatenate, zip(*parts))) for parts in ((LEFT, RIGHT), (RIGHT, LEFT)))
    call(merge, there, back).gives(tuple(np.concatenate([part, part]) for part in BOTH), atol=NEAR)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_no_keys_change_nothing():
    """-inf - -inf is NaN: two empty parts, which the corner of a causal mask has, make another empty one."""
    call(merge, NOTHING, LEFT).gives(LEFT, atol=NEAR)
    call(merge, LEFT, NOTHING).gives(LEFT, atol=NEAR)
    call(merge, NOTHING, NOTHING).gives(NOTHING)


def test_the_division_comes_at_the_end():
    """28/3 divided by 13/6 is 56/13; the sum of exp is 1 + 3 + 6 + 3 = 13, and ln 6 + ln 13/6 is its logarithm."""
    call(finish, BOTH).gives((np.array([[56 / 13, -17 / 13]]), np.array([log(13)])), atol=NEAR)


@given(cuts=st.sets(st.integers(1, 8), min_size=1), order=st.randoms(use_true_random=False), seed=st.integers(0, 99))
def test_any_cut_of_the_keys_in_any_order_gives_the_same(cuts, order, seed):
    """Flash-decoding: parts of a long cache are attended to at the same time, and merged as they are ready."""
    q, k, v = draw(seed, 1, 2, 3, 9, 4)
    parts = [call(tile_attention, 3 * q, k[:, :, low:high], v[:, :, low:high], 0.5).value
             for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), 9])]
    order.shuffle(parts)
    whole = reduce(lambda first, second: call(merge, first, second).value, parts)
    call(finish, whole).gives(by_definition(3 * q, k, v, scale=0.5), atol=1e-5)


# --- the whole -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block_k", [1, 2, 3, 4, 128])
def test_four_keys_in_tiles_of_any_size(block_k):
    """56/13, not the 4.5 that is the mean of the tiles' results 5 and 4."""
    call(flash_attention, Q[None, None], K[None, None], V[None, None], scale=1.0, block_k=block_k).gives(
        (np.array([[[[56 / 13, -17 / 13]]]]), np.array([[[log(13)]]])), atol=NEAR)


@pytest.mark.parametrize("scale", [None, 0.7, 0.0])
def test_a_given_scale_replaces_the_usual_one(scale):
    """Without one the scores are divided by sqrt(width); a scale of 0 is one, too."""
    q, k, v = draw(3, 2, 3, 5, 7, 6)
    call(flash_attention, q, k, v, scale=scale, block_q=2, block_k=3).gives(
        by_definition(q, k, v, scale=scale), atol=NEAR)


@pytest.mark.parametrize(("block_q", "block_k"), [(2, 3), (3, 2), (5, 7), (4, 4), (1, 11)])
def test_tiles_need_not_divide_the_sequence(block_q, block_k):
    """11 keys and 7 queries: the last tile of a row, of a column, of both, is smaller."""
    q, k, v = draw(4, 2, 2, 7, 11, 3)
    call(flash_attention, 3 * q, k, v, block_q=block_q, block_k=block_k).gives(by_definition(3 * q, k, v), atol=NEAR)


@pytest.mark.parametrize(("block_q", "block_k"), [(8, 8), (3, 2), (2, 3), (4, 1)])
@pytest.mark.parametrize(("queries", "keys"), [(8, 8), (3, 8)], ids=["prefill", "cached"])
def test_the_causal_mask_goes_by_the_position_in_the_sequence(queries, keys, block_q, block_k):
    """Not by the place in the tile. The queries are the last positions: with five cached keys the first sees six."""
    q, k, v = draw(5, 1, 2, queries, keys, 3)
    call(flash_attention, q, k, v, causal=True, block_q=block_q, block_k=block_k).gives(
        by_definition(q, k, v, causal=True), atol=NEAR)


@pytest.mark.parametrize("block_k", [2, 3, 9])
def test_every_sequence_of_the_batch_ends_where_its_length_says(block_k):
    q, k, v = draw(6, 3, 2, 4, 9, 3)
    lengths = np.array([9, 2, 5])
    call(flash_attention, q, k, v, lengths=lengths, block_q=3, block_k=block_k).gives(
        by_definition(q, k, v, lengths=lengths), atol=NEAR)


def test_finished_results_are_merged_by_their_log_sum_exp():
    """A result is a partial with the total 1 and the log-sum-exp as its maximum: two halves of the keys."""
    q, k, v = draw(7, 1, 2, 4, 9, 3)
    parts = []
    for half in (slice(6), slice(6, None)):
        halves = call(flash_attention, q, k[:, :, half], v[:, :, half], block_k=2)
        halves.gives(by_definition(q, k[:, :, half], v[:, :, half]), atol=NEAR)
        result, log_sum_exp = halves.value
        parts.append(Partial(log_sum_exp, np.ones_like(log_sum_exp), result))
    call(finish, call(merge, *parts).value).gives(by_definition(q, k, v), atol=NEAR)


# --- libraries, and everything together ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["all", "square_causal", "cached_causal", "padded", "scaled"])
def test_torch_gives_the_same(name):
    """scaled_dot_product_attention; of the log-sum-exp, which it keeps to itself, one is recorded."""
    record = recorded("flash_attention")
    q, k, v = (record[array] for array in "qkv")
    if name == "square_causal":
        k, v = k[:, :, :q.shape[2]], v[:, :, :q.shape[2]]
    options = {"padded": {"lengths": record["lengths"]}, "scaled": {"scale": 0.8}, "all": {}}
    options = options.get(name, {"causal": True})
    log_sum_exp = record["log_sum_exp"] if name == "all" else by_definition(q, k, v, **options)[1]
    call(flash_attention, q, k, v, block_q=4, block_k=6, **options).gives((record[name], log_sum_exp), atol=NEAR)


@given(queries=st.integers(1, 7), past=st.integers(0, 5), causal=st.booleans(), lengths=st.none() | st.integers(1, 5),
       scale=st.none() | st.floats(0.1, 2), block_q=st.integers(1, 8), block_k=st.integers(1, 8),
       seed=st.integers(0, 999))
def test_any_mixture_follows_the_definition(queries, past, causal, lengths, scale, block_q, block_k, seed):
    keys = queries + past
    q, k, v = draw(seed, 2, 1 + seed % 2, queries, keys, 1 + seed % 5)
    options = {"causal": causal, "scale": scale, "lengths": lengths and np.array([min(lengths, keys), keys])}
    call(flash_attention, q, k, v, block_q=block_q, block_k=block_k, **options).gives(
        by_definition(q, k, v, **options), atol=1e-5)
