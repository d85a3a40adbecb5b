"""From spectra to samples: the inverse short-time Fourier transform, Griffin-Lim, and the head of a neural codec.

llama.cpp predicts spectra; samples are the application's work. The README's table says what is refused.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Spectra = NDArray[np.complexfloating]


def stft(samples: Floats, n_fft: int, hop: int) -> Spectra:
    """Transform a sound in windows of n_fft samples, one every hop samples; frame t is centred on sample hop * t.

    Each is multiplied by the periodic Hann window 0.5 - 0.5 cos(2 pi n / n_fft). The sound is 0 beyond its ends.
    samples: (n,); n_fft: even
    Returns (n_fft / 2 + 1, n // hop + 1).
    Source: librosa.stft with its defaults; torch.stft with pad_mode="constant".
    """
    samples = _array(samples, "samples", axes=1)
    n_fft = _integer(n_fft, "n_fft", 2)
    if n_fft % 2:
        raise ValueError(f"n_fft must be even, got {n_fft}")
    padded = np.pad(samples, n_fft // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[:: _integer(hop, "hop", 1, n_fft)]
    spectra = np.fft.rfft(windows * _hann(n_fft)).T  # (bins, frames)
    return spectra.astype(np.result_type(samples.dtype, np.complex64))


def istft(spectra: Spectra, hop: int, length: int | None = None, padding: str = "center") -> Floats:
    """Turn spectra into the sound whose stft comes nearest to them: into the sound itself, if they are its stft.

    Each frame is transformed back and multiplied by its window again. The frames are added, hop samples apart, and
    each sample is divided by the sum of the squares of the windows there; where that is below 1e-11, it is 0.
    spectra: (n_fft / 2 + 1, frames)
    padding: "center" leaves out the first n_fft / 2 samples and gives the next hop * (frames - 1), "same" leaves
        out (n_fft - hop) // 2 and gives hop * frames
    length: so many samples instead, with zeros after the end of the last frame
    Source: Griffin and Lim 1984, equation 6; librosa.istft, torch.istft; padding="same": Vocos.
    """
    spectra = _array(spectra, "spectra", axes=2, kind="c")
    n_fft, frames = 2 * len(spectra) - 2, spectra.shape[1]
    hop = _integer(hop, "hop", 1, n_fft)
    if padding not in ("center", "same"):
        raise ValueError(f'padding must be "center" or "same", got {padding!r}')
    start, hops = (n_fft // 2, frames - 1) if padding == "center" else ((n_fft - hop) // 2, frames)
    stop = start + (hop * hops if length is None else _integer(length, "length", 0))
    total, weight = np.zeros((2, max(stop, hop * (frames - 1) + n_fft)))
    hann = _hann(n_fft)
    for t, frame in enumerate(np.fft.irfft(spectra.T) * hann):  # (n_fft,) each
        total[hop * t :][:n_fft] += frame
        weight[hop * t :][:n_fft] += hann**2
    samples = np.divide(total, weight, out=np.zeros_like(total), where=weight >= 1e-11)
    return samples[start:stop].astype(spectra.real.dtype)


def griffin_lim(magnitudes: Floats, phases: Floats, hop: int, iterations: int = 32, momentum: float = 0.99) -> Floats:
    """Look for a sound of these magnitudes: to samples and to spectra again, of which the phases alone are kept.

    An iteration turns magnitudes and phases into samples (istft), and these into spectra c[i]. The next phases are
    those of c[i] + momentum * (c[i] - c[i - 1]), where c[0] is 0. At the end there is an istft more.
    magnitudes: (bins, frames), two frames or more; phases: (bins, frames), the first guess, radians
    Returns (hop * (frames - 1),).
    Source: Griffin and Lim 1984; momentum: Perraudin, Balazs and Søndergaard 2013.
    """
    magnitudes, phases = _array(magnitudes, "magnitudes", axes=2), _array(phases, "phases", axes=2)
    if magnitudes.min() < 0 or magnitudes.shape[1] < 2:
        raise ValueError("magnitudes must not be negative (are these logarithms?), and have two frames or more")
    if phases.shape != magnitudes.shape:
        raise ValueError(f"phases must have the shape {magnitudes.shape}, got {phases.shape}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be 0 or more and below 1, got {momentum}")
    spectra = magnitudes * np.exp(1j * phases)
    before = np.zeros_like(spectra)
    for _ in range(_integer(iterations, "iterations", 0)):
        rebuilt = stft(istft(spectra, hop), 2 * len(spectra) - 2, hop)  # (bins, frames)
        spectra = magnitudes * np.exp(1j * np.angle(rebuilt + momentum * (rebuilt - before)))
        before = rebuilt
    return istft(spectra, hop).astype(magnitudes.dtype)


def istft_head(rows: Floats, hop: int) -> Floats:
    """Turn what a neural codec predicts for each frame into samples, hop a frame, by istft with padding="same".

    The first half of a row are natural logarithms of magnitudes, which count as 100 where they are above that;
    the second half are phases in radians.
    rows: (frames, n_fft + 2)
    Source: Siuzdak 2023 (Vocos), ISTFTHead; llama.cpp's tools/tts for WavTokenizer, as it was in 2025.
    """
    rows = _array(rows, "rows", axes=2)
    if rows.shape[1] % 2:
        raise ValueError(f"rows must have two halves, got {rows.shape[1]} numbers in each")
    logarithms, phases = np.split(rows.T, 2)  # (bins, frames) each
    magnitudes = np.exp(np.minimum(logarithms, math.log(100)))
    return istft(magnitudes * np.exp(1j * phases), hop, padding="same")


def _hann(n_fft: int) -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)


def _array(array: NDArray, name: str, axes: int, kind: str = "f") -> NDArray:
    """Return the array in single precision, or in what it has above that."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != kind:
        raise TypeError(f"{name} must be an array of dtype.kind {kind!r}, got {getattr(array, 'dtype', type(array))}")
    if array.ndim != axes or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name} must have {axes} axes, something in it, no NaN or infinity; shape {array.shape}")
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)


def _integer(value: int, name: str, least: int, most: float = math.inf) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be in {least}..{most}, got {value}")
    return int(value)
