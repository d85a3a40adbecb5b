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
def compares_place_by_place(hypotheses):
    """You went on behind a difference: what follows a word that is not agreed on would be committed before it."""
    return [words[-1] for words in zip(*hypotheses) if len({spelled(word.text) for word in words}) == 1]


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


@wrong_answer_to(unsaid)
def finds_them_unchanged_or_not_at_all(words, committed):
    """You left nothing out: at a seam the committed words are there with a change. Count changes, don't search them."""
    for count in range(min(len(words), len(committed)), 0, -1):
        if [spelled(word.text) for word in words[:count]] == [spelled(word.text) for word in committed[-count:]]:
            return list(words[count:])
    return list(words)


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
    """The last update is missing: at the end of the sound what is left of it is heard, and all words are committed."""
    return rows_of(stream)(pieces, transcribe, step_s, window_s, depth, pause_s, quiet)[:-1]


@wrong_answer_to(stream)
def hears_each_step_alone(pieces, transcribe, step_s=0.5, window_s=15.0, depth=2, pause_s=0.5, quiet=0.01):
    """Each step is transcribed by itself: a word that lies on a border is cut in half. Windows have to overlap."""
    heard, rows = 0, []
    for block in blocks(pieces, max(1, round(step_s * SAMPLE_RATE_HZ))):
        heard += len(block)
        words: list[Word] = list(transcribe(block)) if np.abs(block).max(initial=0) > quiet else []
        rows.append((heard / SAMPLE_RATE_HZ, " ".join(word.text for word in words), ""))
    return rows


def _of_a_short_sound(pieces, transcribe, step_s, depth, is_sure, stay_whole):
    """Stream without trimming and pauses."""
    sound, said, guesses, rows = np.zeros(0, np.float32), [], [], []
    for block in blocks(pieces, max(1, round(step_s * SAMPLE_RATE_HZ))):
        sound, over = np.concatenate([sound, block]), len(block) < step_s * SAMPLE_RATE_HZ
        if len(block):
            guesses = [*guesses, unsaid(transcribe(sound), said)][-depth:]
        sure = guesses[-1] if over else agreed(guesses) if is_sure(guesses) else []
        rest = guesses[-1][len(sure) :]
        rows.append((round(len(sound) / SAMPLE_RATE_HZ, 6), *(" ".join(w.text for w in some) for some in (sure, rest))))
        said = said + sure
        guesses = guesses if stay_whole else [words[len(sure) :] for words in guesses]
    return rows


@wrong_answer_to(stream)
def commits_the_first_hypothesis(pieces, transcribe, step_s=0.5, window_s=15.0, depth=2, pause_s=0.5, quiet=0.01):
    """One hypothesis agrees with itself: before there are `depth` of them, nothing is agreed on."""
    return _of_a_short_sound(pieces, transcribe, step_s, depth, bool, False)


@wrong_answer_to(stream)
def compares_rests_with_wholes(pieces, transcribe, step_s=0.5, window_s=15.0, depth=2, pause_s=0.5, quiet=0.01):
    """After words were committed, take them from the hypotheses you keep: the next ones no longer begin with them."""
    return _of_a_short_sound(pieces, transcribe, step_s, depth, lambda guesses: len(guesses) == depth, True)
