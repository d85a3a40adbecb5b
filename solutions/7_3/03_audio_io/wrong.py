"""Wrong answers that people give to the audio_io kata; each docstring says what was misunderstood."""

import math

import numpy as np
from audio_io import BITS, count_clipped, from_pcm, low_pass, normalize_peak, resample, rms_dbfs, to_pcm, trim

from fixtures.checking import wrong_answer_to

# --- from_pcm ----------------------------------------------------------------------------------------


@wrong_answer_to(from_pcm)
def forgets_where_the_zero_of_8_bits_is(data, encoding, channels=1):
    """Your 8-bit numbers have their zero at 0: in a WAV file 128 is silence, so take 128 off before you divide."""
    return from_pcm(data, encoding, channels) + np.float32(encoding == "u8")


@wrong_answer_to(from_pcm)
def divides_by_the_largest_number(data, encoding, channels=1):
    """You divide by the largest number: full scale is the lowest one, 2**(bits - 1), and that becomes -1."""
    full_scale = 2.0 ** (BITS[encoding] - 1)
    return np.float32(from_pcm(data, encoding, channels) * (full_scale / (full_scale - 1)))


# --- to_pcm ------------------------------------------------------------------------------------------


def _written(numbers, encoding):
    codes = np.asarray(numbers).astype(np.int64).reshape(-1, 1) + (128 if encoding == "u8" else 0)
    return codes.astype("<i8").view(np.uint8)[:, : BITS[encoding] // 8].tobytes()  # upper bytes dropped: wraps


@wrong_answer_to(to_pcm)
def wraps_around(audio, encoding):
    """Your full scale wraps around: 1.0 becomes the most negative one. Limit to 2**(bits - 1) - 1 before the cast."""
    return _written(np.rint(np.float64(audio) * 2 ** (BITS[encoding] - 1)), encoding)


@wrong_answer_to(to_pcm)
def cuts_off_the_fraction(audio, encoding):
    """You cut off what is behind the point, as a cast does: round to the nearest integer first."""
    full_scale = 2 ** (BITS[encoding] - 1)
    return _written(np.clip(np.trunc(np.float64(audio) * full_scale), -full_scale, full_scale - 1), encoding)


# --- low_pass ----------------------------------------------------------------------------------------


@wrong_answer_to(low_pass)
def cuts_at_the_old_nyquist_frequency(up, down, zeros=24, beta=9.0):
    """Your filter cuts at half the old rate, whatever the new one is: to a lower rate, at half the new one."""
    return low_pass(up, 1, zeros, beta)


@wrong_answer_to(low_pass)
def forgets_the_gain(up, down, zeros=24, beta=9.0):
    """Your taps sum to 1: of `up` numbers up - 1 are the zeros put between, so the result is too quiet by `up`."""
    return low_pass(up, down, zeros, beta) / up


# --- resample ----------------------------------------------------------------------------------------


@wrong_answer_to(resample)
def draws_straight_lines(audio, from_hz, to_hz, taps=None):
    """You read the sound at the new times, with nothing that takes out what the new rate cannot hold: it aliases."""
    times = np.arange(-(-len(audio) * to_hz // from_hz)) * from_hz / to_hz
    return np.interp(times, np.arange(len(audio)), audio)


@wrong_answer_to(resample)
def comes_late(audio, from_hz, to_hz, taps=None):
    """Your sound comes late by half the filter: begin at its middle tap, which belongs to time 0."""
    up, down = to_hz // math.gcd(from_hz, to_hz), from_hz // math.gcd(from_hz, to_hz)
    taps = low_pass(up, down) if taps is None else taps
    return resample(audio, from_hz, to_hz, np.concatenate([np.zeros(2 * (len(taps) // 2)), taps]))


# --- levels ------------------------------------------------------------------------------------------


@wrong_answer_to(rms_dbfs)
def forgets_the_root(audio):
    """You left out the root: 20 log10 belongs to a magnitude, 10 log10 to its square, and you have twice as many dB."""
    return 20 * math.log10(np.mean(np.square(audio))) if audio.any() else -math.inf


@wrong_answer_to(normalize_peak)
def looks_at_the_largest_number(audio, peak_dbfs=-1.0):
    """You scaled by the largest number: a larger negative one then clips. Take magnitudes."""
    return audio / audio.max() * 10 ** (peak_dbfs / 20)


@wrong_answer_to(count_clipped)
def counts_each_three_in_a_row(audio, level=0.99):
    """You counted how often three in a row are equal: a row of three has 3 samples, one of four has 4, not 1 and 2."""
    same = (audio[1:] == audio[:-1]) & (np.abs(audio[1:]) >= level)
    return int((same[1:] & same[:-1]).sum())


@wrong_answer_to(trim)
def cuts_out_the_pauses(audio, top_db=40.0):
    """You cut out every quiet sample: pauses belong to speech. Cut before the first and after the last loud one."""
    magnitude = np.abs(audio)
    return audio[magnitude > magnitude.max() * 10 ** (-top_db / 20)]
