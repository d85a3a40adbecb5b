import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mel_features import log_mel, mel_filterbank, pad_or_trim, stft_power

from fixtures.checking import call
from fixtures.katas import recorded

FREQUENCIES = np.arange(201) * 40.0  # Hz, of the bins of a window of 400 samples at 16 kHz
HANN = np.sin(np.pi * np.arange(400) / 400) ** 2  # periodic: its maximum, 1, is at 200; its sum is 200
TURNS = np.exp(-2j * np.pi * np.outer(np.arange(201), np.arange(400)) / 400)
LOWEST_FOR_WHISPER = -1.5  # (log10(1e-10) + 4) / 4
LOWEST_FOR_LLAMA_CPP = (np.log10(2.0**-24) + 4) / 4  # -0.806


def recorded_clip() -> np.ndarray:
    """Return 1.3 s of a vowel, a chirp, noise, a quiet tail and silence, as float32 in -1..1."""
    return (recorded("mel_features")["clip"] / 32768).astype(np.float32)


# --- pad_or_trim -------------------------------------------------------------------------------------


def test_short_audio_gets_silence_at_its_end():
    call(pad_or_trim, np.array([3, -1, 2], dtype=np.float32), 5).gives(
        np.array([3, -1, 2, 0, 0], dtype=np.float32), dtype=np.float32)


def test_long_audio_loses_its_end():
    call(pad_or_trim, np.arange(1, 8) / 7, 1).gives(np.array([1 / 7]))
    call(pad_or_trim, np.arange(1, 8) / 7, 3).gives(np.arange(1, 4) / 7, dtype=np.float64)


def test_whisper_wants_thirty_seconds():
    wanted = np.zeros(480_000, dtype=np.float32)
    wanted[:2] = 0.5, -0.25
    call(pad_or_trim, wanted[:2].copy()).gives(wanted)


def test_no_samples_become_silence():
    call(pad_or_trim, np.zeros(0, dtype=np.float32), 3).gives(np.zeros(3, dtype=np.float32))


def test_the_dtype_of_the_samples_is_kept():
    call(pad_or_trim, np.array([7, 8, 9], dtype=np.int16)[::-1], 4).gives(
        np.array([9, 8, 7, 0], dtype=np.int16), dtype=np.int16)


def test_audio_of_the_right_length_is_copied():
    audio = np.array([1.0, 2.0])
    call(pad_or_trim, audio, 2).satisfies(
        lambda padded: np.array_equal(padded, audio) and not np.shares_memory(padded, audio),
        "the same samples in memory of their own")


@pytest.mark.parametrize("shape", [(2, 5), ()], ids=str)
def test_only_mono_audio_is_brought_to_a_length(shape):
    call(pad_or_trim, np.ones(shape), 4).raises(ValueError, naming=("audio", str(shape)))


@pytest.mark.parametrize("samples", [0, -3])
def test_a_length_below_one_is_refused(samples):
    call(pad_or_trim, np.ones(5), samples).raises(ValueError, naming=("samples", str(samples)))


@pytest.mark.parametrize("samples", [4.0, 2.5, "4", None])
def test_a_length_is_an_integer(samples):
    call(pad_or_trim, np.ones(5), samples).raises(TypeError, naming=("samples", str(samples)))


def test_integers_of_numpy_are_integers():
    call(pad_or_trim, np.ones(5), np.int64(3)).gives(np.ones(3))
    call(mel_filterbank, np.int64(7)).gives(triangles(7), atol=2e-6)


@pytest.mark.parametrize("audio", [[0.5, 0.25], None], ids=str)
def test_only_an_array_is_brought_to_a_length(audio):
    call(pad_or_trim, audio, 4).raises(TypeError, naming=("audio", type(audio).__name__))


# --- mel_filterbank ----------------------------------------------------------------------------------


def hertz(mel: float) -> float:
    """Return the frequency of a place on Slaney's scale: 15 mel are 1000 Hz, 27 more are 6400 Hz."""
    return mel * 200 / 3 if mel <= 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def triangles(n_mels: int) -> np.ndarray:
    """Return the filters by interpolation between their three corners."""
    highest = 15 + 27 * np.log(8) / np.log(6.4)  # 45.25 mel are 8000 Hz
    corners = [hertz(highest * i / (n_mels + 1)) for i in range(n_mels + 2)]
    return np.array([np.interp(FREQUENCIES, corners[i : i + 3], [0, 2 / (corners[i + 2] - corners[i]), 0])
                     for i in range(n_mels)])


@pytest.mark.parametrize("n_mels", [1, 2, 7, 80, 128, 256])
def test_filters_are_triangles_between_equal_steps_of_mel(n_mels):
    # float32 rounding is 3e-9, all in float32 1e-6; the HTK scale differs by 1e-3 and more
    call(mel_filterbank, n_mels).gives(triangles(n_mels), atol=2e-6, dtype=np.float32)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_filters_are_those_of_librosa(n_mels):
    call(mel_filterbank, n_mels).gives(recorded("mel_features")[f"filters_{n_mels}"], atol=2e-6)


def test_there_are_eighty_filters_unless_said_otherwise():
    call(mel_filterbank).gives(triangles(80), atol=2e-6)


def test_the_areas_of_the_filters_are_one():
    """Wide filters take no more of a noise than narrow ones: each has area 1 over the frequency in Hz."""
    # sampled every 40 Hz, a triangle of 1500 Hz and more has its area to 1e-3
    call(mel_filterbank, 4).satisfies(
        lambda filters: np.allclose(filters.sum(axis=1) * 40, 1, atol=5e-3), "each row times 40 Hz sums to 1")


@pytest.mark.parametrize("n_mels", [0, -1, 257])
def test_a_number_of_filters_outside_of_1_to_256_is_refused(n_mels):
    call(mel_filterbank, n_mels).raises(ValueError, naming=("n_mels", str(n_mels)))


@pytest.mark.parametrize("n_mels", [80.0, 80.5, "80", None, [80]], ids=str)
def test_a_number_of_filters_is_an_integer(n_mels):
    call(mel_filterbank, n_mels).raises(TypeError, naming=("n_mels", str(n_mels)))


# --- stft_power --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "frames"), [(201, 1), (319, 1), (320, 2), (400, 2), (1601, 10)])
def test_a_constant_is_all_in_the_lowest_two_bins(samples, frames):
    """The window sums to 200: 100**2 at 0 Hz and, since a Hann window is 0.5 - 0.5 cos, 50**2 in the next."""
    wanted = np.zeros((201, frames))
    wanted[0], wanted[1] = 100**2, 50**2
    # float32 rounding: 1e-3; the symmetric Hann sums to 199.5 and gives 50 less
    call(stft_power, np.full(samples, 0.5, dtype=np.float32)).gives(wanted, atol=0.1, dtype=np.float32)


def test_a_click_shows_the_window_at_its_place():
    """Frame t begins at sample 160 t - 200: the click at 323 is at place 363, 203, 43 of frames 1, 2, 3."""
    audio = np.zeros(800, dtype=np.float32)
    audio[323] = 1
    wanted = np.tile(np.array([0, HANN[363], HANN[203], HANN[43], 0]) ** 2, (201, 1))
    call(stft_power, audio).gives(wanted, atol=1e-5)  # one sample further: 5e-3


def test_a_tone_is_in_its_bin_and_the_two_beside_it():
    """A cosine of 400 Hz, mirrored at a maximum, goes on as the same cosine."""
    audio = np.cos(2 * np.pi * 10 * np.arange(801) / 400).astype(np.float32)
    wanted = np.zeros((201, 5))
    wanted[10], wanted[[9, 11]] = 100**2, 50**2
    call(stft_power, audio).gives(wanted, atol=0.1)  # an amplitude instead of a power is 100


@pytest.mark.parametrize(("click", "mirrored"), [(3, -3), (636, 642)])
def test_the_ends_are_mirrored_without_repeating_the_last_sample(click, mirrored):
    """Of 640 samples: at -3 stands what stands at 3; 642 is as far behind the last, 639, as 636 before it."""
    audio = np.zeros(640, dtype=np.float32)
    audio[click] = 1
    wanted = np.zeros((201, 4))
    for t in range(4):
        a, b = (HANN[place] if 0 <= place < 400 else 0
                for place in (click - 160 * t + 200, mirrored - 160 * t + 200))
        # two clicks at a distance d: |a + b exp(2 pi i k d / 400)|**2
        wanted[:, t] = a**2 + b**2 + 2 * a * b * np.cos(2 * np.pi * np.arange(201) * (mirrored - click) / 400)
    call(stft_power, audio).gives(wanted, atol=1e-5)  # zeros beyond the end: 3


def fourier_power(audio: np.ndarray) -> np.ndarray:
    """Return the power (201, frames) in float64, by the sum that defines the Fourier transform."""
    last = len(audio) - 1
    places = np.arange(-200, 200)[:, None] + 160 * np.arange(len(audio) // 160)  # (400, frames)
    places = np.abs(places)  # mirrored at the first sample
    places = last - np.abs(last - places)  # and at the last
    return np.abs(TURNS @ (HANN[:, None] * audio.astype(np.float64)[places])) ** 2


@given(st.integers(201, 900), st.integers(0, 2**32 - 1))
def test_the_power_of_noise_is_what_the_sum_gives(samples, seed):
    audio = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    # of up to 1000: float32 rounding 1e-3
    call(stft_power, audio).gives(fourier_power(audio), atol=0.02, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4"])
def test_every_floating_dtype_gives_float32(dtype):
    """The last is float32 in the byte order of AIFF files."""
    audio = np.random.default_rng(3).uniform(-1, 1, 777).astype(dtype)
    call(stft_power, audio).gives(fourier_power(audio), atol=0.02, rtol=1e-4, dtype=np.float32)


def test_long_audio_and_views_with_strides_are_read_correctly():
    """Three seconds, as the left channel of interleaved stereo: every second number."""
    audio = np.random.default_rng(4).uniform(-0.5, 0.5, 2 * 48_100).astype(np.float32)[::2]
    call(stft_power, audio).gives(fourier_power(audio), atol=0.02, rtol=1e-4)


def test_samples_may_pass_full_scale():
    """A loud resampled recording passes 1 a little; 8 is still taken."""
    audio = np.array([8, -8, 1, -3] * 60, dtype=np.float32)
    call(stft_power, audio).gives(fourier_power(audio), atol=1, rtol=1e-4)


# --- log_mel -----------------------------------------------------------------------------------------


def test_silence_is_at_the_floor():
    call(log_mel, np.zeros(1700, dtype=np.float32)).gives(np.full((80, 10), LOWEST_FOR_WHISPER), atol=1e-6)


def test_the_floor_of_llama_cpp_is_higher():
    call(log_mel, np.zeros(1700, dtype=np.float32), floor=2**-24).gives(
        np.full((80, 10), LOWEST_FOR_LLAMA_CPP), atol=1e-6)


def test_a_constant_lights_the_lowest_mel_bins_alone():
    """Its power is 100**2 and 50**2 in bins 0 and 1, see above. What is weaker by more than 10**8
    is raised."""
    mel = triangles(80)[:, 0] * 100**2 + triangles(80)[:, 1] * 50**2
    spectrum = np.log10(np.maximum(mel, mel.max() * 1e-8)) / 4 + 1
    call(log_mel, np.full(800, 0.5, dtype=np.float32)).gives(
        np.tile(spectrum[:, None], (1, 5)), atol=1e-4, dtype=np.float32)


def test_nothing_is_more_than_8_below_the_loudest_of_all_frames():
    """A step down to a hundredth: 4 in the logarithm. The frames behind it are limited by those before it."""
    audio = np.repeat(np.float32([0.5, 0.005]), 800)
    x = np.log10(np.maximum(triangles(80) @ fourier_power(audio), 1e-10))
    # in float32: 2e-6; a limit for each frame is 1 lower behind the step, no limit 1.1
    call(log_mel, audio).gives((np.maximum(x, x.max() - 8) + 4) / 4, atol=1e-4)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_the_spectrogram_is_that_of_whisper(n_mels):
    # torch sums in another order: 6e-5, in the quietest bins; the symmetric Hann window: 2e-2
    call(log_mel, recorded_clip(), n_mels).gives(
        recorded("mel_features")[f"log_mel_{n_mels}"], atol=5e-4, dtype=np.float32)


def test_quiet_audio_is_that_of_whisper():
    """1/2048 as loud: a third of the bins are at the floor."""
    quiet = recorded_clip()[:4000] / 2048
    call(log_mel, quiet).gives(recorded("mel_features")["quiet_log_mel_80"], atol=5e-4)


def test_audio_shorter_than_a_window_is_that_of_whisper():
    """201 samples are the least: the window of the only frame is half mirror image."""
    call(log_mel, recorded_clip()[:201]).gives(recorded("mel_features")["shortest_log_mel_80"], atol=5e-4)


def test_float64_audio_gives_the_same_in_float32():
    call(log_mel, recorded_clip().astype(np.float64)).gives(
        recorded("mel_features")["log_mel_80"], atol=5e-4, dtype=np.float32)


def test_four_times_the_amplitude_is_0_3_more():
    """The power grows by 16, its logarithm by 1.2, a quarter of that is 0.3. The quietest bins rise too."""
    wanted = recorded("mel_features")["log_mel_80"] + np.float32(np.log10(16) / 4)
    call(log_mel, recorded_clip() * np.float32(4)).gives(wanted, atol=5e-4)


@pytest.mark.parametrize("sample_rate_hz", [8000, 15_999, 44_100])
def test_another_sample_rate_is_refused(sample_rate_hz):
    """Frequencies would land in the wrong bins, and nothing would say so."""
    call(log_mel, recorded_clip(), sample_rate_hz=sample_rate_hz).raises(
        ValueError, naming=("sample_rate_hz", str(sample_rate_hz), "16000"))


def test_sixteen_kilohertz_may_be_said():
    call(log_mel, np.zeros(400, dtype=np.float32), 5, 16_000, 1e-2).gives(np.full((5, 2), 0.5), atol=1e-6)


@pytest.mark.parametrize("floor", [0, -1e-10, float("nan"), float("inf"), 1e-60, 1e300])
def test_a_floor_without_a_logarithm_is_refused(floor):
    """In float32, 1e-60 is 0 and 1e300 is infinite."""
    call(log_mel, recorded_clip()[:4000] / 2048, floor=floor).raises(ValueError, naming="floor")


@pytest.mark.parametrize("n_mels", [0, 257])
def test_log_mel_refuses_impossible_numbers_of_filters(n_mels):
    call(log_mel, recorded_clip(), n_mels).raises(ValueError, naming=("n_mels", str(n_mels)))


@pytest.mark.parametrize("n_mels", [80.0, [80]], ids=str)
def test_log_mel_wants_an_integer_number_of_filters(n_mels):
    call(log_mel, recorded_clip(), n_mels).raises(TypeError, naming=("n_mels", str(n_mels)))


# --- what stft_power and log_mel refuse ----------------------------------------------------------------

EVERY_FRONT_END = pytest.mark.parametrize("front_end", [stft_power, log_mel], ids=lambda f: f.__name__)


@EVERY_FRONT_END
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8])
def test_integer_samples_are_refused(front_end, dtype):
    """As floats they would be 32768 times too loud: every log-mel too high by 2.26, without an error."""
    audio = np.arange(500).astype(dtype)
    call(front_end, audio).raises(TypeError, naming=("audio", np.dtype(dtype).name, "32768"))


@EVERY_FRONT_END
def test_complex_samples_are_refused(front_end):
    audio = (0.5 * np.exp(0.3j * np.arange(500))).astype(np.complex64)
    call(front_end, audio).raises(TypeError, naming=("audio", "complex64"))


@EVERY_FRONT_END
@pytest.mark.parametrize("peak", [8.25, -8.25, 12_000, -32_768])
def test_floats_that_were_not_scaled_are_refused(front_end, peak):
    """int16 that was converted with astype(float) and not divided."""
    audio = np.sin(np.arange(500)).astype(np.float32)
    audio[123] = peak
    call(front_end, audio).raises(ValueError, naming=("audio", "32768"))


@EVERY_FRONT_END
@pytest.mark.parametrize("shape", [(2, 800), (800, 2), (1, 800), ()], ids=str)
def test_anything_but_mono_is_refused(front_end, shape):
    call(front_end, np.full(shape, 0.25, dtype=np.float32)).raises(ValueError, naming=("audio", str(shape)))


@EVERY_FRONT_END
@pytest.mark.parametrize("samples", [0, 1, 160, 200])
def test_audio_too_short_to_be_mirrored_is_refused(front_end, samples):
    audio = np.full(samples, 0.25, dtype=np.float32)
    call(front_end, audio).raises(ValueError, naming=("audio", str(samples), "201"))


@EVERY_FRONT_END
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 321, 499])
def test_nan_and_infinity_are_refused(front_end, bad, place):
    """One of them would spread over all bins of its frames, and through the maximum over everything."""
    audio = np.sin(np.arange(500)).astype(np.float32)
    audio[place] = bad
    call(front_end, audio).raises(ValueError, naming="audio")


@EVERY_FRONT_END
@pytest.mark.parametrize("audio", [[0.25] * 300, None, b"RIFF"], ids=lambda value: type(value).__name__)
def test_only_an_array_is_taken(front_end, audio):
    call(front_end, audio).raises(TypeError, naming=("audio", type(audio).__name__))


# --- against llama.cpp ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def heard_by_llama_cpp(tmp_path_factory):
    """A function (audio, n_mels) that returns the log-mel inside llama.cpp: the mean of frames 4k and 4k + 2.

    One array (n_mels, 750) for each chunk of 30 s.

    It is read through an mmproj whose encoder and projector change nothing else, see write_identity_mmproj.
    """
    from fixtures.models.made.audio import write_identity_mmproj
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.oracles.mtmd import audio_embeddings

    folder = tmp_path_factory.mktemp("models")

    def heard(audio: np.ndarray, n_mels: int = 80) -> list[np.ndarray]:
        mmproj, text = folder / f"mmproj-{n_mels}.gguf", folder / f"text-{n_mels}.gguf"
        write_identity_mmproj(mmproj, n_mels)
        write_llama(text, TextShape(width=n_mels, blocks=1))
        return [embeddings.T for embeddings in audio_embeddings(mmproj, audio, text)]

    return heard


def every_second_pair(spectrogram: np.ndarray) -> np.ndarray:
    """Average frames 4k and 4k + 2, as a Whisper-type encoder with a projector of type qwen2a does."""
    return (spectrogram[:, 0::4] + spectrogram[:, 2::4]) / 2


@pytest.mark.llama
@pytest.mark.parametrize("n_mels", [80, 128])
def test_llama_cpp_hears_the_same_spectrogram(heard_by_llama_cpp, n_mels):
    audio = call(pad_or_trim, recorded_clip()).value
    spectrogram = call(log_mel, audio, n_mels, floor=2**-24).value
    # llama.cpp rounds to 16 bits on the way: 5e-4; the symmetric Hann window: 1e-2; zeros for the mirror: 1e-1
    [heard] = heard_by_llama_cpp(recorded_clip(), n_mels)
    worst = np.abs(every_second_pair(spectrogram) - heard).max()
    assert worst < 2e-3, f"llama.cpp's spectrogram differs by up to {worst:.2g}"


@pytest.mark.llama
def test_quiet_audio_is_another_to_llama_cpp_than_to_whisper(heard_by_llama_cpp):
    """llama.cpp's is Whisper's, with all that lies below its own floor raised to it."""
    quiet = recorded_clip()[:4000] / 2048
    [heard] = heard_by_llama_cpp(quiet)
    whisper = call(log_mel, call(pad_or_trim, quiet).value).value
    raised = every_second_pair(np.maximum(whisper, LOWEST_FOR_LLAMA_CPP))
    assert np.abs(raised - heard).max() < 2e-3, "raised to llama.cpp's floor, yours should be llama.cpp's"
    difference = np.abs(every_second_pair(whisper) - heard).max()
    assert abs(difference - (LOWEST_FOR_LLAMA_CPP - LOWEST_FOR_WHISPER)) < 2e-3, (
        f"in silence the two floors are 0.694 apart, here {difference:.3f}")


@pytest.mark.llama
def test_thirty_seconds_are_two_chunks_to_llama_cpp(heard_by_llama_cpp):
    """It adds 30 s of silence, takes one maximum for all, and cuts into 30 s: from 29.99 s on the rest counts."""
    audio = np.resize(recorded_clip(), 479_840)
    chunks = heard_by_llama_cpp(audio)
    assert len(chunks) == 2 and len(heard_by_llama_cpp(audio[:-1])) == 1
    padded = call(pad_or_trim, audio, 60 * 16_000).value
    spectrogram = call(log_mel, padded, floor=2**-24).value
    for chunk, part in zip(chunks, np.split(spectrogram, 2, axis=1)):
        worst = np.abs(every_second_pair(part) - chunk).max()
        assert worst < 2e-3, f"llama.cpp's spectrogram differs by up to {worst:.2g}"
