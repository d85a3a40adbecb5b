"""Recognise speech while it is spoken: what successive hypotheses agree on is committed. Also a program: README.md."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np  # noqa: F401

if __name__ == "__main__":  # a program finds fixtures by itself
    sys.path.append(str(Path(__file__).parents[3]))

from fixtures.katas.streaming_stt.windows import blocks, checked, placed, trimmed_start  # noqa: F401
from fixtures.katas.streaming_stt.words import (  # noqa: F401
    SAMPLE_RATE_HZ,
    Floats,
    Transcribe,
    Update,
    Word,
    words_of,
)


def spelled(text: str) -> str:
    """Return what counts where words are compared: without case, and without what is no letter or digit around it."""
    raise NotImplementedError


def agreed(hypotheses: Sequence[Sequence[Word]]) -> list[Word]:
    """Return the words that all hypotheses begin with, as the last hypothesis has them."""
    raise NotImplementedError


def unsaid(words: Sequence[Word], committed: Sequence[Word]) -> list[Word]:
    """Leave out the beginning of a hypothesis that was committed before.

    It is the beginning that takes the fewest changes (words replaced, dropped or added) to become the committed
    words; of several, the one whose end (of none: the first word's start) is nearest to the last committed word's end.
    committed: the committed words that lie in the sound of this hypothesis, times counted alike
    """
    raise NotImplementedError


def stream(pieces: Iterable[Floats], transcribe: Transcribe, step_s: float = 0.5, window_s: float = 15.0,
           depth: int = 2, pause_s: float = 0.5, quiet: float = 0.01) -> Iterator[Update]:
    """Yield an update after every step_s seconds of sound, and one at its end (Liu et al. 2020, Machacek et al. 2023).

    pieces: (n,) floating point, mono, 16 kHz, of any lengths, as they come; blocks() of windows.py cuts them anew
    transcribe: given the newest samples, at most window_s of them, it returns their words
    depth: so many successive hypotheses must agree on a word before it is committed
    In a pause, when the last pause_s have no sample louder than `quiet`, and at the end of the sound nothing will be
    heard otherwise any more: the rest of the hypothesis is committed, and the window begins anew with the pause.
    Sound that is quiet throughout is not transcribed. A word whose middle is trimmed away is committed before.
    """
    raise NotImplementedError


def dtw_path(cost: Floats) -> list[tuple[int, int]]:
    """Return the cheapest way through cost (tokens, frames), corner to corner, a token or a frame or both at a time."""
    raise NotImplementedError


def word_times(attention: Floats, pieces: Sequence[str], prompt: int) -> list[Word]:
    """Return the words that pieces, the texts of tokens, make, and when: where the decoder listened (openai-whisper).

    attention: (heads, tokens, frames) cross-attention before its softmax, 50 frames a second. Its tokens are `prompt`
        ones that stood before, then the pieces, then the end. While token i - 1 is read, token i is looked for.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.streaming_stt.program import main

    main(Path(__file__))
