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
    raise NotImplementedError


def noise_floor(levels: Floats, window: int = 100, quietest_db: float = -60.0) -> NDArray[np.float64]:
    """Return the noise floor at each frame: the lowest of the last `window` levels, its own among them.

    levels: (frames,), the shape of the result; at the beginning the window holds the frames that there are
    No floor lies below quietest_db. Source: minimum statistics (Martin 1994, 2001), for one band.
    """
    raise NotImplementedError


def find_turns(loud: NDArray[np.bool_], onset: int = 3, hangover: int = 15, minimum: int = 5) -> list[tuple[int, int]]:
    """Return the turns as (first loud frame, frame after the last loud one), in order.

    loud: (frames,) bools. `onset` loud frames in a row start a turn; `hangover` quiet frames in a row end it, and the
    end of the sound does. A turn of fewer than `minimum` frames is left out.
    """
    raise NotImplementedError


def voice_segments(samples: Floats, settings: Settings | None = None) -> list[tuple[int, int]]:
    """Return the segments with speech as (start, end) in samples, so that samples[start:end] is one.

    samples: (n,) floating point, in -1..1. A segment is a turn with `padding` frames before and after it. It starts
    neither before the sound nor before the end of the segment before it, and ends no later than the sound.
    """
    raise NotImplementedError


def turns(chunks: Iterable[Floats], settings: Settings | None = None) -> Iterator[tuple[int, int | None]]:
    """Yield each segment of a stream twice: (start, None) when it has started, (start, end) when it has ended.

    chunks: pieces of one sound, of any lengths, perhaps the same array each time; the segments are those of the whole
    A start is told with the frame that makes the turn `minimum` frames long, `onset` in a row among them; an end with
    the last of `hangover` quiet frames, or when the chunks end. Neither waits for another chunk; memory does not grow.
    """
    raise NotImplementedError
