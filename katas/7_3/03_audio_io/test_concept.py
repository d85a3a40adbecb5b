import numpy as np
import pytest
from audio_io import count_clipped, from_pcm, low_pass, normalize_peak, resample, rms_dbfs, to_mono, to_pcm, trim
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.audio_io.reference import (
    kept_and_leaked,
    read_by_scipy,
    resampled_by_scipy,
    stuffed_and_filtered,
    sweep,
    windowed_sinc,
)

ENCODINGS = ["u8", "s16le", "s24le", "s32le"]

# --- from_pcm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "data", "wanted"), [
    ("s16le", "0000 0040 0080 ff7f", [0, 0.5, -1, 32767 / 32768]),
    ("u8", "80 c0 00 ff", [0, 0.5, -1, 127 / 128]),
    ("s24le", "000000 000040 000080 ffff7f ffffff", [0, 0.5, -1, 1 - 2**-23, -(2.0**-23)]),
    ("s32le", "00000000 00000040 00000080 000000c0", [0, 0.5, -1, -0.5]),
])
def test_numbers_become_parts_of_full_scale(encoding, data, wanted):
    """The README's examples, written as a hex dump shows them."""
    call(from_pcm, bytes.fromhex(data), encoding).gives(np.float32(wanted)[:, None], atol=1e-8)  # 1/32767: 3e-5


def test_channels_take_turns():
    """Three samples of stereo: left, right, left, right, left, right."""
    data = np.array([1, 2, 3, 4, 5, 6], dtype="<i2").tobytes()
    call(from_pcm, data, "s16le", 2).gives(np.float32([[1, 2], [3, 4], [5, 6]]) / 32768, atol=1e-8)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_file_is_read_as_scipy_reads_it(encoding, channels):
    data = np.random.default_rng(channels).bytes(7 * channels * (1 + ENCODINGS.index(encoding)))
    call(from_pcm, data, encoding, channels).gives(read_by_scipy(data, encoding, channels), atol=1e-7)  # float32: 3e-8


# --- to_pcm ------------------------------------------------------------------------------------------


def codes(data: bytes) -> list[int]:
    return np.frombuffer(data, dtype="<i2").tolist()


def test_full_scale_does_not_wrap_around():
    """1 is 32768, and the largest int16 is 32767. One more is -32768: a click, as loud as a click can be."""
    audio = np.float32([1, -1, 1.5, -7, 0.5, -0.25])
    wanted = np.array([32767, -32768, 32767, -32768, 16384, -8192], dtype="<i2")
    call(to_pcm, audio, "s16le").gives(wanted.tobytes())
    call(to_pcm, audio, "u8").gives(bytes([255, 0, 255, 0, 192, 96]))


def test_numbers_are_rounded_to_the_nearest():
    """Cut off, everything would move towards 0 by half a step."""
    call(to_pcm, np.float32([1.75, -1.75, 0.75, -0.25, 99.4]) / 32768, "s16le").satisfies(
        lambda data: codes(data) == [2, -2, 1, 0, 99], "the int16 2, -2, 1, 0, 99")


@given(st.sampled_from(ENCODINGS[:3]), st.integers(1, 3), st.integers(0, 1000))
def test_what_was_read_is_written_back(encoding, channels, seed):
    """Up to 24 bits, which a float32 holds."""
    data = np.random.default_rng(seed).bytes(5 * channels * (1 + ENCODINGS.index(encoding)))
    audio = np.float32(read_by_scipy(data, encoding, channels))
    call(to_pcm, audio, encoding).gives(data)
    call(to_pcm, audio[:, 0], encoding).satisfies(lambda mono: len(mono) * channels == len(data), "one channel's bytes")


# --- to_mono -----------------------------------------------------------------------------------------


def test_mono_is_the_mean_of_the_channels():
    """A voice in the middle stays as loud as it was, a voice at the left is half as loud."""
    audio = np.float32([[0.5, 0.5], [0.8, 0], [1, 1], [0.25, -0.25]])
    call(to_mono, audio).gives(np.float32([0.5, 0.4, 1, 0]), atol=1e-6)
    call(to_mono, np.float32([[0.1, 0.2, 0.6], [-1, -1, -1]])).gives(np.float32([0.3, -1]), atol=1e-6)


# --- low_pass ----------------------------------------------------------------------------------------


def test_a_sinc_of_five_taps():
    """As far as the first zero, without a window: 0, 0.637, 1, 0.637, 0, which sum to 2.273; up is 1, or 2."""
    wanted = np.array([0, 0.5602, 0.8798, 0.5602, 0])
    call(low_pass, 1, 2, zeros=1, beta=0).gives(wanted / 2, atol=1e-3)
    call(low_pass, 2, 1, zeros=1, beta=0).gives(wanted, atol=1e-3)


@pytest.mark.parametrize(("up", "down", "zeros", "beta"),
                         [(2, 3, 10, 5.0), (160, 441, 24, 9.0), (147, 40, 6, 8.0), (1, 6, 16, 12.0)])
def test_the_filter_is_that_of_scipy(up, down, zeros, beta):
    call(low_pass, up, down, zeros, beta).gives(windowed_sinc(up, down, zeros, beta), atol=1e-6)  # up to 1


@given(st.integers(1, 9), st.integers(1, 9))
def test_what_is_above_either_nyquist_frequency_is_stopped(up, down):
    """In the response, 0.5 is half the rate that the taps have; by default it falls within 12 % of the cut."""
    def holds(taps):
        hz = np.linspace(0, 0.5, 97)
        response = np.abs(np.exp(-2j * np.pi * hz[:, None] * np.arange(len(taps))) @ taps) / up
        cut = 0.5 / max(up, down)
        return (np.abs(response[hz < 0.87 * cut] - 1) < 1e-3).all() and (response[hz > 1.13 * cut] < 1e-3).all()

    call(low_pass, up, down).satisfies(holds, "below the lower Nyquist frequency a gain of `up`, above it 0")


# --- resample ----------------------------------------------------------------------------------------


def test_half_the_rate_is_a_mean_and_not_every_second_sample():
    """Five samples become three: of silence, 4 and 8; of 8, 0 and 4; of 4, 8 and silence."""
    call(resample, np.float32([4, 8, 0, 4, 8]), 16_000, 8000, np.array([0.25, 0.5, 0.25])).gives(
        np.float32([4, 3, 5]), atol=1e-5)


def test_three_taps_draw_straight_lines():
    """Twice the rate: 2 . 4 . 8 . becomes 2 3 4 6 8 4, for after 8 comes silence."""
    call(resample, np.float32([2, 4, 8]), 8000, 16_000, np.array([0.5, 1, 0.5])).gives(
        np.float32([2, 3, 4, 6, 8, 4]), atol=1e-5)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 30), st.integers(0, 12), st.integers(0, 1000))
def test_it_is_zeros_between_then_a_filter_then_every_so_many(up, down, samples, half, seed):
    """The filter may be longer than the sound: the mode "same" of np.convolve then has the filter's length."""
    rng = np.random.default_rng(seed)
    audio, taps = rng.normal(size=samples).astype(np.float32), rng.normal(size=2 * half + 1)
    call(resample, audio, 500 * down, 500 * up, taps).gives(
        stuffed_and_filtered(audio, 500 * down, 500 * up, taps), atol=1e-4)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 16_000), (16_000, 48_000), (22_050, 16_000)])
def test_without_taps_it_is_scipy_with_the_low_pass(from_hz, to_hz):
    """If `low_pass` fails too, begin there: these taps are its own."""
    audio = np.random.default_rng(1).uniform(-1, 1, 201).astype(np.float32)
    call(resample, audio, from_hz, to_hz).gives(resampled_by_scipy(audio, from_hz, to_hz), atol=1e-5)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(48_000, 16_000), (24_000, 16_000), (8000, 16_000), (16_000, 20_000)])
def test_a_sweep_stays_below_nyquist_and_is_gone_above(from_hz, to_hz):
    """Every frequency once, through the taps of `low_pass`. What stays above is heard as another one: 9 kHz as 7."""
    def holds(resampled):
        error, leak = kept_and_leaked(resampled, from_hz, to_hz)
        return error < 2e-3 and leak < 2e-3  # right: 1e-4; straight lines: 0.3 and 0.9

    call(resample, sweep(from_hz, from_hz / 2).astype(np.float32), from_hz, to_hz).satisfies(
        holds, "below 0.85 of the lower Nyquist frequency the same sweep, above 1.15 of it nothing")


# --- levels ------------------------------------------------------------------------------------------


def test_a_sine_has_three_decibels_less_than_a_square():
    sine = np.sin(2 * np.pi * np.arange(1600) / 160)
    for audio, wanted in ((np.sign(sine + 1e-9), 0), (sine, -3.0103), (sine / 2, -9.0309), (np.full(9, -0.1), -20)):
        call(rms_dbfs, audio).gives(wanted, atol=1e-3)


def test_the_largest_magnitude_decides():
    """It may be negative. -6.0206 dB are a half."""
    call(normalize_peak, np.float32([0.1, -0.4, 0.2]), 0).gives(np.float32([0.25, -1, 0.5]), atol=1e-6)
    call(normalize_peak, np.float32([2, -1]), -6.0206).gives(np.float32([0.5, -0.25]), atol=1e-5)
    call(normalize_peak, np.float32([0.1, -0.05])).gives(np.float32([0.89125, -0.44563]), atol=1e-5)


def test_flat_tops_are_clipped_and_peaks_are_not():
    """32767 / 32768 is full scale too. Two alike are a peak, and equal ones in the middle are a pause."""
    top = 32767 / 32768
    audio = np.float32([0, top, top, top, 0.5, 0.5, 0.5, -1, -1, -1, -1, 1, 0.9, 1, 1, 0, 0, 0, -1])
    call(count_clipped, audio).gives(7)
    call(count_clipped, audio[1:11]).gives(7)  # it begins and ends with a row
    call(count_clipped, audio, level=0.5).gives(10)


def test_silence_is_trimmed_at_both_ends_and_pauses_stay():
    """40 dB below the largest magnitude, 0.5, are 0.005."""
    audio = np.float32([0, 0.0048, -0.003, -0.2, 0.001, 0, -0.5, 0.0052, -0.0048, 0.002])
    call(trim, audio).gives(audio[3:8])
    call(trim, audio / 1000).gives(audio[3:8] / 1000, atol=1e-9)
    call(trim, audio, top_db=26).gives(audio[3:7])
