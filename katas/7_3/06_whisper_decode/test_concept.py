"""From logits to segments. Of the small model's ids 0 to 5 are text, 6 ends, 7 starts, 16 + n is the time n / 50 s."""

import numpy as np
import pytest
from whisper_decode import (
    beam_search,
    detect_language,
    prompt_tokens,
    segments,
    suppress,
    timestamp_rules,
    with_fallback,
)

from fixtures.checking import call
from fixtures.katas.whisper_decode.reference import BASE, END, ENGLISH, SMALL, drawn, no_rules, record, spelled, tries

FORBIDDEN = -np.inf
LOGITS = np.concatenate([np.linspace(5, 6.5, 16), np.linspace(0.5, 0, 6)]).astype(np.float32)  # text, then six times


# --- the prompt ------------------------------------------------------------------------------------------
def test_the_prompt_says_language_task_and_times():
    """Start 7, German 9, transcribe 12 or translate 11, and 15 where no times are wanted."""
    call(prompt_tokens, SMALL, "de").gives([7, 9, 12])
    call(prompt_tokens, SMALL, "en", "translate").gives([7, 8, 11])
    call(prompt_tokens, SMALL, "de", times=False).gives([7, 9, 12, 15])
    call(prompt_tokens, SMALL, None, times=False).gives([7, 15])


def test_before_it_stands_the_end_of_what_was_said():
    """13 and then text, half of n_ctx together."""
    call(prompt_tokens, SMALL, "fr", previous=[1, 2]).gives([13, 1, 2, 7, 10, 12])
    call(prompt_tokens, SMALL, "fr", previous=[1, 2, 3, 4, 5], n_ctx=8).gives([13, 3, 4, 5, 7, 10, 12])


@pytest.mark.parametrize("recorded", record()["prompts"], ids=lambda one: f"{one['task']}-{len(one['previous'])}")
def test_prompts_are_those_of_openai_whisper(recorded):
    special = BASE if recorded["language"] else ENGLISH
    call(prompt_tokens, special, recorded["language"], recorded["task"], recorded["times"], recorded["previous"],
         recorded["n_ctx"]).gives(recorded["tokens"])


# --- the language ----------------------------------------------------------------------------------------
def test_the_languages_share_the_probability_among_them():
    """Odds of 1 : 3 : 6 and 50 : 30 : 20, whatever those of text are."""
    for odds, shares in (((1, 3, 6), [0.1, 0.3, 0.6]), ((50, 30, 20), [0.5, 0.3, 0.2])):
        logits = np.log([80, 70, 1, 1, 2, 3, 9, 1, *odds, 6, 9, 4, 1, 5, 7]).astype(np.float32)
        call(detect_language, logits, SMALL).gives(dict(zip(SMALL.languages, shares)), atol=1e-5)  # of all: 0.05


# --- what may come next ----------------------------------------------------------------------------------
def test_some_tokens_never_come_and_a_blank_does_not_come_first():
    """Ids 4 and 7 never, 3 (a blank) and 6 (the end) only behind another token. The other logits stay."""
    logits = np.float32([1, 2, 3, 4, 5, 6, 7, 8])
    call(suppress, logits, [], [4, 7], [3, 6]).gives(
        [1, 2, 3, FORBIDDEN, FORBIDDEN, 6, FORBIDDEN, FORBIDDEN])
    call(suppress, logits, [1], [4, 7], [3, 6]).gives([1, 2, 3, 4, FORBIDDEN, 6, 7, FORBIDDEN])


def test_a_time_comes_first_and_it_is_early():
    """With latest_start 3 one of 16, 17, 18, 19, though text is likelier."""
    call(timestamp_rules, LOGITS, [], SMALL, 3).gives(
        [FORBIDDEN] * 16 + [0.5, 0.4, 0.3, 0.2] + [FORBIDDEN] * 2, atol=1e-6)


@pytest.mark.parametrize(("tokens", "left"), [
    ([16], [*range(16)]),  # a segment has begun: no time comes
    ([1], [*range(22)]),  # no time yet, in a sound that begins with a rest of the one before
    ([1, 18], [*range(6, 16), 18, 19, 20, 21]),
    ([16, 1], [*range(16), 17, 18, 19, 20, 21]),  # it may go on or end, but not where it began
    ([16, 1, 2, 19], [*range(6, 16), 19, 20, 21]),  # it has ended: the next begins here or later, or all ends
    ([16, 1, 2, 19, 19], [*range(16)]),  # the next has begun
    ([16, 1, 2, 19, 20, 4], [*range(16), 21]),
])
def test_times_come_in_pairs_and_never_go_back(tokens, left):
    call(timestamp_rules, LOGITS, tokens, SMALL).gives(
        [value if i in left else FORBIDDEN for i, value in enumerate(LOGITS.tolist())], atol=1e-6)


def test_all_times_together_beat_the_likeliest_text():
    """Text has 0.3, 0.15 and 0.15; five times have 0.08 each, 0.4 in all: it is time for one of them.

    With 0.3 for the likeliest text, times of 0.05 each, 0.25 in all, are not enough. What is forbidden already counts
    for neither: not the 0.2 of the time 16, and behind a segment's end not the 0.3 of text, but the end's 0.04 alone.
    """
    text = [0.3, 0.15, 0.15, *[1e-6] * 13]
    many, few = (np.log([*text, began, *[each] * 5]).astype(np.float32) for began, each in ((1e-6, 0.08), (0.2, 0.05)))
    call(timestamp_rules, many, [16, 1], SMALL).gives([FORBIDDEN] * 17 + [np.log(0.08)] * 5, atol=1e-5)
    call(timestamp_rules, few, [16, 1], SMALL).gives([*few[:16], FORBIDDEN, *few[17:]], atol=1e-5)
    few[[SMALL.end, 16]] = np.log(0.04)
    call(timestamp_rules, few, [16, 1, 17], SMALL).gives([FORBIDDEN] * 17 + [np.log(0.05)] * 5, atol=1e-5)


def test_the_rules_are_those_of_openai_whisper():
    for recorded in record()["rules"]:
        logits = np.random.default_rng(recorded["seed"]).normal(0, 2, 41).astype(np.float32)
        call(timestamp_rules, logits, recorded["tokens"], SMALL, 6).gives(
            [logit if i in recorded["allowed"] else FORBIDDEN for i, logit in enumerate(logits.tolist())], atol=1e-6)


# --- beam search -----------------------------------------------------------------------------------------

TRAP = {(): {1: 0.5, 2: 0.4, END: 0.1}, (1,): {3: 0.4, 4: 0.3, END: 0.3}, (2,): {3: 0.9, END: 0.1}, (3,): {END: 1.0}}
SHORT = {(): {1: 0.45, 2: 0.4, END: 0.15}, (1,): {END: 0.8, 3: 0.2}, (2,): {3: 0.6, 5: 0.4}, (3,): {4: 0.6, 5: 0.4},
         (4,): {END: 0.6, 1: 0.4}, (5,): {1: 0.5, 2: 0.3, END: 0.2}, (END,): {END: 0.99, 5: 0.01}}
PLACES = {(): {1: 0.5, 2: 0.3, END: 0.2}, (1,): {END: 0.6, 3: 0.4}, (2,): {3: 0.55, END: 0.45},
          (1, 3): {4: 0.5, 5: 0.5}, (2, 3): {4: 1.0}, (3, 4): {END: 1.0}, (END,): {END: 0.7, 5: 0.3}}
WIDE = {(): {1: 0.4, END: 0.35, 2: 0.25}, (1,): {3: 0.5, 4: 0.5}, (2,): {3: 1.0}, (3,): {END: 1.0}, (4,): {END: 1.0}}
LEFT = {(): {1: 0.5, 2: 0.4, 4: 0.1}, (2,): {3: 0.9, END: 0.1}, (4,): {3: 0.6, END: 0.4}, (3,): {END: 1.0}}


def test_two_beams_find_what_greed_misses():
    """Greedy: 1, 3, end: 0.5 x 0.4 x 1 = 0.2. Two beams: 2, 3, end: 0.4 x 0.9 x 1 = 0.36."""
    step = spelled(TRAP, 6)
    call(beam_search, step, [8], no_rules, END, 1).gives(([1, 3], np.log(0.2) / 3), atol=1e-4)
    call(beam_search, step, [8], no_rules, END, 2).gives(([2, 3], np.log(0.36) / 3), atol=1e-4)


def test_a_sum_is_divided_by_its_length():
    """1: 0.36, its logarithm by 1 token is -1.02. 2, 3, 4: 0.0864, by 3 tokens it is -0.82: better.

    To compare, the end is not counted; the average that is returned has it: divided by 4.
    """
    call(beam_search, spelled(SHORT, 6), [8], no_rules, END, 2).gives(([2, 3, 4], np.log(0.4 * 0.6**3) / 4), atol=1e-4)


def test_what_has_ended_gives_its_place_to_another():
    """After two steps "1, end" is the best with 0.3; 2, 3 with 0.165 is the second of those that go on, and wins.
    Then a first step with 1, the end, 2 from the best down: 1 and 2 go on, so the one beam must offer three."""
    call(beam_search, spelled(PLACES, 6), [8], no_rules, END, 2).gives(([2, 3, 4], np.log(0.165) / 4), atol=1e-4)
    call(beam_search, spelled(WIDE, 6), [8], no_rules, END, 2).gives(([2, 3], np.log(0.25) / 3), atol=1e-4)


def test_what_is_forbidden_gives_its_probability_to_the_others():
    """Without 1 at the start, 2 has 0.4 of 0.5. rules get what was decoded, without the prompt."""
    def rules(logits, tokens):
        return np.where((np.arange(6) == 1) & (len(tokens) == 0), FORBIDDEN, logits)

    for beam_size in (1, 2):
        call(beam_search, spelled(LEFT, 6), [8, 9], rules, END, beam_size).gives(
            ([2, 3], np.log(0.8 * 0.9) / 3), atol=1e-4)


def test_searches_end_as_in_openai_whisper():
    """With max_tokens 1 the end alone is done, with 0.35; 1, with 0.4, is taken as it is. Then beams of 1, 2, 3 and 5
    on tables of random logits."""
    call(beam_search, spelled(WIDE, 6), [8], no_rules, END, 2, 1).gives(([1], np.log(0.4) / 2), atol=1e-4)
    for recorded in record()["searches"]:
        call(beam_search, drawn(recorded["seed"]), [1, 2], no_rules, END, recorded["beam_size"],
             recorded["max_tokens"]).gives((recorded["tokens"], recorded["average"]), atol=1e-4)


# --- fallback --------------------------------------------------------------------------------------------

GOOD, STUCK = "And so my fellow Americans, ask not", "no " * 60


def test_a_text_that_repeats_itself_is_decoded_again():
    """zlib makes 14 bytes of STUCK's 180: a ratio of 13 is more than 2.4."""
    call(with_fallback, *tries((STUCK, -0.1), (GOOD, -0.4), (GOOD, -0.2))).gives(([1], 0.2))
    call(with_fallback, *tries((GOOD, -0.4), (GOOD, -0.2))).gives(([0], 0.0))


def test_improbable_tokens_are_decoded_again_unless_nobody_speaks():
    """Silence takes both: an average below -1 and no_speech above 0.6. It ends the search at once, without tokens."""
    call(with_fallback, *tries((GOOD, -1.3), (GOOD, -1.1), (GOOD, -0.9)), 0.5).gives(([2], 0.4))
    call(with_fallback, *tries((GOOD, -1.3), (GOOD, -0.9)), 0.7).gives(([], 0.0))
    call(with_fallback, *tries((GOOD, -0.9), (GOOD, -0.3)), 0.7).gives(([0], 0.0))


@pytest.mark.parametrize("recorded", record()["fallbacks"], ids=lambda one: f"{len(one['tried'])}-{one['no_speech']}")
def test_the_temperature_is_that_of_openai_whisper(recorded):
    tried = []
    tokens = [] if recorded["silent"] else [len(recorded["tried"]) - 1]
    call(with_fallback, *tries(*recorded["results"], tried=tried), recorded["no_speech"]).gives(
        (tokens, recorded["tried"][-1]))
    assert tried == recorded["tried"], f"the temperatures tried are {tried} in place of {recorded['tried']}"


# --- segments --------------------------------------------------------------------------------------------
def test_segments_have_their_times():
    """A time is n / 50 s behind the window's begin, here 5 s. When all have their end, the next window follows."""
    call(segments, [16, 1, 2, 116, 126, 3, 166], SMALL).gives(([(0, 2, [1, 2]), (2.2, 3, [3])], 3000), atol=1e-6)
    call(segments, [16, 1, 2, 116, 126, 3, 166], SMALL, 500).gives(
        ([(5, 7, [1, 2]), (7.2, 8, [3])], 3500), atol=1e-6)


def test_the_next_window_begins_where_the_last_whole_segment_ends():
    """3 is cut off by the window's end: it is heard again, from 2 s on (200 hundredths)."""
    call(segments, [16, 1, 2, 116, 126, 3], SMALL, 500).gives(([(5, 7, [1, 2])], 700), atol=1e-6)
    call(segments, [16, 1, 2, 116, 116, 3, 266, 266], SMALL, 500).gives(
        ([(5, 7, [1, 2]), (7, 10, [3])], 1000), atol=1e-6)


def test_segments_are_those_of_openai_whisper():
    """Where no two times stand side by side: one segment, from the window's begin on, and the next window."""
    for recorded in record()["windows"]:
        call(segments, recorded["tokens"], BASE, recorded["seek"]).gives(
            ([one for one in recorded["segments"] if one[2]], recorded["next"]), atol=1e-6)
