"""The same as vocoder, in single precision, with frames as rows and added by blocks, which is faster than torch."""

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from vocoder import Floats, Spectra, _array, _hann, _integer

_BLOCK = 128  # frames at a time


def stft(samples: Floats, n_fft: int, hop: int) -> Spectra:
    """Transform blocks of windows, each in its precision."""
    samples = _array(samples, "samples", axes=1)
    n_fft = _integer(n_fft, "n_fft", 2)
    if n_fft % 2:
        raise ValueError(f"n_fft must be even, got {n_fft}")
    return _rows_of(samples, n_fft, _integer(hop, "hop", 1, n_fft)).T


def istft(spectra: Spectra, hop: int, length: int | None = None, padding: str = "center") -> Floats:
    """Add up blocks of frames, then divide: inside, the sums of squares repeat from hop to hop."""
    spectra = _array(spectra, "spectra", axes=2, kind="c")
    n_fft, frames = 2 * len(spectra) - 2, spectra.shape[1]
    hop = _integer(hop, "hop", 1, n_fft)
    if padding not in ("center", "same"):
        raise ValueError(f'padding must be "center" or "same", got {padding!r}')
    start, hops = (n_fft // 2, frames - 1) if padding == "center" else ((n_fft - hop) // 2, frames)
    length = hop * hops if length is None else _integer(length, "length", 0)
    samples = _sound_of(spectra.T, hop)[start : start + length]
    return np.pad(samples, (0, length - len(samples))) if len(samples) < length else samples.copy()


def griffin_lim(magnitudes: Floats, phases: Floats, hop: int, iterations: int = 32, momentum: float = 0.99) -> Floats:
    """Go back and forth with frames as rows; a number of length 1 is a number by its length, without its angle."""
    magnitudes, phases = _array(magnitudes, "magnitudes", axes=2), _array(phases, "phases", axes=2)
    if magnitudes.min() < 0 or magnitudes.shape[1] < 2:
        raise ValueError("magnitudes must not be negative (are these logarithms?), and have two frames or more")
    if phases.shape != magnitudes.shape:
        raise ValueError(f"phases must have the shape {magnitudes.shape}, got {phases.shape}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be 0 or more and below 1, got {momentum}")
    n_fft, frames = 2 * len(magnitudes) - 2, magnitudes.shape[1]
    hop = _integer(hop, "hop", 1, n_fft)
    inside = slice(n_fft // 2, n_fft // 2 + hop * (frames - 1))
    loudest = float(magnitudes.max()) or 1.0  # squares of what is relative to it stay within float32
    wanted = np.ascontiguousarray(magnitudes.T) / magnitudes.dtype.type(loudest)  # (frames, bins)
    spectra = _turned(wanted, phases.T)
    behind = wanted.dtype.type(-momentum / (1 + momentum))
    before = np.zeros_like(spectra)
    for _ in range(_integer(iterations, "iterations", 0)):
        rebuilt = _rows_of(_sound_of(spectra, hop)[inside], n_fft, hop)
        before *= behind  # rebuilt + momentum * (rebuilt - before), by 1 + momentum: the phases are the same
        before += rebuilt
        power = before.real**2 + before.imag**2  # (frames, bins)
        if not power.all():
            before[power == 0] = power[power == 0] = 1
        np.divide(wanted, np.sqrt(power, out=power), out=power)
        spectra = np.multiply(before, power, out=before)
        before = rebuilt
    return _sound_of(spectra, hop)[inside] * magnitudes.dtype.type(loudest)


def istft_head(rows: Floats, hop: int) -> Floats:
    """Take cosines and sines of the phases in the precision of the rows."""
    rows = _array(rows, "rows", axes=2)
    if rows.shape[1] % 2:
        raise ValueError(f"rows must have two halves, got {rows.shape[1]} numbers in each")
    logarithms, phases = np.split(rows, 2, axis=1)  # (frames, bins) each
    return istft(_turned(np.exp(np.minimum(logarithms, math.log(100))), phases).T, hop, padding="same")


def _turned(magnitudes: Floats, phases: Floats) -> Spectra:
    spectra = np.empty(magnitudes.shape, np.result_type(magnitudes.dtype, np.complex64))
    np.multiply(magnitudes, np.cos(phases), out=spectra.real, casting="same_kind")
    np.multiply(magnitudes, np.sin(phases), out=spectra.imag, casting="same_kind")
    return spectra


def _rows_of(samples: Floats, n_fft: int, hop: int) -> Spectra:
    """Return the spectra as rows (frames, bins)."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, n_fft // 2), n_fft)[::hop]
    hann = _hann(n_fft).astype(samples.dtype)
    rows = np.empty((len(windows), n_fft // 2 + 1), np.result_type(samples.dtype, np.complex64))
    for start in range(0, len(windows), _BLOCK):
        rows[start : start + _BLOCK] = scipy.fft.rfft(windows[start : start + _BLOCK] * hann)
    return rows


def _sound_of(rows: Spectra, hop: int) -> NDArray:
    """Return all samples that frames (frames, bins) reach, from the begin of frame 0 on."""
    n_fft, frames = 2 * rows.shape[1] - 2, len(rows)
    hann = _hann(n_fft).astype(rows.real.dtype)
    parts = -(-n_fft // hop)  # hops in a window; the last may be shorter
    total = np.zeros((frames + parts - 1, hop), hann.dtype)
    for start in range(0, frames, _BLOCK):
        block = scipy.fft.irfft(rows[start : start + _BLOCK])
        block *= hann
        _add(total[start:], block, hop)
    few = min(frames, parts)  # of so many frames, the sums of squares say all
    weight = np.zeros((few + parts - 1, hop))
    _add(weight, np.broadcast_to(_hann(n_fft) ** 2, (few, n_fft)), hop)
    share = (1 / np.where(weight < 1e-11, np.inf, weight)).astype(hann.dtype)
    total[:few] *= share[:few]
    total[few:frames] *= share[few - 1]
    total[frames:] *= share[few:]
    return total.ravel()[: hop * (frames - 1) + n_fft]


def _add(total: Floats, block: Floats, hop: int) -> None:
    """Add frames, hop samples apart, to the rows of hop samples that they begin in."""
    for i in range(-(-block.shape[1] // hop)):
        columns = block[:, i * hop : (i + 1) * hop]
        total[i : i + len(block), : columns.shape[1]] += columns
