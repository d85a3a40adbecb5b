import random

import pytest
from speech_text import number_words, speakable, stream_sentences, year_words

from fixtures.checking import call
from fixtures.katas.speech_text import arrivals, list_of
from fixtures.katas.speech_text.written import WRITTEN, american, words_of


@pytest.mark.espeak
@pytest.mark.parametrize("written", WRITTEN)
def test_espeak_says_what_a_person_would(written):
    """Its phonemes of your text are those of the words that a person would say."""
    from fixtures.katas.speech_text.hearing import phonemes

    said = phonemes(call(speakable, written).value)
    assert said == phonemes(WRITTEN[written]), f"of {written!r} espeak says {said}"


@pytest.mark.llama
@pytest.mark.speech
def test_the_shipped_voice_speaks_a_stream_and_is_understood(voice, recogniser):
    """The voice knows words alone and refuses digits; so does the recogniser, which hears words."""
    stream = ["Go", " to page", " **1", "2**", ".", " Read", " file 8", "!\n", "* Show me", " the `ran", "dom` module"]
    sentences = call(list_of(stream_sentences), stream).value
    heard = [recogniser.hear(voice.speak(call(speakable, sentence).value)) for sentence in sentences]
    wanted = ["go to page twelve", "read file eight", "show me the random module"]
    assert heard == wanted, f"the recogniser heard {heard}"


@pytest.mark.espeak
@pytest.mark.speech
@pytest.mark.model("whisper-base")
@pytest.mark.timeout(600)
def test_whisper_writes_down_what_was_written():
    """espeak says it, Whisper writes figures of its own; made speakable, both are the same words. Raw they are not."""
    from fixtures.katas.speech_text.hearing import hear_with_whisper

    written = ["It costs $1,000.50.", "It was on 2024-03-05."]
    wanted = [words_of(WRITTEN[text]) for text in written]
    heard = hear_with_whisper([call(speakable, text).value for text in written])
    found = [words_of(call(speakable, text).value) for text in heard]
    assert [wants[-4:] for wants in wanted] == [words[-4:] for words in found], f"of yours Whisper heard {heard}"
    [raw] = hear_with_whisper(written[:1])
    assert words_of(call(speakable, raw).value)[-4:] != wanted[0][-4:], f"the raw text is heard as well as yours: {raw}"


@pytest.mark.llama
@pytest.mark.model("Qwen2.5-Coder-0.5B-Instruct")
@pytest.mark.timeout(300)
def test_the_first_sentence_of_a_language_model_comes_while_it_writes():
    from fixtures.katas.rag_pipeline.generator import LlamaGenerator
    from fixtures.models import model_path

    model = LlamaGenerator(model_path("Qwen2.5-Coder-0.5B-Instruct"), 512, n_threads=1)
    question = "Tell me a short story about Dr. Brown and his dog."
    pieces = list(model.generate([{"role": "user", "content": question}], 60))
    model.close()
    came = call(arrivals(stream_sentences), pieces).value
    assert [sentence for _, sentence in came] == call(list_of(stream_sentences), ["".join(pieces)]).value, (
        "in pieces the sentences are others")
    after, first = came[0]
    assert after <= 0.6 * len(pieces) and len(first) > len("Dr."), f"of {len(pieces)} pieces, after {after}: {first!r}"


@pytest.mark.peer("num2words")
def test_num2words_on_numbers_not_seen():
    from num2words import num2words

    for _ in range(300):
        number = random.randrange(10 ** random.randint(1, 15))
        call(number_words, number).gives(american(num2words(number)))
        call(year_words, 1000 + number % 1100).gives(american(num2words(1000 + number % 1100, to="year")))
