import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mfcc import dct_matrix, deltas, mfcc, normalize, power_to_db

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.mfcc.reference import cosine_transform, fitted_slopes, standardized

RECORD = recorded("mfcc")


def numbers(shape: tuple[int, int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(-20, 15, shape).astype(np.float32)


# --- power_to_db -------------------------------------------------------------------------------------


def test_ten_times_the_power_is_ten_decibels_more():
    """The README's example, and beside it the same sound with a tenth and twice of the power."""
    power = np.float32([[1000, 100, 2000], [100, 10, 200], [10, 1, 20], [1, 0.1, 2]])
    wanted = [[30, 20, 33.0103], [20, 10, 23.0103], [10, 0, 13.0103], [0, -10, 3.0103]]
    call(power_to_db, power).gives(np.float32(wanted), atol=1e-4)  # 20 log10 is twice as much


def test_powers_below_amin_count_as_amin():
    power = np.float32([[0, 1e-12, 1e-9], [1e-7, 1e-5, 0.01]])
    call(power_to_db, power).gives(np.float32([[-100, -100, -90], [-70, -50, -20]]), atol=1e-4)
    call(power_to_db, power, amin=1e-6).gives(np.float32([[-60, -60, -60], [-60, -50, -20]]), atol=1e-4)


def test_a_reference_is_at_zero_decibels():
    power = np.float32([[4, 0.4], [0.04, 8]])
    call(power_to_db, power, ref=4).gives(np.float32([[0, -10], [-20, 3.0103]]), atol=1e-4)


def test_the_limit_counts_from_the_largest_of_the_whole_recording():
    """A loud frame, and a quiet one of which little is left."""
    power = np.float32([[1e6, 1e-4], [1e2, 1e-6]])
    call(power_to_db, power).gives(np.float32([[60, -20], [20, -20]]), atol=1e-4)
    call(power_to_db, power, top_db=50).gives(np.float32([[60, 10], [20, 10]]), atol=1e-4)
    call(power_to_db, power, top_db=None).gives(np.float32([[60, -40], [20, -60]]), atol=1e-4)
    call(power_to_db, power, top_db=0).gives(np.full((2, 2), 60, np.float32), atol=1e-4)  # a limit too, and no None


@pytest.mark.parametrize(("options", "record"), [
    ({}, "db"), ({"ref": float(RECORD["power"].max())}, "db_of_loudest"), ({"top_db": None}, "db_without_limit"),
], ids=["default", "loudest", "without-limit"])
def test_the_decibels_of_a_sound_are_those_of_librosa(options, record):
    call(power_to_db, RECORD["power"], **options).gives(RECORD[record], atol=1e-3)  # rounding 2e-5


# --- dct_matrix --------------------------------------------------------------------------------------


def test_four_bands_have_four_cosines():
    """The README's matrix: a constant, and a half, one and one and a half waves."""
    wanted = [[0.5, 0.5, 0.5, 0.5], [0.65328, 0.2706, -0.2706, -0.65328],
              [0.5, -0.5, -0.5, 0.5], [0.2706, -0.65328, 0.65328, -0.2706]]
    call(dct_matrix, 4, 4).gives(np.array(wanted), atol=1e-4)
    call(dct_matrix, 2, 4).gives(np.array(wanted[:2]), atol=1e-4)


@given(st.integers(1, 60))
def test_the_rows_have_length_one_and_stand_at_right_angles(n_mels):
    call(dct_matrix, n_mels, n_mels).satisfies(
        lambda dct: np.allclose(dct @ dct.T, np.eye(n_mels), atol=1e-5),
        "the matrix times its transpose is the identity")


@pytest.mark.parametrize(("n_mfcc", "n_mels"), [(13, 40), (20, 128), (1, 7)])
def test_the_matrix_does_what_scipy_does(n_mfcc, n_mels):
    """The transform of a single 1 is a column of the matrix."""
    call(dct_matrix, n_mfcc, n_mels).gives(cosine_transform(np.eye(n_mels))[:n_mfcc], atol=1e-5)


def test_neighbours_that_go_together_come_apart():
    """Bands correlate with 0.9 to their neighbour, 0.81 to the next; the coefficients with 0.23 at most."""
    bands = 0.9 ** np.abs(np.subtract.outer(np.arange(40), np.arange(40)))

    def correlation(dct):
        covariance = dct @ bands @ dct.T
        deviation = np.sqrt(np.diag(covariance))
        return np.abs(covariance / np.outer(deviation, deviation) - np.eye(13)).max()

    call(dct_matrix, 13, 40).satisfies(lambda dct: correlation(dct) < 0.23, "no two coefficients correlate by 0.23")


# --- mfcc --------------------------------------------------------------------------------------------


def test_a_slope_over_the_bands_is_in_coefficient_1():
    """30, 20, 10, 0 dB, the README's example; in the second frame all are 10 dB louder: 0 takes it up alone."""
    mel_db = np.float32([[30, 40], [20, 30], [10, 20], [0, 10]])
    wanted = np.float32([[30, 50], [22.3044, 22.3044], [0, 0], [1.5851, 1.5851]])
    call(mfcc, mel_db, 4).gives(wanted, atol=1e-3)
    call(mfcc, mel_db, 2).gives(wanted[:2], atol=1e-3)


def test_twenty_coefficients_are_kept_and_none_is_multiplied():
    mel_db = numbers((24, 3), seed=3)
    call(mfcc, mel_db).gives(cosine_transform(mel_db)[:20], atol=1e-3)


@pytest.mark.parametrize("lifter", [22, 25])
def test_the_lifter_begins_at_one(lifter):
    """22, as many take it: 1 + 11 sin(pi/22) for coefficient 0, and 12, the most, for coefficient 10."""
    mel_db = numbers((26, 5), seed=1)
    factors = 1 + lifter / 2 * np.sin(np.pi * np.arange(1, 14) / lifter)
    wanted = cosine_transform(mel_db)[:13] * factors[:, None]
    call(mfcc, mel_db, 13, lifter=lifter).gives(wanted, atol=5e-3, rtol=1e-4)  # from 0: coefficient 0 is 100 off


@pytest.mark.parametrize(("decibels", "options", "record"), [
    (RECORD["db"], {}, "mfcc"), (RECORD["db"], {"lifter": 22}, "mfcc_lifter"),
    (np.log(RECORD["ta_power"] + np.float32(1e-6)), {}, "ta_log_mfcc"),
], ids=["librosa", "librosa-lifter", "torchaudio-log-mels"])
def test_the_coefficients_are_those_of_the_libraries(decibels, options, record):
    """torchaudio's log_mels=True takes natural logarithms of power + 1e-6; the transform is the same."""
    call(mfcc, decibels, 13, **options).gives(RECORD[record], atol=0.01)  # rounding 1e-3; along time: 100


@pytest.mark.parametrize(("power", "record"), [("power", "ta_like_librosa"), ("ta_power", "ta_mfcc")])
def test_from_power_to_coefficients(power, record):
    """torchaudio's MFCC, asked for librosa's mel scale, and with its own, HTK's."""
    call(mfcc, call(power_to_db, RECORD[power]).value, 13).gives(RECORD[record], atol=0.01)


# --- deltas ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("edges", "wanted"), [
    ("nearest", [0.9, 2.2, 4, 6, 8, 7.4, 5.1]), ("interp", [4, 4, 4, 6, 8, 8, 8]),
])
def test_the_slope_of_squares(edges, wanted):
    """t squared: its slope is 2 t where all five frames are there. In the second row it falls, from 100 on."""
    squares = np.arange(7, dtype=np.float32) ** 2
    slopes = np.float32(wanted)
    call(deltas, np.stack([squares, 100 - 3 * squares]), 5, edges).gives(np.stack([slopes, -3 * slopes]), atol=1e-4)


@pytest.mark.parametrize(("width", "edges", "record"), [
    (9, "interp", "delta"), (9, "nearest", "delta_nearest"), (5, "nearest", "ta_deltas"),
], ids=["librosa", "librosa-nearest", "torchaudio"])
def test_the_deltas_are_those_of_the_libraries(width, edges, record):
    call(deltas, RECORD["mfcc"], width, edges).gives(RECORD[record], atol=1e-3)  # rounding 2e-5


@given(st.integers(1, 4), st.integers(0, 9), st.sampled_from(["nearest", "interp"]), st.integers(0, 1000))
def test_a_delta_is_the_slope_of_the_fitted_line(half, more, edges, seed):
    width = 2 * half + 1
    features = numbers((3, width + more), seed)
    call(deltas, features, width, edges).gives(fitted_slopes(features, width, edges), atol=1e-3)


# --- normalize ---------------------------------------------------------------------------------------


def test_each_coefficient_has_mean_0_and_variance_1_over_time():
    features = np.float32([[1, 2, 3, 2], [10, 10, -10, -10], [5, 8, 5, 6]])
    wanted = [[-1.4142, 0, 1.4142, 0], [1, 1, -1, -1], [-0.8165, 1.633, -0.8165, 0]]
    call(normalize, features).gives(np.float32(wanted), atol=1e-3)


def test_the_normalized_coefficients_are_those_of_torchaudio():
    call(normalize, RECORD["mfcc"]).gives(RECORD["ta_normalized"], atol=1e-4)
    call(normalize, numbers((5, 8), seed=2)).gives(standardized(numbers((5, 8), seed=2)), atol=1e-4)


def test_another_microphone_is_gone():
    """One that lets bass through ten times weaker and treble eight times stronger, always."""
    power = np.random.default_rng(4).uniform(0.01, 9, (24, 31)).astype(np.float32)
    heard = power * np.geomspace(0.1, 8, 24)[:, None].astype(np.float32)
    before, after = (call(normalize, call(mfcc, call(power_to_db, p).value, 13).value).value for p in (power, heard))
    worst = np.abs(after - before).max()
    assert worst < 1e-3, f"the normalized coefficients should stay, they change by up to {worst:.2g}"
