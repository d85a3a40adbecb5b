"""Turn a waveform into the log-mel spectrogram that Whisper's encoder reads.

llama.cpp does this for its Whisper-type audio projectors in tools/mtmd/mtmd-audio.cpp.
"""

from functools import cache

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
N_FFT = 400  # samples in a window, 25 ms
HOP = 160  # samples from one frame to the next, 10 ms
LARGEST_SAMPLE = 8.0  # full scale is 1; what lies above this is not audio in -1..1

_BLOCK = 256  # frames that are transformed together: their spectra stay in the cache


def pad_or_trim(audio: NDArray, samples: int = 30 * SAMPLE_RATE_HZ) -> NDArray:
    """Bring audio to a length: zeros are added at the end, or the end is cut off.

    audio: (any length,) of any dtype; no samples at all become silence
    Returns (samples,) in the dtype of audio, in memory of its own.
    Raises TypeError if audio is not an array or samples not an integer; ValueError if audio has not one axis
    or samples is below 1.
    Source: openai-whisper, audio.py, pad_or_trim.
    """
    _check_array(audio)
    if audio.ndim != 1:
        raise ValueError(f"audio must be (samples,), got shape {audio.shape}")
    _check_integer(samples, "samples")
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    padded = np.zeros(samples, dtype=audio.dtype)
    padded[: len(audio)] = audio[:samples]
    return padded


def mel_filterbank(n_mels: int = 80) -> NDArray[np.float32]:
    """Build the triangular filters that sum the 201 frequency bins into mel bins.

    n_mels + 2 edges lie at equal distances on Slaney's mel scale, from 0 to 8000 Hz. Row i rises from 0 at
    edge i to 1 at edge i + 1 and falls to 0 at edge i + 2. It is then scaled so that this triangle has area 1
    over the frequency in Hz: times 2 / (edge i + 2 - edge i).
    n_mels: 1 to 256
    Returns (n_mels, 201) float32; column k belongs to k * 40 Hz.
    Raises TypeError if n_mels is not an integer, ValueError if it is not in 1..256.
    Source: librosa.filters.mel with its defaults (Slaney's scale and norm).
    """
    _check_integer(n_mels, "n_mels")
    if n_mels not in range(1, 257):
        raise ValueError(f"n_mels must be in 1..256, got {n_mels}")
    linear_end, slope = 1000, 3 / 200  # mel per Hz up to 1000 Hz, which is 15 mel
    log_step = np.log(6.4) / 27  # above: 27 mel for a factor of 6.4
    highest = linear_end * slope + np.log(SAMPLE_RATE_HZ / 2 / linear_end) / log_step
    mels = np.linspace(0, highest, n_mels + 2)
    edges = np.where(mels < linear_end * slope, mels / slope,
                     linear_end * np.exp((mels - linear_end * slope) * log_step))  # (n_mels + 2,) Hz
    bins = np.arange(N_FFT // 2 + 1) * (SAMPLE_RATE_HZ / N_FFT)  # (201,) Hz
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]  # (n_mels, 1) each
    rising = (bins - left) / (centre - left)  # (n_mels, 201)
    falling = (right - bins) / (right - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (right - left))).astype(np.float32)


def stft_power(audio: NDArray[np.floating]) -> NDArray[np.float32]:
    """Compute the power of each frequency in each frame: |rfft(window * samples)|**2.

    Frame t is centred on sample 160 t: it takes the 400 samples from 160 t - 200 on, times the periodic Hann
    window 0.5 - 0.5 cos(2 pi n / 400). Beyond its ends the audio is mirrored at its first and last sample,
    which are not repeated. There are samples // 160 frames.
    audio: (samples,) floating point, mono, 16 kHz, scaled to -1..1; at least 201 samples
    Returns (201, frames) float32, whatever floating dtype came in.
    Raises TypeError if audio is not an array or not floating point. Raises ValueError if it has not one axis,
    fewer than 201 samples, a NaN or an infinity, or a sample beyond LARGEST_SAMPLE, as int16 that was not
    divided by 32768.
    Source: openai-whisper, audio.py, log_mel_spectrogram: torch.stft with center=True, last frame dropped.
    """
    audio = _checked(audio)
    padded = np.pad(audio, N_FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)  # (samples + 1, 400), no copy
    frames = windows[: len(audio) // HOP * HOP : HOP]  # (frames, 400)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    power = np.empty((N_FFT // 2 + 1, len(frames)), dtype=np.float32)
    for start in range(0, len(frames), _BLOCK):
        # scipy transforms several rows of float32 at once: three times as fast as numpy
        spectra = scipy.fft.rfft(frames[start : start + _BLOCK] * window).T  # (201, block) complex64
        np.add(spectra.real**2, spectra.imag**2, out=power[:, start : start + _BLOCK])
    return power


def log_mel(
    audio: NDArray[np.floating], n_mels: int = 80, sample_rate_hz: int = SAMPLE_RATE_HZ, floor: float = 1e-10
) -> NDArray[np.float32]:
    """Compute Whisper's log-mel spectrogram.

    mel = mel_filterbank @ stft_power; x = log10(max(mel, floor)); x = max(x, max of all x - 8); (x + 4) / 4.
    audio, its errors: as in stft_power
    n_mels: 80, or 128 for Whisper large-v3; its errors: as in mel_filterbank
    sample_rate_hz: the rate that audio was sampled at
    floor: the least mel power, positive; Whisper takes 1e-10, llama.cpp 2**-24
    Returns (n_mels, frames) float32.
    Raises ValueError if sample_rate_hz is not 16000 (this function does not resample) or floor is not
    positive and finite as a float32.
    Source: Radford et al. 2022, section 2.2; openai-whisper, audio.py, log_mel_spectrogram.
    """
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"sample_rate_hz must be {SAMPLE_RATE_HZ}, got {sample_rate_hz}: resample first")
    with np.errstate(over="ignore"):  # 1e300 becomes infinite, 1e-60 becomes 0
        least = np.float32(floor)
    if not 0 < least < np.inf:
        raise ValueError(f"floor must be positive and finite as a float32, got {floor}")
    _check_integer(n_mels, "n_mels")  # before the cache: it takes 80.0 for 80
    mel = _sparse_filterbank(n_mels) @ stft_power(audio)  # (n_mels, frames)
    # 8 below the largest logarithm is 1e-8 of the largest power: one maximum does for both
    np.maximum(mel, max(least, 1e-8 * float(mel.max())), out=mel)
    # numpy has a vectorized float32 log on every machine, a vectorized log10 on some
    np.log(mel, out=mel)
    mel *= np.float32(1 / (4 * np.log(10)))
    mel += 1
    return mel


@cache
def _sparse_filterbank(n_mels: int) -> scipy.sparse.csr_array:
    """Return the filters without their zeros: a bin is in two filters at most, so 98 of 100 numbers are 0."""
    return scipy.sparse.csr_array(mel_filterbank(n_mels))


def _checked(audio: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the audio as float32, or say what is wrong with it."""
    _check_array(audio)
    if audio.dtype.kind != "f":
        raise TypeError(f"audio must be floating point in -1..1, got {audio.dtype}: divide int16 by 32768")
    if audio.ndim != 1:
        raise ValueError(f"audio must be mono, (samples,), got shape {audio.shape}: average the channels")
    if len(audio) <= N_FFT // 2:
        raise ValueError(f"audio has {len(audio)} samples, but mirrored ends need {N_FFT // 2 + 1}: pad it")
    largest = max(audio.max(), -audio.min())  # NaN if there is one
    if not np.isfinite(largest):
        raise ValueError(f"audio is not finite at sample {np.argmin(np.isfinite(audio))}")
    if largest > LARGEST_SAMPLE:
        raise ValueError(f"audio reaches {largest:g}, but full scale is 1: divide int16 by 32768")
    return np.asarray(audio, dtype=np.float32)


def _check_array(audio: NDArray) -> None:
    if not isinstance(audio, np.ndarray):
        raise TypeError(f"audio must be an array, got {type(audio).__name__}: see np.asarray")


def _check_integer(value: int, name: str) -> None:
    if not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
