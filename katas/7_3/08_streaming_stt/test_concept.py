"""The idea: a word is committed when successive hypotheses agree on it and on all before it; then, when it was said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streaming_stt import agreed, dtw_path, spelled, stream, unsaid, word_times

from fixtures.checking import call
from fixtures.katas.streaming_stt.made import Listener, Scripted, at, rows_of, speech, spoken, text_of
from fixtures.katas.streaming_stt.reference import all_ways, drawn_attention, record, spread
from fixtures.katas.streaming_stt.words import Word

CIRCLE = ("is there", "is the red", "is the red circle", "is the red circle big")  # the README's example


# --- spelled, agreed: the longest common beginning --------------------------------------------------------
@pytest.mark.parametrize(("text", "wanted"), [
    ("Hello,", "hello"), ("hello", "hello"), ('"Yes!"', "yes"), ("don't", "don't"), ("3.5", "3.5")])
def test_case_and_punctuation_around_a_word_do_not_count(text, wanted):
    call(spelled, text).gives(wanted)


def test_two_hypotheses_agree_on_how_they_begin():
    """The README's example: "is" is common to both, "there" and "the" are not."""
    call(agreed, [at(CIRCLE[0]), at(CIRCLE[1])]).gives(at("is"))
    call(agreed, [at(CIRCLE[1]), at(CIRCLE[2])]).gives(at("is the red"))


def test_three_hypotheses_agree_on_what_all_begin_with():
    """And one with itself. The last one says how words are written, and when."""
    call(agreed, [at("a big red"), at("a big blue"), at("a big red cross")]).gives(at("a big"))
    call(agreed, [at("a small red"), at("a big red"), at("a big red cross")]).gives(at("a"))
    call(agreed, [at("a big"), [], at("a big red")]).gives([])
    call(agreed, [at("a big red")]).gives(at("a big red"))
    older, newer = at("hello there, Anna", each=0.4), at("Hello, there. Otto", start=0.1)
    call(agreed, [older, newer]).gives(newer[:2])


def test_behind_a_difference_nothing_is_agreed_on():
    """Equal words in equal places, and equal words in others: the beginning alone counts."""
    call(agreed, [at("the red or the blue"), at("the bread or a red")]).gives(at("the"))
    call(agreed, [at("the red circle"), at("red circle")]).gives([])


# --- unsaid: the hypothesis still begins with words that were committed -----------------------------------
def test_committed_words_are_left_out():
    words = at("is the red circle")
    call(unsaid, words, at("is the")).gives(words[2:])
    call(unsaid, words, []).gives(words)
    call(unsaid, at("is the"), at("is the")).gives([])
    words = at("no no no stop")  # a word that is said again is not lost
    call(unsaid, words, at("no")).gives(words[1:])
    call(unsaid, words, at("no no")).gives(words[2:])
    call(unsaid, at("red circle or red square"), at("red circle or")).gives(at("red circle or red square")[3:])


def test_the_count_of_words_may_have_changed():
    """At the seam "the" is missing, or half of "is" is heard as a word more, or "red" as "bread"."""
    call(unsaid, at("is red circle big"), at("is the red")).gives(at("is red circle big")[2:])
    call(unsaid, at("s is the red circle"), at("is the red")).gives(at("s is the red circle")[4:])
    call(unsaid, at("is the bread circle"), at("is the red")).gives(at("is the bread circle")[3:])
    words = at("The, red circle", start=0.4, each=0.3)  # "is" is missing, "the" is written otherwise
    call(unsaid, words, at("is the")).gives(words[1:])


def test_times_are_a_little_different_each_time():
    """Each word is heard 0.2 s later than it was, then earlier: "two" is not said again, "three" is not lost."""
    for moved in (0.2, -0.2):
        words = at("one two three four", start=1 + moved, each=0.3)
        call(unsaid, words, at("one two", start=1, each=0.3)).gives(words[2:])


def test_of_two_places_that_fit_as_well_the_nearer_in_time_counts():
    """Of "nine" half is heard as "pine", or nothing: one change each. And in "the a nine" one word too many."""
    committed = at("the nine")
    words = [Word("pine", 0.8, 1.0), Word("five", 1.3, 1.5), Word("the", 1.5, 1.6)]  # a gap between them
    call(unsaid, words, committed).gives(words[1:])
    call(unsaid, [Word("five", 1.1, 1.5)], committed).gives([Word("five", 1.1, 1.5)])
    call(unsaid, at("five six seven", start=1.1), committed).gives(at("five six seven", start=1.1))
    words = [Word("the", 0.0, 0.5), Word("a", 0.5, 0.6), Word("nine", 0.6, 1.0), Word("five", 1.0, 1.4)]
    call(unsaid, words, committed).gives(words[3:])


# --- stream -----------------------------------------------------------------------------------------------
def test_words_are_committed_while_more_are_spoken():
    """The README's example, a hypothesis a second, and the end of the sound."""
    call(rows_of(stream), [speech(4)], Scripted(*CIRCLE), 1.0).gives([
        (1.0, "", "is there"), (2.0, "is", "the red"), (3.0, "the red", "circle"), (4.0, "circle", "big"),
        (4.0, "big", "")])
    call(rows_of(stream), [speech(3)], Scripted("is the red", "is the red", "uh is the red circle"), 1.0).gives([
        (1.0, "", "is the red"), (2.0, "is the red", ""), (3.0, "", "circle"), (3.0, "circle", "")])


def test_the_rest_of_the_sound_is_heard_as_well():
    """0.4 s more, less than a step: it is transcribed, and all that was not committed is."""
    told = call(rows_of(stream), [speech(2.4)], Scripted("is there", "is the red", "is the red circle"), 1.0).gives([
        (1.0, "", "is there"), (2.0, "is", "the red"), (2.4, "the red circle", "")])
    assert len(told) == 3, "an update for each step, and one at the end"


def test_more_hypotheses_may_have_to_agree():
    call(rows_of(stream), [speech(4)], Scripted(*CIRCLE), 1.0, depth=3).gives([
        (1.0, "", "is there"), (2.0, "", "is the red"), (3.0, "is", "the red circle"), (4.0, "the red", "circle big"),
        (4.0, "circle big", "")])
    call(rows_of(stream), [speech(2)], Scripted("is there", "is the red"), 1.0, depth=1).satisfies(
        lambda rows: rows[0] == (1.0, "is there", ""), 'with a depth of 1 "is there" is committed at once')


def test_a_pause_commits_and_silence_is_not_transcribed():
    """Two words, then 4 s of silence, then a word more, which a recogniser would hear in silence as well."""
    silent = np.zeros(16000, np.float32)
    hears = Scripted("turn", "turn off", "turn off", "stop")
    call(rows_of(stream), [speech(2), *[silent] * 4, speech(1)], hears, 1.0).gives([
        (1.0, "", "turn"), (2.0, "turn", "off"), (3.0, "off", ""), (4.0, "", ""), (5.0, "", ""), (6.0, "", ""),
        (7.0, "", "stop"), (7.0, "stop", "")])
    assert hears.given == [1.0, 2.0, 3.0, 1.5], f"it was given {hears.given} s; a pause of 0.5 s stays in the window"
    hum, hears = np.full(16000, 0.0625, np.float32), Scripted("hum")
    call(rows_of(stream), [hum, -speech(1)], hears, 1.0, quiet=0.0625).gives([
        (1.0, "", ""), (2.0, "", "hum"), (2.0, "hum", "")])
    assert hears.given == [1.5], f"no sample of the first second is louder than quiet; {hears.given} s were given"
    call(rows_of(stream), [speech(1.5), silent[:8000], speech(1)], Scripted("turn", "turn off"), 1.0).satisfies(
        lambda rows: rows[1] == (2.0, "turn off", ""), "0.5 s of silence at the end of a step of 1 s are a pause")
    hears = Scripted("turn", "turn it", "turn it off")
    call(rows_of(stream), [speech(0.5), silent[:4000], speech(0.5)], hears, 0.25).satisfies(
        lambda rows: rows[2] == (0.75, "it", "off"), "0.25 s of silence are none where pause_s is 0.5 s")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_word_is_doubled_or_lost_and_the_cost_is_bounded(data):
    """Halves of words at both ends of each window, words that are first heard wrongly, times off by up to 0.1 s."""
    words, step, window = spoken(data), data.draw(st.sampled_from([0.4, 0.5, 1.0])), data.draw(st.sampled_from([4, 9]))
    hears = Listener(words, unsure_s=data.draw(st.sampled_from([0, 0.2])), wrong_s=data.draw(st.sampled_from([0, 0.1])))
    seconds = words[-1].end + 0.5
    rows = call(rows_of(stream), [speech(seconds)], hears, step, window).value
    got = " ".join(row[1] for row in rows if row[1])
    assert got == text_of(words), f"spoken: {text_of(words)}\ncommitted: {got}"
    assert max(hears.given) <= window + 1e-9, f"a window of {window} s, and {max(hears.given)} s were given"
    assert sum(hears.given) <= (seconds / step + 1) * window, f"{sum(hears.given)} s given for {seconds} s of speech"


@settings(max_examples=20, deadline=None)
@given(st.data(), st.lists(st.integers(1, 30000), min_size=1, max_size=20))
def test_pieces_of_any_length_give_the_same(data, lengths):
    words = spoken(data)
    sound = speech(words[-1].end + 0.3)
    cuts = [cut for cut in np.cumsum(lengths) if cut < len(sound)]
    first, second = Listener(words), Listener(words)
    whole = call(rows_of(stream), [sound], first, 0.5, 5.0).value
    call(rows_of(stream), np.split(sound, cuts), second, 0.5, 5.0).gives(whole)
    assert first.given == second.given, f"sounds of {second.given} s, in one piece {first.given} s"


# --- dtw_path, word_times: where a recogniser's times come from -------------------------------------------
def test_the_cheapest_way_through_three_tokens_and_four_frames():
    """The README's example: 1 + 1 + 3 + 1 = 6. The other way round, and for one token alone."""
    cost = np.float32([[1, 1, 2, 2], [7, 5, 3, 8], [9, 8, 6, 1]])
    call(dtw_path, cost).gives([(0, 0), (0, 1), (1, 2), (2, 3)])
    call(dtw_path, cost.T).gives([(0, 0), (1, 0), (2, 1), (3, 2)])
    call(dtw_path, cost[:1]).gives([(0, 0), (0, 1), (0, 2), (0, 3)])


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 5))
def test_no_other_way_is_cheaper(seed, tokens, frames):
    cost = np.random.default_rng(seed).normal(0, 1, (tokens, frames))
    call(dtw_path, cost).gives(min(all_ways(tokens, frames), key=lambda way: sum(cost[place] for place in way)))


def test_ways_are_those_of_openai_whisper_and_librosa():
    for one in record()["paths"]:
        cost = np.random.default_rng(one["seed"]).normal(0, 1, one["shape"])
        call(dtw_path, cost).gives([tuple(place) for place in one["path"]])


UNDER_WAY, LISTENED = [" un", "der", " way", "."], [[0, 90], [0, 20], [20, 50], [50, 70], [70, 80], [80, 90], [80, 90]]


def test_a_word_begins_where_its_first_token_is_looked_for():
    """Of a prompt of two the second looks for " un" up to 0.4 s, " un" for "der" up to 1 s; "." has no time."""
    call(word_times, spread(LISTENED, 90), UNDER_WAY, 2).gives([("under", 0, 1), ("way.", 1, 1.4)], atol=1e-6)
    rows = [[0, 10], [0, 10], [10, 20], [20, 40], [40, 46], [38, 44]]
    call(word_times, spread(rows, 60), [" so", " it", " is"], 2).gives(
        [("so", 0, 0.2), ("it", 0.2, 0.4), ("is", 0.4, 0.8)], atol=1e-6)


def test_where_all_tokens_listen_is_no_time_of_any():
    """Most of all, all of them listen to 0.1 s of noise, from 0.6 s on; less, to the end. Two heads."""
    attention = spread(LISTENED, 90, heads=2)
    attention[:, :, 30:35] += 9
    attention[1, :, 85:] += 3
    call(word_times, attention, UNDER_WAY, 2).gives([("under", 0, 1), ("way.", 1, 1.4)], atol=1e-6)


def test_word_times_are_those_of_openai_whisper():
    """A step left out, out of turn, along another axis, or without the prompt's and the end's rows: frames off."""
    for one in record()["words"]:
        attention = drawn_attention(one["seed"], one["heads"], one["prompt"] + len(one["pieces"]) + 1, one["frames"])
        call(word_times, attention, one["pieces"], one["prompt"]).gives([*map(tuple, one["words"])], atol=1e-6)
