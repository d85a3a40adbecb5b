"""The idea: who talks is heard, also while it speaks; what it says itself is not; it remembers what was heard."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from voice_assistant import fitted, heard_text, is_echo, step

from fixtures.checking import call
from fixtures.katas.voice_assistant.events import AnswerEnded, Played, Sentence, Talking, Tick, Transcript, TurnEnded
from fixtures.katas.voice_assistant.forms import Pair, Said
from fixtures.katas.voice_assistant.made import HEAR, PLAY, answering, asked, modes, playing, remembered, stopping, told
from fixtures.katas.voice_assistant.reference import echo_frames, fitting, words

SAID = [Said("It is a module.", 2.0), Said("It can read a file.", 2.0)]
PLAYING = np.float64([-100, -20, -20, -100, -100, -100, -100, -20])
MIC = np.float64([-50, -50, -28, -28, -28, -28, -60, -18])
HISTORY = [Pair("one two", "three"), Pair("four", "five six seven"), Pair("eight", "nine")]


# --- is_echo: whose voice is this --------------------------------------------------------------------


def test_its_own_voice_is_echo_and_a_louder_one_is_not():
    """What plays at -20 dB comes back 10 dB weaker: -30, and up to -27 it may be the own voice."""
    mic = np.float64([-50, -30, -27.5, -27, -20])
    call(is_echo, mic, np.full(5, -20.0), 10.0, 3.0, 1).gives([True, True, True, False, False])


def test_its_own_voice_comes_back_late():
    """The README's example: a tail of 3 frames. Frame 5 is the fourth behind frame 2, where it was last heard."""
    call(is_echo, MIC, PLAYING, 10.0, 3.0, 3).gives([False, True, True, True, True, False, False, False])


def test_where_nothing_plays_nothing_is_echo():
    call(is_echo, np.float64([-60, -100, -20]), np.full(3, -100.0), 6.0, 3.0, 2).gives([False, False, False])


@given(st.lists(st.tuples(st.sampled_from([-60, -33, -30, -27, -20]), st.sampled_from([-100, -40, -20])), max_size=30),
       st.sampled_from([0.0, 10.0, 20.0]), st.sampled_from([0.0, 3.0]), st.integers(1, 6))
def test_echo_is_what_the_definition_says(levels, loss_db, margin_db, tail):
    mic, played = np.array(levels, float).reshape(-1, 2).T
    call(is_echo, mic, played, loss_db, margin_db, tail).gives(echo_frames(mic, played, loss_db, margin_db, tail))


# --- heard_text and fitted: what it remembers --------------------------------------------------------


def test_what_was_heard_ends_within_a_sentence():
    """The README's example: 4 words in 2 s, then 5 words in 2 s, a word every 0.4 s."""
    call(heard_text, SAID, 1.4).gives("It is")
    call(heard_text, SAID, 3.0).gives("It is a module. It can")
    call(heard_text, SAID, 2.0).gives("It is a module.")


def test_before_the_first_word_nothing_was_heard_and_at_the_end_everything():
    call(heard_text, SAID, 0.4).gives("")
    call(heard_text, SAID, 4.0).gives("It is a module. It can read a file.")


def test_the_last_pairs_are_kept_and_the_system_prompt():
    """The README's example: a word is a token. System and question are 3; the last pair 2, the one before 4."""
    wanted = [{"role": "system", "content": "be short"}, {"role": "user", "content": "eight"},
              {"role": "assistant", "content": "nine"}, {"role": "user", "content": "ten"}]
    call(fitted, HISTORY, "ten", "be short", words, 5).gives(wanted)
    call(fitted, HISTORY, "ten", "be short", words, 8).gives(wanted)
    call(fitted, HISTORY, "ten", "be short", words, 3).gives([wanted[0], wanted[3]])
    two = [{"role": "user", "content": "four"}, {"role": "assistant", "content": "five six seven"}]
    call(fitted, HISTORY, "ten", "be short", words, 9).gives([wanted[0], *two, *wanted[1:]])


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), max_size=8), st.integers(0, 40))
def test_the_prompt_is_what_the_definition_says(lengths, more):
    history = [Pair(" ".join(["why"] * asks), " ".join(["so"] * says)) for asks, says in lengths]
    wanted = fitting(history, "and now", "be short", 4 + more)
    call(fitted, history, "and now", "be short", words, 4 + more).gives(wanted)


# --- step: a turn and its answer ---------------------------------------------------------------------


def test_a_turn_is_heard_and_answered():
    """The README's example. Nothing is wanted while somebody talks."""
    call(told(step), asked()).gives(HEAR)


def test_each_sentence_is_played_when_it_comes():
    call(told(step), [*asked(), *answering()]).gives([*HEAR, *PLAY])


def test_it_listens_thinks_speaks_and_listens():
    """It is over when the answer has ended and all of it was played, whichever comes last."""
    call(modes(step), [*asked(), *answering(), *playing(until_s=4.0)]).gives(
        [*["listening"] * 2, *["thinking"] * 2, *["speaking"] * 10, "listening", 1])
    late = [*asked(), Sentence(2.5, 0, "It is.", 1.0), Played(3.5, 0, 1.0), AnswerEnded(4.0, 0)]
    call(modes(step), late).gives([*["listening"] * 2, *["thinking"] * 2, *["speaking"] * 2, "listening", 1])


def test_a_turn_without_words_is_over():
    call(modes(step), asked(text=" ")).gives(["listening", "listening", "thinking", "listening", 1])


def test_the_answer_is_remembered_when_it_was_heard():
    recorded = [*asked(), *answering(), *playing(until_s=4.0)]
    call(remembered(step), recorded).gives([Pair("what is json", "It is a module. It can read a file.")])
    call(remembered(step), recorded[:-1]).gives([])


# --- step: interruptions -----------------------------------------------------------------------------

INTERRUPTED = [*asked(), *answering(), *playing(until_s=3.0), Talking(5.4, 5.3, 5.4), Talking(5.52, 5.3, 5.52),
               Talking(6.0, 5.3, 6.0), TurnEnded(6.6, 5.3, 6.3)]


def test_who_talks_for_a_while_stops_it_at_once():
    """At 5.52 somebody has talked for over 0.2 s: what plays, what waits and the work for it are stopped, once."""
    call(told(step), INTERRUPTED).gives([*HEAR, *PLAY, (5.52, stopping(0)), (6.6, [("Hear", 1, 5.3, 6.3)])])


def test_it_remembers_what_was_heard_until_then():
    """3 of 4 seconds were played: six of nine words."""
    call(remembered(step), INTERRUPTED).gives([Pair("what is json", "It is a module. It can")])


def test_a_cough_stops_nothing():
    """0.15 s of sound, while it speaks and while it thinks; nor is it heard as a turn."""
    cough = [Talking(4.1, 4.0, 4.1), Talking(4.15, 4.0, 4.15), TurnEnded(4.45, 4.0, 4.15)]
    call(told(step), [*asked(), *answering(), *cough]).gives([*HEAR, *PLAY])
    call(told(step), [*asked(), *cough]).gives(HEAR)


def test_what_comes_late_from_a_cancelled_turn_is_discarded():
    late = [Sentence(6.7, 0, "Never say this.", 1.0), AnswerEnded(6.7, 0), Played(6.7, 0, 4.0),
            Transcript(6.7, 0, "what is json"), Transcript(6.8, 1, "stop"), Sentence(6.9, 0, "Nor this.", 1.0)]
    call(told(step), [*INTERRUPTED, *late]).gives([
        *HEAR, *PLAY, (5.52, stopping(0)), (6.6, [("Hear", 1, 5.3, 6.3)]), (6.8, [("Answer", 1, "stop")])])


def test_who_goes_on_after_a_pause_is_heard_from_the_beginning():
    """A breath in the question: nothing of the answer was heard, so both parts are one turn, and have one answer."""
    rest = [Talking(2.55, 2.45, 2.55), Talking(2.7, 2.45, 2.7), Talking(3.0, 2.45, 3.0), TurnEnded(3.3, 2.45, 3.0),
            Sentence(3.3, 0, "Too early.", 1.0), Transcript(3.4, 1, "what is json for")]
    wanted = [(2.7, stopping(0)), (3.3, [("Hear", 1, 1.0, 3.0)]), (3.4, [("Answer", 1, "what is json for")])]
    call(told(step), [*asked(), *rest]).gives([*HEAR, *wanted])
    call(told(step), [*asked()[:-1], *rest]).gives([HEAR[0], *wanted])


def test_who_goes_on_when_it_begins_to_speak_is_still_asking():
    """The first sentence plays, and its first word takes 0.5 s: after 0.1 s not one was heard. After 0.5 s one was."""
    rest = [Talking(2.7, 2.45, 2.7), TurnEnded(3.3, 2.45, 3.0)]
    stopped, begun = (2.7, stopping(0)), [*HEAR, *PLAY[:1]]
    for played in ([], [Played(2.6, 0, 0.1)]):
        call(told(step), [*asked(), *answering()[:1], *played, *rest]).gives(
            [*begun, stopped, (3.3, [("Hear", 1, 1.0, 3.0)])])
    call(told(step), [*asked(), *answering()[:1], Played(2.6, 0, 0.5), *rest]).gives(
        [*begun, stopped, (3.3, [("Hear", 1, 2.45, 3.0)])])


def test_a_turn_that_is_told_at_its_end_alone_interrupts_too():
    call(told(step), [*asked(), *answering(), Played(4.5, 0, 2.0), TurnEnded(5.5, 4.6, 5.2), Tick(5.6)]).gives(
        [*HEAR, *PLAY, (5.5, [("Cancel", 0), ("Drop",), ("Hear", 1, 4.6, 5.2), ("Stop",)])])
