"""Wrong answers that people give to the attention kata; each docstring says what was misunderstood."""

import numpy as np
from custom_attention import attention

from fixtures.checking import wrong_answer_to


def softmax(scores, seen, sink):
    """Turn scores into weights, with the sink in the divisor."""
    scores = np.where(seen, scores, -np.inf)
    top = np.maximum(scores.max(axis=-1, keepdims=True), sink)
    weights = np.exp(scores - top)
    return weights / (weights.sum(axis=-1, keepdims=True) + np.exp(sink - top))


def bend(scores, softcap):
    """Cap the scores."""
    return softcap * np.tanh(scores / softcap)


def full_table(q, k, v, options, *, visible=lambda behind, past, window: (behind >= 0) & (behind < window),
               cap=bend, weigh=softmax):
    """Attend over the full table of scores; the keywords replace one step each."""
    dtype = np.result_type(q, k, v, np.float32)
    group, queries, keys = q.shape[1] // k.shape[1], q.shape[2], k.shape[2]
    q, k, v = q.astype(dtype), np.repeat(k, group, axis=1).astype(dtype), np.repeat(v, group, axis=1).astype(dtype)
    window, sinks, softcap, scale = (options.get(name) for name in ("window", "sinks", "softcap", "scale"))
    scores = q @ k.swapaxes(2, 3) * (q.shape[3]**-0.5 if scale is None else float(scale))
    if softcap is not None:
        scores = cap(scores, float(softcap))
    behind = np.arange(keys - queries, keys)[:, None] - np.arange(keys)
    seen = visible(behind, keys - queries, keys if window is None else window)
    sink = np.full(q.shape[1], -np.inf) if sinks is None else np.asarray(sinks)
    return weigh(scores, seen, sink.astype(dtype)[:, None, None]) @ v


@wrong_answer_to(attention)
def sees_the_future(q, k, v, **options):
    """Your queries see keys of the future: hide every key whose position is larger than the query's."""
    return full_table(q, k, v, options, visible=lambda behind, past, window: behind < window)


@wrong_answer_to(attention)
def aligns_at_the_top_left(q, k, v, **options):
    """You took the queries for the first positions: they are the last ones, query i stands at keys - queries + i."""
    return full_table(q, k, v, options, visible=lambda behind, past, window: (
        (behind >= past) & (behind - past < window)))


@wrong_answer_to(attention)
def masks_after_the_softmax(q, k, v, **options):
    """You set weights to zero after the softmax, so the rest no longer adds up to 1: set the hidden scores to -inf
    before it.
    """
    return full_table(q, k, v, options, weigh=lambda scores, seen, sink: (
        np.where(seen, softmax(scores, True, sink), np.float32(0))))


@wrong_answer_to(attention)
def divides_by_the_scale(q, k, v, *, scale=None, **options):
    """You divided the scores by the scale: they are multiplied by it, and by 1 / sqrt(width) where none is given."""
    scale = q.shape[3]**-0.5 if scale is None else scale
    return attention(q, k, v, scale=1 / scale if scale else np.inf, **options)


@wrong_answer_to(attention)
def reshapes_the_keys(q, k, v, **options):
    """You reshaped k to (..., width, keys), which scrambles its numbers: swap its last two axes
    (k.swapaxes(-1, -2)).
    """
    batch, kv_heads, keys, width = k.shape
    return attention(q, k.reshape(batch, kv_heads, width, keys).swapaxes(2, 3), v, **options)


@wrong_answer_to(attention)
def tiles_the_kv_heads(q, k, v, **options):
    """Query head h read KV head h % kv_heads (np.tile does that): neighbours share one, h // (heads // kv_heads), as
    with np.repeat.
    """
    group = q.shape[1] // k.shape[1]
    return attention(q, np.tile(k, (1, group, 1, 1)), np.tile(v, (1, group, 1, 1)), **options)


@wrong_answer_to(attention)
def makes_the_window_one_too_wide(q, k, v, *, window=None, **options):
    """Your window is one key too wide: it counts the query's own key, so query i sees key j where i - j < window."""
    return attention(q, k, v, window=None if window is None else window + 1, **options)


@wrong_answer_to(attention)
def leaves_the_sink_out(q, k, v, *, sinks=None, **options):
    """Your sink takes no weight: exp(sink) belongs into the divisor, beside the sum over the keys."""
    return attention(q, k, v, **options)


@wrong_answer_to(attention)
def forgets_the_maximum_in_the_sink(q, k, v, **options):
    """The row's maximum was subtracted from the scores but not from the sink: exp(sink - maximum) belongs into the
    divisor.
    """

    def weigh(scores, seen, sink):
        scores = np.where(seen, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return weights / (weights.sum(axis=-1, keepdims=True) + np.exp(sink))

    return full_table(q, k, v, options, weigh=weigh)


@wrong_answer_to(attention)
def caps_without_dividing(q, k, v, **options):
    """Your cap is softcap * tanh(s): inside the tanh the score is divided by softcap, softcap * tanh(s / softcap)."""
    return full_table(q, k, v, options, cap=lambda scores, softcap: softcap * np.tanh(scores))


@wrong_answer_to(attention)
def caps_at_one(q, k, v, **options):
    """Your cap is tanh(s / softcap), which ends at 1: multiply it by softcap, softcap * tanh(s / softcap)."""
    return full_table(q, k, v, options, cap=lambda scores, softcap: np.tanh(scores / softcap))


@wrong_answer_to(attention)
def caps_the_masked_scores(q, k, v, **options):
    """You capped after the mask: tanh turns -inf into -softcap, and hidden keys get weight again. Mask last."""
    softcap = options.get("softcap")
    return full_table(q, k, v, options, weigh=lambda scores, seen, sink: (
        softmax(scores, seen, sink) if softcap is None else
        softmax(np.where(seen, scores, -np.float32(softcap)), True, sink)))
