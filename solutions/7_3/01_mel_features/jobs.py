"""The speed jobs of the mel_features kata."""

import numpy as np

from fixtures.jobs import Job, job
from fixtures.katas.mel_features.reference import whisper_log_mel


def _job(n_mels):
    """Thirty seconds of noise that rises and falls like speech."""
    rng = np.random.default_rng(0)
    loudness = 0.01 + 0.1 * np.sin(np.pi * np.arange(480_000) / 4000) ** 2
    audio = (loudness * rng.standard_normal(480_000)).astype(np.float32)

    def openai_whisper():
        import torch
        import whisper

        samples = torch.from_numpy(audio)
        return lambda: whisper.log_mel_spectrogram(samples, n_mels)

    def librosa():
        import librosa

        def log_mel():
            mel = librosa.feature.melspectrogram(
                y=audio, sr=16_000, n_fft=400, hop_length=160, n_mels=n_mels, pad_mode="reflect")[:, :-1]
            x = np.log10(np.maximum(mel, 1e-10))
            return (np.maximum(x, x.max() - 8) + 4) / 4

        return log_mel

    return Job("log_mel", (audio, n_mels), lambda: whisper_log_mel(audio, n_mels),
               {"openai-whisper": openai_whisper, "librosa": librosa},
               goal="faster than openai-whisper and librosa")


@job
def log_mel_30_s_80_bins() -> Job:
    """The input of Whisper tiny to large-v2."""
    return _job(80)


@job
def log_mel_30_s_128_bins() -> Job:
    """The input of Whisper large-v3."""
    return _job(128)
