"""Recognise speech while it is spoken: what successive hypotheses agree on is committed. Also a program: README.md."""

import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter
from scipy.special import softmax

if __name__ == "__main__":  # a program finds fixtures by itself
    sys.path.append(str(Path(__file__).parents[3]))

from fixtures.katas.streaming_stt.windows import blocks, checked, placed, trimmed_start
from fixtures.katas.streaming_stt.words import SAMPLE_RATE_HZ, Floats, Transcribe, Update, Word, words_of


def spelled(text: str) -> str:
    """Return what counts where words are compared: without case, and without what is no letter or digit around it."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", text.casefold())


def agreed(hypotheses: Sequence[Sequence[Word]]) -> list[Word]:
    """Return the words that all hypotheses begin with, as the last hypothesis has them."""
    same = takewhile(lambda words: len({spelled(word.text) for word in words}) == 1, zip(*hypotheses))
    return [words[-1] for words in same]


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
    step, window, pause = checked(step_s, window_s, pause_s, depth)  # in samples
    sound, heard = np.zeros(0, np.float32), 0
    said: list[Word] = []  # the committed words in the sound
    guesses: deque[list[Word]] = deque(maxlen=depth)  # what hypotheses say behind them
    for block in blocks(pieces, step):
        sound, heard = np.concatenate([sound, block]), heard + len(block)
        start_s, end_s = (heard - len(sound)) / SAMPLE_RATE_HZ, heard / SAMPLE_RATE_HZ
        over = len(block) < step or np.abs(sound[-pause:]).max() <= quiet
        if len(block):
            words = transcribe(sound.copy()) if np.abs(sound).max() > quiet else []
            guesses.append(unsaid(placed(words, start_s, end_s), said))
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


def dtw_path(cost: Floats) -> list[tuple[int, int]]:
    """Return the cheapest way through cost (tokens, frames), corner to corner, a token or a frame or both at a time."""
    total = np.full(np.add(cost.shape, 1), np.inf)  # total[i, j] of the cheapest way through cost[:i, :j]
    total[0, 0] = 0
    for i, j in np.ndindex(cost.shape):
        total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    path = [cost.shape]
    while path[-1] != (1, 1):
        i, j = path[-1]
        path.append(min([(i - 1, j - 1), (i - 1, j), (i, j - 1)], key=lambda place: total[place]))
    return [(i - 1, j - 1) for i, j in reversed(path)]


def word_times(attention: Floats, pieces: Sequence[str], prompt: int) -> list[Word]:
    """Return the words that pieces, the texts of tokens, make, and when: where the decoder listened (openai-whisper).

    attention: (heads, tokens, frames) cross-attention before its softmax, 50 frames a second. Its tokens are `prompt`
        ones that stood before, then the pieces, then the end. While token i - 1 is read, token i is looked for.
    """
    if attention.shape[1] != prompt + len(pieces) + 1:
        raise ValueError(f"attention must have a row for each token, got {attention.shape} for {len(pieces)} pieces")
    heard = softmax(attention.astype(np.float64), axis=2)
    heard = (heard - heard.mean(axis=1, keepdims=True)) / np.maximum(heard.std(axis=1, keepdims=True), 1e-12)
    listened = median_filter(heard, (1, 1, 7), mode="mirror").mean(axis=0)  # (tokens, frames)
    path = dtw_path(-listened[prompt - 1 : -1])
    begins = {token: frame / 50 for token, frame in reversed(path)}
    return [Word(text, begins[first], begins[behind]) for text, first, behind in words_of(pieces)]


if __name__ == "__main__":
    from fixtures.katas.streaming_stt.program import main

    main(Path(__file__))
