"""Recordings as speech models want them: floats in -1..1, one channel, the model's rate, no silence around it.

llama.cpp's mtmd takes mono float32 at its encoder's rate. The README's table says what each function refuses.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
BITS = {"u8": 8, "s16le": 16, "s24le": 24, "s32le": 32}  # of a number in a WAV file; u8 has its zero at 128


def from_pcm(data: bytes, encoding: str, channels: int = 1) -> NDArray[np.float32]:
    """Turn the numbers of a WAV file into floats: each by 2**(bits - 1).

    data: the first number of every channel, then the second of every channel, ...; lowest byte first
    encoding: a key of BITS. Returns (samples, channels) float32.
    """
    width, channels = BITS[encoding] // 8, _integer(channels, "channels")
    if len(data) % (width * channels):
        raise ValueError(f"data has {len(data)} bytes: not whole samples of {channels} channels with {width} bytes")
    wide = np.zeros((len(data) // width, 4), dtype=np.uint8)  # (numbers, 4): each is the upper bytes of an int32
    wide[:, 4 - width :] = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
    wide[:, 3] ^= 128 if encoding == "u8" else 0  # 0..255 becomes -128..127
    return wide.view("<i4").astype(np.float32).reshape(-1, channels) / np.float32(2**31)


def to_pcm(audio: Floats, encoding: str) -> bytes:
    """Turn floats (samples,) or (samples, channels) into bytes: times 2**(bits - 1), rounded, limited to what fits."""
    full_scale = 2 ** (BITS[encoding] - 1)
    numbers = np.rint(_floats(audio, 1, 2).astype(np.float64) * full_scale)  # no float32 is 2**31 - 1
    numbers = np.clip(numbers, -full_scale, full_scale - 1).astype("<i4").reshape(-1, 1)
    numbers += 128 if encoding == "u8" else 0
    return numbers.view(np.uint8)[:, : BITS[encoding] // 8].tobytes()


def to_mono(audio: Floats) -> Floats:
    """Average the channels of each sample: (samples, channels) becomes (samples,)."""
    audio = _floats(audio, 2)
    if not 1 <= audio.shape[1] <= 32:
        raise ValueError(f"audio has {audio.shape[1]} channels: is it (channels, samples)?")
    return audio.mean(axis=1)


def low_pass(up: int, down: int, zeros: int = 24, beta: float = 9.0) -> NDArray[np.float64]:
    """Build the filter that resamples by up / down: a sinc that cuts at the lower of the two Nyquist frequencies.

    With `up` taps a sample, sinc(n / max(up, down)) as far as its `zeros`-th zero on either side, times a Kaiser
    window of `beta` over all of that, scaled so that the taps sum to `up`.
    Returns (2 * zeros * max(up, down) + 1,) float64.
    """
    up, down, zeros = _integer(up, "up"), _integer(down, "down"), _integer(zeros, "zeros")
    n = np.arange(-zeros * max(up, down), zeros * max(up, down) + 1)
    taps = np.sinc(n / max(up, down)) * np.kaiser(len(n), beta)
    return taps * (up / taps.sum())


def resample(audio: Floats, from_hz: int, to_hz: int, taps: Floats | None = None) -> Floats:
    """Put up - 1 zeros after each sample, filter, keep every down-th: up / down is to_hz / from_hz in lowest terms.

    audio: (samples,), silent beyond its ends; taps: an odd number, the middle one at time 0; None: low_pass(up, down)
    Returns (ceil(samples * up / down),), sample m at m / to_hz seconds. Only what is kept is computed.
    """
    audio, from_hz, to_hz = _floats(audio), _integer(from_hz, "from_hz"), _integer(to_hz, "to_hz")
    up, down = to_hz // math.gcd(from_hz, to_hz), from_hz // math.gcd(from_hz, to_hz)
    taps = low_pass(up, down) if taps is None else taps
    if len(taps) % 2 == 0:
        raise ValueError(f"taps must be an odd number of taps, got {len(taps)}")
    half, width = len(taps) // 2, -(-len(taps) // up)
    taps = np.pad(taps, (0, width * up - len(taps))).astype(audio.dtype)  # `width` of each phase
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(audio, (width - 1, half // up + 1)), width)
    resampled = np.empty(-(-len(audio) * up // down), dtype=audio.dtype)
    for m in range(min(up, len(resampled))):  # m, m + up, m + 2 up, ... meet the same taps
        newest, phase = divmod(m * down + half, up)  # window k ends with sample k
        resampled[m::up] = windows[newest::down][: len(resampled[m::up])] @ taps[phase::up][::-1]
    return resampled


def rms_dbfs(audio: Floats) -> float:
    """Return 20 log10 of the root of the mean square: a square wave of 1 has 0 dBFS, silence -infinity."""
    power = np.square(_floats(audio), dtype=np.float64).sum() / max(1, len(audio))
    return 10 * math.log10(power) if power > 0 else -math.inf


def normalize_peak(audio: Floats, peak_dbfs: float = -1.0) -> Floats:
    """Scale a recording so that its largest magnitude is 10**(peak_dbfs / 20), and no more. Silence stays silence."""
    if not peak_dbfs <= 0:
        raise ValueError(f"peak_dbfs must be at most 0, got {peak_dbfs}")
    audio = _floats(audio)
    return audio / (np.abs(audio).max(initial=0) or 1) * float(10 ** (peak_dbfs / 20))


def count_clipped(audio: Floats, level: float = 0.99) -> int:
    """Count the samples on flat tops: three or more equal ones in a row, of magnitude `level` or more."""
    same = (_floats(audio)[1:] == audio[:-1]) & (np.abs(audio[1:]) >= level)
    begins, ends = np.flatnonzero(np.diff(same, prepend=False, append=False)).reshape(-1, 2).T
    return sum(end - begin + 1 for begin, end in zip(begins.tolist(), ends.tolist()) if end - begin > 1)


def trim(audio: Floats, top_db: float = 40.0) -> Floats:
    """Keep all from the first to the last sample whose magnitude is less than top_db below the largest."""
    magnitude = np.abs(_floats(audio))
    loud = np.flatnonzero(magnitude > magnitude.max(initial=0) * 10 ** (-top_db / 20))
    return audio[loud[0] : loud[-1] + 1].copy() if len(loud) else audio[:0].copy()


def _integer(value: int, name: str) -> int:
    if not value >= 1 or value % 1:  # of NaN and infinity too
        raise ValueError(f"{name} must be an integer of 1 or more, got {value}")
    return int(value)


def _floats(audio: Floats, *axes: int) -> Floats:
    if not isinstance(audio, np.ndarray) or audio.dtype.kind != "f":
        raise TypeError(f"audio must be an array of floats, got {getattr(audio, 'dtype', type(audio))}")
    if audio.ndim not in (axes or (1,)) or not np.isfinite(audio).all():
        raise ValueError(f"audio must be finite and of {' or '.join(map(str, axes or '1'))} axes, got {audio.shape}")
    return audio.astype(np.result_type(audio.dtype, np.float32), copy=False)
