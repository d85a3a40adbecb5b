import numpy as np
import pytest
from mfcc import deltas, mfcc, normalize, power_to_db

from fixtures.checking import call
from fixtures.katas.mel_features.reference import recorded_clip
from fixtures.katas.mfcc.reference import mel_power, warped_distance

WORDS = ("red", "triangles", "eight", "top", "list", "example", "again", "what", "the", "above", "circle", "two",
         "thirty", "email", "decimal", "start", "hello", "find")


@pytest.mark.llama
def test_the_coefficients_of_what_llama_cpp_hears(tmp_path):
    """llama.cpp's own log-mel, the mean of frames 4k and 4k + 2, back to decibels: 40 x - 40. Means stay means.

    Its power has a floor of 2**-24; after the sound come zeros up to 30 s, which are at the limit of 80 dB.
    """
    from fixtures.models.made.audio import write_identity_mmproj
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.oracles.mtmd import audio_embeddings

    mmproj, text = tmp_path / "mmproj.gguf", tmp_path / "text.gguf"
    write_identity_mmproj(mmproj, 80)
    write_llama(text, TextShape(width=80, blocks=1))
    [heard] = audio_embeddings(mmproj, recorded_clip(), text)  # (750, 80)
    theirs = call(mfcc, np.float32(40) * heard.T - 40, 13, lifter=22).value

    power = mel_power(np.pad(recorded_clip(), (0, 80_000 - len(recorded_clip()))))  # (80, 500)
    yours = call(mfcc, call(power_to_db, power, amin=2**-24).value, 13, lifter=22).value
    pairs = (yours[:, 0::4] + yours[:, 2::4]) / 2  # (13, 125)
    # of up to 1500; llama.cpp rounds to 16 bits on the way: 0.3; without the limit: 109
    worst = np.abs(pairs - theirs[:, :125]).max()
    assert worst < 2, f"the coefficients of llama.cpp's spectrogram differ from yours by up to {worst:.2g}"


def spoken(voice, word: str) -> np.ndarray:
    """Return the word without the silence around it."""
    sound = voice.speak(word)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[max(0, loud[0] - 400) : loud[-1] + 400]


@pytest.fixture(scope="module")
def two_voices(voice):
    """Eighteen words of the shipped voice, and of a Scottish one that speaks faster and lower."""
    from fixtures.models.trained.voice.speaking import EspeakVoice

    scot = EspeakVoice("gmw/en-GB-scotland", words_per_minute=190, pitch=30)
    return [spoken(voice, word) for word in WORDS], [spoken(scot, word) for word in WORDS]


def distances(ones, others) -> np.ndarray:
    return np.array([[warped_distance(one, other) for other in others] for one in ones])


def coefficients(sound: np.ndarray) -> np.ndarray:
    return call(mfcc, call(power_to_db, mel_power(sound)).value, 13).value


@pytest.mark.llama
@pytest.mark.espeak
def test_a_word_by_two_voices_is_nearer_than_two_words(two_voices):
    """A recogniser of the 1980s: the nearest of eighteen words, with time warped. Of 36 it gets 34 right."""
    apart = distances(*([coefficients(sound) for sound in sounds] for sounds in two_voices))
    right = (apart.argmin(axis=1) == np.arange(len(WORDS))).sum()
    assert right >= 15, f"of {len(WORDS)} words, {right} are nearest to themselves in the other voice; by chance 1"
    same, other = np.diag(apart).mean(), apart[~np.eye(len(WORDS), dtype=bool)].mean()
    assert same < 0.7 * other, f"a word is {same:.3g} from itself in the other voice, {other:.3g} from another word"


@pytest.mark.llama
@pytest.mark.espeak
def test_normalized_coefficients_do_not_hear_the_microphone(two_voices):
    """The second voice through a tinny telephone, y[t] = x[t] - 0.9 x[t - 1]: bass is lost."""
    def features(sound):
        plain = coefficients(sound)
        return plain, call(normalize, np.concatenate([plain, call(deltas, plain, 5).value])).value

    near, far = two_voices
    tinny = [sound - 0.9 * np.concatenate([[0], sound[:-1]]).astype(np.float32) for sound in far]
    grown = []
    for kind in range(2):
        before, after = (np.mean([warped_distance(features(one)[kind], features(other)[kind])
                                  for one, other in zip(near, sounds)]) for sounds in (far, tinny))
        grown.append(after / before)
    assert grown[0] > 1.25, f"plain coefficients move away by {grown[0]:.2f} at least 1.25"
    assert grown[1] < 1.1, f"normalized ones should not care, they are {grown[1]:.2f} times as far away"


@pytest.mark.peer("librosa")
def test_librosa_on_a_sound_not_seen():
    import librosa

    rng = np.random.default_rng()
    power = mel_power((rng.normal(0, 0.1, 9000) * rng.uniform(0, 1, 9000) ** 2).astype(np.float32), 64)
    db = call(power_to_db, power, ref=float(power.max())).value
    found = call(mfcc, db, 20, lifter=26).value
    assert np.allclose(found, librosa.feature.mfcc(S=librosa.power_to_db(power, ref=np.max), lifter=26), atol=0.02), (
        "librosa's coefficients are others")
    assert np.allclose(call(deltas, found, 9, "interp").value, librosa.feature.delta(found), atol=0.01), (
        "librosa's deltas are others")
