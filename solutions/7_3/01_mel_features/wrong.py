"""Wrong answers that people give to the mel_features kata; each docstring says what was misunderstood."""

import numpy as np
from mel_features import log_mel, mel_filterbank, stft_power

from fixtures.checking import wrong_answer_to

# --- mel_filterbank ----------------------------------------------------------------------------------


def _slaney_edges(n_mels):
    mels = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), n_mels + 2)
    return np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))


def _triangles(edges):
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = np.arange(201) * 40
    return np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))


@wrong_answer_to(mel_filterbank)
def leaves_the_peaks_at_one(n_mels=80):
    """Your triangles all reach 1: scale each to area 1, times 2 / (right edge - left edge)."""
    return _triangles(_slaney_edges(n_mels))


# --- stft_power --------------------------------------------------------------------------------------

HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)


def _spectra(audio, window=HANN, mode="reflect"):
    """Return the spectra (201, frames + 1), the last one not dropped."""
    padded = np.pad(audio, 200, mode=mode)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    return np.fft.rfft(frames * window).T


@wrong_answer_to(stft_power)
def takes_the_symmetric_window(audio):
    """np.hanning(400) and scipy.signal.windows.hann(400) are symmetric windows, for filters: a spectrum wants the
    periodic one, with n / 400 and not n / 399.
    """
    return np.abs(_spectra(audio, np.hanning(400))[:, :-1]) ** 2


@wrong_answer_to(stft_power)
def forgets_the_mirror(audio):
    """The mirror image beyond the ends is missing: np.pad's mode reflect makes it, torch.stft does it by itself."""
    return np.abs(_spectra(audio, mode="constant")[:, :-1]) ** 2


@wrong_answer_to(stft_power)
def begins_at_the_first_sample(audio):
    """Your frame t begins at sample 160 t: it is centred there, so that it begins 200 samples earlier. Mirror 200
    samples at both ends first.
    """
    frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160]
    return np.abs(np.fft.rfft(frames * HANN).T) ** 2


@wrong_answer_to(stft_power)
def keeps_the_last_frame(audio):
    """You have one frame too many: centring gives samples // 160 + 1 frames, and Whisper drops the last."""
    return np.abs(_spectra(audio)) ** 2


@wrong_answer_to(stft_power)
def gives_the_magnitude(audio):
    """This is the magnitude: the power is its square."""
    return np.abs(_spectra(audio)[:, :-1])


# --- log_mel -----------------------------------------------------------------------------------------


def _mel(audio, n_mels, floor, exponent=2):
    """Return the mel bins in float64, as a first version has them."""
    edges = _slaney_edges(n_mels)
    filters = _triangles(edges) * 2 / (edges[2:] - edges[:-2])[:, None]
    return np.maximum(filters @ np.abs(_spectra(audio)[:, :-1]) ** exponent, floor)


@wrong_answer_to(log_mel)
def forgets_the_limit(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """Quiet bins lie further than 8 below the loudest: x = max(x, x.max() - 8), of the logarithms, before
    (x + 4) / 4 (behind it, 8 would be 32).
    """
    return (np.log10(_mel(audio, n_mels, floor)) + 4) / 4


@wrong_answer_to(log_mel)
def limits_each_frame(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You took the largest logarithm of each frame: the limit is 8 below that of the whole spectrogram, so that
    silence stays silent.
    """
    x = np.log10(_mel(audio, n_mels, floor))
    return (np.maximum(x, x.max(axis=0) - 8) + 4) / 4


@wrong_answer_to(log_mel)
def takes_the_natural_logarithm(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """This is the natural logarithm: Whisper takes log10."""
    x = np.log(_mel(audio, n_mels, floor))
    return (np.maximum(x, x.max() - 8) + 4) / 4


@wrong_answer_to(log_mel)
def filters_the_magnitude(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """The filters got magnitudes, roots of the power: Whisper's filters sum power."""
    x = np.log10(_mel(audio, n_mels, floor, exponent=1))
    return (np.maximum(x, x.max() - 8) + 4) / 4


@wrong_answer_to(log_mel)
def takes_decibels(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """These are decibels, 10 log10: Whisper takes log10 alone, and its limit of 8 is in log10 as well."""
    x = 10 * np.log10(_mel(audio, n_mels, floor))
    return (np.maximum(x, x.max() - 8) + 4) / 4


@wrong_answer_to(log_mel)
def forgets_the_scale(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """The last step is missing: after the limit, (x + 4) / 4."""
    x = np.log10(_mel(audio, n_mels, floor))
    return np.maximum(x, x.max() - 8)
