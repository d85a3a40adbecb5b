import numpy as np
import pytest
from mel_features import log_mel, mel_filterbank, pad_or_trim, stft_power

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.mel_features.reference import fourier_power, recorded_clip, triangles, whisper_log_mel

NOISE = np.random.default_rng(3).uniform(-1, 1, 777).astype(np.float32)

# --- dtypes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_the_power_is_float32_whatever_came_in(dtype):
    """The last is float32 in the byte order of AIFF files. float64 doubles the memory of all that follows."""
    audio = NOISE.astype(dtype)
    call(stft_power, audio).gives(fourier_power(audio), atol=0.02, rtol=1e-4, dtype=np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_spectrogram_is_float32_whatever_came_in(dtype):
    audio = NOISE.astype(dtype)
    call(log_mel, audio).gives(whisper_log_mel(audio), atol=5e-4, dtype=np.float32)


def test_the_filters_are_float32():
    call(mel_filterbank, 5).gives(triangles(5), atol=2e-6, dtype=np.float32)


@pytest.mark.parametrize("audio", [
    np.int16([7, -32_768, 9, 32_767]), np.int64([2**53 + 1, 3, -(2**53) - 1, 5]), np.float64([1 / 3, 2, -3, 4]),
], ids=lambda audio: audio.dtype.name)
@pytest.mark.parametrize("samples", [3, 6])
def test_padding_keeps_the_dtype_and_every_sample(audio, samples):
    """2**53 + 1 is the first integer that a float64 does not hold."""
    wanted = np.array([*audio, 0, 0][:samples], dtype=audio.dtype)
    call(pad_or_trim, audio, samples).gives(wanted, dtype=audio.dtype)


# --- memory ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 4])
def test_the_result_of_trimming_is_not_a_view(samples):
    """Who writes into the 30 s that go to the model must not change the recording."""
    audio = np.float32([3, -1, 2, 5])
    call(pad_or_trim, audio, samples).satisfies(
        lambda result: np.array_equal(result, audio[:samples]) and not np.shares_memory(result, audio),
        "the first samples, in memory of their own")


def test_each_filterbank_is_new():
    """Of a cached one, who scales a row changes everybody's."""
    first = call(mel_filterbank, 80).value
    call(mel_filterbank, 80).satisfies(
        lambda second: np.array_equal(first, second) and not np.shares_memory(first, second),
        "the same filters, in memory of their own")


# --- sizes -------------------------------------------------------------------------------------------


def test_small_integers_of_numpy_are_sizes_too():
    """np.uint8(254) + 2 is 0, and np.uint8(5) - 7 is 254."""
    call(mel_filterbank, np.uint8(254)).gives(triangles(254), atol=2e-6)
    call(pad_or_trim, np.arange(7), np.uint8(5)).gives(np.arange(5))
    call(log_mel, NOISE, np.uint8(254)).gives(whisper_log_mel(NOISE, 254), atol=5e-4)


def test_long_audio_and_views_with_strides_are_read_correctly():
    """Three seconds, as the left channel of interleaved stereo: every second number."""
    audio = np.random.default_rng(4).uniform(-0.5, 0.5, 2 * 48_100).astype(np.float32)[::2]
    call(stft_power, audio).gives(fourier_power(audio), atol=0.02, rtol=1e-4)
    call(log_mel, audio).gives(whisper_log_mel(audio), atol=5e-4)


def test_201_samples_are_enough():
    """The window of the only frame is half mirror image."""
    call(log_mel, recorded_clip()[:201]).gives(recorded("mel_features")["shortest_log_mel_80"], atol=5e-4)


def test_no_samples_become_silence():
    call(pad_or_trim, np.zeros(0, dtype=np.float32), 3).gives(np.zeros(3, dtype=np.float32))


def test_samples_may_pass_full_scale():
    """A loud resampled recording passes 1 a little; 8 is still taken."""
    audio = np.array([8, -8, 1, -3] * 120, dtype=np.float32)
    call(stft_power, audio).gives(fourier_power(audio), atol=1, rtol=1e-4)


@pytest.mark.parametrize(("floor", "lowest"), [(1e-37, -8.25), (1e37, 10.25)])
def test_the_floor_may_be_almost_all_that_float32_holds(floor, lowest):
    call(log_mel, np.zeros(320, dtype=np.float32), floor=floor).gives(np.full((80, 2), lowest), atol=1e-5)


# --- what is refused ---------------------------------------------------------------------------------


def noise_with(value: float, place: int) -> np.ndarray:
    audio = NOISE.copy()
    audio[place] = value
    return audio


REFUSED = [
    (pad_or_trim, ([0.5, 0.25], 4), TypeError, "audio"),
    (pad_or_trim, (np.ones((2, 5)), 4), ValueError, "audio"),
    (pad_or_trim, (np.ones(()), 4), ValueError, "audio"),
    (pad_or_trim, (np.ones(5), 0), ValueError, "samples"),
    (pad_or_trim, (np.ones(5), 4.0), TypeError, "samples"),
    (pad_or_trim, (np.ones(5), True), TypeError, "samples"),
    (mel_filterbank, (0,), ValueError, "n_mels"),
    (mel_filterbank, (257,), ValueError, "n_mels"),
    (mel_filterbank, (80.0,), TypeError, "n_mels"),
    (mel_filterbank, (True,), TypeError, "n_mels"),
    (stft_power, ([0.25] * 300,), TypeError, "audio"),
    (stft_power, (np.arange(500, dtype=np.int16),), TypeError, "audio"),  # 32768 times too loud
    (stft_power, (NOISE.astype(np.complex64),), TypeError, "audio"),
    (stft_power, (NOISE[:420].reshape(2, 210),), ValueError, "audio"),
    (stft_power, (NOISE[:210, None],), ValueError, "audio"),
    (stft_power, (NOISE[:200],), ValueError, "audio"),
    (stft_power, (NOISE[:0],), ValueError, "audio"),
    (stft_power, (noise_with(8.25, 123),), ValueError, "audio"),  # int16, converted but not divided
    (stft_power, (noise_with(-8.25, 123),), ValueError, "audio"),
    (stft_power, (noise_with(np.nan, 776),), ValueError, "audio"),  # through the maximum it reaches everything
    (stft_power, (noise_with(-np.inf, 0),), ValueError, "audio"),
    (log_mel, (np.arange(500, dtype=np.int16),), TypeError, "audio"),
    (log_mel, (noise_with(np.nan, 321),), ValueError, "audio"),
    (log_mel, (NOISE, 257), ValueError, "n_mels"),
    (log_mel, (NOISE, 80.0), TypeError, "n_mels"),
    (log_mel, (NOISE, 80, 44_100), ValueError, "sample_rate_hz"),  # frequencies would land in the wrong bins
    (log_mel, (NOISE, 80, 8000), ValueError, "sample_rate_hz"),
    (log_mel, (NOISE, 80, 16_000, 0), ValueError, "floor"),
    (log_mel, (NOISE, 80, 16_000, 1e-38), ValueError, "floor"),
    (log_mel, (NOISE, 80, 16_000, 1e38), ValueError, "floor"),
    (log_mel, (NOISE, 80, 16_000, np.nan), ValueError, "floor"),
    (log_mel, (NOISE, 80, 16_000, "1e-10"), TypeError, "floor"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "named"), REFUSED)
def test_what_is_refused(function, arguments, error, named):
    call(function, *arguments).raises(error, naming=named)
