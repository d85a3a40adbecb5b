"""The idea: windows that cut no word, questions that were heard for sure, answers that come while they are made."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from whisper_pipeline import cascade, condition_row, question, quietest, windows

from fixtures.checking import call
from fixtures.katas.whisper_pipeline.forms import NOT_UNDERSTOOD, Phrase, Run
from fixtures.katas.whisper_pipeline.made import World, noise, run_in, seconds, sure
from fixtures.katas.whisper_pipeline.reference import covered, word_error_rate

LONG_NOISE = noise(21, [(t / 10, t / 10 + 0.05, 0.05) for t in range(3, 200, 7)])

# --- quietest: where a cut harms least ------------------------------------------------------------------


def test_the_middle_of_the_quietest_tenth_of_a_second():
    """It begins at 1.03 s: a tenth of a second may begin with each 10 ms."""
    sound = noise(3, [(1.03, 1.13, 0.02), (2.0, 2.1, 0.05)])
    call(quietest, sound, 0, 48_000).gives(17_280)


def test_a_short_hole_within_a_word_is_no_quiet_place():
    """Behind the t of "stop" there is no sound for 30 ms. A tenth of a second is quieter as a whole elsewhere."""
    sound = noise(3, [(0.5, 0.53, 0.0), (2.0, 2.1, 0.04)])
    call(quietest, sound, 0, 48_000).gives(32_800)


def test_the_quietest_place_lies_within_the_part():
    sound = noise(4, [(0.5, 0.6, 0.0), (2.0, 2.1, 0.04), (3.5, 3.6, 0.0)])
    call(quietest, sound, 16_000, 48_000).gives(32_800)


# --- windows: what a recogniser can hear at once --------------------------------------------------------


def test_segments_become_windows():
    """The README's example: a short pause is bridged, a long one is not, what is too long is cut where it is quiet."""
    sound = noise(15, [(11.2, 11.3, 0.02)])
    call(windows, sound, seconds((0, 2), (2.2, 4), (6, 7), (8, 15)), 5.0, 0.5).gives(
        seconds((0, 4), (6, 7), (8, 11.25), (11.25, 15)))


def test_a_window_is_never_longer_than_the_longest():
    """2.5 + 0.2 + 2.5 s are too much for 5 s, and nothing for 5.2 s."""
    segments = seconds((1, 3.5), (3.7, 6.2))
    call(windows, noise(7), segments, 5.0, 0.5).gives(segments)
    call(windows, noise(7), segments, 5.2, 0.5).gives(seconds((1, 6.2)))


def test_a_pause_that_is_as_long_as_allowed_is_bridged():
    segments = seconds((0, 1), (1.5, 2), (2.75, 3))
    call(windows, noise(4), segments, 5.0, 0.5).gives(seconds((0, 2), (2.75, 3)))


def test_what_is_very_long_is_cut_again_and_again():
    """Each cut lies in the second half of 5 s from the cut before; quiet places in the first half do not count."""
    sound = noise(14, [(1.0, 1.1, 0.01), (3.0, 3.1, 0.02), (6.0, 6.1, 0.03), (9.0, 9.1, 0.01)])
    call(windows, sound, seconds((0, 13)), 5.0, 0.5).gives(
        seconds((0, 3.05), (3.05, 6.05), (6.05, 9.05), (9.05, 13)))


def test_the_rest_of_a_long_segment_takes_in_the_next():
    sound = noise(9, [(4.0, 4.1, 0.01)])
    call(windows, sound, seconds((0, 5.5), (5.75, 7)), 5.0, 0.5).gives(seconds((0, 4.05), (4.05, 7)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 40)), max_size=4), st.integers(8, 20), st.integers(0, 8))
def test_nothing_is_lost_and_nothing_comes_twice(steps, longest, pause):
    """Lengths in tenths of a second. All speech is in one window; what is in none is pause."""
    places = list(itertools.accumulate(length for step in steps for length in step))
    segments = seconds(*((start / 10, end / 10) for start, end in zip(places[::2], places[1::2])))
    sound = LONG_NOISE[: 1600 * (places[-1] if places else 0) + 100]
    found = call(windows, sound, segments, longest / 10, pause / 10).value
    assert found == sorted(found), f"windows come in order, not as {found}"
    assert all(0 < end - start <= longest * 1600 for start, end in found), f"the longest is {longest / 10} s: {found}"
    times, speech = covered(found, len(sound)), covered(segments, len(sound))
    assert (times <= 1).all() and (times >= speech).all(), f"{segments} of speech became {found}"
    assert times.sum() - speech.sum() <= max(0, len(segments) - 1) * pause * 1600, "a pause that is too long is in it"


# --- question: what may be asked ------------------------------------------------------------------------


def test_phrases_become_a_question():
    call(question, [sure(" Where is"), sure("the blue  square? ")]).gives("Where is the blue square?")
    call(question, [Phrase("where is it?", 0.0, 1.0, 0.9, no_speech=0.6)]).gives("where is it?")


def test_markers_are_no_words():
    call(question, [sure("[Music] how many circles"), sure("(coughs) are there?")]).gives("how many circles are there?")
    call(question, [sure("[BLANK_AUDIO]")]).gives(None)


def test_of_nothing_nothing_is_asked():
    call(question, []).gives(None)
    call(question, [sure(" "), sure("...")]).gives(None)
    call(question, [Phrase("Thanks for watching!", 0.0, 2.0, 0.9, no_speech=0.8)]).gives(None)


def test_one_unsure_phrase_makes_the_question_unsure():
    """Their average is 0.75, and the word that counts was guessed: nothing is asked, with it or without it."""
    call(question, [sure("delete the", probability=0.98), sure("red one", probability=0.52)]).gives(None)
    call(question, [sure("delete the", probability=0.98), sure("red one", probability=0.6)]).gives("delete the red one")
    call(question, [sure("delete the", probability=0.98)], 0.99).gives(None)


def test_an_unsure_marker_does_not_matter():
    call(question, [sure("(Music)", probability=0.2), sure("who sings?", probability=0.7)]).gives("who sings?")


# --- cascade: hear, ask, answer -------------------------------------------------------------------------


def test_each_window_is_heard_and_answered():
    """With the seconds of each stage: half a second to hear, a quarter for a piece, an eighth to see the end."""
    world = World({0: [sure("(Music) where is it?")], 2: [sure("how many?", 0.5, 1.0)]},
                  {"where is it?": ["bottom", " right"], "how many?": ["two"]})
    call(run_in(cascade), *world.parts).gives([
        ("heard", 0.0, 1.0, "where is it?", 0.5, [("(Music) where is it?", 0.25, 0.75)]),
        ("piece", 0.0, 1.0, "bottom", 0.25, []), ("piece", 0.0, 1.0, " right", 0.25, []),
        ("end", 0.0, 1.0, "", 0.125, []),
        ("heard", 2.0, 3.0, "how many?", 0.5, [("how many?", 2.5, 3.0)]),
        ("piece", 2.0, 3.0, "two", 0.25, []), ("end", 2.0, 3.0, "", 0.125, [])])


def test_what_was_not_understood_is_not_asked():
    world = World({0: [sure("[BLANK_AUDIO]")], 1: [sure("were is the ling", probability=0.4)]}, {})
    call(run_in(cascade), *world.parts).gives([
        ("heard", 0.0, 1.0, "", 0.5, [("[BLANK_AUDIO]", 0.25, 0.75)]), ("piece", 0.0, 1.0, NOT_UNDERSTOOD, 0.0, []),
        ("end", 0.0, 1.0, "", 0.0, []),
        ("heard", 1.0, 2.0, "", 0.5, [("were is the ling", 1.25, 1.75)]), ("piece", 1.0, 2.0, NOT_UNDERSTOOD, 0.0, []),
        ("end", 1.0, 2.0, "", 0.0, [])])
    assert world.log == ["hear 0", "hear 1"], f"nothing was to be asked, what was done is {world.log}"
    world = World({0: [sure("who?", probability=0.9)]}, {})
    rows = call(run_in(cascade), *world.parts, 0.95).value
    assert [row[3] for row in rows] == ["", NOT_UNDERSTOOD, ""], f"0.9 is less than least, 0.95: {rows}"


def test_an_error_is_told_in_its_place_and_the_rest_goes_on():
    world = World({0: OSError("the model is gone"), 1: [sure("who?")], 2: [sure("where?")]},
                  {"who?": ["Ada", ValueError("too long")], "where?": ["here"]})
    rows = [row[:4] for row in call(run_in(cascade), *world.parts).value]
    assert rows == [
        ("error", 0.0, 1.0, "OSError: the model is gone"),
        ("heard", 1.0, 2.0, "who?"), ("piece", 1.0, 2.0, "Ada"), ("error", 1.0, 2.0, "ValueError: too long"),
        ("heard", 2.0, 3.0, "where?"), ("piece", 2.0, 3.0, "here"), ("end", 2.0, 3.0, "")], f"events: {rows}"


def test_a_piece_comes_before_the_next_is_made():
    world = World({0: [sure("who?")], 1: [sure("where?")]}, {"who?": ["Ada", " Byron"], "where?": ["here"]})
    events = iter(call(cascade, *world.parts).value)
    assert next(events).kind == "heard" and world.log == ["hear 0"], f"done for the first event: {world.log}"
    assert next(events).text == "Ada" and world.log[1:] == ["ask who?", "say Ada"], f"for the second: {world.log}"
    assert [event.text for event in itertools.islice(events, 2)] == [" Byron", ""], "the rest of the answer"
    assert "hear 1" not in world.log, "the second window is heard when it is asked for"


# --- condition_row: one line of a table -----------------------------------------------------------------


def test_a_row_of_a_comparison():
    """1 s of work for 2 s of speech and 1 s for 8 s are 0.2 s a second; 2 of 6 words are wrong."""
    runs = [Run("Open it.", "open it", 2.0, 1.0), Run("Where's the red circle?", "Where's a red, red circle", 8.0, 1.0)]
    call(condition_row, "tiny", 3_400_000, runs, word_error_rate).gives(("tiny", 3.4, 0.2, 2 / 6), atol=1e-12)


def test_sentences_count_by_their_words():
    """The average of 100 % of one word and 0 % of four is 50 %; of five words one is wrong."""
    runs = [Run("stop", "shop", 0.2, 0.1), Run("show me the circle", "show me the circle", 0.6, 0.1)]
    call(condition_row, "tiny", 500, runs, word_error_rate).satisfies(
        lambda row: np.isclose(row.word_error_rate, 0.2) and np.isclose(row.seconds_per_second, 0.25), "0.2 and 0.25")
    runs = [Run("open the", "open", 1.0, 1.0), Run("file", "the file", 1.0, 1.0)]  # no word changes its sentence
    call(condition_row, "tiny", 500, runs, word_error_rate).gives(("tiny", 0.0005, 1.0, 2 / 3), atol=1e-12)
