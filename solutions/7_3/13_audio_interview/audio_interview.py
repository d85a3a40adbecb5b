"""Five interview questions about sound. Each function predicts; the tests then measure.

No function is given a sound or a model: the result is worked out from a few numbers that you know beforehand.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def tokens_heard(samples: int) -> tuple[int, int]:
    """Question 1. Somebody says a second of speech to Qwen2-Audio. What does it cost in the text model?

    samples: of the sound, 16,000 a second. Whisper's encoder takes windows of 30 seconds, the last one filled with
    silence, and gives a vector for 20 ms; the projector averages two of them to a token.
    Returns (tokens that the text model gets, tokens that stand for 40 ms with some of the sound in them).
    Raises ValueError for fewer than one sample.
    """
    _above_zero(samples=samples)
    return 750 * -(-int(samples) // 480_000), -(-int(samples) // 640)


def log_mel_shift(gain: float) -> float:
    """Question 2. Nobody has divided the 16-bit samples by 32768. How far off is each number of Whisper's log-mel?

    gain: by which all samples are multiplied; of a sound so loud that the floor of 1e-10 is never reached
    Returns what is added to each number.
    Raises ValueError for a gain that is not above 0.
    """
    _above_zero(gain=gain)
    return math.log10(gain) / 2  # the power has the square, and the logarithm is divided by 4


def forgotten_division(window: ArrayLike, hop: int) -> tuple[float, float]:
    """Question 3. A spectrogram becomes sound again: frames are added up, and nothing is divided. How loud is it?

    window: (n,), multiplied before the transform and again after its inverse; hop: samples from one to the next
    Returns the smallest and the largest factor by which samples are multiplied, away from both ends.
    Raises ValueError for a window that is not one row of numbers, or a hop outside of 1..n.
    """
    squares = np.square(np.asarray(window, dtype=np.float64))
    if squares.ndim != 1 or not np.isfinite(squares).all():
        raise ValueError(f"window must be a row of numbers, got shape {squares.shape}")
    if not 1 <= hop <= len(squares):
        raise ValueError(f"hop must be in 1..{len(squares)}, got {hop}")
    sums = [squares[place :: int(hop)].sum() for place in range(int(hop))]  # which squares meet at a sample
    return float(min(sums)), float(max(sums))


def streaming(window: float, hop: float, agreement: int = 2) -> tuple[float, float, float]:
    """Question 4. Recognition while somebody speaks: every hop the last window is heard. What if the hop is halved?

    window, hop: seconds; agreement: so many hearings in a row have to hold a word before it counts
    A hearing takes no time, and is right about every word that has ended.
    Returns (seconds heard per second of speech once the window is full, mean and longest wait from the end of a word
    until it counts, in seconds); a word ends at any time between two hearings, all equally likely.
    Raises ValueError for a hop or agreement that is not above 0, and a window that does not hold what has to agree:
    one shorter than hop * agreement.
    """
    _above_zero(hop=hop, agreement=agreement)
    hop, agreement = float(hop), int(agreement)
    if not window >= hop * agreement * (1 - 1e-9):  # 0.2 * 3 is more than 0.6
        raise ValueError(f"window must be at least {hop * agreement} s, got {window}")
    return float(window) / hop, (agreement - 0.5) * hop, agreement * hop


def first_sound(durations: Sequence[float], real_time_factor: float) -> tuple[float, float, float]:
    """Question 5. An answer of five sentences is spoken. How much earlier does it begin if each is made by itself?

    durations: seconds of each sentence as speech; real_time_factor: seconds of work for a second of speech
    Sentences are made one after the other without a break, and played as soon as they are there and the one before
    has ended.
    Returns seconds (until the first sound if all is made first; if each is played once it is made; silence between
    sentences in the second case, in all).
    Raises ValueError for durations that are empty or not all above 0, and a factor not above 0.
    """
    lengths = np.asarray(durations, dtype=np.float64)
    if not len(lengths):
        raise ValueError("durations must have a sentence at least")
    _above_zero(durations=lengths.min(), real_time_factor=real_time_factor)  # of numpy: min() would miss a NaN
    spoken = lengths.cumsum()
    made = float(real_time_factor) * spoken
    late = made - made[0] - (spoken - lengths)  # behind its time, had there been no silence before it
    return float(made[-1]), float(made[0]), float(late.max())


def _above_zero(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{name} must be above 0, got {number}")
