"""From a recording to streamed answers: windows, questions, the cascade, a comparison. Also a program: README.md."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":  # a program finds fixtures by itself
    sys.path.append(str(Path(__file__).parents[3]))

from fixtures.katas.whisper_pipeline.forms import (  # noqa: F401
    NOT_UNDERSTOOD,
    SAMPLE_RATE_HZ,
    Event,
    Phrase,
    Row,
    Run,
    Span,
)

MARKER = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")  # [BLANK_AUDIO], (Music), *sighs*, ♪ la la ♪


def quietest(samples: NDArray[np.floating], start: int, end: int) -> int:
    """Return the middle of the quietest 0.1 s (the least sum of squares) that lies within samples[start:end].

    Each 0.1 s begins a multiple of 10 ms behind start; of several the first. A part that is shorter: its own middle.
    """
    raise NotImplementedError


def windows(samples: NDArray[np.floating], segments: Sequence[Span], longest_s: float = 5.0,
            pause_s: float = 0.5) -> list[Span]:
    """Group segments with speech into windows of at most longest_s, in order; nothing is lost, nothing comes twice.

    samples: (n,) floating point, mono, 16 kHz; segments: (start, end) in samples, as voice_segments gives them
    A segment joins the window before it if the pause between them is at most pause_s and both together are at most
    longest_s. One that is longer is cut where the second half of its first longest_s is quietest, and so is its rest.
    """
    raise NotImplementedError


def question(phrases: Sequence[Phrase], least: float = 0.6) -> str | None:
    """Return what was said in a window, in one line, or None if there is nothing that could be asked.

    What MARKER finds is no word; a phrase without a letter or digit besides, or with no_speech above 0.6, is left out.
    If the probability of any phrase that stays is not at least `least`, the question is not sure: None.
    """
    raise NotImplementedError


def cascade(samples: NDArray[np.floating], spans: Sequence[Span],
            transcribe: Callable[[NDArray[np.float32]], Sequence[Phrase]], generate: Callable[[str], Iterable[str]],
            clock: Callable[[], float] = perf_counter, least: float = 0.6) -> Iterator[Event]:
    """Hear one window after the other and answer it: Event says what is yielded, and what its seconds are.

    Each window gives "heard", its answer's pieces, "end"; without a question the answer is NOT_UNDERSTOOD, and nothing
    is generated. An Exception of transcribe or generate becomes "error", and the next window follows. Nothing is done
    before it is asked for; time that the caller takes between two events does not count.
    """
    raise NotImplementedError


def condition_row(name: str, size_bytes: int, runs: Sequence[Run],
                  word_error_rate: Callable[[list[str], list[str]], float]) -> Row:
    """Return a recogniser's row: size, seconds of work for one second of speech, word error rate over all sentences.

    word_error_rate: as jiwer.wer; it is given said and heard of all runs in lower case, words of letters, digits and '
    """
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.whisper_pipeline.program import main

    main(Path(__file__))
