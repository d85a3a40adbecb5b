"""The speed job of the audio_io kata: a minute of sound from 44.1 kHz to 16 kHz, beside scipy, soxr and librosa."""

import numpy as np

from fixtures.jobs import Job, job
from fixtures.katas.audio_io.reference import windowed_sinc

FROM_HZ, TO_HZ, SECONDS = 44_100, 16_000, 60


def _tones(rate_hz: int) -> np.ndarray:
    """Return twelve tones of 50 to 6500 Hz, faded in and out, so that nothing depends on how the ends are treated."""
    seconds = np.arange(SECONDS * rate_hz) / rate_hz
    fade = np.sin(np.pi * seconds / SECONDS) ** 2
    return fade * sum(np.sin(2 * np.pi * hz * seconds + hz) for hz in np.geomspace(50, 6500, 12)) / 12


@job
def resample_1_min() -> Job:
    """A minute of mono. scipy twice: with its own filter, which is shorter, and with the kata's."""
    audio = _tones(FROM_HZ).astype(np.float32)

    def scipy():
        import scipy.signal

        return lambda: scipy.signal.resample_poly(audio, 160, 441)

    def scipy_same_filter():
        import scipy.signal

        taps = (windowed_sinc(160, 441) / 160).astype(np.float32)
        return lambda: scipy.signal.resample_poly(audio, 160, 441, window=taps)

    def soxr():
        import soxr

        return lambda: soxr.resample(audio, FROM_HZ, TO_HZ)

    def librosa():
        import librosa

        return lambda: librosa.resample(audio, orig_sr=FROM_HZ, target_sr=TO_HZ)

    peers = {"scipy": scipy, "scipy, same filter": scipy_same_filter, "soxr": soxr, "librosa": librosa}
    return Job("resample", (audio, FROM_HZ, TO_HZ), lambda: _tones(TO_HZ), peers,
               goal="faster than scipy, as fast as soxr")
