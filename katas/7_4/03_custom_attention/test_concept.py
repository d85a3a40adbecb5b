from math import exp, log, tanh

import numpy as np
import pytest
from custom_attention import attention
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.custom_attention.reference import by_definition, draw

ROUNDING = 3e-6  # float32 gives 5e-7; the smallest of the usual mistakes, a window off by one, 1e-2

# Where all keys are alike, a query's result is the plain mean of the values that it sees.
ALIKE = np.ones((1, 1, 6, 2), dtype=np.float32)
QUERIES = np.array([[[[3, 1], [-1, 2], [0, 5], [2, 2], [-2, 0], [1, -7]]]], dtype=np.float32)
VALUES = np.array([[[[8, 1], [4, 0], [0, -4], [4, 11], [24, 2], [-4, 8]]]], dtype=np.float32)
MEANS = np.array([[[[8, 1], [6, 0.5], [4, -1], [4, 2], [8, 2], [6, 3]]]], dtype=np.float32)
MEANS_OF_TWO = np.array([[[[8, 1], [6, 0.5], [2, -2], [2, 3.5], [14, 6.5], [10, 5]]]], dtype=np.float32)
ZEROS = np.zeros_like(QUERIES)  # queries that have a score of 0 with every key
SEEN = np.arange(1, 7)[:, None]  # how many keys each of the six queries sees

# The second query weighs two keys whose scores are 0 and `large`, once the products are divided by sqrt(4).
TWO_QUERIES = np.array([[[[5, 5, 5, 5], [0, 0, 2, 0]]]], dtype=np.float32)
TWO_VALUES = np.array([[[[8, 0, 4, 1], [4, -4, 0, 3]]]], dtype=np.float32)


def two_keys(large):
    return np.array([[[[1, 0, 0, 0], [0, 5, large, -1]]]], dtype=np.float32)


# --- scores, softmax, values -----------------------------------------------------------------------------


def test_two_keys_are_weighed_by_the_softmax_of_their_scores():
    """Scores 0 and ln 3: exp gives 1 and 3, so the weights are 1/4 and 3/4."""
    wanted = np.array([[[[8, 0, 4, 1], [5, -3, 1, 2.5]]]])
    call(attention, TWO_QUERIES, two_keys(log(3)), TWO_VALUES).gives(wanted, atol=ROUNDING)


def test_a_query_sees_its_own_key_and_those_before():
    """Row i is the mean of the values 0 to i."""
    call(attention, QUERIES, ALIKE, VALUES).gives(MEANS, atol=ROUNDING)


def test_every_batch_and_head_is_attended_for_itself():
    """Sequences of a batch and heads do not mix."""
    q, k, v = draw(1, 2, 3, 3, 5, 5, 4)
    call(attention, q, k, v).gives(by_definition(q, k, v), atol=ROUNDING)


@pytest.mark.parametrize("scale", [0.7, 0.0])
def test_a_given_scale_replaces_the_usual_one(scale):
    """The scores are the products times scale, in the place of 1 / sqrt(width); a scale of 0 is one, too."""
    q, k, v = draw(2, 1, 2, 2, 4, 4, 9)
    call(attention, q, k, v, scale=scale).gives(by_definition(q, k, v, scale=scale), atol=ROUNDING)


# --- decode: fewer queries than keys ---------------------------------------------------------------------


def test_the_queries_are_the_last_positions():
    """The queries are the last positions: two behind four cached keys stand at 4 and 5."""
    call(attention, QUERIES[:, :, 4:], ALIKE, VALUES).gives(MEANS[:, :, 4:], atol=ROUNDING)


def steps_give_what_all_at_once_gives(steps, kv_heads, **options):
    """11 tokens come in steps, the earlier keys from a cache; each row is the one of all at once."""
    q, k, v = draw(5, 2, 4, kv_heads, 11, 11, 3)
    wanted = by_definition(q, k, v, **options)
    for step, end in zip(steps, np.cumsum(steps)):
        call(attention, q[:, :, end - step:end], k[:, :, :end], v[:, :, :end], **options).gives(
            wanted[:, :, end - step:end], atol=ROUNDING)


STEPS = pytest.mark.parametrize("steps", [(3, *(1,) * 8), (4, 7), (7, 1, 3)], ids=str)


@STEPS
def test_prefill_and_decode_give_what_all_at_once_gives(steps):
    """A prefill, then decode steps behind its keys: the same rows as all tokens at once."""
    steps_give_what_all_at_once_gives(steps, kv_heads=4)


# --- grouped queries -------------------------------------------------------------------------------------


def test_neighbouring_query_heads_share_a_kv_head():
    """Six query heads, two KV heads: the heads 0, 1, 2 read KV head 0, and 3, 4, 5 read KV head 1."""
    q, k, _ = draw(3, 2, 6, 2, 1, 1, 2)
    v = np.array([[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]], dtype=np.float32)  # (batch, kv_heads, keys, width)
    wanted = np.array([[[1, 2]] * 3 + [[3, 4]] * 3, [[5, 6]] * 3 + [[7, 8]] * 3])[:, :, None]
    call(attention, q, k, v).gives(wanted, atol=ROUNDING)


@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 2), (6, 3), (5, 1)])
def test_grouped_queries_follow_the_definition(heads, kv_heads):
    """Query head h reads KV head h // (heads // kv_heads), whatever the numbers."""
    q, k, v = draw(heads, 2, heads, kv_heads, 5, 5, 3)
    call(attention, q, k, v).gives(by_definition(q, k, v), atol=ROUNDING)


# --- sliding window --------------------------------------------------------------------------------------


def test_a_window_of_two_is_the_own_key_and_one_before():
    """The window counts the query's own key: with 2, row i is the mean of the values i - 1 and i."""
    call(attention, QUERIES, ALIKE, VALUES, window=2).gives(MEANS_OF_TWO, atol=ROUNDING)


@pytest.mark.parametrize(("window", "wanted"), [(1, VALUES), (6, MEANS), (7, MEANS)])
def test_the_narrowest_window_is_the_own_key_and_a_wide_one_hides_nothing(window, wanted):
    """A window of 1 gives each query its own value; one of all keys or more is none."""
    call(attention, QUERIES, ALIKE, VALUES, window=window).gives(wanted, atol=ROUNDING)


def test_a_window_moves_with_the_position_not_with_the_row():
    """Behind a cache already the first query has lost keys: three behind three see 2 and 3, 3 and 4, 4 and 5."""
    call(attention, QUERIES[:, :, 3:], ALIKE, VALUES, window=2).gives(MEANS_OF_TWO[:, :, 3:], atol=ROUNDING)


# --- soft cap --------------------------------------------------------------------------------------------


def test_the_soft_cap_bends_the_scaled_scores():
    """softcap * tanh(s / softcap): scaled scores 0 and 3 under a cap of 1.5 become 0 and 1.5 tanh(2)."""
    weight = 1 / (1 + exp(-1.5 * tanh(2)))
    wanted = TWO_VALUES.copy()
    wanted[0, 0, 1] = (1 - weight) * TWO_VALUES[0, 0, 0] + weight * TWO_VALUES[0, 0, 1]
    call(attention, TWO_QUERIES, two_keys(3), TWO_VALUES, softcap=1.5).gives(wanted, atol=ROUNDING)


@pytest.mark.parametrize("softcap", [0.3, 50.0])
def test_a_cap_may_be_below_one_or_far_above_the_scores(softcap):
    """softcap * tanh(s / softcap), whatever the cap: a small one makes keys alike, a large one changes little."""
    q, k, v = draw(9, 2, 2, 2, 5, 7, 3)
    call(attention, q, k, v, softcap=softcap).gives(by_definition(q, k, v, softcap=softcap), atol=ROUNDING)


def test_the_mask_comes_after_the_cap():
    """A hidden key has weight 0, not that of the smallest capped score."""
    call(attention, QUERIES, ALIKE, VALUES, window=2, softcap=3.0).gives(MEANS_OF_TWO, atol=ROUNDING)


# --- attention sinks -------------------------------------------------------------------------------------


def test_a_sink_takes_weight_and_gives_nothing():
    """A sink stands in the divisor alone: with scores of 0 and a sink of ln 2, n keys share n / (n + 2)."""
    sinks = np.array([log(2)], dtype=np.float32)
    call(attention, ZEROS, ALIKE, VALUES, sinks=sinks).gives(MEANS * SEEN / (SEEN + 2), atol=ROUNDING)


def test_every_query_head_has_its_own_sink():
    """Six query heads, six sinks, though they share two KV heads."""
    q, k, v = draw(6, 2, 6, 2, 5, 5, 3)
    sinks = np.array([0.5, -2, 3, 1, 0, -0.5], dtype=np.float32)
    call(attention, q, k, v, sinks=sinks).gives(by_definition(q, k, v, sinks=sinks), atol=ROUNDING)


@pytest.mark.parametrize("options", [{"scale": 3.0}, {"softcap": 0.5}], ids=str)
def test_a_sink_is_neither_scaled_nor_capped(options):
    """Scores of 0 stay 0 whatever the scale and the cap: the sink of ln 4 alone decides."""
    sinks = np.array([log(4)], dtype=np.float32)
    call(attention, ZEROS, ALIKE, VALUES, sinks=sinks, **options).gives(MEANS * SEEN / (SEEN + 4), atol=ROUNDING)


# --- all together ----------------------------------------------------------------------------------------


@STEPS
def test_everything_together_in_steps_gives_what_all_at_once_gives(steps):
    """Window, sinks, cap and scale at once, through a cache: scale, cap, mask, softmax with the sink."""
    sinks = np.array([0.5, -1, 2, 0], dtype=np.float32)
    steps_give_what_all_at_once_gives(steps, kv_heads=2, window=5, sinks=sinks, softcap=1.5, scale=0.8)


@pytest.mark.parametrize("name", ["prefill", "cached", "windowed", "capped", "sunk"])
def test_torch_and_transformers_give_the_same(name):
    """The formula is that of torch, of gemma2 (cap) and of gpt-oss (sinks), whose results are recorded."""
    record = recorded("custom_attention")
    q, k, v = (record[array] for array in "qkv")
    if name == "prefill":
        k, v = k[:, :, :q.shape[2]], v[:, :, :q.shape[2]]
    options = {"windowed": {"window": 4}, "sunk": {"sinks": record["sinks"]}, "capped": {"softcap": 1.5}}
    call(attention, q, k, v, **options.get(name, {})).gives(record[name], atol=5e-6)  # the libraries differ by 8e-7


@given(
    kv_heads=st.integers(1, 3), group=st.integers(1, 3), queries=st.integers(2, 7), past=st.integers(0, 5),
    window=st.none() | st.integers(1, 13), sink=st.none() | st.floats(-3, 3),
    softcap=st.none() | st.floats(0.5, 5), scale=st.none() | st.floats(0.1, 2), seed=st.integers(0, 999))
def test_any_mixture_follows_the_definition(kv_heads, group, queries, past, window, sink, softcap, scale, seed):
    """Any shapes and options: each step keeps to the formula, whichever others are there."""
    heads = kv_heads * group
    q, k, v = draw(seed, 1 + seed % 2, heads, kv_heads, queries, queries + past, 1 + seed % 5)
    options = {"window": window, "softcap": softcap, "scale": scale,
               "sinks": None if sink is None else sink - np.arange(heads, dtype=np.float32)}
    call(attention, q, k, v, **options).gives(by_definition(q, k, v, **options), atol=1e-5)
