"""Wrong answers that people give to the attention kata; each docstring says what was misunderstood."""

import numpy as np
from custom_attention import attention

from fixtures.checking import wrong_answer_to


def dense(q, k, v, window, sinks, softcap, scale, *, visible=None, weigh=None, cap=None, dtype=None, wide=None):
    """Attend over the full table of scores; the keywords replace one step each.

    dtype is the one of the products, wide that of all that follows, if it is another.
    """
    attention(q, k, v, window=window, sinks=sinks, softcap=softcap)  # refuses what is to be refused
    dtype = dtype or np.result_type(q, k, v, np.float32)
    wide = wide or dtype
    q, k, v = (array.astype(dtype) for array in (q, k, v))
    group = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    with np.errstate(all="ignore"):
        products = q @ k.swapaxes(2, 3)
        scores = (products * (1 / np.sqrt(q.shape[-1]) if scale is None else scale)).astype(wide)
    position = np.arange(k.shape[2])
    behind = position[k.shape[2] - q.shape[2]:, None] - position
    seen = (behind >= 0) & (behind < (window or k.shape[2])) if visible is None else visible(behind)
    if softcap is not None:
        scores = (cap or (lambda scores, products: softcap * np.tanh(scores / softcap)))(scores, products)
    sink = np.full(q.shape[1], -np.inf, wide) if sinks is None else np.asarray(sinks).astype(wide)
    with np.errstate(all="ignore"):
        return ((weigh or softmax)(scores, seen, sink[:, None, None]) @ v).astype(wide)


def softmax(scores, seen, sink):
    """Turn scores into weights, with the sink in the divisor."""
    scores = np.where(seen, scores, -np.inf)
    top = np.maximum(scores.max(axis=-1, keepdims=True), sink)
    weights = np.exp(scores - top)
    return weights / (weights.sum(axis=-1, keepdims=True) + np.exp(sink - top))


@wrong_answer_to(attention)
def tiles_the_kv_heads(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You gave KV head h % kv_heads to query head h (np.tile): neighbouring query heads share one, h //
    (heads // kv_heads), as np.repeat does.
    """
    group = q.shape[1] // k.shape[1]
    k, v = np.tile(k, (1, group, 1, 1)), np.tile(v, (1, group, 1, 1))
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def reads_the_first_kv_head_alone(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Every query head read KV head 0: with several KV heads, query head h reads h // (heads // kv_heads)."""
    return attention(q, k[:, :1], v[:, :1], window=window, sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def scales_by_the_width(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You divided the scores by width: without `scale` they are divided by its square root."""
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap,
                     scale=1 / q.shape[-1] if scale is None else scale)


@wrong_answer_to(attention)
def forgets_the_scale(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your scores are not scaled: multiply the products of q and k by `scale`, or by 1 / sqrt(width)
    where it is None.
    """
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap, scale=1.0)


@wrong_answer_to(attention)
def ignores_the_given_scale(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You used 1 / sqrt(width) although `scale` was given; 0.0 is a scale as well."""
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap)


@wrong_answer_to(attention)
def scales_twice(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You multiplied by `scale` and by 1 / sqrt(width): a given scale takes the place of the usual one."""
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap,
                     scale=None if scale is None else scale / np.sqrt(q.shape[-1]))


@wrong_answer_to(attention)
def divides_by_the_scale(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You divided the scores by `scale`: it is a factor."""
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap, scale=scale and 1 / scale)


@wrong_answer_to(attention)
def takes_the_root_with_numpy(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your result became float64: np.sqrt(width) is a float64, and so is every float32 array that you divide
    by it. Use math.sqrt(width) or width**-0.5.
    """
    return dense(q, k, v, window, sinks, softcap, scale, wide=np.float64 if scale is None else None)


@wrong_answer_to(attention)
def hides_the_own_key(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """A query does not see its own key in your mask: hide the keys behind it in time only, j > i (np.triu
    with k=1).
    """
    return dense(q, k, v, window, sinks, softcap, scale,
                 visible=lambda behind: (behind > 0) & (behind < (window or k.shape[2])))


@wrong_answer_to(attention)
def sees_the_future(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your queries see keys of the future: decoders mask every key whose position is larger than the
    query's, behind a cache too.
    """
    return dense(q, k, v, window, sinks, softcap, scale,
                 visible=lambda behind: behind < (window or k.shape[2]))


@wrong_answer_to(attention)
def masks_after_the_softmax(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You set weights to zero after the softmax, so the rest no longer adds up to 1: set the scores to
    -inf before it.
    """
    return dense(q, k, v, window, sinks, softcap, scale,
                 weigh=lambda scores, seen, sink: np.where(seen, softmax(scores, True, sink), 0))


@wrong_answer_to(attention)
def masks_with_zero(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """A masked score of 0 still has weight exp(0): set it to -inf."""
    return dense(q, k, v, window, sinks, softcap, scale,
                 weigh=lambda scores, seen, sink: softmax(np.where(seen, scores, 0), True, sink))


@wrong_answer_to(attention)
def masks_with_a_finite_number(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You masked with -10,000: a score that is seen may be as low, and then the hidden keys have weight. -inf is
    below every score.
    """
    return dense(q, k, v, window, sinks, softcap, scale,
                 weigh=lambda scores, seen, sink: softmax(np.where(seen, scores, -1e4), True, sink))


@wrong_answer_to(attention)
def does_not_count_itself_in_the_window(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your window is one key too wide: it counts the query's own key, so key j is seen when i - j <
    window.
    """
    return attention(q, k, v, window=None if window is None else window + 1,
                     sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def makes_the_window_one_too_small(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your window is one key too small: the query's own key and window - 1 before it are seen."""
    return dense(q, k, v, window, sinks, softcap, scale, visible=lambda behind: (behind >= 0) & (
        behind < (k.shape[2] if window is None else window - 1)))


@wrong_answer_to(attention)
def looks_both_ways_in_the_window(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your window reaches into the future: a decoder's window lies behind the query alone."""
    return dense(q, k, v, window, sinks, softcap, scale, visible=lambda behind: (
        behind >= 0 if window is None else np.abs(behind) < window))


@wrong_answer_to(attention)
def cuts_the_sequence_into_chunks(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your queries see their own chunk of `window` positions only: a sliding window moves with each query."""
    position = np.arange(k.shape[2])
    chunk = position // (window or len(position))
    return dense(q, k, v, window, sinks, softcap, scale, visible=lambda behind: (
        (behind >= 0) & (chunk[len(chunk) - q.shape[2]:, None] == chunk)))


@wrong_answer_to(attention)
def ignores_the_window(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your queries see all keys behind them: with a window of W only those with i - j < W."""
    return dense(q, k, v, window, sinks, softcap, scale, visible=lambda behind: behind >= 0)


@wrong_answer_to(attention)
def aligns_at_the_top_left(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You took the queries for the first positions: they are the last ones, query i stands at keys -
    queries + i.
    """
    past = k.shape[2] - q.shape[2]
    return dense(q, k, v, window, sinks, softcap, scale, visible=lambda behind: (
        (behind >= past) & (behind < (window or k.shape[2]) + past)))


@wrong_answer_to(attention)
def drops_the_cache(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You left out the keys before the first query: they are the cache, and every query may look at it."""
    return attention(q, k[:, :, -q.shape[2]:], v[:, :, -q.shape[2]:],
                     window=window, sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def counts_the_window_from_the_query_index(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your window is measured from the query's index in q: use its position, keys - queries + index."""
    past = k.shape[2] - q.shape[2]
    return dense(q, k, v, window, sinks, softcap, scale, visible=lambda behind: (
        (behind >= 0) & (behind - past < (window or k.shape[2]))))


@wrong_answer_to(attention)
def caps_before_the_scale(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You capped the products before they were scaled: first the scale, then the cap."""
    factor = 1 / np.sqrt(q.shape[-1]) if scale is None else scale
    return dense(q, k, v, window, sinks, softcap, scale, cap=lambda scores, products: (
        factor * softcap * np.tanh(products / softcap)))


@wrong_answer_to(attention)
def caps_without_multiplying_back(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """tanh(s / softcap) alone lies between -1 and 1: multiply by softcap again."""
    return dense(q, k, v, window, sinks, softcap, scale,
                 cap=lambda scores, products: np.tanh(scores / softcap))


@wrong_answer_to(attention)
def clips_instead_of_capping(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You clipped the scores: a soft cap bends all of them, softcap * tanh(s / softcap)."""
    return dense(q, k, v, window, sinks, softcap, scale,
                 cap=lambda scores, products: np.clip(scores, -softcap, softcap))


@wrong_answer_to(attention)
def caps_the_masked_scores(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You capped after the mask: tanh turns -inf into -softcap, and hidden keys get weight again. Mask
    last.
    """

    def weigh(scores, seen, sink):
        if softcap is None:
            return softmax(scores, seen, sink)
        return softmax(np.where(seen, scores, -softcap), True, sink)

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def ignores_the_cap(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """The soft cap did nothing: the scores become softcap * tanh(s / softcap) before the mask."""
    return attention(q, k, v, window=window, sinks=sinks, scale=scale)


@wrong_answer_to(attention)
def ignores_the_sinks(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your sinks have no effect: the sink's weight, exp(0) = 1 for a sink of 0, stays in the divisor, so the
    weights of the keys add up to less than 1.
    """
    return attention(q, k, v, window=window, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def adds_the_sink_without_exp(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You added the sink itself to the divisor: it is a score, so exp(sink) is added."""

    def weigh(scores, seen, sink):
        top = np.where(seen, scores, -np.inf).max(axis=-1, keepdims=True)
        weights = np.where(seen, np.exp(scores - top), 0)
        return weights / (weights.sum(axis=-1, keepdims=True) + (0 if sinks is None else sink * np.exp(-top)))

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def forgets_the_maximum_in_the_sink(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You subtracted the largest score from the scores but not from the sink: exp(sink - largest) belongs
    into the divisor.
    """

    def weigh(scores, seen, sink):
        scores = np.where(seen, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return weights / (weights.sum(axis=-1, keepdims=True) + np.exp(sink))

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def gives_the_sink_the_first_value(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your sink carries the first key's value (as in StreamingLLM): a learned sink has no value, it only
    takes weight away.
    """
    result = attention(q, k, v, window=window, sinks=sinks, softcap=softcap, scale=scale)
    if sinks is None:
        return result
    ones = attention(q, k, np.ones_like(v), window=window, sinks=sinks, softcap=softcap, scale=scale)
    return result + (1 - ones) * np.repeat(v[:, :, :1], q.shape[1] // k.shape[1], axis=1)


@wrong_answer_to(attention)
def gives_a_group_one_sink(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """The heads of a group shared a sink: they share a KV head, but each query head has its own sink."""
    group = q.shape[1] // k.shape[1]
    shared = None if sinks is None else np.repeat(np.asarray(sinks)[::group], group)
    return attention(q, k, v, window=window, sinks=shared, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def scales_the_sinks(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You scaled the sink together with the scores: it is learned as it stands."""
    factor = 1 / np.sqrt(q.shape[-1]) if scale is None else scale
    return attention(q, k, v, window=window, sinks=None if sinks is None else np.asarray(sinks) * factor,
                     softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def caps_the_sinks(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You capped the sink together with the scores: it is learned as it stands."""
    if sinks is not None and softcap is not None:
        sinks = softcap * np.tanh(np.asarray(sinks) / softcap)
    return attention(q, k, v, window=window, sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def does_not_subtract_the_maximum(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """exp overflowed: subtract the largest score of each row, sink included, before exp; the softmax
    stays the same.
    """

    def weigh(scores, seen, sink):
        weights = np.exp(np.where(seen, scores, -np.inf))
        return weights / (weights.sum(axis=-1, keepdims=True) + np.exp(sink))

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def subtracts_the_largest_score_of_all(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You subtracted one number from all rows: a row whose scores are much smaller underflows to 0 / 0. Take the
    largest of each row (axis=-1, keepdims=True).
    """

    def weigh(scores, seen, sink):
        scores = np.where(seen, scores, -np.inf)
        top = np.maximum(scores.max(), sink.max())
        weights = np.exp(scores - top)
        return weights / (weights.sum(axis=-1, keepdims=True) + np.exp(sink - top))

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def leaves_the_sink_out_of_the_maximum(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """exp overflowed for the sink: the number that you subtract must be the largest of scores and sink."""

    def weigh(scores, seen, sink):
        scores = np.where(seen, scores, -np.inf)
        top = scores.max(axis=-1, keepdims=True)
        weights = np.exp(scores - top)
        total = weights.sum(axis=-1, keepdims=True) + np.exp(sink - top)
        return np.where(np.isfinite(total), weights / total, np.nan)

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def normalises_over_the_queries(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your softmax runs over the queries: for each query, the weights of the keys (the last axis) add up
    to 1.
    """

    def weigh(scores, seen, sink):
        scores = np.where(seen, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-2, keepdims=True))
        return np.nan_to_num(weights / weights.sum(axis=-2, keepdims=True))

    return dense(q, k, v, window, sinks, softcap, scale, weigh=weigh)


@wrong_answer_to(attention)
def never_normalises(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your weights are not divided by their sum: the result must be a mean of the values."""
    return dense(q, k, v, window, sinks, softcap, scale,
                 weigh=lambda scores, seen, sink: np.exp(np.where(seen, scores, -np.inf)))


@wrong_answer_to(attention)
def swaps_keys_and_values(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You scored the values and averaged the keys: scores are q . k, the result is a mean of v."""
    return attention(q, v, k, window=window, sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def computes_in_float16(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You computed in float16: its scores overflow at 65504 and carry 3 digits. Convert to float32 first."""
    return dense(q, k, v, window, sinks, softcap, scale, dtype=np.float16)


@wrong_answer_to(attention)
def computes_in_float32(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """You lost the precision of float64: compute in np.result_type(q, k, v, np.float32)."""
    result = attention(*(array.astype(np.float32) for array in (q, k, v)),
                       window=window, sinks=sinks, softcap=softcap, scale=scale)
    return result.astype(np.result_type(q, k, v, np.float32))


@wrong_answer_to(attention)
def takes_a_window_of_zero_for_none(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """`if window:` takes 0 for no window: None alone means that, and a window below 1 is an error."""
    return attention(q, k, v, window=window or None, sinks=sinks, softcap=softcap, scale=scale)


@wrong_answer_to(attention)
def rounds_the_group_down(q, k, v, *, window=None, sinks=None, softcap=None, scale=None):
    """Your heads // kv_heads was rounded down, and some query heads read whatever KV head came out:
    refuse heads that are not a multiple of kv_heads.
    """
    head = np.minimum(np.arange(q.shape[1]) // max(q.shape[1] // k.shape[1], 1), k.shape[1] - 1)
    return attention(q, k[:, head], v[:, head], window=window, sinks=sinks, softcap=softcap, scale=scale)
