"""Speak a text while it is being written: by sentences, ahead of the listener, without clicks. Also a program."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

if __name__ == "__main__":  # a program finds fixtures by itself
    sys.path.append(str(Path(__file__).parents[3]))


from fixtures.katas.tts_pipeline.forms import ChunkedVoice, Clock, Sentences, Sound, Speakable, Timing

MOST_GAIN = 8.0  # of `levelled`: a breath is not blown up to a shout


def sentence_sound(chunks: Iterable[Sound], from_hz: int, to_hz: int) -> Sound:
    """Put a sentence's chunks one behind the other, and bring the whole to another sample rate.

    Returns (ceil(samples * to_hz / from_hz),) float32, without what lies above to_hz / 2; of no chunks nothing, (0,).
    """
    raise NotImplementedError


def levelled(sounds: Iterable[Sound], peak: float = 0.8) -> Iterator[Sound]:
    """Multiply each sound by one gain: peak / (the loudest sample of all sounds up to this one), at most MOST_GAIN.

    A soft sentence behind a loud one stays soft. Each sound comes before the next is asked for.
    """
    raise NotImplementedError


def joined(sounds: Iterable[Sound], rate_hz: int, pause_s: float = 0.2, fade_s: float = 0.005) -> Iterator[Sound]:
    """Fade each sound in and out, and put a pause of zeros before each but the first, in one array with it.

    The first n = round(fade_s * rate_hz) samples, at most half of the sound, are multiplied by
    0.5 - 0.5 cos(pi i / n), i = 0..n-1, the last n by the same backwards; all between stay as they are. Empty sounds
    are left out. Each sound comes before the next is asked for.
    """
    raise NotImplementedError


def ahead(items: Iterable[Any], make: Callable[[Any], Any], room: int = 2,
          cancelled: Event | None = None) -> Iterator[Any]:
    """Yield make(item) of each item, in order; a thread makes the next ones while the caller uses the one before.

    It takes the items too. No more than room + 1 are begun beyond those that the caller has. What make or items raises
    is raised here, behind the results before it. Once cancelled is set, or this iterator closed, nothing more is
    yielded or begun, and the thread ends; who waits for a result waits no longer, even where one is being made.
    """
    raise NotImplementedError


def speak(pieces: Iterable[str], voice: ChunkedVoice, rate_hz: int, sentences: Sentences, speakable: Speakable,
          pause_s: float = 0.2, cancelled: Event | None = None) -> Iterator[Sound]:
    """Speak a text that comes in pieces: an array a sentence at rate_hz, made ahead, levelled, joined.

    sentences: cuts the pieces into sentences; speakable: makes a sentence words; what has none then is left out
    """
    raise NotImplementedError


def timed(sounds: Iterable[Sound], rate_hz: int, clock: Clock = perf_counter) -> Iterator[tuple[Sound, Timing]]:
    """Yield each sound, none of them empty, with what its listener has waited until now; not with the caller's time."""
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.tts_pipeline.program import main

    main(Path(__file__))
