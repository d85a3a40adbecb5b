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

from fixtures.katas.whisper_pipeline.forms import NOT_UNDERSTOOD, SAMPLE_RATE_HZ, Event, Phrase, Row, Run, Span

MARKER = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")  # [BLANK_AUDIO], (Music), *sighs*, ♪ la la ♪


def quietest(samples: NDArray[np.floating], start: int, end: int) -> int:
    """Return the middle of the quietest 0.1 s (the least sum of squares) that lies within samples[start:end].

    Each 0.1 s begins a multiple of 10 ms behind start; of several the first. A part that is shorter: its own middle.
    """
    blocks = samples[start : start + (end - start) // 160 * 160].astype(np.float64).reshape(-1, 160)  # 10 ms each
    if len(blocks) < 10:
        return (start + end) // 2
    power = np.lib.stride_tricks.sliding_window_view((blocks**2).sum(axis=1), 10).sum(axis=1)
    return start + int(power.argmin()) * 160 + 800


def windows(samples: NDArray[np.floating], segments: Sequence[Span], longest_s: float = 5.0,
            pause_s: float = 0.5) -> list[Span]:
    """Group segments with speech into windows of at most longest_s, in order; nothing is lost, nothing comes twice.

    samples: (n,) floating point, mono, 16 kHz; segments: (start, end) in samples, as voice_segments gives them
    A segment joins the window before it if the pause between them is at most pause_s and both together are at most
    longest_s. One that is longer is cut where the second half of its first longest_s is quietest, and so is its rest.
    """
    for name, seconds, least in (("longest_s", longest_s, 0.2), ("pause_s", pause_s, 0)):
        if not least <= seconds < float("inf"):
            raise ValueError(f"{name} must be at least {least} seconds, got {seconds}")
    bounds = [0, *(place for segment in segments for place in segment), len(samples)]
    if bounds != sorted(bounds):
        raise ValueError("segments must follow each other within the sound")
    longest, pause = round(longest_s * SAMPLE_RATE_HZ), round(pause_s * SAMPLE_RATE_HZ)
    found: list[Span] = []
    for start, end in segments:
        if found and start - found[-1][1] <= pause and end - found[-1][0] <= longest:
            start, _ = found.pop()
        while end - start > longest:
            found.append((start, quietest(samples, start + longest // 2, start + longest)))
            start = found[-1][1]
        found.append((start, end))
    return found


def question(phrases: Sequence[Phrase], least: float = 0.6) -> str | None:
    """Return what was said in a window, in one line, or None if there is nothing that could be asked.

    What MARKER finds is no word; a phrase without a letter or digit besides, or with no_speech above 0.6, is left out.
    If the probability of any phrase that stays is not at least `least`, the question is not sure: None.
    """
    texts = [(MARKER.sub(" ", phrase.text), phrase) for phrase in phrases]
    spoken = [(text, phrase.probability) for text, phrase in texts
              if any(map(str.isalnum, text)) and phrase.no_speech <= 0.6]
    if not all(probability >= least for _, probability in spoken):
        return None
    return " ".join(" ".join(text for text, _ in spoken).split()) or None


def cascade(samples: NDArray[np.floating], spans: Sequence[Span],
            transcribe: Callable[[NDArray[np.float32]], Sequence[Phrase]], generate: Callable[[str], Iterable[str]],
            clock: Callable[[], float] = perf_counter, least: float = 0.6) -> Iterator[Event]:
    """Hear one window after the other and answer it: Event says what is yielded, and what its seconds are.

    Each window gives "heard", its answer's pieces, "end"; without a question the answer is NOT_UNDERSTOOD, and nothing
    is generated. An Exception of transcribe or generate becomes "error", and the next window follows. Nothing is done
    before it is asked for; time that the caller takes between two events does not count.
    """
    for start, end in spans:
        start_s, end_s = start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ
        began = clock()
        try:
            phrases = _placed(transcribe(samples[start:end].astype(np.float32)), start_s, end_s)
            asked = question(phrases, least)
            yield Event("heard", start_s, end_s, asked or "", clock() - began, phrases)
            began = clock()
            for piece in generate(asked) if asked else [NOT_UNDERSTOOD]:
                yield Event("piece", start_s, end_s, piece, clock() - began)
                began = clock()
            yield Event("end", start_s, end_s, "", clock() - began)
        except Exception as error:
            yield Event("error", start_s, end_s, f"{type(error).__name__}: {error}", clock() - began)


def condition_row(name: str, size_bytes: int, runs: Sequence[Run],
                  word_error_rate: Callable[[list[str], list[str]], float]) -> Row:
    """Return a recogniser's row: size, seconds of work for one second of speech, word error rate over all sentences.

    word_error_rate: as jiwer.wer; it is given said and heard of all runs in lower case, words of letters, digits and '
    """
    speech_s = sum(run.speech_s for run in runs)
    if not speech_s > 0:
        raise ValueError("runs must hold some seconds of speech")
    said, heard = ([" ".join(re.findall(r"[\w']+", text.lower())) for text in texts]
                   for texts in ([run.said for run in runs], [run.heard for run in runs]))
    return Row(name, size_bytes / 1e6, sum(run.work_s for run in runs) / speech_s, float(word_error_rate(said, heard)))


def _placed(phrases: Sequence[Phrase], start_s: float, end_s: float) -> tuple[Phrase, ...]:
    """Count times from the beginning of the recording, within the window."""
    return tuple(phrase._replace(start_s=min(max(start_s, start_s + phrase.start_s), end_s),
                                 end_s=min(max(start_s, start_s + phrase.end_s), end_s)) for phrase in phrases)


if __name__ == "__main__":
    from fixtures.katas.whisper_pipeline.program import main

    main(Path(__file__))
