"""From a mel spectrogram to cepstral coefficients (MFCC), as librosa and torchaudio compute them.

llama.cpp's audio encoders read the log-mel itself. The README's table says what each function refuses.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def power_to_db(mel_power: Floats, ref: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> Floats:
    """Express powers in decibels, relative to ref: 10 log10(max(power, amin)) - 10 log10(max(ref, amin)).

    mel_power: (n_mels, frames), powers, not amplitudes; the result has this shape
    top_db: no result lies further than this below the largest of the whole recording; None: no such limit
    Source: librosa.power_to_db; torchaudio.functional.amplitude_to_DB with a multiplier of 10.
    """
    power = _floats(mel_power, "mel_power")
    if power.min() < 0:
        raise ValueError("mel_power has a negative number: are these decibels already?")
    amin, ref = _number(amin, "amin", 1e-37), _number(ref, "ref")  # float32 ends a little below 1e-37
    db = 10 * np.log10(np.maximum(power, amin)) - 10 * math.log10(max(ref, amin))
    return db if top_db is None else np.maximum(db, db.max() - _number(top_db, "top_db"))


def dct_matrix(n_mfcc: int, n_mels: int) -> NDArray[np.float64]:
    """Build the first n_mfcc rows of the orthonormal discrete cosine transform of type II.

    Row k is sqrt(2 / n_mels) cos(pi k (m + 1/2) / n_mels) for m = 0..n_mels - 1; row 0 is divided by sqrt(2).
    Every row then has length 1, and the product of two of them is 0.
    Returns (n_mfcc, n_mels) float64.
    Source: scipy.fft.dct with norm="ortho"; torchaudio.functional.create_dct with norm="ortho" is its transpose.
    """
    n_mels = _integer(n_mels, "n_mels", 1)
    n_mfcc = _integer(n_mfcc, "n_mfcc", 1, n_mels)
    k, m = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    dct = math.sqrt(2 / n_mels) * np.cos(np.pi * k * (m + 0.5) / n_mels)  # (n_mfcc, n_mels)
    dct[0] /= math.sqrt(2)
    return dct


def mfcc(mel_db: Floats, n_mfcc: int = 20, lifter: float = 0) -> Floats:
    """Transform each frame over its mel bands, and keep the first n_mfcc coefficients, coefficient 0 among them.

    mel_db: (n_mels, frames), logarithms of mel powers, such as power_to_db gives them
    lifter: L; coefficient n (n = 0, 1, ...) is multiplied by 1 + L/2 sin(pi (n + 1) / L); 0: nothing is multiplied
    Returns (n_mfcc, frames).
    Source: Davis and Mermelstein 1980; librosa.feature.mfcc(S=mel_db).
    """
    mel_db = _floats(mel_db, "mel_db")
    dct = dct_matrix(n_mfcc, len(mel_db))  # (n_mfcc, n_mels)
    if _number(lifter, "lifter") > 0:
        dct *= 1 + lifter / 2 * np.sin(np.pi * np.arange(1, len(dct) + 1) / lifter)[:, None]
    return dct.astype(mel_db.dtype) @ mel_db


def deltas(features: Floats, width: int = 9, edges: str = "nearest") -> Floats:
    """Compute how fast each feature changes: the slope of the straight line that fits `width` frames best.

    With N = (width - 1) / 2: the sum of n (c[t + n] - c[t - n]) over n = 1..N, by 2 (1 + 4 + ... + N**2).
    features: (n_features, frames), which is the shape of the result; width: an odd number of frames, 3 or more
    edges: "nearest" repeats the first and the last frame beyond the ends (torchaudio, HTK); "interp" gives the
        first N frames the slope of the first whole window, the last N that of the last one (librosa's default)
    Source: torchaudio.functional.compute_deltas; librosa.feature.delta.
    """
    features = _floats(features, "features")
    width = _integer(width, "width", 3)
    if edges not in ("nearest", "interp"):
        raise ValueError(f'edges must be "nearest" or "interp", got {edges!r}')
    if width % 2 == 0 or (edges == "interp" and width > features.shape[1]):
        raise ValueError(f'width must be odd and, with "interp", at most {features.shape[1]} frames, got {width}')
    half = width // 2
    beyond = ((0, 0), (half, half))
    c = np.pad(features, beyond, mode="edge") if edges == "nearest" else features
    windows = c.shape[1] - 2 * half
    rise = sum(n * (c[:, half + n :][:, :windows] - c[:, half - n :][:, :windows]) for n in range(1, half + 1))
    slopes = np.divide(rise, 2 * sum(n * n for n in range(1, half + 1)))  # (n_features, windows)
    return slopes if edges == "nearest" else np.pad(slopes, beyond, mode="edge")


def normalize(features: Floats) -> Floats:
    """Give each feature mean 0 and variance 1 over the frames of the recording.

    The variance is the mean of the squared deviations. A feature that is the same in every frame becomes 0.
    Takes and returns (n_features, frames).
    Source: cepstral mean and variance normalization (Viikki and Laurila 1998).
    """
    features = _floats(features, "features")
    centred = features - features.mean(axis=1, keepdims=True, dtype=np.float64)
    deviation = centred.std(axis=1, keepdims=True)  # (n_features, 1)
    deviation[np.ptp(features, axis=1) == 0] = np.inf  # where rounding alone deviates
    return (centred / deviation).astype(features.dtype)


def _floats(array: NDArray, name: str) -> Floats:
    """Return the array in float32, or in the floating dtype that holds its numbers."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be an array of real numbers, got {getattr(array, 'dtype', type(array))}")
    if array.ndim != 2 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name} must have two axes, one frame or more, and no NaN or infinity; shape {array.shape}")
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)


def _number(value: float, name: str, least: float = 0) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not least <= value < math.inf:
        raise ValueError(f"{name} must be finite and at least {least}, got {value}")
    return float(value)


def _integer(value: int, name: str, least: int, most: float = math.inf) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be in {least}..{most}, got {value}")
    return int(value)
