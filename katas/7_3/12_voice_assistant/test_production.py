"""What goes silently wrong in a conversation that lasts: late reports, stalls, long histories, two at once."""

import numpy as np
import pytest
from voice_assistant import fitted, heard_text, is_echo, step

from fixtures.checking import call
from fixtures.katas.voice_assistant.events import AnswerEnded, Played, Sentence, Talking, Tick, Transcript, TurnEnded
from fixtures.katas.voice_assistant.forms import Limits, Pair, Said, State
from fixtures.katas.voice_assistant.made import HEAR, PLAY, answering, asked, modes, playing, remembered, stopping, told
from fixtures.katas.voice_assistant.reference import words


def test_a_frame_of_digital_silence_is_no_echo_of_silence_and_no_frames_are_none():
    call(is_echo, np.float64([]), np.float64([]), 6.0, 3.0, 20).gives(np.zeros(0, bool))
    call(is_echo, np.full(3, -100.0), np.float64([-100, -20, -100]), 6.0, 3.0, 2).gives([False, True, True])


def test_its_own_frame_and_the_first_frames_have_their_place_in_a_long_tail():
    """The defaults are 6 dB, 3 dB and 20 frames; levels of float32."""
    mic, playing_now = np.float32([-30, -23.5, -30, -22.5, -30]), np.float32([-100, -20, -100, -100, -100])
    call(is_echo, mic, playing_now).gives([False, True, True, False, True])
    call(is_echo, np.full(24, -30.0), np.float64([-20] + [-100] * 23)).gives([True] * 20 + [False] * 4)


def test_sentences_of_other_lengths_have_other_words_a_second():
    """1 word in 0.3 s, then 3 words in 0.9 s; a tenth three times is 0.30000000000000004, and 0.3 counts too."""
    said = [Said("Yes.", 0.3), Said("It is here.", 0.9)]
    call(heard_text, said, 0.1 + 0.2).gives("Yes.")
    call(heard_text, said, 0.3).gives("Yes.")
    call(heard_text, said, 0.3 + 0.3 + 0.3).gives("Yes. It is")
    call(heard_text, said, 99.0).gives("Yes. It is here.")
    call(heard_text, [], 1.0).gives("")


def test_a_long_history_is_not_counted_from_its_beginning():
    """A tokenizer is slow: of 5000 pairs three fit, and it is asked five times at most."""
    history = [Pair(f"question {i}", "yes") for i in range(5000)]
    asked_for = []

    def count(messages):
        asked_for.append(len(messages))
        return words(messages)

    kept = call(fitted, history, "and now", "be short", count, 4 + 9).value
    assert [message["content"] for message in kept[1:-1:2]] == ["question 4997", "question 4998", "question 4999"], kept
    assert len(asked_for) <= 5 and max(asked_for) <= 10, f"count was given lists of {asked_for} messages"


def test_what_counts_is_the_whole_prompt():
    """A template writes tokens around each message, here ten, and four at the end."""
    def count(messages):
        return words(messages) + 10 * len(messages) + 4

    short, question = {"role": "system", "content": "short"}, {"role": "user", "content": "six"}
    pair = [{"role": "user", "content": "four"}, {"role": "assistant", "content": "five"}]
    history = [Pair("one two", "three"), Pair("four", "five")]
    call(fitted, history, "six", "short", count, 48).gives([short, *pair, question])
    call(fitted, history, "six", "short", count, 47).gives([short, question])


def test_reports_of_the_loudspeakers_may_come_twice_and_out_of_order():
    recorded = [*asked(), *answering(), Played(4.0, 0, 1.5), Played(4.0, 0, 1.5), Tick(4.0), Played(4.1, 0, 1.0),
                Talking(5.0, 4.5, 5.0)]
    call(remembered(step), recorded).gives([Pair("what is json", "It is a")])


def test_late_reports_of_an_answer_that_is_over_change_nothing():
    """The answer was heard to its end; what else comes of it belongs to no turn."""
    over = [*asked(), *answering(), *playing(until_s=4.0)]
    late = [Played(6.6, 0, 4.0), AnswerEnded(6.6, 0), Sentence(6.7, 0, "Never say this.", 1.0), Played(6.8, 0, 5.0)]
    call(remembered(step), over + late).gives([Pair("what is json", "It is a module. It can read a file.")])
    call(modes(step), over + late).satisfies(lambda seen: seen[-5:] == ["listening"] * 4 + [1],
                                             "it goes on listening, in generation 1")


def test_what_belongs_to_no_turn_changes_nothing():
    """A transcript that nobody asked for, and a generation that there has not been."""
    call(told(step), [Transcript(1.0, 0, "hello"), Sentence(1.1, 0, "Hello.", 1.0)]).gives([])
    call(told(step), [*asked(), Sentence(2.5, 7, "Hello.", 1.0)]).gives(HEAR)
    early = [Played(0.5, 0, 9.0), AnswerEnded(0.6, 0), *asked(), Sentence(2.5, 0, "It is.", 1.0)]
    call(modes(step), early).gives([*["listening"] * 4, *["thinking"] * 2, "speaking", 0])


def test_an_answer_without_a_sentence_is_over_when_it_ends():
    """As the answer to "stop" is. The next turn is a new one, and its question is heard from its own beginning."""
    silent = [*asked(), AnswerEnded(2.5, 0)]
    call(modes(step), silent).gives(["listening"] * 2 + ["thinking"] * 2 + ["listening", 1])
    call(told(step), [*silent, *asked(1, 10.0)]).gives(
        [*HEAR, (11.3, [("Hear", 1, 10.0, 11.0)]), (11.4, [("Answer", 1, "what is json")])])


def test_a_pause_in_a_long_answer_is_no_end():
    """All that was written was played, and the model writes on."""
    slow = [*asked(), Sentence(2.5, 0, "It is.", 1.0), Played(3.5, 0, 1.0), Tick(4.0), Sentence(5.0, 0, "So.", 1.0)]
    call(modes(step), slow).satisfies(lambda seen: seen[-5:] == ["speaking"] * 4 + [0], "it speaks in generation 0")


def test_a_turn_is_given_up_where_nothing_moves():
    """10 s after the last sign of life; a report that says nothing new is none. What was heard is remembered."""
    stuck = [*asked(), Tick(12.3), Tick(12.39), Tick(12.5), Tick(13.0)]
    call(told(step), stuck).gives([*HEAR, (12.5, stopping(0))])
    spoken = [*asked(), *answering()[:1], Tick(12.4), Tick(12.6)]
    call(told(step), spoken).gives([*HEAR, PLAY[0], (12.6, stopping(0))])
    half = [*asked(), *answering()[:2], *playing(until_s=2.0), Played(9.0, 0, 2.0), Tick(14.4), Tick(14.5)]
    call(told(step), half).gives([*HEAR, *PLAY, (14.5, stopping(0))])
    call(remembered(step), half).gives([Pair("what is json", "It is a module.")])
    call(told(step), [*half, *asked(1, 20.0)[:3]]).gives(  # the next turn is heard from its own beginning
        [*HEAR, *PLAY, (14.5, stopping(0)), (21.3, [("Hear", 1, 20.0, 21.0)])])


def test_patience_is_counted_from_the_turns_end_on_any_clock():
    """Time began long before; nothing is given up while it listens."""
    recorded = [Tick(1e6), *asked(0, 1e6), Tick(1e6 + 11.3), Tick(1e6 + 11.39)]
    call(modes(step), recorded).satisfies(lambda seen: seen[-2:] == ["thinking", 0], "it goes on thinking")


def test_limits_are_those_that_are_given():
    """Three eighths of a second on the clock exactly are long enough, with 5 s of patience."""
    limits = Limits(interrupt_s=0.375, patience_s=5.0)
    talk = [Talking(4.0 + long, 4.0, 4.0 + long) for long in (0.125, 0.25, 0.375, 0.5)]
    call(told(step), [*asked(), *answering(), *talk], limits).gives([*HEAR, *PLAY, (4.375, stopping(0))])
    call(told(step), [*asked(), Tick(7.375), Tick(7.5)], limits).gives([*HEAR, (7.5, stopping(0))])
    call(told(step), [*asked(), TurnEnded(4.6, 4.0, 4.375)], limits).gives(
        [*HEAR, (4.6, [("Cancel", 0), ("Drop",), ("Hear", 1, 1.0, 4.375), ("Stop",)])])


def test_two_conversations_are_two():
    """A function of state and event alone: the state before is still good, and nothing is kept beside it."""
    thinking = State()
    for event in asked():
        thinking, _ = call(step, thinking, event).value
    call(step, thinking, Sentence(2.5, 0, "It is.", 1.0))
    ended, actions = call(step, thinking, AnswerEnded(2.5, 0)).value
    assert (ended.mode, ended.history, list(actions)) == ("listening", (), []), f"it ended with {ended}, {actions}"
    again, actions = call(step, thinking, Transcript(2.5, 0, "another")).value
    assert again.mode == "thinking" and not actions, f"a second transcript of a turn: {again.mode}, {actions}"


@pytest.mark.parametrize(("function", "arguments", "error", "name"), [
    (is_echo, (np.zeros(3), np.zeros(2)), ValueError, "playing_levels"),
    (is_echo, (np.zeros(3), np.zeros(4)), ValueError, "playing_levels"),
    (fitted, ([Pair("a", "b")], "one two", "three", words, 2), ValueError, "budget"),
    (step, (State(), (1.0, 2.0, 3.0)), TypeError, "event"),
    (step, (State(), None), TypeError, "event"),
])
def test_refusals(function, arguments, error, name):
    call(function, *arguments).raises(error, naming=name)
