"""Wrong answers that people give to the mfcc kata; each docstring says what was misunderstood."""

import numpy as np
import scipy.fft
from mfcc import dct_matrix, deltas, mfcc, normalize, power_to_db

from fixtures.checking import wrong_answer_to

# --- power_to_db -------------------------------------------------------------------------------------


def _decibels(power, ref, amin, factor=10.0, logarithm=np.log10):
    return factor * (logarithm(np.maximum(power, amin)) - logarithm(max(ref, amin)))


@wrong_answer_to(power_to_db)
def takes_the_natural_logarithm(mel_power, ref=1.0, amin=1e-10, top_db=80.0):
    """This is the natural logarithm: decibels are 10 times log10."""
    db = _decibels(mel_power, ref, amin, 1.0, np.log)
    return db if top_db is None else np.maximum(db, db.max() - top_db)


@wrong_answer_to(power_to_db)
def takes_the_powers_for_amplitudes(mel_power, ref=1.0, amin=1e-10, top_db=80.0):
    """You have 20 log10, which is for amplitudes: of a power it is 10 log10."""
    db = _decibels(mel_power, ref, amin, 20.0)
    return db if top_db is None else np.maximum(db, db.max() - top_db)


@wrong_answer_to(power_to_db)
def limits_each_frame(mel_power, ref=1.0, amin=1e-10, top_db=80.0):
    """Your limit is below the loudest band of each frame: it counts from the largest number of the whole recording."""
    db = _decibels(mel_power, ref, amin)
    return db if top_db is None else np.maximum(db, db.max(axis=0) - top_db)


# --- dct_matrix --------------------------------------------------------------------------------------


def _cosines(n_mfcc, n_mels, half=0.5):
    return np.cos(np.pi * np.arange(n_mfcc)[:, None] * (np.arange(n_mels) + half) / n_mels)


@wrong_answer_to(dct_matrix)
def leaves_the_length_of_the_rows(n_mfcc, n_mels):
    """Your rows are 2 cos(...), scipy's transform without norm: each has to have length 1."""
    return 2 * _cosines(n_mfcc, n_mels)


@wrong_answer_to(dct_matrix)
def forgets_row_0(n_mfcc, n_mels):
    """Your row 0 is too long by the root of 2: it alone is a constant, so that it alone is divided by sqrt(2)."""
    return np.sqrt(2 / n_mels) * _cosines(n_mfcc, n_mels)


@wrong_answer_to(dct_matrix)
def forgets_the_half(n_mfcc, n_mels):
    """Your cosine begins at band 0: the middle of a band is m + 1/2."""
    dct = np.sqrt(2 / n_mels) * _cosines(n_mfcc, n_mels, half=0)
    dct[0] /= np.sqrt(2)
    return dct


# --- mfcc --------------------------------------------------------------------------------------------


@wrong_answer_to(mfcc)
def transforms_along_time(mel_db, n_mfcc=20, lifter=0):
    """Your transform runs along time, the last axis: it runs over the mel bands of each frame."""
    return scipy.fft.dct(mel_db, norm="ortho")[:n_mfcc]


@wrong_answer_to(mfcc)
def drops_coefficient_0(mel_db, n_mfcc=20, lifter=0):
    """Your first coefficient is coefficient 1: coefficient 0, the loudness, is kept here. Some drop it later."""
    return scipy.fft.dct(mel_db, axis=0, norm="ortho")[1 : n_mfcc + 1]


@wrong_answer_to(mfcc)
def lifts_from_zero(mel_db, n_mfcc=20, lifter=0):
    """Your lifter has n where n + 1 belongs: it leaves coefficient 0 as it is (Kaldi does so), and shifts the rest."""
    factors = 1 + lifter / 2 * np.sin(np.pi * np.arange(n_mfcc) / lifter) if lifter else np.ones(n_mfcc)
    return scipy.fft.dct(mel_db, axis=0, norm="ortho")[:n_mfcc] * factors[:, None]


# --- deltas ------------------------------------------------------------------------------------------


@wrong_answer_to(deltas)
def subtracts_neighbours(features, width=9, edges="nearest"):
    """You took the difference of neighbouring frames, which is mostly noise: fit a line to `width` frames."""
    return np.diff(features, axis=1, prepend=features[:, :1])


@wrong_answer_to(deltas)
def sees_zeros_beyond_the_ends(features, width=9, edges="nearest"):
    """Beyond the ends you have zeros, towards which every feature seems to fall: the last frame is repeated."""
    half = width // 2
    padded = np.pad(features, ((0, 0), (half, half)))
    weights = np.arange(-half, half + 1)
    return np.lib.stride_tricks.sliding_window_view(padded, width, axis=1) @ weights / (weights**2).sum()


# --- normalize ---------------------------------------------------------------------------------------


@wrong_answer_to(normalize)
def averages_over_the_coefficients(features):
    """Your mean is that of a frame's coefficients: each coefficient has its own mean, over time, axis 1."""
    deviation = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
