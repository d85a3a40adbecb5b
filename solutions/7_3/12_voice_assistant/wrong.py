"""Wrong answers that people give to voice_assistant; each docstring says what is wrong."""

from voice_assistant import fitted, heard_text, is_echo, step

from fixtures.checking import wrong_answer_to
from fixtures.katas.voice_assistant.actions import Cancel, Drop, Hear, Stop
from fixtures.katas.voice_assistant.events import AnswerEnded, Talking, TurnEnded
from fixtures.katas.voice_assistant.forms import State
from fixtures.katas.voice_assistant.made import modes, remembered, seen, told


@wrong_answer_to(is_echo)
def hears_its_own_voice_come_late(mic_levels, playing_levels, loss_db=6.0, margin_db=3.0, tail=20):
    """Its own voice needs time through the air and the sound card: compare with the loudest of the last `tail` frames,
    or the assistant answers itself."""
    return is_echo(mic_levels, playing_levels, loss_db, margin_db, 1)


@wrong_answer_to(heard_text)
def counts_what_is_begun(said, played_s):
    """The whole sentence that plays is remembered, also the words that nobody heard: cut within it, by its words."""
    begun = [text for i, (text, _) in enumerate(said) if sum(seconds for _, seconds in said[:i]) < played_s]
    return " ".join(begun)


@wrong_answer_to(fitted)
def leaves_a_gap(history, question, system, count, budget):
    """A pair that did not fit was left out and older ones were kept: then "that" means something else. Stop there."""
    kept = []
    for pair in reversed(history):
        tried = fitted([pair, *kept], question, system, count, 10**9)
        if count(tried) <= budget:
            kept.insert(0, pair)
    return fitted(kept, question, system, count, budget)


@wrong_answer_to(step)
@seen(told)
def is_deaf_while_it_speaks(state, event, limits=None):
    """While it speaks it hears nobody: Talking and TurnEnded count in every mode."""
    if state.mode == "speaking" and isinstance(event, (Talking, TurnEnded)):
        return state, []
    return step(state, event, limits)


@wrong_answer_to(step)
@seen(told)
def lets_speak_what_waits(state, event, limits=None):
    """The sentence that plays falls silent, and then the next one is spoken: Drop what waits as well."""
    state, actions = step(state, event, limits)
    return state, [action for action in actions if not isinstance(action, Drop)]


@wrong_answer_to(step)
@seen(told)
def speaks_the_sentence_to_its_end(state, event, limits=None):
    """What waits is dropped, but the sentence that plays goes on to its end: Stop it as well."""
    state, actions = step(state, event, limits)
    return state, [action for action in actions if not isinstance(action, Stop)]


@wrong_answer_to(step)
@seen(told)
def answers_twice(state, event, limits=None):
    """Who goes on talking while it thinks gets two answers: cancel the first one."""
    after, actions = step(state, event, limits)
    if state.mode == "thinking" and isinstance(event, (Talking, TurnEnded)):
        actions = [action for action in actions if not isinstance(action, (Stop, Drop, Cancel))]
    return after, actions


@wrong_answer_to(step)
@seen(told)
def takes_what_comes_late(state, event, limits=None):
    """What was made for a turn that is over is taken for this one: compare the event's generation with the state's."""
    if hasattr(event, "generation"):
        event = event._replace(generation=state.generation)
    return step(state, event, limits)


@wrong_answer_to(step)
@seen(told)
def stops_for_a_cough(state, event, limits=None):
    """Any sound stops it: wait until somebody has talked for interrupt_s."""
    if isinstance(event, Talking):
        event = event._replace(until_s=event.start_s + 1)
    return step(state, event, limits)


@wrong_answer_to(step)
@seen(told)
def hears_the_rest_alone(state, event, limits=None):
    """Who paused for breath is heard from there on only: while nothing of the answer was heard, the turn goes on, from
    its beginning."""
    state, actions = step(state, event, limits)
    return state, [action._replace(start_s=event.start_s) if isinstance(action, Hear) else action for action in actions]


@wrong_answer_to(step)
@seen(modes)
def is_over_when_all_is_written(state, event, limits=None):
    """AnswerEnded ends the turn, and most of the answer is not played yet: it is over when all of it was Played too."""
    after, actions = step(state, event, limits)
    if isinstance(event, AnswerEnded) and after.mode == "speaking" and not state.ended:
        after = State(generation=after.generation + 1, history=after.history)
    return after, actions


@wrong_answer_to(step)
@seen(remembered)
def remembers_what_nobody_heard(state, event, limits=None):
    """The whole answer is remembered, though it was interrupted: the next answer builds on what nobody heard."""
    after, actions = step(state, event, limits)
    if len(after.history) > len(state.history):
        whole = " ".join(said.text for said in state.said)
        after = after._replace(history=(*state.history, after.history[-1]._replace(answer=whole)))
    return after, actions
