"""The speed jobs of the mel_features kata."""

import numpy as np

from fixtures.jobs import Job, job


def _exact(audio, n_mels):
    """Compute Whisper's log-mel in float64, with librosa's float64 filters."""
    import librosa

    padded = np.pad(audio.astype(np.float64), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[: len(audio) // 160 * 160 : 160]
    power = np.abs(np.fft.rfft(frames * np.sin(np.pi * np.arange(400) / 400) ** 2, axis=1)) ** 2
    filters = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=n_mels, dtype=np.float64)
    x = np.log10(np.maximum(filters @ power.T, 1e-10))
    return (np.maximum(x, x.max() - 8) + 4) / 4


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

    return Job("log_mel", (audio, n_mels), lambda: _exact(audio, n_mels),
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
