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

COLUMNS, ROWS = 24, 128  # of one product: its matrix stays in the first cache, its rows of audio in the second


def resample(audio: Floats, from_hz: int, to_hz: int, taps: Floats | None = None) -> Floats:
    """Resample in blocks of whole periods: the samples m, m + 1, ... of all blocks are one product of matrices.

    After `up` samples the taps repeat, `down` samples of audio further on. So the audio is a matrix with a row a
    block, rows overlapping; 24 neighbouring samples of every block are that matrix times one with their taps.
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
    blocks = -(-samples // block)
    padded = np.pad(audio, (width - 1, half // up + step + 1))
    resampled = np.empty((blocks, block), dtype=audio.dtype)
    products = []
    for first in range(0, min(block, samples), COLUMNS):
        m = np.arange(first, min(first + COLUMNS, block))
        newest, phase = np.divmod(m * down + half, up)
        begin = int(newest[0])
        matrix = np.zeros((int(newest[-1]) - begin + width, len(m)), dtype=audio.dtype)
        rows = (newest - begin) + np.arange(width)[:, None]  # (width, columns)
        matrix[rows, np.arange(len(m))] = of_phase[:, phase]
        products.append((first, begin, matrix))
    stride = padded.itemsize
    for row in range(0, blocks, ROWS):
        for first, begin, matrix in products:
            count = min(ROWS, blocks - row)
            windows = np.lib.stride_tricks.as_strided(
                padded[row * step + begin :], (count, len(matrix)), (step * stride, stride), writeable=False)
            resampled[row : row + count, first : first + matrix.shape[1]] = windows @ matrix
    return resampled.reshape(-1)[:samples].copy() if blocks * block > samples else resampled.reshape(-1)
