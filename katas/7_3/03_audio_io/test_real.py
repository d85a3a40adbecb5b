import io

import numpy as np
import pytest
from audio_io import from_pcm, normalize_peak, resample, rms_dbfs, to_mono, to_pcm

from fixtures.checking import call
from fixtures.katas.audio_io.reference import kept_and_leaked, recording_at_48_khz, sweep, wav_file

SENTENCES = ("show me the red circle", "how many blue squares are there", "search the documentation for json",
             "turn the volume down")


@pytest.fixture(scope="module")
def read_by_llama_cpp(tmp_path_factory):
    """A function from the bytes of a sound file to the samples that llama.cpp gives its encoder."""
    from fixtures.models.made.audio import write_identity_mmproj
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.oracles.mtmd import decoded_audio

    folder = tmp_path_factory.mktemp("models")
    write_identity_mmproj(folder / "mmproj.gguf", 80)
    write_llama(folder / "text.gguf", TextShape(width=80, blocks=1))
    return lambda file: decoded_audio(folder / "mmproj.gguf", file, folder / "text.gguf")


@pytest.mark.llama
@pytest.mark.parametrize("encoding", ["s16le", "s24le", "s32le"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_llama_cpp_reads_the_same_samples(read_by_llama_cpp, encoding, channels):
    """A WAV file at the model's rate: it divides by 2**(bits - 1) and takes the mean, as you do. 8 bits it shifts."""
    audio = np.random.default_rng(channels).uniform(-1.1, 1.1, (1000, channels)).astype(np.float32)
    data = call(to_pcm, audio, encoding).value
    yours = call(to_mono, call(from_pcm, data, encoding, channels).value).value
    theirs = read_by_llama_cpp(wav_file(data, encoding, channels, 16_000))
    assert theirs.shape == yours.shape, f"llama.cpp reads {theirs.shape}, you {yours.shape}"
    worst = np.abs(theirs - yours).max()  # rounding 1e-7; by 32767 instead 3e-5; the sum instead of the mean 1
    assert worst < 2e-6, f"llama.cpp's samples differ from yours by up to {worst:.2g}"


@pytest.mark.llama
def test_at_another_rate_llama_cpp_aliases_and_you_do_not(read_by_llama_cpp):
    """It resamples in straight lines behind a gentle low pass: give it sound at its own rate."""
    data = call(to_pcm, sweep(48_000, 24_000) / 2, "s16le").value
    theirs = 2 * read_by_llama_cpp(wav_file(data, "s16le", 1, 48_000))
    yours = 2 * call(resample, call(from_pcm, data, "s16le").value[:, 0], 48_000, 16_000).value
    error, leak = kept_and_leaked(yours, 48_000, 16_000)
    assert error < 2e-3 and leak < 2e-3, f"your sweep is off by {error:.2g} below Nyquist, and leaks {leak:.2g} above"
    _, leak_of_theirs = kept_and_leaked(theirs, 48_000, 16_000)
    assert leak_of_theirs > 0.2, f"llama.cpp's own resampling leaks {leak_of_theirs:.2g} only; the README says more"


@pytest.mark.llama
@pytest.mark.speech
def test_a_recording_keeps_its_words(voice, recogniser):
    """24 bits, stereo, 48 kHz, quiet, with a hiss above 10 kHz: every third sample folds it down into the speech."""
    lost = {"every third sample": 0, "48 kHz taken for 16": 0}
    for seed, sentence in enumerate(SENTENCES):
        original = voice.speak(sentence)
        data = recording_at_48_khz(original, seed)
        mono = call(to_mono, call(from_pcm, data, "s24le", 2).value).value
        audio = call(normalize_peak, call(resample, mono, 48_000, 16_000).value).value
        wanted, heard = recogniser.hear(original), recogniser.hear(audio)
        assert heard == wanted, f'of your samples the recogniser hears "{heard}", of the original "{wanted}"'
        level, lowest = call(rms_dbfs, audio).value, call(rms_dbfs, original / np.abs(original).max()).value - 3
        assert level > lowest, f"your samples have {level:.1f} dBFS, {lowest:.1f} or more are expected"
        for name, wrong in (("every third sample", mono[::3]), ("48 kHz taken for 16", mono)):
            lost[name] += recogniser.hear(wrong / np.abs(wrong).max()) != wanted
    assert min(lost.values()) >= 3, f"of {len(SENTENCES)} sentences should be lost: {lost}"


@pytest.mark.peer("soundfile")
def test_files_of_libsndfile():
    """WAV in each width, and an MP3, whole and cut off in the middle. libsndfile rounds down, not to the nearest."""
    import soundfile

    tone = np.stack([0.4 * np.sin(np.arange(44_100) / 40), 0.2 * np.sin(np.arange(44_100) / 90)], axis=1)
    tone = tone.astype(np.float32)
    for encoding, subtype in (("u8", "PCM_U8"), ("s16le", "PCM_16"), ("s24le", "PCM_24"), ("s32le", "PCM_32")):
        data = call(to_pcm, tone, encoding).value
        read, rate_hz = soundfile.read(io.BytesIO(wav_file(data, encoding, 2, 44_100)), dtype="float32")
        assert rate_hz == 44_100 and np.array_equal(call(from_pcm, data, encoding, 2).value, read), (
            f"libsndfile reads other samples from your {encoding}")
        written = io.BytesIO()
        soundfile.write(written, tone, 44_100, subtype=subtype, format="WAV")
        step = 2.0 ** (1 - 8 * len(data) // tone.size)
        theirs = call(from_pcm, written.getvalue()[-len(data):], encoding, 2).value
        assert np.abs(theirs - tone).max() <= step, f"the {subtype} of libsndfile is further than a step from the tone"
    coded = io.BytesIO()
    soundfile.write(coded, tone, 44_100, format="MP3")
    times = np.arange(16_000) * 44_100 / 16_000
    exact = 0.2 * np.sin(times / 40) + 0.1 * np.sin(times / 90)
    for file in (coded.getvalue(), coded.getvalue()[: len(coded.getvalue()) // 2]):
        read, rate_hz = soundfile.read(io.BytesIO(file), dtype="float32")
        audio = call(resample, call(to_mono, read).value, rate_hz, 16_000).value
        inner = audio[1000:-1000]
        worst = np.abs(inner - exact[1000 : 1000 + len(inner)]).max()
        assert len(audio) > 6000 and worst < 0.02, f"the tone of the MP3 is off by {worst:.2g}"


@pytest.mark.peer("soxr")
@pytest.mark.parametrize("rates", [(44_100, 16_000), (16_000, 24_000)])
def test_soxr_hears_the_same_below_nyquist(rates):
    import soxr

    audio = sweep(rates[0], min(rates) * 0.42).astype(np.float32)
    yours, theirs = call(resample, audio, *rates).value, soxr.resample(audio, *rates)
    assert abs(len(yours) - len(theirs)) <= 1, f"soxr gives {len(theirs)} samples, you {len(yours)}"
    inner = slice(400, len(theirs) - 400)
    worst = np.abs(yours[inner] - theirs[inner]).max()
    assert worst < 1e-3, f"yours and soxr's differ by up to {worst:.2g}"
