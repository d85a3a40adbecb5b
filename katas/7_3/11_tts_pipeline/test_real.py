"""Your functions with voices: the shipped one through llama.cpp, heard by whisper.cpp; espeak-ng; a language model."""

from contextlib import closing

import numpy as np
import pytest
from tts_pipeline import joined, sentence_sound, speak

from fixtures.checking import call
from fixtures.katas.tts_pipeline.made import list_of, one_piece, pieces_read, simple_sentences, simple_speakable
from fixtures.katas.tts_pipeline.reference import click, in_chunks

RATE_HZ = 24_000
PIECES = ("Where is ", "the red cir", "cle? Op", "en the json fi", "le. How many shapes", " are there? Go",
          " back to", " the picture.")
TEXTS = ("where is the red circle", "open the json file", "how many shapes are there", "go back to the picture")


@pytest.fixture(scope="module")
def shipped():
    from fixtures.katas.tts_pipeline.voices import open_voice

    with closing(open_voice("shipped")) as voice:
        yield voice


@pytest.mark.llama
@pytest.mark.speech
def test_the_shipped_voice_speaks_a_stream_and_is_understood(shipped, recogniser):
    """Four sentences in eight pieces: the first is heard while the third is being written."""
    from fixtures.katas.tts_pipeline.spoken_by import heard

    arguments = (shipped, RATE_HZ, simple_sentences, simple_speakable)
    sounds = call(list_of(speak), PIECES, *arguments).value
    words = heard(sounds, RATE_HZ, recogniser.hear)
    assert words == list(TEXTS), f"the recogniser hears {words}"
    loudest = max(float(np.abs(sound).max()) for sound in sounds)
    assert abs(loudest - 0.8) < 1e-3, f"the loudest sample is at {loudest:.3f}"
    call(pieces_read(speak), PIECES, *arguments, written=5).satisfies(
        lambda count: 0 < count <= 5, "the first sound comes when 5 of 8 pieces are written, or fewer")


@pytest.mark.llama
def test_no_seam_is_louder_than_the_speech(shipped):
    """The voice itself ends in silence; cut in the middle of a vowel, as by a listener who interrupts, it clicks."""
    whole = [call(sentence_sound, shipped.speak(text), 16000, RATE_HZ).value for text in TEXTS]
    cut = [sound[len(sound) // 4 : len(sound) * 13 // 20] for sound in whole]
    seams = np.cumsum([[len(sound), 4800] for sound in cut])[:-1]

    def loudest(sounds, seams):
        return max(click(sounds, [seam], RATE_HZ) for seam in seams)

    hard = loudest(np.concatenate([part for sound in cut for part in (sound, np.zeros(4800))]), seams)
    soft = loudest(call(one_piece(joined), cut, RATE_HZ).value, seams)
    # measured 3.0 and 0.04
    assert hard > 1.5 and soft < 0.3, f"a seam bends {soft:.2f} times as much as the speech beside it; hard {hard:.2f}"


@pytest.mark.espeak
def test_espeak_in_chunks_of_a_tenth_of_a_second():
    """Any text, at 22,050 Hz, in the chunks of espeak-ng's own callback: one sound at 16 kHz, without borders."""
    from fixtures.katas.tts_pipeline.voices import Espeak

    voice = Espeak()
    [said] = voice.speak("The xylophone is on page 7, and costs 12 pounds.")
    whole = call(sentence_sound, [said], 22050, 16000).value
    chunked = call(sentence_sound, in_chunks(said, 2206), 22050, 16000).value
    assert np.array_equal(whole, chunked) and 2 < len(whole) / 16000 < 6, "the chunks have borders"
    sounds = call(list_of(speak), ["A xylophone! Page", " 7. *** The end"], voice, 16000, simple_sentences,
                  simple_speakable).value
    assert len(sounds) == 3 and all(len(sound) > 8000 for sound in sounds), f"{len(sounds)} sentences were spoken of 3"


@pytest.mark.llama
@pytest.mark.espeak
@pytest.mark.model("Qwen2.5-Coder-0.5B-Instruct")
@pytest.mark.timeout(300)
def test_a_language_model_is_heard_while_it_writes():
    from fixtures.katas.tts_pipeline.spoken_by import written_by
    from fixtures.katas.tts_pipeline.voices import Espeak

    written = written_by("Qwen2.5-Coder-0.5B-Instruct", "Describe a cat in three short sentences.")
    counts, pieces = call(pieces_behind_each(speak), written, Espeak(), RATE_HZ).value
    assert len(counts) > 1 and counts[0] < pieces, f"of {pieces} pieces these were written at each sound: {counts}"


def pieces_behind_each(speak):
    def counted(written, voice, rate_hz):
        count = 0

        def pieces():
            nonlocal count
            for piece in written:
                count += 1
                yield piece
        counts = [count for _ in speak(pieces(), voice, rate_hz, simple_sentences, simple_speakable)]
        return counts, count
    return counted
