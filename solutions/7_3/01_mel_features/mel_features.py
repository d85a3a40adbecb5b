"""Turn a waveform into the log-mel spectrogram that Whisper's encoder reads.

llama.cpp does this for its Whisper-type audio projectors in tools/mtmd/mtmd-audio.cpp. The README's table says
what each function refuses.
"""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
N_FFT = 400  # samples in a window, 25 ms
HOP = 160  # samples from one frame to the next, 10 ms
LARGEST_SAMPLE = 8.0  # full scale is 1; what lies above this is not audio in -1..1


def pad_or_trim(audio: NDArray, samples: int = 30 * SAMPLE_RATE_HZ) -> NDArray:
    """Bring audio to a length: zeros are added at the end, or the end is cut off.

    audio: (any length,) of any dtype; no samples at all become silence
    Returns (samples,) in the dtype of audio, in memory of its own.
    Source: openai-whisper, audio.py, pad_or_trim.
    """
    _check_mono(audio)
    samples = _integer(samples, "samples")
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
    Returns (n_mels, 201) float32, in memory of its own; column k belongs to k * 40 Hz.
    Source: librosa.filters.mel with its defaults (Slaney's scale and norm).
    """
    n_mels = _integer(n_mels, "n_mels")
    if not 1 <= n_mels <= 256:
        raise ValueError(f"n_mels must be in 1..256, got {n_mels}")
    mels = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), n_mels + 2)  # the last one is 8000 Hz
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))  # (n_mels + 2,) Hz
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]  # (n_mels, 1) each
    bins = np.linspace(0, SAMPLE_RATE_HZ / 2, N_FFT // 2 + 1)  # (201,) Hz
    rising = (bins - left) / (centre - left)  # (n_mels, 201)
    falling = (right - bins) / (right - centre)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (right - left)).astype(np.float32)


def stft_power(audio: NDArray[np.floating]) -> NDArray[np.float32]:
    """Compute the power of each frequency in each frame: |rfft(window * samples)|**2.

    Frame t is centred on sample 160 t: it takes the 400 samples from 160 t - 200 on, times the periodic Hann
    window 0.5 - 0.5 cos(2 pi n / 400). Beyond its ends the audio is mirrored at its first and last sample,
    which are not repeated. There are samples // 160 frames.
    audio: (samples,) floating point, mono, 16 kHz, scaled to -1..1; at least 201 samples
    Returns (201, frames) float32, whatever floating dtype came in.
    Source: openai-whisper, audio.py, log_mel_spectrogram: torch.stft with center=True, last frame dropped.
    """
    _check_sound(audio)
    padded = np.pad(audio, N_FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)  # (samples + 1, 400), no copy
    frames = windows[: len(audio) // HOP * HOP : HOP]  # (frames, 400)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    spectra = np.fft.rfft(frames * hann).T  # (201, frames)
    return (spectra.real**2 + spectra.imag**2).astype(np.float32)


def log_mel(
    audio: NDArray[np.floating], n_mels: int = 80, sample_rate_hz: int = SAMPLE_RATE_HZ, floor: float = 1e-10
) -> NDArray[np.float32]:
    """Compute Whisper's log-mel spectrogram.

    mel = mel_filterbank @ stft_power; x = log10(max(mel, floor)); x = max(x, max of all x - 8); (x + 4) / 4.
    audio: as in stft_power; n_mels: 80, or 128 for Whisper large-v3
    sample_rate_hz: the rate that audio was sampled at; only 16000 is taken, this function does not resample
    floor: the least mel power; Whisper takes 1e-10, llama.cpp 2**-24
    Returns (n_mels, frames) float32.
    Source: Radford et al. 2022, section 2.2; openai-whisper, audio.py, log_mel_spectrogram.
    """
    _check_options(sample_rate_hz, floor)
    mel = mel_filterbank(n_mels) @ stft_power(audio)  # (n_mels, frames)
    x = np.log10(np.maximum(mel, np.float32(floor)))
    return (np.maximum(x, x.max() - 8) + 4) / 4


def _check_mono(audio: NDArray) -> None:
    if not isinstance(audio, np.ndarray):
        raise TypeError(f"audio must be an array, got {type(audio).__name__}: see np.asarray")
    if audio.ndim != 1:
        raise ValueError(f"audio must be mono, (samples,), got shape {audio.shape}: average the channels")


def _check_sound(audio: NDArray[np.floating]) -> None:
    _check_mono(audio)
    if audio.dtype.kind != "f":
        raise TypeError(f"audio must be floating point in -1..1, got {audio.dtype}: divide int16 by 32768")
    if len(audio) <= N_FFT // 2:
        raise ValueError(f"audio has {len(audio)} samples, but mirrored ends need 201: pad it")
    if not max(audio.max(), -audio.min()) <= LARGEST_SAMPLE:  # NaN is not below anything
        raise ValueError(f"audio has NaN or samples beyond {LARGEST_SAMPLE}; full scale is 1: divide int16 by 32768")


def _check_options(sample_rate_hz: int, floor: float) -> None:
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"sample_rate_hz must be {SAMPLE_RATE_HZ}, got {sample_rate_hz}: resample first")
    if not isinstance(floor, (int, float, np.integer, np.floating)):
        raise TypeError(f"floor must be a number, got {floor!r}")
    if not 1e-37 <= floor <= 1e37:  # float32 holds a little more
        raise ValueError(f"floor must be in 1e-37..1e37, got {floor}")


def _integer(value: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    return int(value)
