"""The predictions on real llama.cpp: a made audio encoder, and the shipped voice."""

import numpy as np
import pytest
from audio_interview import first_sound, forgotten_division, log_mel_shift, tokens_heard

from fixtures.checking import call

pytestmark = pytest.mark.llama


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A function from samples to llama.cpp's log-mel of them, (tokens, 20): mean of two frames that are 20 ms apart."""
    from fixtures.models.made.audio import write_identity_mmproj
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.oracles.mtmd import audio_embeddings

    folder = tmp_path_factory.mktemp("models")
    write_identity_mmproj(folder / "mmproj.gguf", 20)
    write_llama(folder / "text.gguf", TextShape(width=20, blocks=1))
    return lambda samples: np.concatenate(audio_embeddings(folder / "mmproj.gguf", samples, folder / "text.gguf"))


@pytest.fixture(scope="module")
def voice():
    from fixtures.models.trained.shipped import shipped_path
    from fixtures.models.trained.voice.speaking import Voice

    speaking = Voice(shipped_path("voice", "voice.gguf"))
    yield speaking
    speaking.close()


def noise(samples):
    return (np.random.default_rng(1).standard_normal(samples) / 10).astype(np.float32)


@pytest.mark.parametrize("samples", [16_000, 400_000, 480_160, 960_800])
def test_llama_cpp_makes_so_many_tokens(heard, samples):
    """With sound are those that differ from the last one, which is silence; two at the border may be either."""
    tokens, with_sound = call(tokens_heard, samples).value
    embeddings = heard(noise(samples))
    assert len(embeddings) == tokens, f"{samples / 16000} s are {len(embeddings)} tokens in llama.cpp, not {tokens}"
    sounding = int((np.abs(embeddings - embeddings[-1]).max(axis=1) > 0.1).sum())
    assert abs(sounding - with_sound) <= 2, f"{sounding} of them hold sound, not {with_sound}"


def test_llama_cpp_begins_another_window_with_the_last_frame(heard):
    """Where prediction and measurement differ: 30 s exactly are two windows, since their end has a frame of its own."""
    for samples, windows in ((480_000 - 161, 1), (480_000 - 160, 2), (480_000, 2)):
        tokens = len(heard(noise(samples)))
        assert tokens == 750 * windows, f"{samples} samples are {tokens} tokens in this llama.cpp"
    call(tokens_heard, 480_000).gives((750, 750))


@pytest.mark.parametrize("gain", [32768.0, 4.0])
def test_llama_cpp_hears_the_same_louder(heard, gain):
    sound = noise(32_000)
    before, after = (heard(sound * np.float32(factor))[2:48] for factor in (1.0, gain))
    # 16 bits on the way round to 5e-4, twice; natural logarithms would be off by 2.9
    shift = call(log_mel_shift, gain).value
    worst = np.abs(after - before - shift).max()
    assert worst < 2e-3, f"llama.cpp's numbers are not {shift:.3f} higher, by up to {worst:.2g}"


def test_the_shipped_voice_without_the_division(voice):
    """Its sentence, spectrum and back, with the sum of the squares left out."""
    from fixtures.models.trained.voice.spectrum import HANN, HOP, WINDOW, transform

    said = voice.speak("how many red circles are there")
    spectra = transform(said, len(said) // HOP)
    total = np.zeros(len(said) + 2 * WINDOW)
    for i, frame in enumerate(np.fft.irfft(spectra, n=WINDOW) * HANN):
        total[i * HOP : i * HOP + WINDOW] += frame
    middle = slice(WINDOW, len(said) - WINDOW)
    loud = np.abs(said[middle]) > 0.01
    ratios = total[WINDOW // 2 :][middle][loud] / said[middle][loud]
    lowest, highest = call(forgotten_division, HANN, HOP).value
    assert np.abs(ratios - lowest).max() < 1e-3, f"it is {np.median(ratios):.4f} times as loud, not {lowest:.4f}"
    assert abs(highest - lowest) < 1e-6, "three Hann windows add up to a constant"


def test_the_shipped_voice_begins_with_its_first_sentence(voice):
    """The work until the first sound, counted in frames of llama.cpp: they are in proportion to the speech."""
    sentences = ["yes", "the red circle", "how many blue squares do you see", "next page please", "stop"]
    frames = [len(voice.tokens(sentence.split())) for sentence in sentences]
    whole, first, _ = call(first_sound, [count / 100 for count in frames], 0.05).value
    assert abs(first / whole - frames[0] / sum(frames)) < 1e-6, "the first sentence's share of the work"
    sounds = [len(voice.speak(sentence)) for sentence in sentences]
    assert abs(first / whole - sounds[0] / sum(sounds)) < 0.05, "the first sentence's share of the sound"
