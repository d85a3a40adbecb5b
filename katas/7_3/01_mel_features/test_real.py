import numpy as np
import pytest
from mel_features import log_mel, pad_or_trim

from fixtures.checking import call
from fixtures.katas.mel_features.reference import recorded_clip

LOWEST_FOR_WHISPER = -1.5  # (log10(1e-10) + 4) / 4
LOWEST_FOR_LLAMA_CPP = (np.log10(2.0**-24) + 4) / 4  # -0.806


@pytest.fixture(scope="module")
def heard_by_llama_cpp(tmp_path_factory):
    """A function (audio, n_mels) that returns the log-mel inside llama.cpp: the mean of frames 4k and 4k + 2.

    One array (n_mels, 750) for each chunk of 30 s.

    It is read through an mmproj whose encoder and projector change nothing else, see write_identity_mmproj.
    """
    from fixtures.models.made.audio import write_identity_mmproj
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.oracles.mtmd import audio_embeddings

    folder = tmp_path_factory.mktemp("models")

    def heard(audio: np.ndarray, n_mels: int = 80) -> list[np.ndarray]:
        mmproj, text = folder / f"mmproj-{n_mels}.gguf", folder / f"text-{n_mels}.gguf"
        write_identity_mmproj(mmproj, n_mels)
        write_llama(text, TextShape(width=n_mels, blocks=1))
        return [embeddings.T for embeddings in audio_embeddings(mmproj, audio, text)]

    return heard


def every_second_pair(spectrogram: np.ndarray) -> np.ndarray:
    """Average frames 4k and 4k + 2, as a Whisper-type encoder with a projector of type qwen2a does."""
    return (spectrogram[:, 0::4] + spectrogram[:, 2::4]) / 2


@pytest.mark.llama
@pytest.mark.parametrize("n_mels", [80, 128])
def test_llama_cpp_hears_the_same_spectrogram(heard_by_llama_cpp, n_mels):
    audio = call(pad_or_trim, recorded_clip()).value
    spectrogram = call(log_mel, audio, n_mels, floor=2**-24).value
    # llama.cpp rounds to 16 bits on the way: 5e-4; the symmetric Hann window: 1e-2; zeros for the mirror: 1e-1
    [heard] = heard_by_llama_cpp(recorded_clip(), n_mels)
    worst = np.abs(every_second_pair(spectrogram) - heard).max()
    assert worst < 2e-3, f"llama.cpp's spectrogram differs by up to {worst:.2g}"


@pytest.mark.llama
def test_quiet_audio_is_another_to_llama_cpp_than_to_whisper(heard_by_llama_cpp):
    """llama.cpp's is Whisper's, with all that lies below its own floor raised to it."""
    quiet = recorded_clip()[:4000] / 2048
    whisper = call(log_mel, call(pad_or_trim, quiet).value).value
    [heard] = heard_by_llama_cpp(quiet)
    raised = every_second_pair(np.maximum(whisper, LOWEST_FOR_LLAMA_CPP))
    worst = np.abs(raised - heard).max()
    assert worst < 2e-3, f"raised to llama.cpp's floor, yours should be llama.cpp's; it differs by up to {worst:.2g}"
    difference = np.abs(every_second_pair(whisper) - heard).max()
    assert abs(difference - (LOWEST_FOR_LLAMA_CPP - LOWEST_FOR_WHISPER)) < 2e-3, (
        f"in silence the two floors are 0.694 apart, here {difference:.3f}")


@pytest.mark.llama
def test_thirty_seconds_are_two_chunks_to_llama_cpp(heard_by_llama_cpp):
    """It adds 30 s of silence, takes one maximum for all, and cuts into 30 s: from 29.99 s on the rest counts."""
    audio = np.resize(recorded_clip(), 479_840)
    padded = call(pad_or_trim, audio, 60 * 16_000).value
    spectrogram = call(log_mel, padded, floor=2**-24).value
    chunks = heard_by_llama_cpp(audio)
    assert len(chunks) == 2, f"llama.cpp makes {len(chunks)} chunks of 29.99 s"
    assert len(heard_by_llama_cpp(audio[:-1])) == 1, "one sample less fits into one chunk"
    for i, part in enumerate(np.split(spectrogram, 2, axis=1)):
        worst = np.abs(every_second_pair(part) - chunks[i]).max()
        assert worst < 2e-3, f"llama.cpp's spectrogram differs by up to {worst:.2g} in chunk {i}"
