"""The speed jobs of the vocoder kata: a minute of sound, and a sentence of the shipped voice."""

import numpy as np
import scipy.signal

from fixtures.jobs import Job, job
from fixtures.katas import recorded
from fixtures.katas.vocoder.reference import librarys_griffin_lim


@job
def istft_of_a_minute() -> Job:
    """At 16 kHz: spectra of noise, 513 bins, a frame every 256 samples."""
    noise = np.random.default_rng(0).normal(0, 0.1, 960_000).astype(np.float32)
    framing = {"window": "hann", "nperseg": 1024, "noverlap": 768}
    spectra = (512 * scipy.signal.stft(noise, padded=False, **framing)[2]).astype(np.complex64)  # (513, 3751)

    def librosa():
        import librosa

        return lambda: librosa.istft(spectra, hop_length=256)

    def torch():
        import torch

        tensor, hann = torch.from_numpy(spectra), torch.hann_window(1024)
        return lambda: torch.istft(tensor, 1024, 256, window=hann).numpy()

    return Job("istft", (spectra, 256), lambda: noise, {"librosa": librosa, "torch": torch},
               goal="faster than librosa and torch")


@job
def griffin_lim_of_a_sentence() -> Job:
    """Thirty iterations from phases of 0, of what the shipped voice predicts for a sentence of 1.9 s."""
    magnitudes = np.exp(recorded("vocoder", "spoken")["logarithms"].astype(np.float32)).T  # (241, 188)
    phases = np.zeros_like(magnitudes)

    def librosa():
        import librosa

        return lambda: librosa.griffinlim(magnitudes, n_iter=30, hop_length=160, init=None, momentum=0.99)

    def torch():
        import torch

        wanted, hann = torch.from_numpy(magnitudes.copy()), torch.hann_window(480)

        def griffin_lim():
            """Do what torchaudio.functional.griffinlim does, with zeros beyond the ends."""
            spectra, before = wanted.to(torch.complex64), 0
            for _ in range(30):
                sound = torch.istft(spectra, 480, 160, window=hann)
                rebuilt = torch.stft(sound, 480, 160, window=hann, pad_mode="constant", return_complex=True)
                ahead = rebuilt - 0.99 / 1.99 * before
                spectra, before = wanted * ahead.div(ahead.abs().add(1e-16)), rebuilt
            return torch.istft(spectra, 480, 160, window=hann).numpy()

        return griffin_lim

    return Job("griffin_lim", (magnitudes, phases, 160, 30, 0.99),
               lambda: librarys_griffin_lim(magnitudes, phases, 160, 30, 0.99), {"librosa": librosa, "torch": torch},
               goal="faster than librosa and torch")
