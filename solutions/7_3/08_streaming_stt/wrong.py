"""Wrong answers that people give to the streaming_stt kata; each docstring says what is wrong."""

import numpy as np
from scipy.ndimage import median_filter
from scipy.special import softmax
from streaming_stt import agreed, dtw_path, spelled, stream, unsaid, word_times

from fixtures.checking import wrong_answer_to
from fixtures.katas.streaming_stt.windows import blocks
from fixtures.katas.streaming_stt.words import SAMPLE_RATE_HZ, Word, words_of


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


# --- stream: rows (seconds heard, words committed, tentative words) -----------------------------------


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


# --- dtw_path, word_times ----------------------------------------------------------------------------


@wrong_answer_to(dtw_path)
def goes_to_the_cheapest_neighbour(cost):
    """The cheapest next step may lead to dear ones: add up the cheapest ways to every place, then walk back."""
    cost = np.pad(cost, (0, 1), constant_values=np.inf)
    path = [(0, 0)]
    while path[-1] != (len(cost) - 2, cost.shape[1] - 2):
        i, j = path[-1]
        path.append(min([(i + 1, j + 1), (i + 1, j), (i, j + 1)], key=lambda place: cost[place]))
    return path


@wrong_answer_to(word_times)
def listens_while_the_token_itself_is_read(attention, pieces, prompt):
    """These are times of the tokens behind: a token's row looks for the next one, so take the row before it."""
    return _times(_normalised(attention)[prompt:], pieces)


@wrong_answer_to(word_times)
def leaves_the_prompt_in(attention, pieces, prompt):
    """The way goes through the rows of the prompt as well, which takes sound from the first words: leave them out."""
    return _times(_normalised(attention)[:-1], pieces, prompt - 1)


@wrong_answer_to(word_times)
def leaves_out_the_z_scores(attention, pieces, prompt):
    """A frame that all tokens listen to is no time of any: from each frame take its mean over tokens, and scale it."""
    return _times(_normalised(attention, over=None)[prompt - 1 : -1], pieces)


@wrong_answer_to(word_times)
def takes_z_scores_over_frames(attention, pieces, prompt):
    """Your z-scores are of one token over its frames, and what all listen to stays: take them of one frame's tokens."""
    return _times(_normalised(attention, over=2)[prompt - 1 : -1], pieces)


def _normalised(attention, over=1):
    heard = softmax(np.asarray(attention, np.float64), axis=2)
    if over is not None:
        heard = (heard - heard.mean(axis=over, keepdims=True)) / np.maximum(heard.std(axis=over, keepdims=True), 1e-12)
    return median_filter(heard, (1, 1, 7), mode="mirror").mean(axis=0)


def _times(listened, pieces, skipped=0):
    begins = {token - skipped: frame / 50 for token, frame in reversed(dtw_path(-listened))}
    return [Word(text, begins[first], begins[behind]) for text, first, behind in words_of(pieces)]
