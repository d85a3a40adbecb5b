import numpy as np
import pytest
from vocoder import griffin_lim, istft, istft_head, stft

from fixtures.checking import call
from fixtures.katas.vocoder.reference import convergence, spectra_of

SENTENCES = ("how many red circles are there", "is the square above the cross", "what does the random module do",
             "close that example")


@pytest.fixture
def random():
    """Give a generator that no run has seen before."""
    return np.random.default_rng()


@pytest.mark.llama
@pytest.mark.speech
def test_the_recogniser_hears_what_the_voice_says_through_your_griffin_lim(voice, recogniser):
    """llama.cpp predicts natural logarithms of magnitudes (frames, 241), in windows of 30 ms, every 10 ms."""
    for sentence in SENTENCES:
        magnitudes = np.exp(voice.log_magnitudes(voice.tokens(sentence.split()))).T
        guess = np.random.default_rng(0).uniform(-np.pi, np.pi, magnitudes.shape).astype(np.float32)
        sound = call(griffin_lim, magnitudes, guess, 160, 30).value
        far = convergence(sound, magnitudes, 160)
        assert far < 0.15, f"the voice's magnitudes should be met to 0.1, they are {far:.3f} away; the guess was 0.57"
        heard = recogniser.hear(np.pad(np.clip(sound, -1, 1), 3200))
        assert heard == sentence, f'the voice said "{sentence}", heard was "{heard}"'


@pytest.mark.llama
def test_the_voice_speaks_with_your_transforms(voice, monkeypatch):
    """They take the place of its own, thirty times each; its frames are rows, and their number is given."""
    from fixtures.models.trained.voice import spectrum

    wanted = voice.speak("open the file")

    def inverse(spectra):
        return call(istft, spectra.T, spectrum.HOP, spectrum.HOP * len(spectra)).value

    def transform(samples, frames):
        return call(stft, samples, spectrum.WINDOW, spectrum.HOP).value[:, :frames].T

    monkeypatch.setattr(spectrum, "inverse", inverse)
    monkeypatch.setattr(spectrum, "transform", transform)
    worst = np.abs(voice.speak("open the file") - wanted).max()
    assert worst < 0.02, f"the samples reach 0.5 and should be the same, they differ by up to {worst:.2g}"


@pytest.mark.llama
def test_a_codec_in_llama_cpp_gives_a_sentence_back(voice, tmp_path):
    """A made codec of WavTokenizer's architecture whose codes are frames of a sentence, 40 ms long, every 10 ms.

    llama.cpp turns codes into rows of 642 numbers, the head rows into samples, half a hop late.
    """
    from fixtures.models.made.codec import write_codec
    from fixtures.oracles.codec import codec_rows

    said = voice.speak("open the file")
    spectra = spectra_of(said, 640, 160)
    write_codec(tmp_path / "codec.gguf", np.concatenate([np.log(np.abs(spectra) + 1e-9), np.angle(spectra)]).T)
    rows = codec_rows(tmp_path / "codec.gguf", range(spectra.shape[1]))
    heard = call(istft_head, rows, 160).value
    worst = np.abs(heard[80:][: len(said)] - said).max()
    assert worst < 1e-3, f"the sentence should come back to 1e-6, it differs by up to {worst:.2g}"
    # backwards: the codes in another order
    backwards = call(istft_head, codec_rows(tmp_path / "codec.gguf", range(len(rows))[::-1]), 160).value
    assert np.abs(backwards).max() > 0.1 and not np.allclose(backwards, heard, atol=0.05), (
        "the codes backwards are another sound")


@pytest.mark.peer("librosa")
@pytest.mark.parametrize(("n_fft", "hop"), [(400, 160), (1024, 256), (256, 100)])
def test_librosa_on_a_sound_not_seen(random, n_fft, hop):
    import librosa

    sound = random.normal(0, 0.1, random.integers(5000, 9000)).astype(np.float32)
    spectra = call(stft, sound, n_fft, hop).value
    theirs = librosa.stft(sound, n_fft=n_fft, hop_length=hop)
    assert np.allclose(spectra, theirs, atol=1e-3), "librosa's stft is another"
    spectra = spectra * np.exp(1j * random.uniform(-3, 3, spectra.shape)).astype(np.complex64)
    length = hop * (spectra.shape[1] - 1)
    assert np.allclose(call(istft, spectra, hop).value, librosa.istft(spectra, hop_length=hop), atol=1e-4), (
        "librosa's istft is another")
    yours = call(griffin_lim, np.abs(spectra), np.zeros(spectra.shape, np.float32), hop, 4).value
    theirs = librosa.griffinlim(np.abs(spectra), n_iter=4, hop_length=hop, init=None, length=length)
    assert np.allclose(yours, theirs, atol=1e-3), "librosa's griffinlim is another"


@pytest.mark.peer("torch")
def test_torch_on_a_sound_not_seen(random):
    import torch

    sound = random.normal(0, 0.1, 7001).astype(np.float32)
    spectra, hann = call(stft, sound, 512, 160).value, torch.hann_window(512)
    theirs = torch.stft(torch.from_numpy(sound), 512, 160, window=hann, pad_mode="constant", return_complex=True)
    assert np.allclose(spectra, theirs.numpy(), atol=1e-3), "torch's stft is another"
    spectra = spectra * np.exp(1j * random.uniform(-3, 3, spectra.shape)).astype(np.complex64)
    back = torch.istft(torch.from_numpy(spectra), 512, 160, window=hann, length=7001).numpy()
    assert np.allclose(call(istft, spectra, 160, 7001).value, back, atol=1e-4), "torch's istft is another"
