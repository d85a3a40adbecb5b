"""Find where somebody speaks: levels, a noise floor that follows the room, and turns that start and end."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class Settings(NamedTuple):
    """What counts as speech. `frame` is in samples, the other lengths are in frames; the times are those at 16 kHz."""

    margin_db: float = 9.0  # a frame is loud if it lies this far above the noise floor, or further
    quietest_db: float = -60.0  # the floor never lies below this
    frame: int = 320  # 20 ms
    window: int = 100  # the floor is the lowest of so many levels, 2 s
    onset: int = 3  # so many loud frames in a row start a turn, 60 ms
    hangover: int = 15  # so many quiet frames in a row end it, 0.3 s
    minimum: int = 5  # a turn with fewer from its first to its last loud frame is none, 0.1 s
    padding: int = 5  # so many are added before and after, 0.1 s; not more than hangover


def frame_levels(samples: Floats, frame: int = 320) -> NDArray[np.float64]:
    """Return the level of each frame in decibels: 10 log10(max(mean of the squares, 1e-10)).

    samples: (n,) floating point, 1 is full scale; frame: samples a frame; what is left at the end is no frame
    Returns (n // frame,) float64: 0 for a constant of 1, -100 for silence.
    """
    whole = _floats(samples, "samples")[: len(samples) // frame * frame]
    power = (whole.reshape(-1, frame).astype(np.float64) ** 2).mean(axis=1)  # (frames,)
    return 10 * np.log10(np.maximum(power, 1e-10))


def noise_floor(levels: Floats, window: int = 100, quietest_db: float = -60.0) -> NDArray[np.float64]:
    """Return the noise floor at each frame: the lowest of the last `window` levels, its own among them.

    levels: (frames,), the shape of the result; at the beginning the window holds the frames that there are
    No floor lies below quietest_db. Source: minimum statistics (Martin 1994, 2001), for one band.
    """
    padded = np.concatenate([np.full(window, np.inf), levels])
    return np.maximum(np.lib.stride_tricks.sliding_window_view(padded, window)[1:].min(axis=1), quietest_db)


def find_turns(loud: NDArray[np.bool_], onset: int = 3, hangover: int = 15, minimum: int = 5) -> list[tuple[int, int]]:
    """Return the turns as (first loud frame, frame after the last loud one), in order.

    loud: (frames,) bools. `onset` loud frames in a row start a turn; `hangover` quiet frames in a row end it, and the
    end of the sound does. A turn of fewer than `minimum` frames is left out.
    """
    return [(first, end) for first, end in _turns(loud, onset, hangover, minimum) if end is not None]


def voice_segments(samples: Floats, settings: Settings | None = None) -> list[tuple[int, int]]:
    """Return the segments with speech as (start, end) in samples, so that samples[start:end] is one.

    samples: (n,) floating point, in -1..1. A segment is a turn with `padding` frames before and after it. It starts
    neither before the sound nor before the end of the segment before it, and ends no later than the sound.
    """
    pieces = np.array_split(_floats(samples, "samples"), len(samples) // 250_000 + 1)  # so that no large copy is made
    return [(start, end) for start, end in turns(pieces, settings) if end is not None]


def turns(chunks: Iterable[Floats], settings: Settings | None = None) -> Iterator[tuple[int, int | None]]:
    """Yield each segment of a stream twice: (start, None) when it has started, (start, end) when it has ended.

    chunks: pieces of one sound, of any lengths, perhaps the same array each time; the segments are those of the whole
    A start is told with the frame that makes the turn `minimum` frames long, `onset` in a row among them; an end with
    the last of `hangover` quiet frames, or when the chunks end. Neither waits for another chunk; memory does not grow.
    """
    margin_db, quietest_db, frame, window, onset, hangover, minimum, padding = _checked(settings or Settings())
    heard = ended = 0

    def loud() -> Iterator[bool]:
        nonlocal heard
        rest, levels = np.zeros(0, np.float32), np.zeros(0)  # less than a frame; the window
        for chunk in chunks:
            rest = np.concatenate([rest, _floats(chunk, "chunks")])
            heard += len(chunk)
            new = frame_levels(rest, frame)
            rest = rest[len(new) * frame :]
            levels = np.concatenate([levels[-window:], new])
            yield from (levels >= noise_floor(levels, window, quietest_db) + margin_db)[len(levels) - len(new) :]

    for first, last in _turns(loud(), onset, hangover, minimum):
        end = None if last is None else min((last + padding) * frame, heard)
        yield max((first - padding) * frame, ended), end
        ended = end or ended


def _turns(loud: Iterable[bool], onset: int, hangover: int, minimum: int) -> Iterator[tuple[int, int | None]]:
    row, first, end, in_turn, told = 0, 0, 0, False, False
    for t, is_loud in enumerate(loud, 1):
        row, end = (row + 1, t) if is_loud else (0, end)
        if row == onset and not in_turn:
            in_turn, first = True, t - onset
        if in_turn and not told and end - first >= minimum:
            told = True
            yield first, None
        if in_turn and t - end == hangover:
            if told:
                yield first, end
            in_turn = told = False
    if told:
        yield first, end


def _checked(settings: Settings) -> Settings:
    for name, value in list(settings._asdict().items())[2:]:
        least, most = (0, settings.hangover) if name == "padding" else (1, np.inf)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
            raise ValueError(f"{name} must be an integer in {least}..{most}, got {value!r}")
    return Settings(*settings[:2], *map(int, settings[2:]))


def _floats(array: Floats, name: str) -> Floats:
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"{name} must be one channel of finite floating point numbers: divide int16 by 32768")
    return array
