"""Recordings as speech models want them: floats in -1..1, one channel, the model's rate, no silence around it.

llama.cpp's mtmd takes mono float32 at its encoder's rate. The README's table says what each function refuses.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
BITS = {"u8": 8, "s16le": 16, "s24le": 24, "s32le": 32}  # of a number in a WAV file; u8 has its zero at 128


def from_pcm(data: bytes, encoding: str, channels: int = 1) -> NDArray[np.float32]:
    """Turn the numbers of a WAV file into floats: each by 2**(bits - 1).

    data: the first number of every channel, then the second of every channel, ...; lowest byte first
    encoding: a key of BITS. Returns (samples, channels) float32.
    """
    raise NotImplementedError


def to_pcm(audio: Floats, encoding: str) -> bytes:
    """Turn floats (samples,) or (samples, channels) into bytes: times 2**(bits - 1), rounded, limited to what fits."""
    raise NotImplementedError


def to_mono(audio: Floats) -> Floats:
    """Average the channels of each sample: (samples, channels) becomes (samples,)."""
    raise NotImplementedError


def low_pass(up: int, down: int, zeros: int = 24, beta: float = 9.0) -> NDArray[np.float64]:
    """Build the filter that resamples by up / down: a sinc that cuts at the lower of the two Nyquist frequencies.

    With `up` taps a sample, sinc(n / max(up, down)) as far as its `zeros`-th zero on either side, times a Kaiser
    window of `beta` over all of that, scaled so that the taps sum to `up`.
    Returns (2 * zeros * max(up, down) + 1,) float64.
    """
    raise NotImplementedError


def resample(audio: Floats, from_hz: int, to_hz: int, taps: Floats | None = None) -> Floats:
    """Put up - 1 zeros after each sample, filter, keep every down-th: up / down is to_hz / from_hz in lowest terms.

    audio: (samples,), silent beyond its ends; taps: an odd number, the middle one at time 0; None: low_pass(up, down)
    Returns (ceil(samples * up / down),), sample m at m / to_hz seconds. Only what is kept is computed.
    """
    raise NotImplementedError


def rms_dbfs(audio: Floats) -> float:
    """Return 20 log10 of the root of the mean square: a square wave of 1 has 0 dBFS, silence -infinity."""
    raise NotImplementedError


def normalize_peak(audio: Floats, peak_dbfs: float = -1.0) -> Floats:
    """Scale a recording so that its largest magnitude is 10**(peak_dbfs / 20), and no more. Silence stays silence."""
    raise NotImplementedError


def count_clipped(audio: Floats, level: float = 0.99) -> int:
    """Count the samples on flat tops: three or more equal ones in a row, of magnitude `level` or more."""
    raise NotImplementedError


def trim(audio: Floats, top_db: float = 40.0) -> Floats:
    """Keep all from the first to the last sample whose magnitude is less than top_db below the largest."""
    raise NotImplementedError
