import numpy as np
import pytest
from vocoder import griffin_lim, istft, istft_head, stft

from fixtures.checking import call
from fixtures.katas import peak_memory
from fixtures.katas.vocoder.reference import librarys_griffin_lim, sound_of, spectra_of

RNG = np.random.default_rng(8)
SOUND = RNG.normal(0, 0.2, 296)
SPECTRA = spectra_of(SOUND, 32, 8)  # (17, 38)
MAGNITUDES, PHASES = np.abs(SPECTRA), np.angle(SPECTRA)
ROWS = np.concatenate([np.log(MAGNITUDES), PHASES]).T  # (38, 34)

# --- dtypes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("came", "goes"), [
    (np.float32, np.float32), (np.float64, np.float64), (np.float16, np.float32), (">f4", np.float32),
])
def test_the_precision_is_single_or_what_came(came, goes):
    """A window of np.cos, or np.log(100), is float64, and so is what it meets. float16 is too coarse for sums."""
    exact, spectra_dtype = SOUND.astype(came).astype(np.float64), np.result_type(goes, np.complex64)
    atol = 1e-12 if goes == np.float64 else 1e-5
    call(stft, SOUND.astype(came), 32, 8).gives(spectra_of(exact, 32, 8), atol=atol, dtype=spectra_dtype)
    call(istft, SPECTRA.astype(spectra_dtype), 8).gives(SOUND, atol=atol, dtype=goes)
    magnitudes, phases, rows = (array.astype(came) for array in (MAGNITUDES, PHASES, ROWS))
    guess = sound_of(magnitudes.astype(np.float64) * np.exp(1j * phases.astype(np.float64)), 8, 16, 296)
    call(griffin_lim, magnitudes, phases, 8, 0).gives(guess, atol=atol, dtype=goes)
    logarithms, turns = np.split(rows.T.astype(np.float64), 2)
    wanted = sound_of(np.exp(logarithms + 1j * turns), 8, 12, 304)
    call(istft_head, rows, 8).gives(wanted, atol=atol, dtype=goes)


def test_options_from_numpy_change_neither_the_dtype_nor_the_size():
    """np.float64(0.5) is no Python float: with it, complex64 becomes complex128. 8 times 37 is no int8."""
    magnitudes, phases = MAGNITUDES.astype(np.float32), PHASES.astype(np.float32)
    call(griffin_lim, magnitudes, phases, np.int8(8), np.uint8(3), np.float64(0.5)).gives(
        SOUND, atol=1e-4, dtype=np.float32)
    call(griffin_lim, magnitudes, phases.astype(np.float64), 8, 2).gives(SOUND, atol=1e-4, dtype=np.float32)
    call(stft, SOUND, np.int8(126), np.int8(100)).gives(spectra_of(SOUND, 126, 100), atol=1e-9)
    call(istft, SPECTRA, np.int8(8), np.int16(296)).gives(SOUND, atol=1e-9)
    call(istft_head, ROWS, np.int8(8)).gives(sound_of(np.minimum(MAGNITUDES, 100) * np.exp(1j * PHASES), 8, 12, 304),
                                             atol=1e-9)


# --- what the windows do not reach, silence, wild numbers --------------------------------------------


def test_what_no_window_reaches_is_zero_and_not_nan():
    """With a hop of a whole window, each window's first sample, whose window is 0, is lost."""
    sound = RNG.normal(size=37)
    wanted = sound.copy()
    wanted[4::8] = 0
    call(istft, spectra_of(sound, 8, 8), 8, 35).gives(wanted[:35], atol=1e-9)


def test_the_least_that_there_is():
    """One frame, no sample, a window of two samples, of which it knows one, and two frames."""
    one = spectra_of(np.float64([3, 1, 2, 5]), 8, 8)[:, :1]
    call(istft, one, 4).gives(np.zeros(0))
    call(istft, one, 4, padding="same").gives(np.float64([0, 0, 3, 1]), atol=1e-9)
    call(istft, SPECTRA, 8, 0).gives(np.zeros(0))
    call(stft, SOUND, 2, 1).gives(np.stack([np.append(SOUND, 0), -np.append(SOUND, 0)]).astype(complex), atol=1e-9)
    call(griffin_lim, MAGNITUDES[:, :2], PHASES[:, :2], 8, 0).gives(sound_of(SPECTRA[:, :2], 8, 16, 8), atol=1e-9)


def test_without_options_there_are_32_iterations():
    wanted = librarys_griffin_lim(MAGNITUDES, np.zeros_like(PHASES), 8, 32, 0.99)
    call(griffin_lim, MAGNITUDES, np.zeros_like(PHASES), 8).gives(wanted, atol=1e-4)  # one more or less: 0.04


def test_silence_is_silent():
    """No phase can be read from 0: divided by its magnitude it is NaN, and NaN spreads with every iteration."""
    silence = np.zeros((17, 9), np.float32)
    call(griffin_lim, silence, silence, 8).gives(np.zeros(64, np.float32))
    magnitudes = np.zeros((17, 38), np.float32)
    magnitudes[:, 15:24] = MAGNITUDES[:, 15:24]  # windows from sample 104 to 200
    call(griffin_lim, magnitudes, np.zeros_like(magnitudes), 8).satisfies(
        lambda y: np.isfinite(y).all() and not y[:104].any() and not y[200:].any() and y[110:190].any(),
        "a sound where there are magnitudes, and silence around it")


@pytest.mark.filterwarnings("error")
def test_a_wild_logarithm_is_100_without_a_warning():
    """exp(1e4) overflows before it can be limited; exp(-1e4) is 0, as it should be."""
    rows = ROWS.astype(np.float32)
    rows[4, 3], rows[7, 16], rows[9, 0] = 1e4, 99, -1e4
    magnitudes = np.exp(np.clip(rows.T[:17].astype(np.float64), -1e3, np.log(100)))
    call(istft_head, rows, 8).gives(sound_of(magnitudes * np.exp(1j * PHASES), 8, 12, 304), atol=1e-3)


# --- memory ------------------------------------------------------------------------------------------


def test_frames_in_any_order_of_memory():
    """llama.cpp's frames are rows; transposed they are columns that lie in memory as rows."""
    twice = np.repeat(SPECTRA.T, 2, axis=0)
    call(istft, twice[::-2].T, 8).gives(sound_of(SPECTRA[:, ::-1], 8, 16, 296), atol=1e-9)
    call(stft, np.repeat(SOUND, 3)[::-3], 32, 8).gives(spectra_of(SOUND[::-1], 32, 8), atol=1e-9)


def test_ten_seconds_take_little_more_than_their_frames():
    """At 16 kHz, in frames of 64 ms: 2.6 MB of spectra. A matrix from frames to samples would have 800 MB."""
    spectra = np.zeros((513, 626), np.complex64)
    spectra[100] = 1
    run, peaks = peak_memory.measured(istft)
    call(run, spectra, 256).satisfies(lambda y: y.shape == (160_000,) and y.any(), "160,000 samples of a tone")
    assert peaks[0] < 40, f"the inverse took {peaks[0]:.0f} MB"


# --- what is refused ---------------------------------------------------------------------------------

NAN = SPECTRA.copy()
NAN[3, 4] = np.nan
REFUSED = [
    (stft, (SOUND.tolist(), 32, 8), TypeError, "samples"),
    (stft, ((SOUND * 32768).astype(np.int16), 32, 8), TypeError, "samples"),  # not divided by 32768
    (stft, (SOUND[None], 32, 8), ValueError, "samples"),
    (stft, (np.append(SOUND, np.inf), 32, 8), ValueError, "samples"),
    (stft, (SOUND, 31, 8), ValueError, "n_fft"),
    (stft, (SOUND, 0, 8), ValueError, "n_fft"),
    (stft, (SOUND, 32.0, 8), TypeError, "n_fft"),
    (stft, (SOUND, 32, 0), ValueError, "hop"),
    (istft, (MAGNITUDES, 8), TypeError, "spectra"),  # no phases
    (istft, (SPECTRA[:, :0], 8), ValueError, "spectra"),
    (istft, (SPECTRA[:, 0], 8), ValueError, "spectra"),
    (istft, (NAN, 8), ValueError, "spectra"),
    (istft, (SPECTRA, 0), ValueError, "hop"),
    (istft, (SPECTRA, 33), ValueError, "hop"),
    (istft, (SPECTRA, 8, -1), ValueError, "length"),
    (istft, (SPECTRA, 8, None, "reflect"), ValueError, "padding"),
    (griffin_lim, (SPECTRA, PHASES, 8), TypeError, "magnitudes"),
    (griffin_lim, (MAGNITUDES - 0.1, PHASES, 8), ValueError, "magnitudes"),  # logarithms, perhaps
    (griffin_lim, (MAGNITUDES, PHASES[:, 1:], 8), ValueError, "phases"),
    (griffin_lim, (MAGNITUDES[1:], PHASES, 8), ValueError, "phases"),
    (griffin_lim, (MAGNITUDES[:, :1], PHASES[:, :1], 8), ValueError, "magnitudes"),
    (griffin_lim, (MAGNITUDES, np.full_like(PHASES, np.nan), 8), ValueError, "phases"),
    (griffin_lim, (MAGNITUDES, PHASES, 8, -1), ValueError, "iterations"),
    (griffin_lim, (MAGNITUDES, PHASES, 8, 3, 1), ValueError, "momentum"),
    (griffin_lim, (MAGNITUDES, PHASES, 8, 3, 1.5), ValueError, "momentum"),
    (griffin_lim, (MAGNITUDES, PHASES, 8, 3, -0.1), ValueError, "momentum"),
    (istft_head, (ROWS[:, 1:], 8), ValueError, "rows"),
    (istft_head, (np.full_like(ROWS, np.inf), 8), ValueError, "rows"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "named"), REFUSED)
def test_what_is_refused(function, arguments, error, named):
    call(function, *arguments).raises(error, naming=named)
