"""Five interview questions about sound. Each function predicts; the tests then measure.

No function is given a sound or a model: the result is worked out from a few numbers that you know beforehand.
"""

from collections.abc import Sequence

from numpy.typing import ArrayLike


def tokens_heard(samples: int) -> tuple[int, int]:
    """Question 1. Somebody says a second of speech to Qwen2-Audio. What does it cost in the text model?

    samples: of the sound, 16,000 a second. Whisper's encoder takes windows of 30 seconds, the last one filled with
    silence, and gives a vector for 20 ms; the projector averages two of them to a token.
    Returns (tokens that the text model gets, tokens that stand for 40 ms with some of the sound in them).
    Raises ValueError for fewer than one sample.
    """
    raise NotImplementedError


def log_mel_shift(gain: float) -> float:
    """Question 2. Nobody has divided the 16-bit samples by 32768. How far off is each number of Whisper's log-mel?

    gain: by which all samples are multiplied; of a sound so loud that the floor of 1e-10 is never reached
    Returns what is added to each number.
    Raises ValueError for a gain that is not above 0.
    """
    raise NotImplementedError


def forgotten_division(window: ArrayLike, hop: int) -> tuple[float, float]:
    """Question 3. A spectrogram becomes sound again: frames are added up, and nothing is divided. How loud is it?

    window: (n,), multiplied before the transform and again after its inverse; hop: samples from one to the next
    Returns the smallest and the largest factor by which samples are multiplied, away from both ends.
    Raises ValueError for a window that is not one row of numbers, or a hop outside of 1..n.
    """
    raise NotImplementedError


def streaming(window: float, hop: float, agreement: int = 2) -> tuple[float, float, float]:
    """Question 4. Recognition while somebody speaks: every hop the last window is heard. What if the hop is halved?

    window, hop: seconds; agreement: so many hearings in a row have to hold a word before it counts
    A hearing takes no time, and is right about every word that has ended.
    Returns (seconds heard per second of speech once the window is full, mean and longest wait from the end of a word
    until it counts, in seconds); a word ends at any time between two hearings, all equally likely.
    Raises ValueError for a hop or agreement that is not above 0, and a window that does not hold what has to agree:
    one shorter than hop * agreement.
    """
    raise NotImplementedError


def first_sound(durations: Sequence[float], real_time_factor: float) -> tuple[float, float, float]:
    """Question 5. An answer of five sentences is spoken. How much earlier does it begin if each is made by itself?

    durations: seconds of each sentence as speech; real_time_factor: seconds of work for a second of speech
    Sentences are made one after the other without a break, and played as soon as they are there and the one before
    has ended.
    Returns seconds (until the first sound if all is made first; if each is played once it is made; silence between
    sentences in the second case, in all).
    Raises ValueError for durations that are empty or not all above 0, and a factor not above 0.
    """
    raise NotImplementedError
