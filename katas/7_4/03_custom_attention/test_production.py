"""What goes silently wrong in real use, and one table of what is refused."""

import sys
import tracemalloc
from math import inf, nan

import numpy as np
import pytest
from custom_attention import attention

from fixtures.checking import call
from fixtures.katas.custom_attention.reference import by_definition, draw

ROUNDING = 3e-6  # float32 gives 5e-7; the smallest of the usual mistakes 1e-2

# --- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_scores_of_ten_thousand_do_not_overflow():
    """exp of 10,000 is infinite and exp of -10,000 is 0, yet the best key of each row simply takes all the weight."""
    q = np.array([[[[100, 100]] * 2 + [[-100, -100]] + [[1, 2]]]], dtype=np.float32)
    k = np.array([[[[75, 75], [150, 150], [100, 100], [50, 100]]]], dtype=np.float32)
    v = np.array([[[[1, 2], [5, 6], [9, 11], [0, 3]]]], dtype=np.float32)
    call(attention, q, k, v).gives(v[:, :, [0, 1, 0, 1]])


@pytest.mark.filterwarnings("error:overflow")  # 1 / inf is 0, the right weight, but only by luck
def test_a_sink_of_a_thousand_takes_everything_without_overflow():
    """The largest number of the softmax may be the sink (numpy warns of an overflow); one of -inf or -1000 is none."""
    q, k, v = draw(8, 1, 3, 1, 4, 4, 3)
    wanted = by_definition(q, k, v)
    wanted[:, 0] = 0
    call(attention, q, k, v, sinks=np.array([1000, -1000, -inf], np.float32)).gives(wanted, atol=ROUNDING)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_nan_shows_where_it_is_seen_and_nowhere_else():
    q, k, v = draw(16, 1, 2, 1, 6, 6, 3)
    wanted = by_definition(q, k, v)
    sick = q.copy()
    sick[0, 1, 2, 0] = wanted[0, 1, 2] = nan
    call(attention, sick, k, v).gives(wanted, atol=ROUNDING)
    sick = v.copy()
    sick[0, 0, 3, 1] = nan
    call(attention, q, k, sick).satisfies(
        lambda rows: np.isnan(rows[:, :, 3:, 1]).all(), "queries 3, 4 and 5, which see value 3, are NaN there")


# --- dtypes, views, nothing ------------------------------------------------------------------------------


def test_float16_is_computed_and_returned_in_float32():
    """llama.cpp keeps its cache in float16. A product of 540,000 is beyond float16's largest number, 65504."""
    q, k, v = draw(10, 1, 4, 2, 5, 5, 6, np.float16)
    large, shifted = np.full_like(q, 300), k + np.array(300, np.float16)
    # the scores are near 54 and have steps of 4e-6 in float32
    wanted = by_definition(large, shifted, v, scale=1e-4)
    call(attention, large, shifted, v, scale=1e-4).gives(wanted, atol=3e-5, dtype=np.float32)


@pytest.mark.parametrize(("dtypes", "wanted", "atol"), [
    (("f4", "f4", "f4"), "f4", 3e-6), (("f4", "f2", "f2"), "f4", 3e-6), (("f8", "f8", "f8"), "f8", 1e-13),
    (("f2", "f4", "f8"), "f8", 1e-13), (("i1", "u1", "i2"), "f4", 3e-5), (("i8", "i8", "i8"), "f8", 1e-13)], ids=str)
def test_the_dtype_is_numpys_result_type_whatever_the_options(dtypes, wanted, atol):
    """A detour of float64 through float32 would cost 1e-7."""
    q, k, v = (np.abs(3 * array).astype(dtype) for array, dtype in zip(draw(12, 2, 2, 1, 4, 5, 3), dtypes))
    options = {"sinks": np.array([1.0, 2]), "scale": np.float64(0.3), "softcap": np.float64(4)}
    call(attention, q, k, v, **options).gives(by_definition(q, k, v, **options), atol=atol, dtype=wanted)
    call(attention, q, k, v).gives(by_definition(q, k, v), atol=atol, dtype=wanted)


def test_views_with_strides_are_read_correctly():
    """A projection gives (batch, tokens, heads, width); swapped axes, steps and turned rows are all views."""
    q, k, v = draw(14, 2, 4, 2, 5, 5, 6)
    by_token = np.ascontiguousarray(q.swapaxes(1, 2)).swapaxes(1, 2)
    stepped, turned = np.repeat(k, 2, axis=3)[..., ::2], v[:, :, ::-1].copy()[:, :, ::-1]
    call(attention, by_token, stepped, turned).gives(by_definition(q, k, v), atol=ROUNDING)


def test_no_queries_and_no_batch_give_an_empty_result():
    q, k, v = draw(15, 2, 4, 2, 3, 5, 6)
    call(attention, q[:, :, :0], k, v).gives(np.zeros((2, 4, 0, 6), np.float32), dtype=np.float32)
    call(attention, q[:, :, :0], k[:, :, :0], v[:, :, :0]).gives(np.zeros((2, 4, 0, 6), np.float32))
    call(attention, q[:0], k[:0], v[:0], window=2).gives(np.zeros((0, 4, 3, 6), np.float32))


# --- real sizes, and memory ------------------------------------------------------------------------------


@pytest.mark.parametrize(("queries", "keys", "window", "width"), [
    (129, 129, None, 4), (128, 128, 64, 4), (130, 193, 65, 4), (65, 65, 1, 4), (63, 300, 128, 4), (3, 4000, None, 160),
    (2, 4000, 3000, 4), (700, 700, np.uint8(200), 4), (5, 9, np.int8(4), 4), (5, 9, sys.maxsize, 4)], ids=str)
def test_long_sequences_follow_the_definition(queries, keys, window, width):
    """Whoever works in blocks: lengths around their ends, thousands of keys, windows of any integer type."""
    q, k, v = draw(queries, 1, 2, 1, queries, keys, width)
    call(attention, 3 * q, k, v, window=window).gives(
        by_definition(3 * q, k, v, None if window is None else int(window)), atol=2e-5)


def holds_less_than(megabytes, advice, q, k, v, **options):
    """Run attention, and check its result and the most that it held at once beyond its arguments."""
    for array in (q, k, v):
        array.flags.writeable = False  # of what can be written `call` keeps a copy, which would count
    called = call(attention, q, k, v, **options)
    tracemalloc.start()
    try:
        called.value  # noqa: B018
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    called.gives(by_definition(q, k, v, **options), atol=ROUNDING)
    called.satisfies(lambda _: peak < megabytes, f"holds less than {megabytes} MB, not {peak:.1f} MB: {advice}")


def test_a_decode_step_neither_repeats_nor_copies_the_cache():
    """Eight query heads read two KV heads, 2 MB of keys; repeated for each of them they would be 8, and v again."""
    holds_less_than(2, "read the cache where it lies", *draw(17, 1, 8, 2, 1, 4000, 64))


def test_a_window_needs_no_table_of_all_queries_and_keys():
    """3000 queries and keys, a window of 32: a mask of 3000 x 3000 bools alone is 9 MB, blocks of 512 take 5."""
    advice = "take a block of at most 512 queries at a time, and only the keys that it sees"
    holds_less_than(8, advice, *draw(18, 1, 2, 1, 3000, 3000, 8), window=32)


# --- what is refused -------------------------------------------------------------------------------------

Q, K, V = draw(17, 2, 6, 2, 3, 5, 4)


@pytest.mark.parametrize(("changed", "error", "named"), [
    ({"q": Q[0]}, ValueError, "q"), ({"q": Q[..., None]}, ValueError, "q"), ({"k": K[0], "v": V[0]}, ValueError, "k"),
    ({"v": V[..., None]}, ValueError, "v"), ({"q": Q[:, :0]}, ValueError, "q"),
    *(({"k": K[cut], "v": V[cut]}, ValueError, "k") for cut in (np.s_[:, :0], np.s_[:1], np.s_[..., :3])),
    ({"q": Q[..., :0], "k": K[..., :0], "v": V[..., :0]}, ValueError, "q"),
    *(({"q": wrong}, ValueError, "k") for wrong in (Q[:1], Q[..., :3], Q[:, :5], Q[:, :1])),
    ({"k": K[:, :, :2], "v": V[:, :, :2]}, ValueError, "k"), ({"k": K[:, :, :4]}, ValueError, "v"),
    *(({"v": wrong}, ValueError, "v") for wrong in (V[:1], V[:, :1], V[:, :, :4], V[..., :3])),
    *(({"window": wrong}, ValueError, "window") for wrong in (0, -1)),
    ({"sinks": np.zeros(2)}, ValueError, "sinks"), ({"sinks": np.zeros((6, 1))}, ValueError, "sinks"),
    *(({"softcap": wrong}, ValueError, "softcap") for wrong in (0, -2.0, nan, inf)),
    *(({"window": wrong}, TypeError, "window") for wrong in (2.0, "2", True)),
    *(({name: array.astype(dtype)}, TypeError, name) for dtype in ("complex64", "bool", "object")
      for name, array in (("q", Q), ("k", K), ("v", V), ("sinks", np.ones(6)))),
], ids=lambda value: " ".join(value) if isinstance(value, dict) else "")
def test_what_does_not_fit_is_refused_by_name(changed, error, named):
    call(attention, **{"q": Q, "k": K, "v": V, **changed}).raises(error, naming=named)
