import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whisper_decode import beam_search, prompt_tokens, segments, suppress, timestamp_rules, with_fallback

from fixtures.checking import call
from fixtures.katas.whisper_decode import reference
from fixtures.katas.whisper_decode.reference import BASE, END, SMALL, asked, drawn, no_rules, record, spelled, tries


# --- rules -------------------------------------------------------------------------------------------
@given(st.lists(st.integers(0, 5), max_size=9), st.integers(0, 30), st.sampled_from([np.float32, np.float64]),
       st.integers(0, 1000))
def test_the_timestamp_rules_follow_their_definition(choices, latest_start, dtype, seed):
    tokens, logits = reference.walk(choices), np.random.default_rng(seed).normal(0, 3, 41).astype(dtype)
    forbidden = reference.forbidden(logits, tokens, SMALL, latest_start)
    call(timestamp_rules, logits, tokens, SMALL, latest_start).gives(
        [-np.inf if i in forbidden else logit for i, logit in enumerate(logits.tolist())], atol=1e-6)


def test_what_is_suppressed_already_stays_so():
    """No text is left: a time. No time is left either: nothing, and no warning that becomes NaN."""
    logits = np.linspace(2, 1, 41, dtype=np.float32)
    logits[:16] = -np.inf
    call(timestamp_rules, logits, [16, 1], SMALL).gives([-np.inf] * 17 + logits[17:].tolist(), atol=1e-6)
    logits[16:] = -np.inf
    call(timestamp_rules, logits, [16, 1], SMALL).gives([-np.inf] * 41)
    logits[[3, 20]] = 1.5  # as likely as text is not more likely
    call(timestamp_rules, logits, [16, 1], SMALL).gives(logits)


# --- search ------------------------------------------------------------------------------------------
@given(st.integers(0, 10_000))
def test_a_beam_wide_enough_tries_everything(seed):
    """Three tokens and the end, at most three long: the best of 1 + 3 + 9 + 27."""
    step = drawn(seed, 4)

    def rules(logits, tokens):
        return np.where(np.arange(4) == END, 0, -np.inf) if len(tokens) == 3 else logits

    call(beam_search, step, [1, 2], rules, END, 100).gives(
        reference.best_of_all(step, [1, 2], rules, END, 3), atol=1e-4)


@pytest.mark.parametrize("recorded", record()["whole"]["windows"], ids=lambda one: f"beam-{one['beam_size']}")
def test_a_whole_window_is_decoded_as_by_openai_whisper(recorded):
    """51865 logits a step, everything suppressed that it suppresses, then its rules for times."""
    whole, prompt = record()["whole"], len(recorded["prompt"])

    def rules(logits, tokens):
        left = call(suppress, logits, tokens, whole["never"], whole["not_first"]).value
        return call(timestamp_rules, left, tokens, BASE).value

    def step(tokens):
        return np.stack([reference.whole_logits(row, prompt) for row in tokens.tolist()])

    call(beam_search, step, recorded["prompt"], rules, BASE.end, recorded["beam_size"], 24).gives(
        (recorded["tokens"], recorded["average"]), atol=1e-4)


def test_the_model_is_asked_once_for_all_beams():
    """One call a step: integers (beams, length), five rows by default and never more, nothing behind an end."""
    step, calls = asked(drawn(7))
    call(beam_search, step, [1, 2], no_rules, END).satisfies(lambda found: len(found) == 2, "tokens and their average")
    shapes = [tokens.shape for tokens in calls]
    assert [length for _, length in shapes] == [2 + i for i in range(len(calls))], f"step was given {shapes}"
    assert max(rows for rows, _ in shapes) == 5, f"step was given {shapes}"
    assert all(tokens.dtype.kind in "iu" and (tokens[:, 2:] != END).all() for tokens in calls), (
        "step was given tokens that are no integers, or an end with more behind it")


@pytest.mark.parametrize(("beam_size", "first", "wanted"), [
    (1, {1: 0.4, END: 0.35, 2: 0.25}, ([1], np.log(0.36) / 2)),
    (2, {1: 0.4, END: 0.35, 2: 0.25}, ([1], np.log(0.36) / 2)),
    (2, {END: 0.9, 1: 0.07, 2: 0.03}, ([], np.log(0.9))),
])
def test_a_search_stops_as_soon_as_enough_have_ended(beam_size, first, wanted):
    """After two steps; three have ended in the second case. In the third an end that comes first counts as 1 token."""
    step, calls = asked(spelled({(): first, (1,): {END: 0.9, 3: 0.1}, (2,): {END: 0.9, 3: 0.1}, (3,): {3: 1.0}}, 4))
    call(beam_search, step, [8], no_rules, END, beam_size).gives(wanted, atol=1e-4)
    assert len(calls) == 2, f"step was called {len(calls)} times, and not twice"


def test_the_average_is_a_sum_in_double_precision():
    """Two hundred and twenty-four tokens of probability 0.999 by default, and no end."""
    step = spelled({(): {1: 0.999, END: 0.001}}, 3)
    call(beam_search, step, [9], no_rules, END, 1).gives(([1] * 224, 224 * np.log(0.999) / 225), atol=1e-6)


def test_a_search_may_have_few_tokens_to_choose_from():
    """One token behind the prompt, then the end alone; nothing that is forbidden takes a place in the beam."""
    step, calls = asked(spelled({(): {1: 1.0}}, 6))
    call(beam_search, step, [8], lambda logits, tokens: np.where(
        np.arange(6) == (END if tokens else 4), logits, -np.inf), END).gives(([4], 0.0), atol=1e-6)
    given = {tuple(row) for tokens in calls for row in tokens.tolist()}
    assert given == {(8,), (8, 4)}, f"step was given {given}"


# --- texts and times ---------------------------------------------------------------------------------
def test_the_ratio_counts_bytes():
    """Thanks in Japanese, five letters of three bytes, twelve times: 180 bytes; zlib makes about 26 of them."""
    call(with_fallback, *tries(("ありがとう" * 12, -0.3), ("Thank you.", -0.3))).gives(([1], 0.2))


def test_what_is_just_good_enough_is_accepted():
    """-1 is not below -1, 0.6 not above 0.6. Of temperatures, which may be others, the last is taken in any case."""
    results = ("word", -1.0), ("word", -0.5)
    call(with_fallback, *tries(*results), 0.9).gives(([0], 0.0))
    for no_speech in ([], [0.6]):
        call(with_fallback, *tries(("word", -1.1), *results), *no_speech).gives(([1], 0.2))
    call(with_fallback, *tries(("word", -1.2), ("word", -1.1)), 0.0, [0.0, 0.5]).gives(([1], 0.5))


def test_windows_without_text_and_short_ones():
    """Nothing, a time alone, two times with nothing between; the last window of a recording has 812 hundredths."""
    for tokens in ([], [16], [16, 66], [26, 26]):
        call(segments, tokens, SMALL, 100, 812).satisfies(lambda found: found[0] == [], "no segment")
    call(segments, [1, 2], SMALL, 100, 812).gives(([(1, 9.12, [1, 2])], 912), atol=1e-6)
    call(segments, [16, 1, 66, 66], SMALL, 100, 812).gives(([(1, 2, [1])], 200), atol=1e-6)
    call(segments, [16, 36, 1, 6, 66, 66], SMALL, 100, 812).gives(([(1.4, 2, [1])], 200), atol=1e-6)
    call(segments, [16, 66], SMALL, 100, 812).gives(([], 912))  # never at the same place again


def test_tokens_of_numpy_are_tokens():
    """Of 16 bits and unsigned: 50364 - 50365 would be 65535. What comes back is Python's, for json."""
    tokens = np.array([50364, 400, 50464, 50465, 401, 50514], np.uint16)
    call(segments, tokens, BASE).gives(([(0, 2, [400]), (2.02, 3, [401])], 3000), atol=1e-6)
    call(segments, tokens, BASE).satisfies(lambda found: type(found[0][0][2][0]) is int, "tokens are int")
    call(timestamp_rules, np.linspace(1, 0, 51865, dtype=np.float32), tokens[:3], BASE).satisfies(
        lambda left: np.flatnonzero(left > -np.inf)[0] == 50464, "the first id left is the time at the segment's end")
    call(prompt_tokens, SMALL, "de", previous=np.arange(224, dtype=np.uint8)).satisfies(
        lambda found: found == [13, *range(1, 224), 7, 9, 12] and {*map(type, found)} == {int}, "13, 1 to 223 ...")
    call(prompt_tokens, SMALL, "de", previous=[1, 2], n_ctx=2).gives([13, 7, 9, 12])  # no place is left for them


# --- what is refused ---------------------------------------------------------------------------------

REFUSED = [
    (prompt_tokens, (SMALL, "de", "Translate"), ValueError, "task"),
    (prompt_tokens, (SMALL, None, "transcribed"), ValueError, "task"),
    (beam_search, (drawn(1), [1, 2], no_rules, END, 0), ValueError, "beam_size"),
    (beam_search, (drawn(1), [1, 2], lambda logits, tokens: logits - np.inf, END), ValueError, "rules"),
    (beam_search, (lambda tokens: np.full((len(tokens), 9), np.nan), [1, 2], no_rules, END), ValueError, "logits"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "named"), REFUSED)
def test_what_is_refused(function, arguments, error, named):
    call(function, *arguments).raises(error, naming=named)
