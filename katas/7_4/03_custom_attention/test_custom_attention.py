import sys
import tracemalloc
from math import exp, inf, log, nan, tanh

import numpy as np
import pytest
from custom_attention import attention
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas import recorded


def draw(seed, batch, heads, kv_heads, queries, keys, width, dtype=np.float32):
    """Return random q, k and v."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((batch, heads, queries, width)).astype(dtype),
            rng.standard_normal((batch, kv_heads, keys, width)).astype(dtype),
            rng.standard_normal((batch, kv_heads, keys, width)).astype(dtype))


def one_query_at_a_time(q, k, v, window=None, sinks=None, softcap=None, scale=None):
    """Follow the definition in float64: for each query the list of its keys, and a mean of their values."""
    q, k, v = (np.asarray(array, dtype=np.float64) for array in (q, k, v))
    batch, heads, queries, width = q.shape
    kv_heads, keys = k.shape[1:3]
    wanted = np.empty(q.shape)
    for b, h, i in np.ndindex(batch, heads, queries):
        position = keys - queries + i
        seen = slice(0 if window is None else max(0, position - window + 1), position + 1)
        kv_head = h // (heads // kv_heads)
        scores = k[b, kv_head, seen] @ q[b, h, i] * (width**-0.5 if scale is None else scale)
        if softcap is not None:
            scores = softcap * np.tanh(scores / softcap)
        sink = -inf if sinks is None else sinks[h]
        top = max(scores.max(), sink)
        weights = np.exp(scores - top)
        wanted[b, h, i] = weights @ v[b, kv_head, seen] / (weights.sum() + np.exp(sink - top))
    return wanted


# Without a difference between the keys, attention is the plain mean of the values that a query sees.
VALUES = np.array([[8.0, 1], [4, 0], [0, -4], [4, 11], [24, 2], [-4, 8]], dtype=np.float32)  # (keys, width)
NO_PREFERENCE = np.zeros((1, 1, 6, 2), dtype=np.float32)
KEYS = np.array([[3.0, 1], [-1, 2], [0, 5], [2, 2], [-2, 0], [1, -7]], dtype=np.float32)[None, None]


# --- one head, all positions at once ---------------------------------------------------------------------


def test_two_keys_are_weighed_by_the_softmax_of_their_scores():
    """Scores 0 and ln 3, so the weights are 1/4 and 3/4."""
    q = np.array([[1.0, 1, 1, 1], [0, 0, 2, 0]])[None, None]
    k = np.array([[1.0, 0, 0, 0], [0, 5, log(3), -1]])[None, None]  # products 0, 2 ln 3; divided by sqrt(4)
    v = np.array([[8.0, 0, 4, 1], [4, -4, 0, 3]])[None, None]
    wanted = np.array([[8.0, 0, 4, 1], [5, -3, 1, 2.5]])[None, None]
    call(attention, q, k, v).gives(wanted, atol=1e-12)


def test_a_query_sees_its_own_key_and_those_before():
    """Six queries that like all keys equally: row i is the mean of the values 0 to i."""
    wanted = np.array([[8, 1], [6, 0.5], [4, -1], [4, 2], [8, 2], [6, 3]], dtype=np.float32)[None, None]
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None]).gives(wanted, atol=1e-6, dtype=np.float32)


def test_every_batch_and_head_is_attended_for_itself():
    q, k, v = draw(1, 2, 3, 3, 5, 5, 4)
    # float32 rounding: 3e-7; a mask, scale or axis gone wrong: 1e-2 and more
    call(attention, q, k, v).gives(one_query_at_a_time(q, k, v), atol=3e-6, dtype=np.float32)


def test_a_given_scale_replaces_the_usual_one():
    q, k, v = draw(2, 1, 2, 1, 4, 4, 9)
    call(attention, q, k, v, scale=0.7).gives(one_query_at_a_time(q, k, v, scale=0.7), atol=3e-6)
    call(attention, q, k, v, scale=-1.5).gives(one_query_at_a_time(q, k, v, scale=-1.5), atol=3e-6)


def test_a_scale_of_zero_makes_all_keys_equal():
    q = np.array([[2.0, -1], [3, 4], [-5, 0], [1, 2], [7, 3], [2, 2]], dtype=np.float32)[None, None]
    wanted = np.array([[8, 1], [6, 0.5], [4, -1], [4, 2], [8, 2], [6, 3]], dtype=np.float32)[None, None]
    call(attention, q, KEYS, VALUES[None, None], scale=0.0).gives(wanted, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_large_scores_do_not_overflow(sign):
    """Scores of ±10,000: exp of that is infinite, yet the best key simply takes all the weight."""
    q = np.full((1, 1, 3, 4), 100, dtype=np.float32)
    k = np.array([[sign], [sign * 2], [sign * 1.5]], dtype=np.float32).repeat(4, axis=1)[None, None] * 50
    v = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 13]], dtype=np.float32)[None, None]
    best = [0, 1, 1] if sign > 0 else [0, 0, 0]
    call(attention, q, k, v).gives(v[:, :, best])


# --- grouped queries -------------------------------------------------------------------------------------


def test_neighbouring_query_heads_share_a_kv_head():
    """Six query heads, two KV heads: the heads 0, 1, 2 read KV head 0, and 3, 4, 5 read KV head 1."""
    q, k, _ = draw(3, 2, 6, 2, 1, 1, 2)
    v = np.array([[[[1.0, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]])  # (batch, kv_heads, keys, width)
    wanted = np.array([[[1.0, 2]] * 3 + [[3, 4]] * 3, [[5, 6]] * 3 + [[7, 8]] * 3])[:, :, None]
    call(attention, q, k, v).gives(wanted, atol=1e-15)


@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 2), (6, 3), (5, 1), (8, 2)])
def test_grouped_queries_follow_the_definition(heads, kv_heads):
    q, k, v = draw(heads, 2, heads, kv_heads, 5, 5, 3)
    call(attention, q, k, v).gives(one_query_at_a_time(q, k, v), atol=3e-6)


# --- sliding window --------------------------------------------------------------------------------------


def test_a_window_of_two_is_the_own_key_and_one_before():
    wanted = np.array([[8, 1], [6, 0.5], [2, -2], [2, 3.5], [14, 6.5], [10, 5]], dtype=np.float32)[None, None]
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], window=2).gives(wanted, atol=1e-6)


def test_a_window_of_one_gives_the_own_value():
    call(attention, KEYS, KEYS, VALUES[None, None], window=1).gives(VALUES[None, None], atol=1e-6)


def test_a_window_as_long_as_the_sequence_hides_nothing():
    wanted = np.array([[8, 1], [6, 0.5], [4, -1], [4, 2], [8, 2], [6, 3]], dtype=np.float32)[None, None]
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], window=6).gives(wanted, atol=1e-6)
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], window=sys.maxsize).gives(wanted, atol=1e-6)
    wanted[0, 0, 5] = (VALUES.sum(axis=0) - VALUES[0]) / 5
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], window=np.int64(5)).gives(wanted, atol=1e-6)


# --- decoding: fewer queries than keys -------------------------------------------------------------------


def test_one_new_query_sees_the_whole_cache():
    q, k, v = draw(4, 2, 4, 2, 1, 7, 3)
    call(attention, q, k, v).gives(one_query_at_a_time(q, k, v), atol=3e-6)


def test_the_queries_are_the_last_positions():
    """Two queries behind four cached keys stand at positions 4 and 5."""
    wanted = np.array([[8, 2], [6, 3]], dtype=np.float32)[None, None]
    call(attention, NO_PREFERENCE[:, :, :2], KEYS, VALUES[None, None]).gives(wanted, atol=1e-6)


def test_the_window_is_measured_from_the_position_in_the_sequence():
    """Three queries behind three cached keys, a window of 2: keys 2 and 3, then 3 and 4, then 4 and 5."""
    wanted = np.array([[2, 3.5], [14, 6.5], [10, 5]], dtype=np.float32)[None, None]
    call(attention, NO_PREFERENCE[:, :, :3], KEYS, VALUES[None, None], window=2).gives(wanted, atol=1e-6)


STEPS = pytest.mark.parametrize("steps", [(1,) * 11, (4, 7), (7, 1, 3), (11,)], ids=["ones", "4,7", "7,1,3", "11"])


def decode(steps, **options):
    """Attend to 11 tokens in steps, the keys of the earlier ones in a cache; each row is that of all at once."""
    q, k, v = draw(5, 2, 4, 2, 11, 11, 3)
    wanted = one_query_at_a_time(q, k, v, **options)
    for step, end in zip(steps, np.cumsum(steps)):
        call(attention, q[:, :, end - step:end], k[:, :, :end], v[:, :, :end], **options).gives(
            wanted[:, :, end - step:end], atol=3e-6)


@STEPS
def test_prefill_and_decode_give_what_all_at_once_gives(steps):
    decode(steps)


@STEPS
def test_prefill_and_decode_with_a_window_give_what_all_at_once_gives(steps):
    decode(steps, window=3)


# --- attention sinks -------------------------------------------------------------------------------------


def test_a_sink_takes_weight_and_gives_nothing():
    """Equal scores of 0 and a sink of ln 2: n keys share n / (n + 2) of the weight."""
    sums = np.cumsum(VALUES, axis=0)
    wanted = (sums / (np.arange(1, 7)[:, None] + 2)).astype(np.float32)[None, None]
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], sinks=np.array([log(2)])).gives(
        wanted, atol=1e-6, dtype=np.float32)


def test_every_query_head_has_its_own_sink():
    q, k, v = draw(6, 2, 6, 2, 5, 5, 3)
    sinks = np.array([0.5, -2, 3, 1, 0, -0.5], dtype=np.float32)
    call(attention, q, k, v, sinks=sinks).gives(one_query_at_a_time(q, k, v, sinks=sinks), atol=3e-6)


def test_a_sink_is_neither_scaled_nor_capped():
    """Scores of 0 stay 0 whatever the scale and the cap: the sink of ln 4 alone decides."""
    sums = np.cumsum(VALUES, axis=0)
    wanted = (sums / (np.arange(1, 7)[:, None] + 4)).astype(np.float32)[None, None]
    sinks = np.array([log(4)], dtype=np.float32)
    for option in ({"scale": 3.0}, {"softcap": 0.5}):
        call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], sinks=sinks, **option).gives(
            wanted, atol=1e-6)


def test_a_sink_of_zero_is_a_score_of_zero():
    """exp(0) is 1: n keys with scores of 0 share n / (n + 1) of the weight."""
    sums = np.cumsum(VALUES, axis=0)
    wanted = (sums / (np.arange(1, 7)[:, None] + 1)).astype(np.float32)[None, None]
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], sinks=np.zeros(1)).gives(wanted, atol=1e-6)


def test_a_sink_of_minus_infinity_is_no_sink():
    q, k, v = draw(7, 1, 2, 1, 4, 4, 3)
    sinks = np.array([-inf, 1.5])
    call(attention, q, k, v, sinks=sinks).gives(one_query_at_a_time(q, k, v, sinks=sinks), atol=3e-6)


def test_a_very_large_sink_takes_everything_without_overflow():
    """exp(1000) is infinite: the largest number of the softmax may be the sink."""
    q, k, v = draw(8, 1, 2, 1, 4, 4, 3)
    wanted = one_query_at_a_time(q, k, v)
    wanted[:, 0] = 0
    call(attention, q, k, v, sinks=np.array([1000.0, -1000])).gives(wanted, atol=3e-6)


# --- soft cap --------------------------------------------------------------------------------------------


def test_the_soft_cap_bends_the_scaled_scores():
    """Scaled scores 0 and 3 under a cap of 2 become 0 and 2 tanh(1.5)."""
    q = np.array([[5.0, 5, 5, 5], [0, 0, 2, 0]])[None, None]
    k = np.array([[1.0, 0, 0, 0], [0, 5, 3, -1]])[None, None]  # products 0 and 6, divided by sqrt(4)
    v = np.array([[8.0, 0, 4, 1], [4, -4, 0, 3]])[None, None]
    weight = 1 / (1 + exp(-2 * tanh(1.5)))
    wanted = v.copy()
    wanted[0, 0, 1] = (1 - weight) * v[0, 0, 0] + weight * v[0, 0, 1]
    call(attention, q, k, v, softcap=2).gives(wanted, atol=1e-12)


def test_the_mask_comes_after_the_cap():
    """A hidden key has weight 0, not that of the smallest capped score."""
    wanted = np.array([[8, 1], [6, 0.5], [2, -2], [2, 3.5], [14, 6.5], [10, 5]], dtype=np.float32)[None, None]
    call(attention, NO_PREFERENCE, KEYS, VALUES[None, None], window=2, softcap=3.0).gives(wanted, atol=1e-6)


def test_a_cap_below_one_works_as_well():
    q, k, v = draw(9, 2, 4, 2, 5, 7, 3)
    for softcap in (0.3, 50.0):
        call(attention, q, k, v, softcap=softcap, scale=1.3).gives(
            one_query_at_a_time(q, k, v, softcap=softcap, scale=1.3), atol=3e-6)


# --- all together ----------------------------------------------------------------------------------------


@STEPS
def test_prefill_and_decode_with_everything_give_what_all_at_once_gives(steps):
    decode(steps, window=5, sinks=np.array([0.5, -1, 2, 0]), softcap=2.0, scale=0.8)


@given(
    kv_heads=st.integers(1, 3), group=st.integers(1, 3), queries=st.integers(1, 7), past=st.integers(0, 5),
    window=st.none() | st.integers(1, 13), sink=st.none() | st.floats(-3, 3),
    softcap=st.none() | st.floats(0.5, 5), scale=st.none() | st.floats(0.1, 2), seed=st.integers(0, 999),
)
def test_any_mixture_follows_the_definition(
        kv_heads, group, queries, past, window, sink, softcap, scale, seed):
    heads = kv_heads * group
    q, k, v = draw(seed, 1 + seed % 2, heads, kv_heads, queries, queries + past, 1 + seed % 5)
    options = {"window": window, "softcap": softcap, "scale": scale,
               "sinks": None if sink is None else sink - np.arange(heads)}
    call(attention, q, k, v, **options).gives(one_query_at_a_time(q, k, v, **options), atol=1e-5)


@pytest.mark.parametrize(("queries", "keys", "window"), [
    (129, 129, None), (128, 128, 64), (130, 193, 65), (64, 64, 63), (65, 65, 1), (63, 300, 128),
    (1, 257, 256)])
def test_long_sequences_follow_the_definition(queries, keys, window):
    """Whoever works in blocks of queries: these lengths lie around the ends of the usual ones."""
    q, k, v = draw(queries, 1, 2, 1, queries, keys, 4)
    call(attention, q, k, v, window=window).gives(one_query_at_a_time(q, k, v, window), atol=3e-6)


@pytest.mark.parametrize("name", ["prefill", "cached", "windowed", "sunk", "capped"])
def test_torch_and_transformers_give_the_same(name):
    """Recorded: torch's attention, that of gpt-oss with its sinks, that of gemma2 with its cap."""
    record = recorded("custom_attention")
    q, k, v = (record[array] for array in "qkv")
    if name == "prefill":
        k, v = k[:, :, :q.shape[2]], v[:, :, :q.shape[2]]
    options = {"windowed": {"window": 4}, "sunk": {"sinks": record["sinks"]}, "capped": {"softcap": 1.5}}
    # the libraries differ by 8e-7 from each other; an error of the mask by one key is 0.1
    call(attention, q, k, v, **options.get(name, {})).gives(record[name], atol=5e-6)


# --- dtypes, views, nothing ------------------------------------------------------------------------------


def test_float16_is_computed_and_returned_in_float32():
    """llama.cpp keeps its cache in float16. A sum of 540,000 is beyond float16's largest number, 65504."""
    q, k, v = draw(10, 1, 4, 2, 5, 5, 6, np.float16)
    large, shifted = np.full_like(q, 300), k + np.array(300, np.float16)
    # the scores are near 54 and have steps of 4e-6 in float32
    wanted = one_query_at_a_time(large, shifted, v, scale=1e-4)
    call(attention, large, shifted, v, scale=1e-4).gives(wanted, atol=3e-5, dtype=np.float32)
    call(attention, q, k, v).gives(one_query_at_a_time(q, k, v), atol=3e-6, dtype=np.float32)


def test_float64_keeps_its_precision():
    q, k, v = draw(11, 1, 4, 2, 5, 6, 3, np.float64)
    options = {"window": 3, "softcap": 1.7, "sinks": np.array([0.3, 1, -1, 0.2]), "scale": 0.9}
    # float64 rounding is 1e-16 here, a detour through float32 costs 1e-7
    wanted = one_query_at_a_time(q, k, v, **options)
    call(attention, q, k, v, **options).gives(wanted, atol=1e-14, dtype=np.float64)


@pytest.mark.parametrize(("dtypes", "wanted"), [
    ((np.int8, np.int8, np.int8), np.float32), ((np.int64, np.int64, np.int64), np.float64),
    ((np.float32, np.float16, np.float16), np.float32), ((np.float16, np.float32, np.float64), np.float64),
    ((np.uint8, np.float32, np.int16), np.float32)], ids=lambda value: "")
def test_integers_and_mixed_dtypes_follow_numpys_rule(dtypes, wanted):
    """The result's dtype is np.result_type(q, k, v, np.float32)."""
    drawn = draw(12, 2, 2, 1, 4, 5, 3)
    q, k, v = (np.round(np.abs(3 * array)).astype(dtype) for array, dtype in zip(drawn, dtypes))
    call(attention, q, k, v, sinks=np.array([1.0, 2])).gives(
        one_query_at_a_time(q, k, v, sinks=[1, 2]), atol=5e-6, dtype=wanted)


def test_sinks_may_be_integers():
    q, k, v = draw(13, 1, 2, 1, 3, 3, 2)
    call(attention, q, k, v, sinks=np.array([1, -2])).gives(
        one_query_at_a_time(q, k, v, sinks=[1, -2]), atol=3e-6, dtype=np.float32)


def test_views_with_strides_are_read_correctly():
    """A projection gives (batch, tokens, heads, width); swapped axes, steps and turned rows are all views."""
    q, k, v = draw(14, 2, 4, 2, 5, 5, 6)
    wanted = one_query_at_a_time(q, k, v)
    by_token = [np.ascontiguousarray(array.swapaxes(1, 2)).swapaxes(1, 2) for array in (q, k, v)]
    call(attention, *by_token).gives(wanted, atol=3e-6)
    stepped, turned = np.repeat(k, 2, axis=3)[..., ::2], v[:, :, ::-1].copy()[:, :, ::-1]
    call(attention, np.asfortranarray(q), stepped, turned).gives(wanted, atol=3e-6)


def test_no_queries_and_no_batch_give_an_empty_result():
    q, k, v = draw(15, 2, 4, 2, 3, 5, 6)
    call(attention, q, k, v).gives(one_query_at_a_time(q, k, v), atol=3e-6)
    call(attention, q[:, :, :0], k, v).gives(np.zeros((2, 4, 0, 6), dtype=np.float32), dtype=np.float32)
    call(attention, q[:, :, :0], k[:, :, :0], v[:, :, :0]).gives(np.zeros((2, 4, 0, 6), dtype=np.float32))
    call(attention, q[:0], k[:0], v[:0], window=2).gives(np.zeros((0, 4, 3, 6), dtype=np.float32))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_query_that_is_nan_or_sees_one_gives_nan():
    q, k, v = draw(16, 1, 2, 1, 6, 6, 3)
    wanted = one_query_at_a_time(q, k, v)
    sick = q.copy()
    sick[0, 1, 2, 0] = nan
    wanted[0, 1, 2] = nan
    call(attention, sick, k, v).gives(wanted, atol=3e-6)
    sick = k.copy()
    sick[0, 0, 3, 1] = nan
    call(attention, q, sick, v).satisfies(
        lambda rows: np.isnan(rows[:, :, 3:]).all(), "queries 3, 4 and 5, which see key 3, are NaN")


# --- what is refused -------------------------------------------------------------------------------------

Q, K, V = draw(17, 2, 6, 2, 3, 5, 4)


@pytest.mark.parametrize(("arguments", "named"), [
    ((Q[:, 0], K, V), ("q", "(2, 3, 4)")), ((Q, K[0], V[0]), ("k", "(2, 5, 4)")),
    ((Q, K, V[0]), ("v", "(2, 5, 4)")),
    ((Q[..., None], K, V), ("q", "(2, 6, 3, 4, 1)")), ((Q, K[..., None], V[..., None]), ("k", "(2, 2, 5, 4, 1)")),
    ((Q[..., None], K[..., None], V[..., None]), ("q", "(2, 6, 3, 4, 1)"))],
    ids=["q 3-D", "k and v 3-D", "v 3-D", "q 5-D", "k and v 5-D", "all 5-D"])
def test_arrays_that_are_not_four_dimensional_are_refused(arguments, named):
    call(attention, *arguments).raises(ValueError, naming=named)


@pytest.mark.parametrize("v", [V[:, :1], V[:, :, :4], V[:1], V[..., :3]], ids=lambda v: str(v.shape))
def test_keys_and_values_of_different_shapes_are_refused(v):
    call(attention, Q, K, v).raises(ValueError, naming=("k", "v", "(2, 2, 5, 4)", str(v.shape)))


@pytest.mark.parametrize("cut", [np.s_[:1], np.s_[..., :3]], ids=["batch", "width"])
def test_queries_of_another_batch_or_width_are_refused(cut):
    call(attention, Q[cut], K, V).raises(ValueError, naming=("q", "k", str(Q[cut].shape), str(K.shape)))
    call(attention, Q, K[cut], V[cut]).raises(ValueError, naming=("q", "k", str(Q.shape), str(K[cut].shape)))


@pytest.mark.parametrize("heads", [5, 3, 1], ids=str)
def test_heads_that_are_no_multiple_of_the_kv_heads_are_refused(heads):
    call(attention, Q[:, :heads], K, V).raises(ValueError, naming=("head", str(heads), "2"))


@pytest.mark.parametrize(("arguments", "named"), [
    ((Q[:, :0], K, V), "head"), ((Q, K[:, :0], V[:, :0]), "head"),
    ((Q[..., :0], K[..., :0], V[..., :0]), "width")],
    ids=["no heads", "no KV heads", "no width"])
def test_no_heads_and_no_width_are_refused(arguments, named):
    call(attention, *arguments).raises(ValueError, naming=named)


def test_more_queries_than_keys_are_refused():
    call(attention, Q, K[:, :, :2], V[:, :, :2]).raises(ValueError, naming=("q", "k", "3", "2"))


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_below_one_is_refused(window):
    call(attention, Q, K, V, window=window).raises(ValueError, naming=("window", str(window)))


@pytest.mark.parametrize("window", [2.0, "2", True])
def test_a_window_that_is_no_integer_is_refused(window):
    call(attention, Q, K, V, window=window).raises(TypeError, naming=("window", str(window)))


@pytest.mark.parametrize("sinks", [np.zeros(2), np.zeros(7), np.zeros((6, 1)), np.array(1.0)],
                         ids=lambda sinks: str(sinks.shape))
def test_sinks_that_are_not_one_a_head_are_refused(sinks):
    call(attention, Q, K, V, sinks=sinks).raises(ValueError, naming=("sinks", "6", str(sinks.shape)))


@pytest.mark.parametrize("softcap", [0, -2.0, nan, inf])
def test_a_soft_cap_that_is_not_above_zero_is_refused(softcap):
    call(attention, Q, K, V, softcap=softcap).raises(ValueError, naming=("softcap", str(softcap)))


@pytest.mark.parametrize("dtype", ["complex64", "bool", "object", "<U4"])
@pytest.mark.parametrize("name", ["q", "k", "v", "sinks"])
def test_what_is_no_real_number_is_refused(name, dtype):
    arguments = {"q": Q, "k": K, "v": V, "sinks": np.ones(6)}
    arguments[name] = arguments[name].astype(dtype)
    call(attention, **arguments).raises(TypeError, naming=(name, dtype))


# --- memory ----------------------------------------------------------------------------------------------


def rows_of_attention(rows, q, k, v, window):
    """Return some rows of the result."""
    return attention(q, k, v, window=window)[:, :, rows]


def peak_of_attention(q, k, v, window):
    """Return the most bytes that attention holds at once beyond its arguments."""
    tracemalloc.start()
    try:
        attention(q, k, v, window=window)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_window_needs_no_table_of_all_queries_and_keys():
    """4096 queries and keys, a window of 32: a mask of 4096 x 4096 bools alone would be 16 MB."""
    q, k, v = draw(18, 1, 2, 1, 4096, 4096, 8)
    some = [0, 31, 32, 63, 64, 1000, 2047, 2048, 4095]
    wanted = np.concatenate([one_query_at_a_time(q[:, :, i:i + 1], k[:, :, :i + 1], v[:, :, :i + 1], 32)
                             for i in some], axis=2)
    call(attention, q[:, :, -1:], k, v, window=32).gives(wanted[:, :, -1:], atol=3e-6)
    call(rows_of_attention, some, q, k, v, 32).gives(wanted, atol=3e-6)
    call(peak_of_attention, q, k, v, 32).satisfies(lambda peak: peak < 4096 * 4096, (
        f"less than {4096 * 4096} bytes, one for each query and key: take a block of queries at a time, and only "
        f"the keys that it sees"))


# --- against llama.cpp -----------------------------------------------------------------------------------


def nmse(got, wanted):
    """Return the squared error as a share of the squared size, as llama.cpp's own comparisons do."""
    return float(((got - wanted) ** 2).sum() / (wanted**2).sum())


@pytest.fixture(scope="module", params=["llama", "gemma3", "gemma2", "gpt_oss"])
def made(request, tmp_path_factory):
    """A tiny model with random weights, 41 tokens, and llama.cpp's logits for them at every position."""
    from fixtures.models import made_text
    from fixtures.oracles.logits import llama_logits

    path = tmp_path_factory.mktemp("models") / f"{request.param}.gguf"
    model = getattr(made_text, f"write_{request.param}")(path, made_text.TextShape(window=8), seed=74)
    tokens = [1, *np.random.default_rng(74).integers(3, len(made_text.VOCABULARY), 40).tolist()]
    return model, tokens, llama_logits(path, tokens)


# Measured: 2e-13 for llama and gpt-oss, 8e-8 for the gemmas, whose GELU llama.cpp takes from a table of
# 16-bit numbers. A window off by one gives 5e-2 and more, no sinks 7e-2, no cap 3e-1.
SAME_LOGITS = 1e-6


@pytest.mark.llama
def test_llama_cpp_has_the_same_logits_with_your_attention(made):
    """The whole model around your function; its answer, the logits, are llama.cpp's at all 41 positions."""
    from fixtures.oracles.small_forward import forward

    model, tokens, wanted = made
    got = forward(model, tokens, lambda *arrays, **options: call(attention, *arrays, **options).value)
    worst = int(np.argmax(np.abs(got - wanted).max(axis=1)))
    assert nmse(got, wanted) < SAME_LOGITS, (
        f"{model.architecture}: NMSE {nmse(got, wanted):.1e} against llama.cpp, worst at position {worst}")


@pytest.mark.llama
@pytest.mark.parametrize("step", [1, 7], ids=lambda step: f"{step} at a time")
def test_llama_cpp_has_the_same_logits_when_you_decode_with_a_cache(made, step):
    """The same, but the tokens come 1 or 7 at a time: few queries, a growing cache of keys."""
    from fixtures.oracles.logits import llama_logits
    from fixtures.oracles.small_forward import forward

    model, tokens, all_at_once = made
    got = forward(model, tokens, lambda *arrays, **options: call(attention, *arrays, **options).value, step)
    wanted = llama_logits(model.path, tokens, step)
    assert nmse(wanted, all_at_once) < SAME_LOGITS, "llama.cpp itself gives other logits in steps"
    error = nmse(got, wanted)
    assert error < SAME_LOGITS, f"{model.architecture}: NMSE {error:.1e} against llama.cpp"


@pytest.mark.llama
@pytest.mark.parametrize("made", ["gemma3"], indirect=True)
def test_a_window_off_by_one_is_seen_in_the_logits(made):
    """Proof that the comparison above can tell: the first 8 positions agree, the later ones do not."""
    from fixtures.oracles.small_forward import forward

    model, tokens, wanted = made
    for error in (-1, 1):
        def attend(*arrays, window, error=error, **options):
            other = window and window + error
            return call(attention, *arrays, window=other, **options).value

        got = forward(model, tokens, attend)
        agreeing = model.shape.window + min(error, 0)
        assert nmse(got[:agreeing], wanted[:agreeing]) < SAME_LOGITS, "until it is full, it hides nothing"
        assert nmse(got[agreeing:], wanted[agreeing:]) > 1e-2, "a wrong window should change the logits"


# --- on a GPU --------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize(("queries", "window"), [(300, None), (300, 64), (1, None), (17, 64)])
def test_torch_on_the_gpu_gives_the_same(queries, window):
    """torch's scaled_dot_product_attention on CUDA: grouped queries, a cache, a window."""
    import torch

    q, k, v = draw(19, 2, 8, 2, queries, 300, 64)
    behind = (300 - queries + torch.arange(queries))[:, None] - torch.arange(300)
    seen = (behind >= 0) & (behind < (window or 300))
    on_gpu = [torch.from_numpy(array).cuda() for array in (q, k.repeat(4, axis=1), v.repeat(4, axis=1))]
    wanted = torch.nn.functional.scaled_dot_product_attention(*on_gpu, attn_mask=seen.cuda()).cpu().numpy()
    # float32 rounding is 1e-6, TF32 (which a GPU may use for its products) 1e-3; a key too many 1e-1
    call(attention, q, k, v, window=window).gives(wanted, atol=5e-3)
