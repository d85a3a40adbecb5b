"""From a mel spectrogram to cepstral coefficients (MFCC), as librosa and torchaudio compute them.

llama.cpp's audio encoders read the log-mel itself. The README's table says what each function refuses.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def power_to_db(mel_power: Floats, ref: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> Floats:
    """Express powers in decibels, relative to ref: 10 log10(max(power, amin)) - 10 log10(max(ref, amin)).

    mel_power: (n_mels, frames), powers, not amplitudes; the result has this shape
    top_db: no result lies further than this below the largest of the whole recording; None: no such limit
    Source: librosa.power_to_db; torchaudio.functional.amplitude_to_DB with a multiplier of 10.
    """
    raise NotImplementedError


def dct_matrix(n_mfcc: int, n_mels: int) -> NDArray[np.float64]:
    """Build the first n_mfcc rows of the orthonormal discrete cosine transform of type II.

    Row k is sqrt(2 / n_mels) cos(pi k (m + 1/2) / n_mels) for m = 0..n_mels - 1; row 0 is divided by sqrt(2).
    Every row then has length 1, and the product of two of them is 0.
    Returns (n_mfcc, n_mels) float64.
    Source: scipy.fft.dct with norm="ortho"; torchaudio.functional.create_dct with norm="ortho" is its transpose.
    """
    raise NotImplementedError


def mfcc(mel_db: Floats, n_mfcc: int = 20, lifter: float = 0) -> Floats:
    """Transform each frame over its mel bands, and keep the first n_mfcc coefficients, coefficient 0 among them.

    mel_db: (n_mels, frames), logarithms of mel powers, such as power_to_db gives them
    lifter: L; coefficient n (n = 0, 1, ...) is multiplied by 1 + L/2 sin(pi (n + 1) / L); 0: nothing is multiplied
    Returns (n_mfcc, frames).
    Source: Davis and Mermelstein 1980; librosa.feature.mfcc(S=mel_db).
    """
    raise NotImplementedError


def deltas(features: Floats, width: int = 9, edges: str = "nearest") -> Floats:
    """Compute how fast each feature changes: the slope of the straight line that fits `width` frames best.

    With N = (width - 1) / 2: the sum of n (c[t + n] - c[t - n]) over n = 1..N, by 2 (1 + 4 + ... + N**2).
    features: (n_features, frames), which is the shape of the result; width: an odd number of frames, 3 or more
    edges: "nearest" repeats the first and the last frame beyond the ends (torchaudio, HTK); "interp" gives the
        first N frames the slope of the first whole window, the last N that of the last one (librosa's default)
    Source: torchaudio.functional.compute_deltas; librosa.feature.delta.
    """
    raise NotImplementedError


def normalize(features: Floats) -> Floats:
    """Give each feature mean 0 and variance 1 over the frames of the recording.

    The variance is the mean of the squared deviations. A feature that is the same in every frame becomes 0.
    Takes and returns (n_features, frames).
    Source: cepstral mean and variance normalization (Viikki and Laurila 1998).
    """
    raise NotImplementedError
