"""What goes wrong silently: threads left behind, breaths blown up, sentences without words, seams of empty sounds."""

from threading import Event

import numpy as np
import pytest
from tts_pipeline import ahead, joined, levelled, sentence_sound, speak

from fixtures.checking import call
from fixtures.katas.tts_pipeline.made import ToneVoice, list_of, one_piece, simple_sentences, simple_speakable
from fixtures.katas.tts_pipeline.reference import spoken, tone
from fixtures.katas.tts_pipeline.watching import (
    begun_meanwhile,
    cancelled_before,
    closing,
    most_at_once,
    stopped_while_one_is_made,
    text_that_comes_late,
    told_until_the_end,
)

ITEMS = [f"sentence {i}" for i in range(20)]


def failing_text():
    yield "12"
    yield "7"
    raise ValueError("the model is gone")


# --- ahead --------------------------------------------------------------------------------------------------


def test_who_cancels_does_not_wait_for_the_one_in_the_making():
    """A model that is asked cannot be stopped; its listener can go. What comes behind it is not begun."""
    call(stopped_while_one_is_made(ahead), ITEMS, str.upper).gives(
        [["SENTENCE 0"], ["sentence 0", "sentence 1"], "waited no longer"])


def test_a_closed_iterator_begins_nothing_more():
    """And no thread stays behind for each speech that was broken off."""
    call(closing(ahead), ITEMS, str.upper).gives([0, "its thread ended"])


def test_cancelled_from_the_beginning_nothing_happens():
    """And nothing of the text is read: a language model would write it for nobody."""
    call(cancelled_before(ahead), ITEMS, str.upper).gives(["heard 0", "begun 0", "read 0"])
    cancelled = Event()
    cancelled.set()
    call(list_of(speak), ["Open it."], ToneVoice(), 8000, simple_sentences, simple_speakable, 0.2, cancelled).gives([])


def test_an_error_of_the_text_is_told_as_well():
    call(told_until_the_end(ahead), failing_text(), int).gives([12, 7, "ValueError: the model is gone"])


def test_any_object_is_an_item_and_a_result():
    """None, and arrays, which are not simply equal to something."""
    call(told_until_the_end(ahead), [1, None, 0, ""], lambda item: item).gives([1, None, 0, ""])
    call(told_until_the_end(ahead), [np.arange(3), np.arange(2)], len).gives([3, 2])


@pytest.mark.parametrize("room", [1, 3, 6])
def test_one_at_a_time_and_not_too_many(room):
    """Two threads in one model end the process, and a text that is being written cannot be read by two either."""
    call(most_at_once(ahead), ITEMS[:6], str.upper, room).gives(1)
    call(begun_meanwhile(ahead), [str(i) for i in range(200)], int, room).satisfies(
        lambda begun: 2 <= begun <= room + 2, f"2 to {room + 2} are begun while the first plays, with a room of {room}")


@pytest.mark.parametrize("leave", ["cancel", "close"])
def test_what_is_written_when_nobody_listens_any_more_is_not_made(leave):
    """The thread waits for the second sentence when its listener leaves: it comes, and no voice makes it."""
    call(text_that_comes_late(ahead), ITEMS, str.upper, leave).gives(["sentence 0"])


# --- the sounds ---------------------------------------------------------------------------------------------


def test_silence_and_breath_are_not_blown_up():
    """A gain of 8 at most; the loud sentence behind the breath is at 0.8."""
    sounds = [np.zeros(5, np.float32), np.full(5, 0.01, np.float32), np.full(5, 0.4, np.float32)]
    wanted = [np.zeros(5, np.float32), np.full(5, 0.08, np.float32), np.full(5, 0.8, np.float32)]
    call(list_of(levelled), sounds).gives(wanted, atol=1e-6)


def test_short_sounds_are_faded_to_their_middle():
    """Five samples: two rise, one stays, two fall; one sample stays as it is."""
    call(list_of(joined), [np.ones(5, np.float32), np.ones(1, np.float32)], 1000, pause_s=0, fade_s=0.01).gives(
        [np.float32([0, 0.5, 1, 0.5, 0]), np.float32([1])], atol=1e-6)


def test_without_fade_pause_and_another_rate_the_sounds_stay_as_they_are():
    sounds = [tone(100, 1000, 7), tone(200, 1000, 4)]
    call(list_of(joined), sounds, 1000, pause_s=0, fade_s=0).gives(sounds, dtype=np.float32)
    call(sentence_sound, [sounds[0]], 1, 1).gives(sounds[0], atol=1e-6)


def test_an_empty_sound_brings_no_pause():
    empty, sound = np.zeros(0, np.float32), np.ones(20, np.float32)
    got = call(one_piece(joined), [empty, sound, empty, empty, sound, empty], 1000, pause_s=0.01).value
    assert len(got) == 50, f"{len(got)} samples; two sounds of 20 have one pause of 10 between them"
    call(sentence_sound, [], 22050, 16000).gives(np.zeros(0, np.float32))
    call(sentence_sound, [empty, empty], 22050, 16000).gives(np.zeros(0, np.float32))


def test_everything_is_float32():
    sounds = [tone(440, 22050, 3000), tone(300, 22050, 3000)]
    call(sentence_sound, sounds, np.int32(22050), np.int64(16000)).satisfies(lambda x: x.dtype == np.float32, "float32")
    for function, more in ((levelled, (np.float64(0.7),)), (joined, (np.int64(22050), np.float64(0.1)))):
        call(list_of(function), sounds, *more).satisfies(lambda x: {y.dtype for y in x} == {np.dtype(np.float32)},
                                                         "float32")


# --- speak --------------------------------------------------------------------------------------------------


def test_another_rate_and_pause_for_the_whole():
    """The voice has 8000 Hz, wanted are 24,000: three times the samples, and the same loudness."""
    pieces, texts = ["You see me. ** . I s", "ee YOU."], ["You see me.", "I see YOU."]
    got = call(one_piece(speak), pieces, ToneVoice(), 24000, simple_sentences, simple_speakable, pause_s=0.05).value
    wanted = spoken(texts, ToneVoice(), pause_s=0.05)
    assert len(got) == 3 * len(wanted), f"{len(got)} samples; two sentences and 0.05 s are {3 * len(wanted)}"
    apart = np.abs(got[::3] - wanted)[40:2360].max()  # inside of the first sentence; its words' borders are sharp
    assert apart < 0.2, f"every third sample is not the voice's own: they lie up to {apart:.2f} apart"


def test_a_word_that_the_voice_cannot_say_comes_behind_the_good_sentences():
    call(told_until_the_end(sayings), ["Open it. ", "The xylophone. Close it."], len).gives(
        [1600, "ValueError: this voice does not know 'xylophone'"])


def sayings(pieces, measure, room):
    return map(measure, speak(pieces, ToneVoice(), 8000, simple_sentences, simple_speakable))


@pytest.mark.parametrize(("function", "arguments", "name"), [
    (list_of(levelled), ([], 0.0), "peak"), (list_of(levelled), ([], 1.01), "peak"),
    (list_of(levelled), ([], float("nan")), "peak"), (list_of(levelled), ([], -0.5), "peak"),
    (list_of(joined), ([], 16000, -0.1), "pause_s"), (list_of(joined), ([], 16000, 0.1, -0.1), "fade_s"),
    (list_of(ahead), ([], len, 0), "room"), (sentence_sound, ([], 0, 16000), "from_hz"),
    (sentence_sound, ([], 16000, 0), "to_hz"), (sentence_sound, ([], 16000, -1), "to_hz"),
])
def test_what_is_refused(function, arguments, name):
    call(function, *arguments).raises(ValueError, naming=name)
