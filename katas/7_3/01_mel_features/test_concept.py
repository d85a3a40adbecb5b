import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mel_features import log_mel, mel_filterbank, pad_or_trim, stft_power

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.mel_features.reference import HANN, fourier_power, recorded_clip, triangles, whisper_log_mel

# --- pad_or_trim -------------------------------------------------------------------------------------


def test_short_audio_gets_silence_at_its_end():
    """Audio that is too short is continued with zeros."""
    call(pad_or_trim, np.float32([3, -1, 2]), 5).gives(np.float32([3, -1, 2, 0, 0]))


def test_long_audio_loses_its_end():
    """Audio that is too long keeps its beginning."""
    call(pad_or_trim, np.float32([3, -1, 2, 5]), 2).gives(np.float32([3, -1]))


def test_whisper_wants_thirty_seconds():
    """Without a length it is 30 s, 480,000 samples."""
    wanted = np.zeros(480_000, dtype=np.float32)
    wanted[:2] = 0.5, -0.25
    call(pad_or_trim, wanted[:2].copy()).gives(wanted)


# --- mel_filterbank ----------------------------------------------------------------------------------


def test_the_two_lowest_of_eighty_filters():
    """Filter i is a triangle over the edges i to i + 2: here 0, 37.24, 74.48 and 111.72 Hz, as in the README."""
    wanted = [[0, 0.02486, 0, 0], [0, 0.00199, 0.02287, 0]]
    built = call(mel_filterbank, 80)
    begin = built.satisfies(lambda filters: filters.shape == (80, 201), "filters of shape (80, 201)")[:2, :4]
    built.satisfies(lambda filters: np.allclose(filters[:2, :4], wanted, atol=1e-5),
                    f"rows 0 and 1 begin with {wanted}; yours with {begin.round(5).tolist()}")


def test_the_areas_of_the_filters_are_one():
    """Wide filters take no more of a noise than narrow ones: each has area 1 over the frequency in Hz."""
    # sampled every 40 Hz, a triangle of 1500 Hz and more has its area to 1e-3; peaks of 1 give 750 and more
    built = call(mel_filterbank, 4)
    areas = built.satisfies(lambda filters: filters.shape == (4, 201), "filters of shape (4, 201)").sum(axis=1) * 40
    built.satisfies(lambda filters: np.allclose(areas, 1, atol=5e-3),
                    f"each row, summed and times 40 Hz, is 1; yours are {areas.round(3).tolist()}")


@pytest.mark.parametrize(("n_mels", "record"), [((), "filters_80"), ((128,), "filters_128")])
def test_the_filters_are_those_of_librosa(n_mels, record):
    """Whisper's filters are librosa's, on Slaney's scale: linear to 1000 Hz, logarithmic above."""
    # float32 rounding is 3e-9, all in float32 1e-6; the HTK scale differs by 1e-3 and more
    call(mel_filterbank, *n_mels).gives(recorded("mel_features")[record], atol=2e-6)


@pytest.mark.parametrize("n_mels", [1, 2, 7, 256])
def test_the_filters_are_triangles_between_equal_steps_of_mel(n_mels):
    """Any number of filters: n_mels + 2 edges at equal steps of mel, a triangle over each three."""
    call(mel_filterbank, n_mels).gives(triangles(n_mels), atol=2e-6)


# --- stft_power --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "frames"), [(800, 5), (1601, 10)])
def test_a_constant_is_all_in_the_lowest_two_bins(samples, frames):
    """The window sums to 200: 100**2 at 0 Hz and, since a Hann window is 0.5 - 0.5 cos, 50**2 in the next."""
    wanted = np.zeros((201, frames))
    wanted[0], wanted[1] = 100**2, 50**2
    # float32 rounding: 1e-3; the symmetric Hann sums to 199.5 and gives 50 less
    call(stft_power, np.full(samples, 0.5, dtype=np.float32)).gives(wanted, atol=0.1)


def test_a_tone_is_in_its_bin_and_the_two_beside_it():
    """A cosine of 400 Hz is in bin 10 and, by the window, its neighbours; mirrored at a maximum, it goes on."""
    audio = np.cos(2 * np.pi * 10 * np.arange(801) / 400).astype(np.float32)
    wanted = np.zeros((201, 5))
    wanted[10], wanted[[9, 11]] = 100**2, 50**2
    call(stft_power, audio).gives(wanted, atol=0.1)  # an amplitude instead of a power is 100


def test_a_click_shows_the_window_at_its_place():
    """Frame t begins at sample 160 t - 200: the click at 323 is at place 363, 203, 43 of frames 1, 2, 3."""
    audio = np.zeros(800, dtype=np.float32)
    audio[323] = 1
    wanted = np.tile(np.array([0, HANN[363], HANN[203], HANN[43], 0]) ** 2, (201, 1))
    call(stft_power, audio).gives(wanted, atol=1e-5)  # one sample further: 5e-3


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


@given(st.integers(400, 900), st.integers(0, 2**32 - 1))
def test_the_power_of_noise_is_what_the_sum_gives(samples, seed):
    """Any audio: mirrored at its ends, windowed, transformed by the sum that defines the transform, squared."""
    audio = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    # of up to 1000: float32 rounding 1e-3; the Hamming window 10 and more
    call(stft_power, audio).gives(fourier_power(audio), atol=0.02, rtol=1e-4)


# --- log_mel -----------------------------------------------------------------------------------------


def test_a_constant_lights_the_two_lowest_mel_bins():
    """All steps on the README's example: log10 of 62.16 and 4.977, the rest 8 below the larger, (x + 4) / 4."""
    wanted = np.tile(np.float32([1.44837, 1.17424] + 78 * [-0.55163])[:, None], 5)
    call(log_mel, np.full(800, 0.5, dtype=np.float32)).gives(wanted, atol=1e-4)  # without the limit: 0.95


@pytest.mark.parametrize(("options", "lowest"), [
    ({}, -1.5), ({"floor": 2**-24}, -0.80618), ({"n_mels": 80, "sample_rate_hz": 16_000, "floor": 1e-2}, 0.5),
], ids=["whisper", "llama.cpp", "0.01"])
def test_silence_is_at_the_floor(options, lowest):
    """Nothing is below the floor: (log10(1e-10) + 4) / 4 = -1.5; llama.cpp's is 2**-24, whose logarithm is -7.225."""
    call(log_mel, np.zeros(1700, dtype=np.float32), **options).gives(np.full((80, 10), lowest), atol=1e-5)


def test_nothing_is_more_than_8_below_the_loudest_of_all_frames():
    """A step down to a hundredth: 4 in the logarithm. The frames behind it are limited by those before it."""
    audio = np.repeat(np.float32([0.5, 0.005]), 800)
    # in float32: 2e-6; a limit for each frame is 1 lower behind the step, no limit 1.1
    call(log_mel, audio).gives(whisper_log_mel(audio), atol=1e-4)


def test_four_times_the_amplitude_is_0_3_more():
    """The power grows by 16, its logarithm by 1.2, a quarter of that is 0.3. The limit rises by as much."""
    wanted = recorded("mel_features")["log_mel_80"] + np.float32(np.log10(16) / 4)
    call(log_mel, recorded_clip() * np.float32(4)).gives(wanted, atol=5e-4)


@pytest.mark.parametrize(("audio", "n_mels", "record"), [
    (recorded_clip(), 80, "log_mel_80"), (recorded_clip(), 128, "log_mel_128"),
    (recorded_clip()[:4000] / 2048, 80, "quiet_log_mel_80"),
], ids=["80", "128", "quiet"])
def test_the_spectrogram_is_that_of_whisper(audio, n_mels, record):
    """All steps together, beside openai-whisper's numbers; the last is 1/2048 as loud, much of it at the floor."""
    # torch sums in another order: 6e-5, in the quietest bins; the symmetric Hann window: 2e-2
    call(log_mel, audio, n_mels).gives(recorded("mel_features")[record], atol=5e-4)
