"""The same as audio_io, with a resampler whose work is products of matrices: as fast as soxr."""

import math

import numpy as np
from audio_io import (
    BITS,
    Floats,
    _floats,
    _integer,
    count_clipped,
    from_pcm,
    low_pass,
    normalize_peak,
    rms_dbfs,
    to_mono,
    to_pcm,
    trim,
)

__all__ = ["BITS", "count_clipped", "from_pcm", "low_pass", "normalize_peak", "resample", "rms_dbfs", "to_mono",
           "to_pcm", "trim"]

COLUMNS, ROWS = 32, 128  # of one product: its matrix fits the first cache, its rows of audio the second


def resample(audio: Floats, from_hz: int, to_hz: int, taps: Floats | None = None) -> Floats:
    """Resample in blocks of whole periods: the samples m, m + 1, ... of all blocks are one product of matrices.

    After `up` samples the taps repeat, `down` samples of audio further on. So the audio is a matrix with a row a
    block, rows overlapping; 32 neighbouring samples of every block are that matrix times one with their taps.
    """
    audio, from_hz, to_hz = _floats(audio), _integer(from_hz, "from_hz"), _integer(to_hz, "to_hz")
    up, down = to_hz // math.gcd(from_hz, to_hz), from_hz // math.gcd(from_hz, to_hz)
    taps = low_pass(up, down) if taps is None else taps
    if len(taps) % 2 == 0:
        raise ValueError(f"taps must be an odd number of taps, got {len(taps)}")
    half, width = len(taps) // 2, -(-len(taps) // up)
    of_phase = np.pad(taps, (0, width * up - len(taps))).astype(audio.dtype).reshape(width, up)[::-1]  # (width, up)
    samples = -(-len(audio) * up // down)
    periods = -(-2 * COLUMNS // up)  # of a block: 1 where up is large
    block, step = periods * up, periods * down
    resampled = np.empty((-(-samples // block), block), dtype=audio.dtype)
    products = []
    for first in range(0, min(block, samples), COLUMNS):
        m = np.arange(first, min(first + COLUMNS, block))
        newest, phase = np.divmod(m * down + half, up)  # counted from the first sample of a block
        matrix = np.zeros((int(newest[-1] - newest[0]) + width, len(m)), dtype=audio.dtype)
        matrix[newest - newest[0] + np.arange(width)[:, None], np.arange(len(m))] = of_phase[:, phase]
        products.append((first, int(newest[0]), matrix))
    reach = products[-1][1] + len(products[-1][2]) if products else 0  # what a block needs, from width - 1 before it
    for row in range(0, len(resampled), ROWS):
        rows = resampled[row : row + ROWS]
        heard = _between(audio, row * step - (width - 1), (row + len(rows) - 1) * step - (width - 1) + reach)
        for first, begin, matrix in products:
            strides = (step * heard.itemsize, heard.itemsize)
            windows = np.lib.stride_tricks.as_strided(heard[begin:], (len(rows), len(matrix)), strides, writeable=False)
            np.matmul(windows, matrix, out=rows[:, first : first + matrix.shape[1]])
    whole = resampled.reshape(-1)
    return whole if len(whole) == samples else whole[:samples].copy()


def _between(audio: Floats, begin: int, end: int) -> Floats:
    """Return the samples begin..end - 1, with zeros where there are none; neighbours in memory."""
    inner = audio[max(0, begin) : max(0, end)]
    if len(inner) < end - begin:
        before = min(max(0, -begin), end - begin)
        inner = np.pad(inner, (before, end - begin - before - len(inner)))
    return np.ascontiguousarray(inner)
