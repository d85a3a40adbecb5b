"""Recognise speech while it is spoken: what successive hypotheses agree on is committed. Also a program: README.md."""

import math
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":  # a program finds fixtures by itself
    sys.path.append(str(Path(__file__).parents[3]))

from fixtures.katas.streaming_stt.words import SAMPLE_RATE_HZ, Transcribe, Update, Word, blocks


def spelled(text: str) -> str:
    """Return what counts where words are compared: without case, and without what is no letter or digit around it."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", text.casefold())


def agreed(hypotheses: Sequence[Sequence[Word]]) -> list[Word]:
    """Return the words that all hypotheses begin with, as the last hypothesis has them."""
    count = 0
    for words in zip(*hypotheses):
        if len({spelled(word.text) for word in words}) > 1:
            break
        count += 1
    return list(hypotheses[-1][:count])


def unsaid(words: Sequence[Word], committed: Sequence[Word]) -> list[Word]:
    """Leave out the beginning of a hypothesis that was committed before.

    It is the beginning that takes the fewest changes (words replaced, dropped or added) to become the committed
    words; of several, the one whose end (of none: the first word's start) is nearest to the last committed word's end.
    committed: the committed words that lie in the sound of this hypothesis, times counted alike
    """
    changes = list(range(len(words) + 1))  # changes[k]: from words[:k] to the committed words so far
    texts, said = ([spelled(word.text) for word in some] for some in (words, committed))
    for old in said:
        before, changes = changes, [changes[0] + 1]
        for k, text in enumerate(texts, 1):
            changes.append(min(before[k - 1] + (text != old), before[k] + 1, changes[-1] + 1))
    if not words or not committed:
        return list(words)
    ends = [words[0].start, *(word.end for word in words)]
    count = min(range(len(changes)), key=lambda k: (changes[k], abs(ends[k] - committed[-1].end)))
    return list(words[count:])


def trimmed_start(committed: Sequence[Word], start_s: float, end_s: float, longest_s: float,
                  overlap_s: float = 1.0) -> float:
    """Return where the sound from start_s to end_s is to begin from now on, so that it is no longer than longest_s.

    While it is not, nothing is cut. Else it begins with a committed word, the last one that begins overlap_s or more
    before the last committed word ends; and where it is too long still, with its last longest_s.
    """
    if end_s - start_s <= longest_s:
        return start_s
    starts = [word.start for word in committed if word.start <= committed[-1].end - overlap_s]
    return max([end_s - longest_s, *starts])


def stream(pieces: Iterable[NDArray[np.floating]], transcribe: Transcribe, step_s: float = 0.5, window_s: float = 15.0,
           depth: int = 2, pause_s: float = 0.5, quiet: float = 0.01) -> Iterator[Update]:
    """Yield an update after every step_s seconds of sound, and one at its end (Liu et al. 2020, Machacek et al. 2023).

    pieces: (n,) floating point, mono, 16 kHz, of any lengths, as they come; blocks() of words.py cuts them anew
    transcribe: given the newest samples, at most window_s of them, it returns their words
    depth: so many successive hypotheses must agree on a word before it is committed
    In a pause, when the last pause_s have no sample louder than `quiet`, and at the end of the sound nothing will be
    heard otherwise any more: the rest of the hypothesis is committed, and the window begins anew with the pause.
    Sound that is quiet throughout is not transcribed. A word whose middle is trimmed away is committed before.
    """
    _check(step_s, window_s, depth, pause_s)
    step, pause, window = (round(seconds * SAMPLE_RATE_HZ) for seconds in (step_s, pause_s, window_s))
    sound, heard = np.zeros(0, np.float32), 0
    said: list[Word] = []  # the committed words in the sound
    guesses: deque[list[Word]] = deque(maxlen=depth)  # what hypotheses say behind them
    for block in blocks(pieces, step):
        sound, heard = np.concatenate([sound, block]), heard + len(block)
        start_s, end_s = (heard - len(sound)) / SAMPLE_RATE_HZ, heard / SAMPLE_RATE_HZ
        over = len(block) < step or np.abs(sound[-pause:]).max() <= quiet
        if len(block):
            words = transcribe(sound.copy()) if np.abs(sound).max() > quiet else []
            guesses.append(unsaid(_placed(words, start_s, end_s), said))
        guess = guesses[-1] if guesses else []
        sure = guess if over else agreed(guesses) if len(guesses) == depth else []
        begin_s = trimmed_start([*said, *sure], start_s, end_s, (window - step) / SAMPLE_RATE_HZ)
        count = max(len(sure), sum(word.start + word.end < 2 * begin_s for word in guess))
        yield Update(end_s, guess[:count], guess[count:])
        if over:
            sound, said = sound[-min(pause, window - step) :], []
            guesses.clear()
        else:
            sound = sound[round((begin_s - start_s) * SAMPLE_RATE_HZ) :]
            said = [word for word in [*said, *guess[:count]] if word.start + word.end >= 2 * begin_s]
            guesses = deque([words[count:] for words in guesses], maxlen=depth)


def _check(step_s: float, window_s: float, depth: int, pause_s: float) -> None:
    for name, value, least in (("step_s", step_s, 0.01), ("window_s", window_s, 2 * step_s), ("depth", depth, 1),
                               ("pause_s", pause_s, 0.01)):
        if not least <= value < math.inf:
            raise ValueError(f"{name} must be at least {least:g}, got {value}")


def _placed(words: Sequence[Word], start_s: float, end_s: float) -> list[Word]:
    """Count times from the beginning of everything, within the sound; leave out what is punctuation alone."""
    return [Word(text, *(min(max(start_s, start_s + seconds), end_s) for seconds in times))
            for text, *times in words if spelled(text)]


if __name__ == "__main__":
    from fixtures.katas.streaming_stt.program import main

    main(Path(__file__))
