"""The cascade on real models: whisper.cpp hears, llama.cpp answers; and what of a voice no text holds."""

import numpy as np
import pytest
from whisper_pipeline import cascade, condition_row, question, windows

from fixtures.checking import call
from fixtures.katas.whisper_pipeline.forms import NOT_UNDERSTOOD, SAMPLE_RATE_HZ, Run
from fixtures.katas.whisper_pipeline.sayings import higher, recording, right_about_pairs, spoken, states

pytestmark = pytest.mark.timeout(300)  # one thread on a busy machine


@pytest.fixture(scope="module")
def hears():
    """Give the shipped recogniser, which tells how sure it is."""
    from fixtures.katas.whisper_pipeline.recogniser import PhraseRecogniser

    return PhraseRecogniser()


@pytest.mark.llama
@pytest.mark.speech
def test_spoken_questions_about_a_picture_are_answered(hears, voice, vision_model):
    """And a hum between them is not asked. The answers come from llama.cpp, as they would for a text."""
    from fixtures.katas.whisper_pipeline.generators import example_picture

    picture = example_picture()
    asked = ["what color is the circle", "how many shapes are there", "where is the blue square"]
    hum = (0.2 * np.sin(2 * np.pi * 120 * np.arange(24_000) / SAMPLE_RATE_HZ)).astype(np.float32)
    sound, segments = recording([*spoken(voice, asked), hum], 0.8)
    spans = call(windows, sound, segments, 5.0, 0.0).value
    events = list(call(cascade, sound, spans, hears, lambda text: vision_model.stream(picture, text + "?")).value)
    assert [event.text for event in events if event.kind == "heard"] == [*asked, ""], f"heard: {events}"
    said = "".join("|" if event.kind == "end" else event.text for event in events if event.kind != "heard")
    said = said.replace("| ", "|").strip()  # its first token begins with a space
    assert said == f"red|two|bottom right|{NOT_UNDERSTOOD}|", f"answered: {said}"
    times = [(phrase.start_s, phrase.end_s) for event in events for phrase in event.phrases]
    truth = [(start / SAMPLE_RATE_HZ + 0.1, end / SAMPLE_RATE_HZ - 0.1) for start, end in segments]
    # times of cross-attention are within 0.3 s; those counted from the window are off by 2 s and more
    assert np.abs(np.subtract(times[1:3], truth[1:3])).max() < 0.5, f"phrases at {times}, spoken at {truth}"


@pytest.mark.llama
@pytest.mark.speech
def test_what_tells_two_sayings_apart_is_gone_in_the_text(hears, voice, tmp_path):
    """The same words from a higher voice: one text for both. The audio path of llama.cpp hands on the difference.

    The states are those of the recogniser's own encoder, which was trained on words alone.
    """
    texts = ["what color is the circle", "where is the blue square", "how many shapes are there",
             "show me the red circle", "turn the volume up"]
    plain = spoken(voice, texts)
    high = [higher(sound) for sound in plain]
    for sayings in (plain, high):
        said = [call(question, hears(sound), 0.9).value for sound in sayings]
        assert said == texts, f"the language model of a cascade is given {said}"
    vectors = [[states(tmp_path, sound).mean(axis=0) for sound in sayings] for sayings in (plain, high)]
    right = right_about_pairs(*vectors)
    assert right == 5, f"of {right} of 5 pairs llama.cpp's embeddings tell the higher voice; by the texts it is a guess"


@pytest.mark.llama
@pytest.mark.speech
@pytest.mark.espeak
@pytest.mark.model("whisper-base")
@pytest.mark.model("Qwen2.5-Coder-0.5B-Instruct")
def test_whisper_base_hears_and_a_language_model_answers():
    from contextlib import closing
    from types import SimpleNamespace

    from fixtures.katas.whisper_pipeline.generators import about_anything
    from fixtures.katas.whisper_pipeline.recogniser import PhraseRecogniser
    from fixtures.models import model_path
    from fixtures.models.trained.voice.speaking import EspeakVoice

    voice, whisper = EspeakVoice(words_per_minute=150), PhraseRecogniser("whisper-base")
    sound, segments = recording(spoken(voice, ["What is the capital of France?"]), 0.5)
    generate, close = about_anything(model_path("Qwen2.5-Coder-0.5B-Instruct"))
    with closing(SimpleNamespace(close=close)):
        events = list(call(cascade, sound, segments, whisper, generate).value)
    pieces = [event.text for event in events if event.kind == "piece"]
    assert {"capital", "france"} <= set(events[0].text.lower().strip("?").split()), f"heard: {events[0].text}"
    assert "Paris" in "".join(pieces) and len(pieces) > 2, f"the answer, as it came: {pieces}"


@pytest.mark.speech
@pytest.mark.model("whisper-base")
@pytest.mark.parametrize(("reader", "longest_s", "most"), [
    pytest.param("a voice", 6.0, 4, marks=pytest.mark.espeak),
    pytest.param("a person", 30.0, 8, marks=[pytest.mark.llama, pytest.mark.model("librispeech-sentence")])])
def test_whisper_base_hears_what_is_read(reader, longest_s, most):
    """A voice, 20 s without a pause that ends a turn, cut where it is quiet: 3 errors, cut by the clock 6.

    A person, 20 words in 7 s: 4 errors; half as loud 7, every fourth sample alone 10, taken for 8 kHz 18.
    """
    from fixtures.katas.streaming_stt.measure import PASSAGE, plain_words
    from fixtures.katas.whisper_pipeline.person import SENTENCE, recording_of_a_person
    from fixtures.katas.whisper_pipeline.recogniser import PhraseRecogniser
    from fixtures.models.trained.recogniser.evaluate import word_errors
    from fixtures.models.trained.voice.speaking import EspeakVoice

    if reader == "a person":
        texts, sound = [SENTENCE], recording_of_a_person()
    else:
        texts = list(PASSAGE[:5])
        sound = np.concatenate(spoken(EspeakVoice(words_per_minute=150), texts))
    spans = call(windows, sound, [(0, len(sound))], longest_s).value
    events = call(cascade, sound, spans, PhraseRecogniser("whisper-base"), lambda text: [text]).value
    heard = plain_words([event.text for event in events if event.kind == "heard"])
    errors = word_errors(plain_words(texts), heard)
    assert errors <= most, f"{errors} word errors in {len(spans)} windows: {' '.join(heard)}"


@pytest.mark.peer("jiwer")
def test_the_row_is_what_jiwer_says():
    import jiwer

    runs = [Run("Open the next page, please.", "open an ex page please", 2.0, 0.5), Run("Stop!", "stop it", 1.0, 0.25)]
    # 3 of 6 words: the -> an, next -> ex, and "it"
    call(condition_row, "tiny", 3_400_000, runs, jiwer.wer).gives(("tiny", 3.4, 0.25, 0.5), atol=1e-9)
