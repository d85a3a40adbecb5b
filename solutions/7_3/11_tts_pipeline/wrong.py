"""Wrong answers that people give to tts_pipeline; each docstring says what is wrong."""

from itertools import chain, islice

import numpy as np
from scipy.signal import resample_poly
from tts_pipeline import ahead, joined, levelled, sentence_sound, speak, timed

from fixtures.checking import wrong_answer_to
from fixtures.katas.tts_pipeline.forms import Timing
from fixtures.katas.tts_pipeline.made import list_of, one_piece, pieces_read, seen, with_a_clock
from fixtures.katas.tts_pipeline.watching import begun_meanwhile, cancelling, told_until_the_end


@wrong_answer_to(sentence_sound)
def resamples_each_chunk(chunks, from_hz, to_hz):
    """Each chunk is resampled alone, where the filter finds silence beyond its ends: every border is heard, and each
    length is rounded up. Put the chunks together first."""
    return np.concatenate([np.zeros(0, np.float32), *(resample_poly(chunk, to_hz, from_hz) for chunk in chunks)])


@wrong_answer_to(levelled)
@seen(list_of)
def levels_each_by_its_own_peak(sounds, peak=0.8):
    """Each sentence is as loud as the loudest one, a whisper too: the gain is that of all sounds up to this one."""
    for sound in sounds:
        yield sound * np.float32(peak / max(np.abs(sound).max(), peak / 8))


@wrong_answer_to(levelled)
@seen(list_of)
def looks_at_one_side_of_zero(sounds, peak=0.8):
    """The loudest sample may be a negative one, and then your sound is too loud: take np.abs first."""
    loudest = peak / 8
    for sound in sounds:
        loudest = max(loudest, sound.max(initial=0))
        yield sound * np.float32(peak / loudest)


@wrong_answer_to(joined)
@seen(one_piece)
def pauses_behind_each(sounds, rate_hz, pause_s=0.2, fade_s=0.005):
    """There is a pause behind the last sound as well: put it before each sound but the first."""
    for sound in joined(sounds, rate_hz, 0, fade_s):
        yield np.concatenate([sound, np.zeros(round(pause_s * rate_hz), np.float32)])


@wrong_answer_to(joined)
@seen(one_piece)
def rises_to_one_within_the_fade(sounds, rate_hz, pause_s=0.2, fade_s=0.005):
    """The last of your n steps is already 1, as np.linspace has it: the step i is i / n, for i up to n - 1."""
    for i, sound in enumerate(sounds):
        n = min(round(fade_s * rate_hz), len(sound) // 2)
        rise = 0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, n))
        gain = np.concatenate([rise, np.ones(len(sound) - 2 * n), rise[::-1]]).astype(np.float32)
        yield np.concatenate([np.zeros(round(pause_s * rate_hz) if i else 0, np.float32), sound * gain])


@wrong_answer_to(ahead)
@seen(begun_meanwhile)
def makes_each_when_it_is_asked_for(items, make, room=2, cancelled=None):
    """Nothing is made while the first plays: the listener waits in every pause. A thread makes the next ones."""
    for item in items:
        if cancelled and cancelled.is_set():
            return
        yield make(item)


@wrong_answer_to(ahead)
@seen(begun_meanwhile)
def looks_ahead_without_bound(items, make, room=2, cancelled=None):
    """Everything is made while the first plays, however long the text is, and for nobody once it is cancelled: no
    more than `room` results wait."""
    return ahead(items, make, 1000, cancelled)


@wrong_answer_to(ahead)
@seen(pieces_read)
def reads_on_before_it_yields(items, make, room=2, cancelled=None):
    """The first result waits for the items behind it, which nobody has written yet: you take them yourself before you
    yield. Let the thread take them too."""
    rest = iter(items)
    return ahead(chain(list(islice(rest, room + 1)), rest), make, room, cancelled)


@wrong_answer_to(ahead)
@seen(cancelling)
def plays_what_is_queued(items, make, room=2, cancelled=None):
    """What was ready when it was cancelled is still heard: look at cancelled before every result that you hand out."""
    results = ahead(items, make, room)
    for result in results:
        yield result
        if cancelled and cancelled.is_set():
            yield from islice(results, room)
            return


@wrong_answer_to(ahead)
@seen(told_until_the_end)
def loses_the_error(items, make, room=2, cancelled=None):
    """An error ended the thread, and its listener waits for ever, or takes it for the end of the text: hand the error
    over in its place, and raise it there."""
    try:
        yield from ahead(items, make, room, cancelled)
    except ValueError:
        return


@wrong_answer_to(speak)
@seen(pieces_read)
def waits_for_the_whole_text(pieces, *args, **kwargs):
    """The first sound waited for the last piece of the text: somewhere on the way all are collected first (a join, a
    list, an executor's map). Hand each on as it comes."""
    return speak(["".join(pieces)], *args, **kwargs)


@wrong_answer_to(timed)
@seen(with_a_clock)
def counts_the_listening_as_waiting(sounds, rate_hz, clock):
    """The time in which the sound plays is counted as waiting: stop the clock when a sound is there, and start it
    when the next one is asked for."""
    started, first_s, sound_s = clock(), 0.0, 0.0
    for sound in sounds:
        waited_s = clock() - started
        first_s, sound_s = first_s or waited_s, sound_s + len(sound) / rate_hz
        yield sound, Timing(first_s, waited_s, sound_s, waited_s / sound_s)
