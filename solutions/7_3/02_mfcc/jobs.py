"""The speed jobs of the mfcc kata: ten minutes of sound, 60,000 frames, beside librosa and scipy."""

import numpy as np

from fixtures.jobs import Job, job
from fixtures.katas.mfcc.reference import cosine_transform

FRAMES = 60_000


def _powers() -> np.ndarray:
    """Return mel powers (80, FRAMES) whose decibels spread as those of speech."""
    return (10 ** np.random.default_rng(0).normal(-2, 1.5, (80, FRAMES))).astype(np.float32)


@job
def power_to_db_10_min() -> Job:
    """Decibels of 80 bands, limited to 80 below the loudest."""
    power = _powers()

    def exact():
        db = 10 * np.log10(power.astype(np.float64))
        return np.maximum(db, db.max() - 80)

    def librosa():
        import librosa

        return lambda: librosa.power_to_db(power)

    return Job("power_to_db", (power,), exact, {"librosa": librosa}, goal="as fast as librosa")


@job
def mfcc_10_min() -> Job:
    """Twenty coefficients with a lifter of 80 bands in decibels."""
    db = 10 * np.log10(_powers())
    factors = 1 + 11 * np.sin(np.pi * np.arange(1, 21) / 22)[:, None]

    def librosa():
        import librosa

        return lambda: librosa.feature.mfcc(S=db, n_mfcc=20, lifter=22)

    return Job("mfcc", (db, 20, 22), lambda: cosine_transform(db)[:20] * factors, {"librosa": librosa},
               goal="faster than librosa")


@job
def deltas_10_min() -> Job:
    """Slopes over nine frames of twenty coefficients, as librosa takes them by default."""
    coefficients = np.random.default_rng(1).normal(0, 20, (20, FRAMES)).astype(np.float32)
    weights = np.arange(-4, 5) / 60

    def exact():
        inner = np.lib.stride_tricks.sliding_window_view(coefficients.astype(np.float64), 9, axis=1) @ weights
        return np.pad(inner, ((0, 0), (4, 4)), mode="edge")

    def librosa():
        import librosa

        return lambda: librosa.feature.delta(coefficients)

    return Job("deltas", (coefficients, 9, "interp"), exact, {"librosa": librosa}, goal="faster than librosa")
