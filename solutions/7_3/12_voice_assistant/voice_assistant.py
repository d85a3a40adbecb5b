"""A full-duplex assistant: it listens while it speaks, and whoever talks stops it. Also a program: see README.md."""

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # a program finds fixtures and the katas before this one by itself
    sys.path += [str(Path(__file__).parents[3]), *map(str, Path(__file__).parents[1].iterdir())]

import numpy as np
from numpy.typing import NDArray

from fixtures.katas.voice_assistant import actions, events
from fixtures.katas.voice_assistant.forms import Count, Limits, Message, Pair, Said, State

Levels = NDArray[np.floating]


def is_echo(mic_levels: Levels, playing_levels: Levels, loss_db: float = 6.0, margin_db: float = 3.0,
            tail: int = 20) -> NDArray[np.bool_]:
    """Say of each frame whether the microphone hears no more than the assistant's own voice may be.

    mic_levels, playing_levels: (frames,) decibels, as frame_levels of voice_activity gives them; -100 is silence
    The own voice arrives loss_db weaker and up to tail - 1 frames late: a frame is echo if it lies less than margin_db
    above (the loudest of the last `tail` playing levels, its own frame's among them) - loss_db.
    Source: Geigel's detector of double talk (Duttweiler 1978), on frames instead of samples.
    """
    if len(mic_levels) != len(playing_levels):
        raise ValueError(f"playing_levels must be as many as the microphone's {len(mic_levels)}")
    padded = np.concatenate([np.full(tail, -np.inf), playing_levels])
    loudest = np.lib.stride_tricks.sliding_window_view(padded, tail)[1:].max(axis=1)  # (frames,)
    return mic_levels < loudest - loss_db + margin_db


def heard_text(said: Sequence[Said], played_s: float) -> str:
    """Return the words that were heard when played_s seconds of these sentences' sound had been played.

    The words of a sentence are taken to be equally long; a word counts when its end was heard.
    """
    words: list[str] = []
    for text, seconds in said:
        share = min(max(played_s / seconds, 0), 1)
        words += text.split()[: int(len(text.split()) * share + 1e-6)]
        played_s -= seconds
    return " ".join(words)


def fitted(history: Sequence[Pair], question: str, system: str, count: Count, budget: int) -> list[Message]:
    """Return the prompt's messages: system, as many of the last pairs as fit without a gap, and the question.

    count(messages) may be at most budget; it is asked until a pair does not fit. Raises ValueError naming budget if
    the question alone does not fit.
    """
    messages: list[Message] = []
    for kept in range(len(history) + 1):
        tried = [{"role": "system", "content": system}]
        for asked, answered in history[len(history) - kept :]:
            tried += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        tried.append({"role": "user", "content": question})
        if count(tried) > budget:
            break
        messages = tried
    if not messages:
        raise ValueError(f"budget of {budget} tokens is too small for the question alone")
    return messages


def step(state: State, event: events.Event, limits: Limits | None = None) -> tuple[State, list[actions.Action]]:
    """Return the state after an event, and what is to be done now, by the README's rules.

    Raises TypeError naming event for what is none of events.py.
    """
    interrupt_s, patience_s = limits or Limits()
    if not isinstance(event, events.Event):
        raise TypeError(f"event must be one of events.py, got {event!r}")
    at_s, busy, generation = event.at_s, state.mode != "listening", getattr(event, "generation", None)
    if generation is not None and not (busy and generation == state.generation):
        return state, []  # it belongs to a turn that is over
    match event:
        case events.Talking(_, start_s, end_s) | events.TurnEnded(_, start_s, end_s) if (
                busy and end_s - start_s < interrupt_s):
            return state, []  # a cough
        case events.Talking() if busy:
            return _over(state, interrupted=True)
        case events.TurnEnded(_, start_s, end_s):
            state, stopping = _over(state, interrupted=True) if busy else (state, [])
            start_s = start_s if state.turn_s is None else state.turn_s
            state = state._replace(mode="thinking", turn_s=start_s, progress_s=at_s)
            return state, [*stopping, actions.Hear(state.generation, start_s, end_s)]
        case events.Transcript(_, _, text) if state.mode == "thinking" and not state.question:
            if not text.strip():
                return _over(state)[0], []
            return state._replace(question=text, progress_s=at_s), [actions.Answer(state.generation, text)]
        case events.Sentence(_, _, text, seconds):
            said = (*state.said, Said(text, seconds))
            return state._replace(mode="speaking", said=said, progress_s=at_s), [actions.Play(state.generation, text)]
        case events.Tick() if busy and at_s - state.progress_s >= patience_s:
            return _over(state)
        case events.Played(_, _, played_s) if played_s > state.played_s:
            state = state._replace(played_s=played_s, progress_s=at_s)
        case events.AnswerEnded():
            state = state._replace(ended=True)
    if state.ended and state.played_s > sum(seconds for _, seconds in state.said) - 1e-3:
        return _over(state)[0], []
    return state, []


def _over(state: State, interrupted: bool = False) -> tuple[State, list[actions.Action]]:
    """End a turn and remember what was heard; where nothing was, an interrupted turn goes on, from its beginning."""
    heard = heard_text(state.said, state.played_s)
    history = (*state.history, Pair(state.question, heard)) if heard else state.history
    turn_s = state.turn_s if interrupted and not heard else None
    stopping: list[actions.Action] = [actions.Stop(), actions.Drop(), actions.Cancel(state.generation)]
    return State("listening", state.generation + 1, history, turn_s), stopping


if __name__ == "__main__":
    from fixtures.katas.voice_assistant.program import main

    main(Path(__file__))
