"""Speak a text while it is being written: by sentences, ahead of the listener, without clicks. Also a program."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

if __name__ == "__main__":  # a program finds fixtures by itself
    sys.path.append(str(Path(__file__).parents[3]))

import numpy as np
from scipy.signal import resample_poly

from fixtures.katas.tts_pipeline.forms import ChunkedVoice, Clock, Sentences, Sound, Speakable, Timing

MOST_GAIN = 8.0  # of `levelled`: a breath is not blown up to a shout


def sentence_sound(chunks: Iterable[Sound], from_hz: int, to_hz: int) -> Sound:
    """Put a sentence's chunks one behind the other, and bring the whole to another sample rate.

    Returns (ceil(samples * to_hz / from_hz),) float32, without what lies above to_hz / 2; of no chunks nothing, (0,).
    """
    if from_hz < 1 or to_hz < 1:
        raise ValueError(f"{'from_hz' if from_hz < 1 else 'to_hz'} must be 1 or more")
    whole = np.concatenate([np.zeros(0, np.float32), *chunks])
    return resample_poly(whole, to_hz, from_hz).astype(np.float32) if len(whole) else whole


def levelled(sounds: Iterable[Sound], peak: float = 0.8) -> Iterator[Sound]:
    """Multiply each sound by one gain: peak / (the loudest sample of all sounds up to this one), at most MOST_GAIN.

    A soft sentence behind a loud one stays soft. Each sound comes before the next is asked for.
    """
    if not 0 < peak <= 1:
        raise ValueError(f"peak must be above 0 and at most 1, got {peak}")
    loudest = peak / MOST_GAIN
    for sound in sounds:
        loudest = max(loudest, float(np.abs(sound).max(initial=0)))
        yield sound * np.float32(peak / loudest)


def joined(sounds: Iterable[Sound], rate_hz: int, pause_s: float = 0.2, fade_s: float = 0.005) -> Iterator[Sound]:
    """Fade each sound in and out, and put a pause of zeros before each but the first, in one array with it.

    The first n = round(fade_s * rate_hz) samples, at most half of the sound, are multiplied by
    0.5 - 0.5 cos(pi i / n), i = 0..n-1, the last n by the same backwards; all between stay as they are. Empty sounds
    are left out. Each sound comes before the next is asked for.
    """
    if pause_s < 0 or fade_s < 0:
        raise ValueError(f"{'pause_s' if pause_s < 0 else 'fade_s'} must be 0 seconds or more")
    for i, sound in enumerate(filter(len, sounds)):
        n = min(round(fade_s * rate_hz), len(sound) // 2)
        rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
        gain = np.concatenate([rise, np.ones(len(sound) - 2 * n), rise[::-1]]).astype(np.float32)
        pause = np.zeros(round(pause_s * rate_hz) if i else 0, np.float32)
        yield np.concatenate([pause, sound * gain])


def ahead(items: Iterable[Any], make: Callable[[Any], Any], room: int = 2,
          cancelled: Event | None = None) -> Iterator[Any]:
    """Yield make(item) of each item, in order; a thread makes the next ones while the caller uses the one before.

    It takes the items too. No more than room + 1 are begun beyond those that the caller has. What make or items raises
    is raised here, behind the results before it. Once cancelled is set, or this iterator closed, nothing more is
    yielded or begun, and the thread ends; who waits for a result waits no longer, even where one is being made.
    """
    if room < 1:
        raise ValueError(f"room must be 1 or more, got {room}")
    rest, end, closed, cancelled = iter(items), object(), Event(), cancelled or Event()

    def make_next() -> object:
        item = end if cancelled.is_set() or closed.is_set() else next(rest, end)
        return end if item is end or cancelled.is_set() or closed.is_set() else make(item)

    thread = ThreadPoolExecutor(1)
    try:
        coming = deque(thread.submit(make_next) for _ in range(room))
        while True:
            while not (cancelled.is_set() or coming[0].done()):
                wait([coming[0]], 0.02)
            if cancelled.is_set() or (result := coming.popleft().result()) is end:
                return
            coming.append(thread.submit(make_next))
            yield result
    finally:
        closed.set()
        thread.shutdown(wait=False)


def speak(pieces: Iterable[str], voice: ChunkedVoice, rate_hz: int, sentences: Sentences, speakable: Speakable,
          pause_s: float = 0.2, cancelled: Event | None = None) -> Iterator[Sound]:
    """Speak a text that comes in pieces: an array a sentence at rate_hz, made ahead, levelled, joined.

    sentences: cuts the pieces into sentences; speakable: makes a sentence words; what has none then is left out
    """
    texts = filter(str.strip, map(speakable, sentences(pieces)))
    sounds = ahead(texts, lambda text: sentence_sound(voice.speak(text), voice.sample_rate_hz, rate_hz), 2, cancelled)
    return joined(levelled(sounds), rate_hz, pause_s)


def timed(sounds: Iterable[Sound], rate_hz: int, clock: Clock = perf_counter) -> Iterator[tuple[Sound, Timing]]:
    """Yield each sound, none of them empty, with what its listener has waited until now; not with the caller's time."""
    first_s, waited_s, sound_s = 0.0, 0.0, 0.0
    started = clock()
    for sound in sounds:
        waited_s += clock() - started
        first_s, sound_s = first_s or waited_s, sound_s + len(sound) / rate_hz
        yield sound, Timing(first_s, waited_s, sound_s, waited_s / sound_s)
        started = clock()


if __name__ == "__main__":
    from fixtures.katas.tts_pipeline.program import main

    main(Path(__file__))
