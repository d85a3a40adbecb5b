"""From Whisper's logits to segments of text: prompt, rules, beam search, fallback, times.

In openai-whisper: decoding.py and transcribe.py; in whisper.cpp: whisper_process_logits and whisper_full_with_state.
"""

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax

from fixtures.katas.whisper_decode.forms import Decode, Floats, Rules, Segment, Special, Step


def prompt_tokens(special: Special, language: str | None, task: str = "transcribe", times: bool = True,
                  previous: Sequence[int] = (), n_ctx: int = 448) -> list[int]:
    """Return what the decoder reads first: text said before, start, language, task, no_timestamps unless times.

    language: one of special.languages; None for a model for English alone, which reads neither language nor task
    previous: text tokens; with special.previous before them they take n_ctx // 2 places at most, the last are kept
    """
    if task not in ("transcribe", "translate"):
        raise ValueError(f'task must be "transcribe" or "translate": {task!r}')
    said = [special.previous, *previous[max(0, len(previous) - n_ctx // 2 + 1) :]] if len(previous) else []
    asked = [special.languages[language], getattr(special, task)] if language else []
    return [*map(int, said), special.start, *asked, *([] if times else [special.no_timestamps])]


def detect_language(logits: Floats, special: Special) -> dict[str, float]:
    """Return each language's probability among the languages; logits (vocabulary,) are those behind special.start."""
    return dict(zip(special.languages, softmax(logits[list(special.languages.values())]).tolist()))


def suppress(logits: Floats, tokens: Sequence[int], never: Sequence[int], not_first: Sequence[int]) -> Floats:
    """Return logits (vocabulary,) with -inf at the ids never, and at those of not_first where there are no tokens."""
    allowed = np.array(logits, dtype=np.float32)
    allowed[[*never, *([] if len(tokens) else not_first)]] = -np.inf
    return allowed


def timestamp_rules(logits: Floats, tokens: Sequence[int], special: Special, latest_start: int = 50) -> Floats:
    """Return logits (vocabulary,) with -inf where the README's rules forbid a time, or anything but a time.

    tokens: what was decoded behind the prompt; the first time is at most latest_start / 50 s
    """
    allowed = np.array(logits, dtype=np.float32)
    text, times = allowed[: special.timestamp], allowed[special.timestamp :]  # views
    said = [token - special.timestamp for token in tokens if token >= special.timestamp]
    if not len(tokens):  # a time comes first
        text[:] = times[latest_start + 1 :] = -np.inf
    elif tokens[-1] < special.timestamp:  # text goes on, or its segment ends later than it began
        times[: said[-1] + 1 if said else 0] = -np.inf
    elif len(tokens) > 1 and tokens[-2] < special.timestamp:  # a segment has ended: the next begins, or nothing comes
        text[: special.end] = times[: said[-1]] = -np.inf
    else:  # a segment has begun
        times[:] = -np.inf
    if logsumexp(times) > text.max():
        text[:] = -np.inf
    return allowed


def beam_search(step: Step, prompt: Sequence[int], rules: Rules, end: int, beam_size: int = 5,
                max_tokens: int = 224) -> tuple[list[int], float]:
    """Return the best tokens behind the prompt, without end, and the average log probability of them and end.

    Raises ValueError for a beam_size below 1. A beam of 1 is greedy.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be 1 or more: {beam_size}")
    beams: list[tuple[list[int], float]] = [([], 0.0)]  # tokens, sum of their log probabilities
    done: list[tuple[list[int], float]] = []
    for _ in range(max_tokens):
        candidates = []
        for row, (tokens, total) in zip(step(np.array([[*prompt, *tokens] for tokens, _ in beams])), beams):
            logprobs = log_softmax(rules(row, tokens).astype(np.float64))
            best = np.argsort(-logprobs, kind="stable")[: beam_size + 1]
            candidates += [([*tokens, int(i)], total + logprobs[i]) for i in best if logprobs[i] > -np.inf]
        beams = []
        for tokens, total in sorted(candidates, key=lambda candidate: -candidate[1]):
            (done if tokens[-1] == end else beams).append((tokens, total))
            if len(beams) == beam_size:
                break
        if len(done) >= beam_size or not beams:
            break
    done = [*done, *(([*tokens, end], total) for tokens, total in beams)][:beam_size]
    if not done:
        raise ValueError("rules left no token that is possible, or the logits are NaN")
    tokens, total = max(done, key=lambda one: one[1] / max(len(one[0]) - 1, 1))
    return tokens[:-1], float(total / len(tokens))


def with_fallback(decode: Decode, text_of: Callable[[list[int]], str], no_speech: float = 0.0,
                  temperatures: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)) -> tuple[list[int], float]:
    """Decode at one temperature after the other until a result is accepted; return its tokens and temperature."""
    for temperature in temperatures:
        tokens, average = decode(temperature)
        if average < -1 and no_speech > 0.6:
            return [], temperature
        text = text_of(tokens).encode()
        if average >= -1 and len(text) <= 2.4 * len(zlib.compress(text)):
            break
    return tokens, temperature


def segments(tokens: Sequence[int], special: Special, seek: int = 0, frames: int = 3000) -> tuple[list[Segment], int]:
    """Cut what a window says at its times; return the segments, and the seek of the next window.

    Segments without text or without a duration are left out.
    seek, frames: where the window begins and how long it is, in hundredths of a second
    """
    at = [2 * (int(token) - special.timestamp) for token in tokens]  # hundredths of a second; below 0 for text
    seams = [i for i in range(1, len(at)) if at[i - 1] >= 0 and at[i] >= 0]  # a segment ends, the next begins
    whole = not seams or at[-2] < 0 <= at[-1]  # nothing was cut off
    bounds = [0, *seams, *([len(at)] if whole else [])]
    spans = ([(at[i], at[j - 1], tokens[i:j]) for i, j in pairwise(bounds)] if seams
             else [(0, max([0, *at]) or frames, tokens)])
    found = [Segment((seek + start) / 100, (seek + stop) / 100, [int(i) for i in said if i < special.end])
             for start, stop, said in spans if start < stop]
    return [segment for segment in found if segment.tokens], seek + (frames if whole else spans[-1][1] or frames)
