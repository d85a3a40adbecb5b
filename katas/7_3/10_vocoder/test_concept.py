import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocoder import griffin_lim, istft, istft_head, stft

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.vocoder.reference import convergence, sound_of, spectra_of

RECORD = recorded("vocoder")
MAGNITUDES = RECORD["magnitudes"]  # (129, 41): n_fft 256, hop 64
SAMPLES = np.float32([4, 8, 2])
SPECTRA = np.complex64([[8, 11, 6, 1], [-4 + 4j, -8 - 1j, -2 - 4j, -1j], [0, 5, -2, -1]])


def noise(samples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.3, samples).astype(np.float32)


# --- stft --------------------------------------------------------------------------------------------


def test_three_samples_are_four_frames():
    """The README's example; with a hop of 2, every second frame of it."""
    call(stft, SAMPLES, 4, 1).gives(SPECTRA, atol=1e-4)
    call(stft, SAMPLES, 4, 2).gives(SPECTRA[:, ::2], atol=1e-4)


def test_a_tone_turns_from_frame_to_frame():
    """Bin 5 of 32 has a quarter of n_fft, and its phase is the tone's where the window begins; beside it -1/2."""
    tone = np.cos(2 * np.pi * 5 * np.arange(96) / 32 + 0.3).astype(np.float32)
    begins = 8 * np.arange(2, 11) - 16  # of the frames that have no zeros
    inside = np.zeros((17, 9), np.complex64)
    inside[5] = 8 * np.exp(1j * (0.3 + 2 * np.pi * 5 * begins / 32))
    inside[4] = inside[6] = -inside[5] / 2
    call(stft, tone, 32, 8).satisfies(
        lambda spectra: spectra.shape == (17, 13) and np.allclose(spectra[:, 2:11], inside, atol=1e-3),
        "8 in bin 5, turning by the hop's share of the tone; -4 in bins 4 and 6; nothing elsewhere")


@pytest.mark.parametrize("library", ["librosa", "torch"])
def test_the_spectra_are_those_of_the_libraries(library):
    """A vowel that is cut at both ends. Rounding is 1e-6, what a mirrored end changes 1."""
    call(stft, RECORD["clip"], 128, 40).gives(RECORD[f"{library}_spectra"], atol=1e-3)


# --- istft -------------------------------------------------------------------------------------------


def test_the_spectra_give_the_three_samples_back():
    """The README's example: sums of 5, 12 and 3 over squares of 1.25, 1.5 and 1.5."""
    call(istft, SPECTRA, 1).gives(SAMPLES, atol=1e-4)


def test_center_leaves_out_half_a_window_and_same_less():
    """The README's example begins a sample earlier. Then frames 0 4 0 3 and 0 0 10 0, two samples apart.

    Times the window 0 2 0 1.5 and 0 0 10 0; the sums are 0 2 0 1.5 10 0, those of the squares 0 0.25 1 0.5 1 0.25.
    """
    call(istft, SPECTRA, 1, padding="same").gives(np.float32([0, 4, 8, 2]), atol=1e-4)
    spectra = np.complex64([[7, 10], [-1j, -10], [-7, 10]])
    call(istft, spectra, 2, padding="same").gives(np.float32([8, 0, 3, 10]), atol=1e-4)
    call(istft, spectra, 2).gives(np.float32([0, 3]), atol=1e-4)


@given(st.integers(2, 20), st.floats(0, 1), st.integers(1, 120), st.integers(0, 1000))
def test_a_sound_comes_back_to_its_last_sample(half, share, samples, seed):
    """Also at its ends, where fewer windows reach, and past hop * (frames - 1): `length` takes what the frames have."""
    n_fft, hop, sound = 2 * half, 1 + int(share * (half - 1)), noise(samples, seed)
    spectra = spectra_of(sound, n_fft, hop).astype(np.complex64)
    call(istft, spectra, hop, samples).gives(sound, atol=1e-3)  # rounding is 1e-5


@pytest.mark.parametrize(("options", "record"), [
    ({}, "noise_librosa"), ({}, "noise_torch"), ({"length": 500}, "noise_torch_500"),
    ({"padding": "same"}, "noise_same"),
], ids=["librosa", "torch", "torch-500-samples", "vocos"])
def test_spectra_that_no_sound_has_become_what_the_libraries_make_of_them(options, record):
    """At the ends small is divided by small, 193 comes out: add nothing to the sum, it counts down to 1e-11."""
    call(istft, RECORD["noise"], 40, **options).gives(RECORD[record], atol=1e-4, rtol=1e-4)


@given(st.integers(3, 12), st.integers(1, 12), st.integers(1, 6), st.booleans(), st.integers(0, 1000))
def test_each_sample_is_the_best_that_the_frames_allow(half, hop, frames, same, seed):
    """Frames that contradict each other: a window of w counts for w squared."""
    hop = min(hop, half)
    rng = np.random.default_rng(seed)
    spectra = (rng.normal(size=(half + 1, frames)) + 1j * rng.normal(size=(half + 1, frames))).astype(np.complex64)
    start, length = ((2 * half - hop) // 2, hop * frames) if same else (half, hop * (frames - 1))
    wanted = sound_of(spectra, hop, start, length)
    call(istft, spectra, hop, padding="same" if same else "center").gives(wanted, atol=1e-4, rtol=1e-3)


# --- griffin_lim -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("iterations", "momentum", "wanted"), [
    (0, 0, [-0.0627, 0.9792, 0.3426]), (1, 0, [1.5856, 8.1775, 2.6270]), (2, 0, [2.9156, 8.1881, 2.3912]),
    (3, 0, [3.5642, 8.0976, 2.2088]), (1, 0.99, [1.5856, 8.1775, 2.6270]), (2, 0.99, [2.9891, 8.1806, 2.3758]),
    (3, 0.99, [4.0730, 7.9674, 2.0045]), (50, 0.99, [4, 8, 2]),
])
def test_the_phases_of_three_samples_are_found(iterations, momentum, wanted):
    """The README's example, from phases of 0; the numbers are librosa's."""
    start = np.zeros(SPECTRA.shape, np.float32)
    call(griffin_lim, np.abs(SPECTRA), start, 1, iterations, momentum).gives(np.float32(wanted), atol=1e-3)


@pytest.mark.parametrize("iterations", [0, 1, 7])
def test_the_right_phases_stay(iterations):
    phases = np.angle(spectra_of(RECORD["sound"], 256, 64)).astype(np.float32)
    call(griffin_lim, MAGNITUDES, phases, 64, iterations).gives(RECORD["sound"][:2560], atol=1e-3)


def test_no_iteration_is_the_first_guess():
    guess = np.random.default_rng(7).uniform(-9, 9, MAGNITUDES.shape).astype(np.float32)
    wanted = sound_of(MAGNITUDES * np.exp(1j * guess), 64, 128, 2560)
    call(griffin_lim, MAGNITUDES, guess, 64, 0).gives(wanted, atol=1e-4)


@pytest.mark.parametrize(("iterations", "momentum", "record"), [
    (1, 0, "gl_1"), (2, 0, "gl_2"), (8, 0, "gl_8"), (8, 0.99, "gl_fast_8"), (8, 0, "ta_8"), (8, 0.99, "ta_fast_8"),
])
def test_the_iterations_are_those_of_librosa_and_torchaudio(iterations, momentum, record):
    """From phases of 0, as both do without a random start. The samples reach 0.4; rounding is 2e-5."""
    start = np.zeros_like(MAGNITUDES)
    call(griffin_lim, MAGNITUDES, start, 64, iterations, momentum).gives(RECORD[record], atol=1e-3)


def distance(iterations: int, momentum: float) -> float:
    guess = np.random.default_rng(0).uniform(-np.pi, np.pi, MAGNITUDES.shape).astype(np.float32)
    return convergence(call(griffin_lim, MAGNITUDES, guess, 64, iterations, momentum).value, MAGNITUDES, 64)


def test_each_iteration_comes_nearer():
    far = np.array([distance(iterations, momentum=0) for iterations in (0, 1, 3, 9)])
    assert (far[1:] < 0.95 * far[:-1]).all(), (
        f"after 0, 1, 3 and 9 iterations the magnitudes should be nearer each time, they are {far} away")


def test_momentum_gets_further():
    slow, fast = distance(16, momentum=0), distance(16, momentum=0.99)
    assert fast < 0.85 * slow, f"after 16 iterations the magnitudes are {slow:.3f} away, with momentum {fast:.3f}"


# --- istft_head --------------------------------------------------------------------------------------


def test_two_rows_are_four_samples():
    """First half ln 4, second half phases: a click of 4 at sample 1. Then e**10, which is too much: 100 at sample 2."""
    rows = np.float32([[np.log(4)] * 3 + [0, -np.pi / 2, np.pi], [10, 10, 10, 0, np.pi, 0]])
    call(istft_head, rows, 2).gives(np.float32([8, 0, 0, 100]), atol=1e-3)


def test_the_head_is_that_of_vocos():
    """n_fft 32, hop 8; one magnitude is limited and one is 148, the phases lie in -9..9."""
    call(istft_head, RECORD["rows"], 8).gives(RECORD["head"], atol=1e-3)


@given(st.integers(2, 16), st.integers(1, 8), st.integers(40, 200), st.integers(0, 1000))
def test_the_rows_of_a_sound_are_the_sound_half_a_hop_later(half, hop, samples, seed):
    """A codec's frame has its hop in its middle: "same" begins half a hop before the middle of frame 0."""
    hop = 2 * min(hop, half // 2)
    sound = noise(samples, seed)
    spectra = spectra_of(sound, 2 * half, hop)
    rows = np.concatenate([np.log(np.abs(spectra) + 1e-20), np.angle(spectra)]).T.astype(np.float32)
    kept = hop * (samples // hop)
    call(istft_head, rows, hop).satisfies(
        lambda y: y.shape == (kept + hop,) and np.allclose(y[hop // 2 :][:kept], sound[:kept], atol=1e-2),
        "the sound, after half a hop of what lies before it")
