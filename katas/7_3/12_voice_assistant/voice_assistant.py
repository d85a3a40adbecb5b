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
    raise NotImplementedError


def heard_text(said: Sequence[Said], played_s: float) -> str:
    """Return the words that were heard when played_s seconds of these sentences' sound had been played.

    The words of a sentence are taken to be equally long; a word counts when its end was heard.
    """
    raise NotImplementedError


def fitted(history: Sequence[Pair], question: str, system: str, count: Count, budget: int) -> list[Message]:
    """Return the prompt's messages: system, as many of the last pairs as fit without a gap, and the question.

    count(messages) may be at most budget; it is asked until a pair does not fit. Raises ValueError naming budget if
    the question alone does not fit.
    """
    raise NotImplementedError


def step(state: State, event: events.Event, limits: Limits | None = None) -> tuple[State, list[actions.Action]]:
    """Return the state after an event, and what is to be done now, by the README's rules.

    Raises TypeError naming event for what is none of events.py.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.voice_assistant.program import main

    main(Path(__file__))
