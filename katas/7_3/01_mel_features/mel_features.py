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
    raise NotImplementedError


def mel_filterbank(n_mels: int = 80) -> NDArray[np.float32]:
    """Build the triangular filters that sum the 201 frequency bins into mel bins.

    n_mels + 2 edges lie at equal distances on Slaney's mel scale, from 0 to 8000 Hz. Row i rises from 0 at
    edge i to 1 at edge i + 1 and falls to 0 at edge i + 2. It is then scaled so that this triangle has area 1
    over the frequency in Hz: times 2 / (edge i + 2 - edge i).
    n_mels: 1 to 256
    Returns (n_mels, 201) float32, in memory of its own; column k belongs to k * 40 Hz.
    Source: librosa.filters.mel with its defaults (Slaney's scale and norm).
    """
    raise NotImplementedError


def stft_power(audio: NDArray[np.floating]) -> NDArray[np.float32]:
    """Compute the power of each frequency in each frame: |rfft(window * samples)|**2.

    Frame t is centred on sample 160 t: it takes the 400 samples from 160 t - 200 on, times the periodic Hann
    window 0.5 - 0.5 cos(2 pi n / 400). Beyond its ends the audio is mirrored at its first and last sample,
    which are not repeated. There are samples // 160 frames.
    audio: (samples,) floating point, mono, 16 kHz, scaled to -1..1; at least 201 samples
    Returns (201, frames) float32, whatever floating dtype came in.
    Source: openai-whisper, audio.py, log_mel_spectrogram: torch.stft with center=True, last frame dropped.
    """
    raise NotImplementedError


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
    raise NotImplementedError
