import numpy as np
import pytest
from mfcc import dct_matrix, deltas, mfcc, normalize, power_to_db

from fixtures.checking import call
from fixtures.katas.mfcc.reference import cosine_transform, fitted_slopes, standardized

RNG = np.random.default_rng(5)
POWER = RNG.uniform(0.5, 900, (12, 21)).astype(np.float32)
DB = RNG.normal(-20, 15, (12, 21)).astype(np.float32)

# --- dtypes ------------------------------------------------------------------------------------------

KINDS = [(np.float32, np.float32), (np.float64, np.float64), (np.float16, np.float32), (">f4", np.float32),
         (np.int8, np.float32), (np.int32, np.float64)]


@pytest.mark.parametrize(("came", "goes"), KINDS)
def test_the_result_is_float32_or_what_holds_the_numbers(came, goes):
    """float16 does not hold amin, 1e-10; of int8, 127 + 127 is -2."""
    power = np.linspace(0, 126, 252).reshape(12, 21).astype(came)
    exact = power.astype(np.float64)
    call(power_to_db, power).gives(10 * np.log10(np.maximum(exact, 1e-10)).clip(np.log10(exact.max()) - 8),
                                   atol=1e-3, dtype=goes)
    call(mfcc, power, 5).gives(cosine_transform(exact)[:5], atol=1e-2, dtype=goes)
    call(deltas, power, 7).gives(fitted_slopes(exact, 7, "nearest"), atol=1e-3, dtype=goes)
    call(normalize, power).gives(standardized(exact), atol=1e-4, dtype=goes)


def test_options_from_numpy_do_not_change_the_dtype():
    """np.float64(80) is no Python float: with it, float32 becomes float64."""
    call(power_to_db, POWER, np.float64(2), np.float64(1e-10), np.float64(80)).gives(
        10 * np.log10(POWER / 2), atol=1e-3, dtype=np.float32)
    call(mfcc, DB, np.uint8(5), np.float64(0)).gives(cosine_transform(DB)[:5], atol=1e-3, dtype=np.float32)


def test_the_matrix_is_float64():
    call(dct_matrix, np.int8(100), np.int8(127)).gives(cosine_transform(np.eye(127))[:100], atol=1e-12,
                                                       dtype=np.float64)


def test_small_integers_of_numpy_are_widths_too():
    """2 * 127 + 1 is no int8, and the squares up to 127 sum to 690880."""
    features = RNG.normal(0, 9, (2, 300)).astype(np.float32)
    call(deltas, features, np.uint8(255)).gives(fitted_slopes(features, 255, "nearest"), atol=1e-4)


# --- memory ------------------------------------------------------------------------------------------


def test_each_matrix_is_new():
    """Of a cached one, who lifters its rows changes everybody's."""
    first = call(dct_matrix, 5, 9).value
    call(dct_matrix, 5, 9).satisfies(
        lambda second: np.array_equal(first, second) and not np.shares_memory(first, second),
        "the same matrix, in memory of its own")


def test_views_with_strides_are_read_correctly():
    """Frames as rows, transposed, and every second of them backwards."""
    db = np.repeat(DB, 2, axis=1).T.copy().T[:, ::-2]
    call(mfcc, db, 6).gives(cosine_transform(DB[:, ::-1])[:6], atol=1e-3)
    call(deltas, db, 3).gives(fitted_slopes(DB[:, ::-1], 3, "nearest"), atol=1e-3)


# --- silence, short and long recordings --------------------------------------------------------------


def test_silence_relative_to_its_loudest_is_at_zero():
    """The reference 0 counts as amin, as every power does."""
    call(power_to_db, np.zeros((3, 4), dtype=np.float32), 0).gives(np.zeros((3, 4), dtype=np.float32), atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_coefficient_that_never_changes_becomes_zero(dtype):
    """The mean of 0.1, 0.1, ... is not quite 0.1: by a deviation of 1e-9, rounding would become 1, or NaN."""
    features = np.stack([np.full(1001, 0.1), np.full(1001, -435.4), np.arange(1001)]).astype(dtype)
    wanted = np.zeros((3, 1001))
    wanted[2] = standardized(np.arange(1001)[None])
    call(normalize, features).gives(wanted, atol=1e-4)


def test_one_frame_is_enough():
    one = np.float32([[5], [-3]])
    call(normalize, one).gives(np.zeros((2, 1)), atol=1e-6)  # rounding; a constant taken for a slope is off by 1
    call(deltas, one).gives(np.zeros((2, 1)), atol=1e-6)
    call(mfcc, one, 2).gives(cosine_transform(one), atol=1e-5)


def test_half_an_hour_is_as_exact_as_a_second():
    """Frames lie as rows in memory here; numpy then adds them one by one, in float32 up to 1e8, where 8 is the step."""
    frames = 180_000
    features = (np.sin(np.arange(frames) / 9)[:, None] + np.float32([-900, 3])).astype(np.float32).T
    call(normalize, features).gives(standardized(features), atol=1e-4)
    call(deltas, features, 5).satisfies(
        lambda slopes: np.allclose(slopes[:, 2:-2], 0.4 * np.cos(np.arange(2, frames - 2) / 9) * (
            np.sin(1 / 9) / 2 + np.sin(2 / 9)), atol=1e-3), "the slope of the sine, at every frame")


# --- what is refused ---------------------------------------------------------------------------------

NAN, INFINITE = DB.copy(), DB.copy()
NAN[3, 4], INFINITE[11, 20] = np.nan, -np.inf
REFUSED = [
    (power_to_db, (POWER.tolist(),), TypeError, "mel_power"),
    (power_to_db, (POWER.astype(np.complex64),), TypeError, "mel_power"),
    (power_to_db, (POWER > 9,), TypeError, "mel_power"),
    (power_to_db, (POWER[None],), ValueError, "mel_power"),  # one limit for recordings that have nothing in common
    (power_to_db, (POWER[:, :0],), ValueError, "mel_power"),
    (power_to_db, (POWER - 1,), ValueError, "mel_power"),  # decibels already
    (power_to_db, (np.abs(NAN),), ValueError, "mel_power"),  # through the maximum it reaches everything
    (power_to_db, (np.abs(INFINITE),), ValueError, "mel_power"),
    (power_to_db, (POWER, -1), ValueError, "ref"),
    (power_to_db, (POWER, np.nan), ValueError, "ref"),
    (power_to_db, (POWER, np.max), TypeError, "ref"),
    (power_to_db, (POWER, 1, 0), ValueError, "amin"),
    (power_to_db, (POWER, 1, 1e-38), ValueError, "amin"),
    (power_to_db, (POWER, 1, "1e-10"), TypeError, "amin"),
    (power_to_db, (POWER, 1, 1e-10, -80), ValueError, "top_db"),
    (power_to_db, (POWER, 1, 1e-10, np.inf), ValueError, "top_db"),
    (power_to_db, (POWER, 1, 1e-10, True), TypeError, "top_db"),
    (dct_matrix, (0, 40), ValueError, "n_mfcc"),
    (dct_matrix, (41, 40), ValueError, "n_mfcc"),
    (dct_matrix, (13.0, 40), TypeError, "n_mfcc"),
    (dct_matrix, (True, 40), TypeError, "n_mfcc"),
    (dct_matrix, (1, 0), ValueError, "n_mels"),
    (dct_matrix, (1, 40.0), TypeError, "n_mels"),
    (mfcc, (DB.tolist(),), TypeError, "mel_db"),
    (mfcc, (DB[0],), ValueError, "mel_db"),
    (mfcc, (NAN,), ValueError, "mel_db"),
    (mfcc, (DB, 13), ValueError, "n_mfcc"),
    (mfcc, (DB, 5, -22), ValueError, "lifter"),
    (mfcc, (DB, 5, np.inf), ValueError, "lifter"),
    (mfcc, (DB, 5, "22"), TypeError, "lifter"),
    (deltas, (DB[None],), ValueError, "features"),
    (deltas, (INFINITE,), ValueError, "features"),
    (deltas, (DB, 1), ValueError, "width"),
    (deltas, (DB, 4), ValueError, "width"),
    (deltas, (DB, 9.0), TypeError, "width"),
    (deltas, (DB, 23, "interp"), ValueError, "width"),
    (deltas, (DB, 9, "mirror"), ValueError, "edges"),
    (normalize, ([[1, 2]],), TypeError, "features"),
    (normalize, (DB[:0],), ValueError, "features"),
    (normalize, (NAN,), ValueError, "features"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "named"), REFUSED)
def test_what_is_refused(function, arguments, error, named):
    call(function, *arguments).raises(error, naming=named)
