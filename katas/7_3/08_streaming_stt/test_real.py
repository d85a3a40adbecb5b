"""On real whisper.cpp: the shipped recogniser hears the shipped voice (llama.cpp), Whisper base hears espeak-ng.

Where Whisper base listens is seen in numpy.
"""

import json

import numpy as np
import pytest
from streaming_stt import stream, word_times

from fixtures.checking import call
from fixtures.katas.streaming_stt.made import rows_of
from fixtures.katas.streaming_stt.measure import PASSAGE, joined, plain_words, spoken
from fixtures.katas.streaming_stt.words import SAMPLE_RATE_HZ
from fixtures.models.trained.recogniser.evaluate import word_errors

pytestmark = pytest.mark.timeout(300)  # one thread on a busy machine
SENTENCES = ("open the json file", "show me the red circle", "how many crosses do you see", "turn the volume up",
             "search the documentation for email", "which is bigger the red circle or the blue square")


class Counting:
    """A recogniser that counts the sound that it is given."""

    def __init__(self, recogniser) -> None:
        self.recogniser, self.given = recogniser, []

    def __call__(self, samples):
        """Hear them."""
        self.given.append(len(samples) / SAMPLE_RATE_HZ)
        return self.recogniser(samples)


@pytest.fixture(scope="module")
def timed():
    """Give the shipped recogniser, with times."""
    from fixtures.katas.streaming_stt.recogniser import TimedRecogniser

    return TimedRecogniser()


@pytest.fixture(scope="module")
def conversation(voice):
    """Six sentences with pauses, and faint noise; each word with its time."""
    return joined([spoken(voice, text) for text in SENTENCES], 1.2, np.random.default_rng(3))


@pytest.mark.llama
@pytest.mark.speech
def test_streamed_words_are_those_of_the_whole_sentences(timed, conversation):
    sound, _ = conversation
    hears = Counting(timed)
    updates = list(call(stream, np.array_split(sound, 97), hears, 0.5, 5.0).value)
    said = [word.text for update in updates for word in update.committed]
    assert " ".join(said) == " ".join(SENTENCES), " ".join(said)
    seconds = len(sound) / SAMPLE_RATE_HZ
    assert max(hears.given) <= 5, f"the window is 5 s, {max(hears.given)} s were given"
    assert sum(hears.given) < 5 * seconds, f"{sum(hears.given):.0f} s were given for {seconds:.0f} s of sound"


@pytest.mark.llama
@pytest.mark.speech
def test_first_words_are_there_while_the_sentence_goes_on(timed, conversation):
    """Half of the words within 1 s of being spoken: an update comes every 0.5 s, and two must agree."""
    sound, words = conversation
    updates = list(call(stream, [sound], timed, 0.5, 5.0).value)
    said = [(word.text, update.heard_s) for update in updates for word in update.committed]
    late = [second - word.end for (_, second), word in zip(said, words)]
    assert np.median(late) < 1, f"half of the words come {np.median(late):.2f} s after they were spoken"
    last = len(SENTENCES[-1].split())
    first, end = said[-last], words[-1].end
    assert first[1] < end - 1, f'"{first[0]}" was committed at {first[1]} s, the sentence ended at {end:.2f} s'


@pytest.mark.speech
def test_silence_and_noise_commit_nothing(timed):
    rng = np.random.default_rng(4)
    for loud in (0.0, 0.001, 0.02):
        noise = rng.normal(0, loud, 4 * SAMPLE_RATE_HZ).astype(np.float32)
        call(rows_of(stream), [noise], timed, 1.0, 5.0).satisfies(
            lambda rows: not any(row[1] for row in rows), f"noise of {loud} has no words")


@pytest.mark.speech
@pytest.mark.espeak
@pytest.mark.model("whisper-base")
def test_whisper_base_hears_a_passage_while_it_is_read():
    """Twenty seconds in windows of 8 s: as right as the whole within 2 words."""
    from fixtures.katas.streaming_stt.recogniser import TimedRecogniser
    from fixtures.models.trained.voice.speaking import EspeakVoice

    voice, whisper = EspeakVoice(words_per_minute=150), TimedRecogniser("whisper-base")
    sound = np.concatenate([voice.speak(text) for text in PASSAGE[:5]])
    whole = plain_words([word.text for word in whisper(sound)])
    hears = Counting(whisper)
    updates = list(call(stream, [sound], hears, 1.0, 8.0).value)
    streamed = plain_words([word.text for update in updates for word in update.committed])
    wanted = plain_words(list(PASSAGE[:5]))
    errors, at_once = word_errors(wanted, streamed), word_errors(wanted, whole)
    assert errors <= at_once + 2, f"{errors} word errors, {at_once} of the whole: {' '.join(streamed)}"
    assert max(hears.given) <= 8, f"{max(hears.given)} s at once"


@pytest.mark.speech
@pytest.mark.espeak
@pytest.mark.model("whisper-base")
def test_words_begin_where_they_were_spoken():
    """Half of them within 0.08 s of espeak-ng's own times (0.05 s measured; 0.2 s by each token's own row), about as
    whisper.cpp has them. Of a Piper voice as CTranslate2 has them: within a frame or two, ends too.
    """
    from fixtures.katas import recorded
    from fixtures.katas.streaming_stt.attending import attended, errors, spoken_by_espeak
    from fixtures.katas.streaming_stt.recogniser import TimedRecogniser
    from fixtures.katas.whisper_decode.listening import recorded_sounds

    late, theirs, whisper_cpp = [], [], TimedRecogniser("whisper-base")
    for sentence in (PASSAGE[0], PASSAGE[1], PASSAGE[7]):
        sound, truth = spoken_by_espeak(sentence)
        heard = attended(sound)
        late += errors(truth, call(word_times, heard.attention, heard.pieces, heard.prompt).value)
        theirs += errors(truth, whisper_cpp(sound))
    off, their = (float(np.median(np.abs(each))) for each in (late, theirs))
    assert len(late) > 25 and off < 0.08, f"{len(late)} words begin {off:.3f} s off in the median: {np.round(late, 2)}"
    assert off < their + 0.03, f"{off:.3f} s off in the median, whisper.cpp's {their:.3f} s"
    for sound, words in zip(recorded_sounds(), json.loads(str(recorded("streaming_stt", "align")["words"]))):
        heard = attended(sound)
        call(word_times, heard.attention, heard.pieces, heard.prompt).gives([*map(tuple, words)], atol=0.05)
