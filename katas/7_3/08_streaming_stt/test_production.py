import contextlib
import math

import numpy as np
import pytest
from streaming_stt import agreed, dtw_path, spelled, stream, unsaid, word_times

from fixtures.checking import call
from fixtures.katas.peak_memory import measured
from fixtures.katas.streaming_stt import made
from fixtures.katas.streaming_stt.made import Listener, Scripted, at, rows_of, speech, text_of
from fixtures.katas.streaming_stt.reference import spread
from fixtures.katas.streaming_stt.words import SAMPLE_RATE_HZ, Word

SECOND = np.full(SAMPLE_RATE_HZ, 0.2, np.float32)

@pytest.mark.parametrize(("text", "wanted"), [
    ("“Yes…”", "yes"), ("¿Qué?", "qué"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("well-known", "well-known"),
    ("_so_", "so"), ("你好。", "你好"), ("-", ""), ("♪", ""), ("", "")])
def test_punctuation_and_case_of_all_scripts(text, wanted):
    call(spelled, text).gives(wanted)


def test_what_is_punctuation_alone_is_no_word():
    """Whisper begins some hypotheses with a dash, and hears music as a note."""
    call(rows_of(stream), [speech(3)], Scripted("- is there", "is ♪ there -", "- is there"), 1.0).gives([
        (1.0, "", "is there"), (2.0, "is there", ""), (3.0, "", ""), (3.0, "", "")])


def test_nothing_was_heard_and_nothing_agreed():
    call(agreed, [[]]).gives([])
    call(unsaid, [], at("is the")).gives([])
    hears = Scripted("you")
    call(rows_of(stream), [0 * SECOND, SECOND], hears, 0.5, 1.0, pause_s=2.0).satisfies(
        lambda rows: hears.given == [1, 1], "1 s is given at once at most, even where pause_s is longer")
    call(rows_of(stream), [], Scripted("you")).satisfies(
        lambda rows: not any(row[1] or row[2] for row in rows), "of no sound, no word")


def test_a_hypothesis_may_take_words_back():
    """Shorter than what was committed: nothing is said again when they come back."""
    call(rows_of(stream), [speech(5)], Scripted("a b c", "a b c d", "a", "a b c d e", "a b c d e"), 1.0).satisfies(
        lambda rows: " ".join(row[1] for row in rows if row[1]) == "a b c d e", "a b c d e, each once")


def test_times_may_lie_outside_of_the_sound():
    """Whisper pads with silence, and its times may lie there, or before the sound by a rounding."""
    def hears(samples):
        words = at("is the red circle")[: len(samples) // 8000]
        return [Word(text, start - 0.3, end + 30) for text, start, end in words]

    rows = call(rows_of(stream), [speech(8)], hears, 0.5, 1.0).value
    assert rows[0][0] == 0.5 and rows[-1][0] == 8.0, f"updates from {rows[0][0]} to {rows[-1][0]} s"
    updates = call(stream, [speech(8)], hears, 0.5, 1.0).value
    late = [word for update in updates for word in update.committed + update.tentative if word.end > update.heard_s]
    assert not late, f"{late} end after what was heard"


def test_words_that_never_agree_are_said_once_when_the_window_leaves_them():
    """Every hypothesis has another writing of the words: better one of them than none."""
    spoken = at("one two three four five six seven eight nine ten eleven twelve", each=0.5)
    hears = made.Unsteady(spoken)
    rows = call(rows_of(stream), [speech(6.2)], hears, 0.5, 3.0).value
    got = " ".join(row[1] for row in rows if row[1])
    assert [word.rstrip("012") for word in got.split()] == text_of(spoken).split(), got
    assert max(hears.given) <= 3 and rows[6][1], f"at most {max(hears.given)} s; by 3.5 s there is {rows[:7]}"


def test_a_phrase_that_is_said_again_and_again():
    """Committed words that have left the window are not looked for in it. Times count from the very beginning."""
    spoken = at("turn it off " * 15, each=0.25)
    hears = Listener(spoken)
    words = [word for update in call(stream, [speech(11.5)], hears, 0.5, 4.0).value for word in update.committed]
    assert [word.text for word in words] == [word.text for word in spoken], f"{len(words)} of 45: {text_of(words)}"
    assert np.allclose([word[1:] for word in words], [word[1:] for word in spoken], atol=1e-3), f"times: {words}"
    assert max(hears.given) == 4.0, f"3.5 s are not trimmed, the next are 4 s; {max(hears.given)} s were given"
    assert abs(hears.given[8] - 2) < 0.01, f"committed to 3.5 s, one begins at 2.5 s: {hears.given[8]} s given"


def test_a_buffer_that_is_filled_again_and_again():
    """A sound card's library hands out the same memory each time, and a recogniser may scale what it is given."""
    spoken = at("one two three four five six", each=0.5)
    listener = made.Spoiling(spoken)
    call(rows_of(stream), made.refilled(speech(3.5), 2000), listener).satisfies(
        lambda rows: " ".join(row[1] for row in rows if row[1]) == text_of(spoken), text_of(spoken))
    assert listener.dtypes == {np.dtype(np.float32)}, f"the recogniser was given {listener.dtypes}"
    assert listener.given == [0.5, 1, 1.5, 2, 2.5, 3, 3.5], f"{listener.given} s were given"


def test_an_update_is_there_before_more_sound_is_asked_for():
    """And a stream that is closed asks for no more."""
    taken = []

    def pieces():
        for number in range(100):
            taken.append(number)
            yield SECOND[:8000]

    updates = call(stream, pieces(), Scripted("is there", "is the red"), 1.0).value
    with contextlib.closing(updates):
        assert next(updates).heard_s == 1.0 and len(taken) == 2, f"{len(taken)} pieces of half a second for the first"
        assert next(updates).heard_s == 2.0 and len(taken) == 4, f"{len(taken)} pieces for the second"
    assert len(taken) == 4, f"{len(taken)} pieces were taken"


def test_five_minutes_need_no_more_memory_than_one():
    """And each second the same work: at most 15 s are given, not five minutes."""
    hears = made.Endless()
    updates = call(stream, (SECOND for _ in range(300)), hears, 1.0).value
    count, peaks = measured(lambda: sum(len(update.committed) for update in updates))
    assert 0 < count() <= 300, "words are spoken, and less than one a second"
    assert hears.most == 15 and hears.given < 300 * 15, f"{hears.given} s were given, {hears.most} s at once"
    assert peaks[0] < 8, f"{peaks[0]:.0f} MB; a window is 1 MB, five minutes 19"


# --- dtw_path, word_times ---------------------------------------------------------------------------------
def test_a_whole_window_is_no_problem():
    """100 tokens, 1000 frames: a way of more steps than Python lets a function call itself."""
    cost = np.random.default_rng(5).uniform(1, 2, (100, 1000)).astype(np.float32)
    cost[np.arange(1000) // 10, np.arange(1000)] = 0
    call(dtw_path, cost).gives([(frame // 10, frame) for frame in range(1000)])


@pytest.mark.parametrize(("high", "dtype"), [(6, np.float32), (900, np.float16)])
def test_a_frame_without_a_listener_and_a_glance(high, dtype):
    """Behind 0.8 s nobody listens, each token as little as the others. And " so" glances at three frames on the way."""
    scores = spread([[0, 10], [0, 10], [10, 20], [20, 30], [30, 40], [30, 40]], 60, 2, high).astype(dtype)
    scores[:, 2, 3:6] = high
    call(word_times, scores, [" so", " it", " is"], 2).gives([("so", 0, 0.2), ("it", 0.2, 0.4), ("is", 0.4, 0.6)],
                                                             atol=1e-6)


# --- refusals ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("change", "error", "naming"), [
    ({"pieces": [np.zeros(9, np.int16)]}, TypeError, "pieces"),
    ({"pieces": [SECOND, SECOND.reshape(-1, 2)]}, ValueError, "pieces"),
    ({"pieces": [np.full(9, np.nan, np.float32)]}, ValueError, "pieces"),
    ({"step_s": 0.0}, ValueError, "step_s"), ({"step_s": math.nan}, ValueError, "step_s"),
    ({"window_s": 0.99}, ValueError, "window_s"), ({"window_s": math.inf}, ValueError, "window_s"),
    ({"depth": 0}, ValueError, "depth"), ({"pause_s": 0.0}, ValueError, "pause_s"),
    ({"attention": np.zeros((1, 4, 9))}, ValueError, "attention"),
    ({"attention": np.zeros((1, 6, 9))}, ValueError, "attention")])
def test_what_is_refused(change, error, naming):
    if naming == "attention":
        call(word_times, change["attention"], [" a", " b"], 2).raises(error, naming=naming)
    else:
        arguments = {"pieces": [SECOND], "transcribe": Scripted("you"), **change}
        call(rows_of(stream), **arguments).raises(error, naming=naming)
