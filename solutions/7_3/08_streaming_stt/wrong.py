"""Wrong answers that people give to the streaming_stt kata; each docstring says what is wrong."""

import numpy as np
from streaming_stt import agreed, spelled, stream, trimmed_start, unsaid

from fixtures.checking import wrong_answer_to
from fixtures.katas.streaming_stt.made import rows_of
from fixtures.katas.streaming_stt.words import SAMPLE_RATE_HZ, Word, blocks


def _same_beginning(hypotheses, key):
    count = 0
    while all(len(words) > count for words in hypotheses) and len({key(words[count]) for words in hypotheses}) == 1:
        count += 1
    return list(hypotheses[-1][:count])


# --- agreed ------------------------------------------------------------------------------------------


@wrong_answer_to(agreed)
def compares_letter_by_letter(hypotheses):
    """"Hello," and "hello" are the same word heard twice: compare what `spelled` returns."""
    return _same_beginning(hypotheses, lambda word: word.text)


@wrong_answer_to(agreed)
def takes_what_all_contain(hypotheses):
    """You took every word that all hypotheses have somewhere: behind the first difference nothing is agreed on."""
    common = set.intersection(*({spelled(word.text) for word in words} for words in hypotheses))
    return [word for word in hypotheses[-1] if spelled(word.text) in common]


@wrong_answer_to(agreed)
def compares_place_by_place(hypotheses):
    """You went on behind a difference: what follows a word that is not agreed on would be committed before it."""
    return [words[-1] for words in zip(*hypotheses) if len({spelled(word.text) for word in words}) == 1]


@wrong_answer_to(agreed)
def takes_what_goes_on(hypotheses):
    """Where a hypothesis goes on from the one before, you took its new words too: they were heard only once."""
    common = _same_beginning(hypotheses, lambda word: spelled(word.text))
    return list(hypotheses[-1]) if len(common) == min(map(len, hypotheses)) else common


# --- unsaid ------------------------------------------------------------------------------------------


@wrong_answer_to(unsaid)
def counts_words(words, committed):
    """You left out as many words as were committed: at a seam a word may be missing, or half of one be there."""
    return list(words[len(committed) :])


@wrong_answer_to(unsaid)
def looks_at_times_alone(words, committed):
    """You left out by time alone, and times move by 0.2 s from one hypothesis to the next: compare the words."""
    return [word for word in words if not committed or word.end > committed[-1].end + 1e-9]


@wrong_answer_to(unsaid)
def leaves_out_each_word_that_was_said(words, committed):
    """A word that is said again is lost: leave out the beginning that was committed, not every word like it."""
    said = {spelled(word.text) for word in committed}
    return [word for word in words if spelled(word.text) not in said]


# --- trimmed_start -----------------------------------------------------------------------------------


@wrong_answer_to(trimmed_start)
def trims_nothing(committed, start_s, end_s, longest_s, overlap_s=1.0):
    """The sound grows for ever, and all of it is transcribed at every step: twice the speech, four times the work."""
    return start_s


@wrong_answer_to(trimmed_start)
def leaves_no_overlap(committed, start_s, end_s, longest_s, overlap_s=1.0):
    """You cut where the committed words end: that time is not exact, so keep overlap_s before it, from a word on."""
    if end_s - start_s <= longest_s:
        return start_s
    return max(start_s, end_s - longest_s, *(word.end for word in committed[-1:]))


# --- stream: rows (seconds heard, words committed, tentative words) -----------------------------------


@wrong_answer_to(stream)
def forgets_the_last_words(pieces, transcribe, step_s=0.5, window_s=15.0, depth=2, pause_s=0.5, quiet=0.01):
    """The words that are tentative when the sound ends are never said: at its end all of them are committed."""
    rows = rows_of(stream)(pieces, transcribe, step_s, window_s, depth, pause_s, quiet)
    return [*rows[:-1], (rows[-1][0], "", rows[-1][1])]


@wrong_answer_to(stream)
def says_the_last_words_twice(pieces, transcribe, step_s=0.5, window_s=15.0, depth=2, pause_s=0.5, quiet=0.01):
    """At the end of the sound you committed the whole hypothesis: its beginning was committed before."""
    rows = rows_of(stream)(pieces, transcribe, step_s, window_s, depth, pause_s, quiet)
    said = " ".join(row[1] for row in rows if row[1])
    return [*rows[:-1], (rows[-1][0], said, "")]


@wrong_answer_to(stream)
def hears_each_step_alone(pieces, transcribe, step_s=0.5, window_s=15.0, depth=2, pause_s=0.5, quiet=0.01):
    """Each step is transcribed by itself: a word that lies on a border is cut in half. Windows have to overlap."""
    heard, rows = 0, []
    for block in blocks(pieces, max(1, round(step_s * SAMPLE_RATE_HZ))):
        heard += len(block)
        words: list[Word] = list(transcribe(block)) if np.abs(block).max(initial=0) > quiet else []
        rows.append((heard / SAMPLE_RATE_HZ, " ".join(word.text for word in words), ""))
    return rows
