"""From Whisper's logits to segments of text: prompt, rules, beam search, fallback, times.

In openai-whisper: decoding.py and transcribe.py; in whisper.cpp: whisper_process_logits and whisper_full_with_state.
"""

from collections.abc import Callable, Sequence

from fixtures.katas.whisper_decode.forms import Decode, Floats, Rules, Segment, Special, Step


def prompt_tokens(special: Special, language: str | None, task: str = "transcribe", times: bool = True,
                  previous: Sequence[int] = (), n_ctx: int = 448) -> list[int]:
    """Return what the decoder reads first: text said before, start, language, task, no_timestamps unless times.

    language: one of special.languages; None for a model for English alone, which reads neither language nor task
    previous: text tokens; with special.previous before them they take n_ctx // 2 places at most, the last are kept
    """
    raise NotImplementedError


def detect_language(logits: Floats, special: Special) -> dict[str, float]:
    """Return each language's probability among the languages; logits (vocabulary,) are those behind special.start."""
    raise NotImplementedError


def suppress(logits: Floats, tokens: Sequence[int], never: Sequence[int], not_first: Sequence[int]) -> Floats:
    """Return logits (vocabulary,) with -inf at the ids never, and at those of not_first where there are no tokens."""
    raise NotImplementedError


def timestamp_rules(logits: Floats, tokens: Sequence[int], special: Special, latest_start: int = 50) -> Floats:
    """Return logits (vocabulary,) with -inf where the README's rules forbid a time, or anything but a time.

    tokens: what was decoded behind the prompt; the first time is at most latest_start / 50 s
    """
    raise NotImplementedError


def beam_search(step: Step, prompt: Sequence[int], rules: Rules, end: int, beam_size: int = 5,
                max_tokens: int = 224) -> tuple[list[int], float]:
    """Return the best tokens behind the prompt, without end, and the average log probability of them and end.

    Raises ValueError for a beam_size below 1. A beam of 1 is greedy.
    """
    raise NotImplementedError


def with_fallback(decode: Decode, text_of: Callable[[list[int]], str], no_speech: float = 0.0,
                  temperatures: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)) -> tuple[list[int], float]:
    """Decode at one temperature after the other until a result is accepted; return its tokens and temperature."""
    raise NotImplementedError


def segments(tokens: Sequence[int], special: Special, seek: int = 0, frames: int = 3000) -> tuple[list[Segment], int]:
    """Cut what a window says at its times; return the segments, and the seek of the next window.

    Segments without text or without a duration are left out.
    seek, frames: where the window begins and how long it is, in hundredths of a second
    """
    raise NotImplementedError
