import numpy as np
import pytest
from audio_io import count_clipped, from_pcm, low_pass, normalize_peak, resample, rms_dbfs, to_mono, to_pcm, trim
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas.audio_io.reference import read_by_scipy, resampled_by_scipy, windowed_sinc
from fixtures.katas.peak_memory import measured

NOISE = np.random.default_rng(5).uniform(-1, 1, 900).astype(np.float32)

# --- dtypes and numpy's integers ---------------------------------------------------------------------


@pytest.mark.parametrize(("came", "goes"), [
    (np.float32, np.float32), (np.float64, np.float64), (np.float16, np.float32), (">f4", np.float32),
])
def test_floats_stay_what_they_are(came, goes):
    """float16 becomes float32; ">f4" is float32 in the byte order of AIFF files."""
    audio = NOISE.astype(came)
    exact = audio.astype(np.float64)
    call(to_mono, audio.reshape(300, 3)).gives(exact.reshape(300, 3).mean(axis=1), atol=1e-6, dtype=goes)
    call(resample, audio, 3000, 2000).gives(resampled_by_scipy(exact, 3000, 2000), atol=1e-5, dtype=goes)
    call(normalize_peak, audio, np.float64(-6)).gives(exact / np.abs(exact).max() * 0.501187, atol=1e-5, dtype=goes)


def test_samples_of_a_file_are_float32_and_taps_float64():
    data = np.random.default_rng(6).bytes(48)
    call(from_pcm, data, "s16le", np.uint8(2)).gives(read_by_scipy(data, "s16le", 2), atol=1e-7, dtype=np.float32)
    for up, down in ((3, 200), (200, 3)):
        call(low_pass, np.uint8(up), np.uint8(down), np.uint8(24)).gives(
            windowed_sinc(up, down), atol=1e-6, dtype=np.float64)


def test_rates_may_be_integers_of_numpy():
    """np.uint16 ends at 65535, below the number of samples times `up`; 2 * 200 is no uint8."""
    call(resample, NOISE, np.uint16(44_100), np.uint16(16_000), np.hanning(99)).gives(
        resampled_by_scipy(NOISE, 44_100, 16_000, np.hanning(99)), atol=1e-5)
    call(resample, NOISE, np.uint8(200), np.uint8(250)).gives(resampled_by_scipy(NOISE, 200, 250), atol=1e-5)


# --- full scale --------------------------------------------------------------------------------------


def test_the_largest_int32_is_no_float32():
    """2**31 - 1 becomes 2**31 in float32, and that, as an int32, the lowest of all."""
    audio = np.float32([1, 2, -1, 1 - 2**-24, 0.25])
    wanted = np.array([2**31 - 1, 2**31 - 1, -(2**31), 2**31 - 128, 2**29], dtype="<i4").tobytes()
    call(to_pcm, audio, "s32le").gives(wanted)
    call(to_pcm, audio, "s24le").gives(bytes.fromhex("ffff7f ffff7f 000080 ffff7f 000020"))
    call(to_pcm, np.array([7, -(2**31) + 1]) / 2**31, "s32le").gives(bytes.fromhex("07000000 01000080"))  # float64
    call(to_pcm, np.array([1e30, -1e30, 1e5]), "s16le").gives(bytes.fromhex("ff7f 0080 ff7f"))  # no int64 either


@given(st.integers(0, 10_000), st.floats(-40, 0), st.integers(-30, 3))
def test_no_normalized_sample_is_above_the_peak(seed, peak_dbfs, magnitude):
    """Not by a rounding error either: at 0 dBFS it would clip."""
    audio = (np.random.default_rng(seed).normal(size=9) * 10.0**magnitude).astype(np.float32)
    target = np.float32(10 ** (peak_dbfs / 20))
    call(normalize_peak, audio, peak_dbfs).satisfies(
        lambda result: target * (1 - 1e-6) <= np.abs(result).max() <= target, "the largest magnitude is the peak's")


def test_the_quietest_recording_is_normalized_too():
    """1e-45 is the smallest float32: 1 by it is infinite."""
    call(normalize_peak, np.float32([1e-45, 0, -1e-45]), 0).gives(np.float32([1, 0, -1]))


# --- silence, short and long sounds ------------------------------------------------------------------


@pytest.mark.parametrize("samples", [0, 5])
def test_silence_has_a_level_and_no_sound(samples):
    """Nothing of it is left: a recogniser would hear words in it. No samples at all are silence too."""
    silence = np.zeros(samples, dtype=np.float32)
    call(rms_dbfs, silence).gives(-np.inf)
    call(normalize_peak, silence).gives(silence)
    call(trim, silence).gives(silence[:0])
    call(count_clipped, silence).gives(0)
    call(resample, silence, 48_000, 16_000).gives(np.zeros(-(-samples // 3)))


def test_faint_sounds_are_not_silence():
    """The square of 1e-30 is no float32."""
    faint = np.float32([1e-30, -1e-30, 0, 0])
    call(rms_dbfs, faint).gives(-603.0103, atol=1e-3)
    call(rms_dbfs, faint[:1]).gives(-600, atol=1e-3)
    call(trim, faint).gives(faint[:2])


@given(st.integers(1, 4), st.sampled_from([(3, 7), (7, 3), (1, 300), (300, 1), (160, 441), (5, 5)]))
def test_a_sound_may_be_shorter_than_the_filter(samples, rates):
    call(resample, NOISE[:samples], *rates).gives(resampled_by_scipy(NOISE[:samples], *rates), atol=1e-5)


def test_one_channel_of_many_is_a_view_with_strides():
    left = np.repeat(NOISE[:, None], 32, axis=1)[::-1, :1]
    call(resample, left[:, 0], 3000, 2000).gives(resampled_by_scipy(NOISE[::-1], 3000, 2000), atol=1e-5)
    call(to_mono, left).gives(NOISE[::-1])
    call(to_mono, np.repeat(left, 32, axis=1)).gives(NOISE[::-1], atol=1e-6)


@pytest.mark.parametrize(("samples", "rates", "taps"), [(80_000, (3, 1), None), (8000, (80, 441), np.hanning(47))])
def test_memory_grows_with_the_sound_and_not_with_the_taps(samples, rates, taps):
    """The neighbourhood of each sample at once takes 15 MB in the first case, all zeros between 28 in the second."""
    audio = np.random.default_rng(7).uniform(-1, 1, samples).astype(np.float32)
    run, peaks = measured(resample)
    call(run, audio, *rates, taps).gives(resampled_by_scipy(audio, *rates, taps), atol=1e-5)
    allowed = 6 * 4 * samples * (1 + rates[1] / rates[0]) / 1e6 + 6  # six times what comes and goes, and 6 MB
    assert peaks[0] < allowed, f"it took {peaks[0]:.0f} MB; {allowed:.0f} are enough"


# --- what is refused ---------------------------------------------------------------------------------

NAN, INFINITE = NOISE.copy(), NOISE.copy()
NAN[3], INFINITE[899] = np.nan, -np.inf
REFUSED = [
    (from_pcm, (b"12345", "s16le"), ValueError, "data"),  # a file that was cut off
    (from_pcm, (b"1234", "s16le", 0), ValueError, "channels"),
    (from_pcm, (b"1234", "s16be"), KeyError, ()),
    (to_pcm, (np.int16([1, 2]), "s16le"), TypeError, "audio"),
    (to_pcm, (NAN, "s16le"), ValueError, "audio"),  # as an integer NaN is the loudest there is
    (to_pcm, (NOISE[None, None], "s16le"), ValueError, "audio"),
    (to_mono, (NOISE,), ValueError, "audio"),
    (to_mono, (NOISE[:891].reshape(27, 33),), ValueError, "audio"),  # (channels, samples), as others have it
    (to_mono, (NOISE[:0].reshape(5, 0),), ValueError, "audio"),
    (low_pass, (0, 1), ValueError, "up"),
    (low_pass, (1, -3), ValueError, "down"),
    (low_pass, (1, 2, 0), ValueError, "zeros"),
    (resample, (NOISE.reshape(450, 2), 2, 1), ValueError, "audio"),
    (resample, ((NOISE * 9).astype(np.int16), 2, 1), TypeError, "audio"),
    (resample, (INFINITE, 2, 1), ValueError, "audio"),  # it reaches everything within the filter
    (resample, (NOISE, 0, 16_000), ValueError, "from_hz"),
    (resample, (NOISE, 11_025.5, 16_000), ValueError, "from_hz"),
    (resample, (NOISE, 8000, -16_000), ValueError, "to_hz"),
    (resample, (NOISE, 1, 2, np.ones(4)), ValueError, "taps"),  # none of four is the middle one
    (rms_dbfs, (NAN,), ValueError, "audio"),
    (rms_dbfs, (NOISE.astype(complex),), TypeError, "audio"),
    (normalize_peak, (INFINITE,), ValueError, "audio"),
    (normalize_peak, (NOISE, 0.1), ValueError, "peak_dbfs"),
    (normalize_peak, (NOISE, np.nan), ValueError, "peak_dbfs"),
    (count_clipped, (NAN,), ValueError, "audio"),
    (trim, (NAN,), ValueError, "audio"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "named"), REFUSED)
def test_what_is_refused(function, arguments, error, named):
    call(function, *arguments).raises(error, naming=named)
