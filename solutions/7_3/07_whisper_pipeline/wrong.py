"""Wrong answers that people give to the whisper_pipeline kata; each docstring says what is wrong."""

from time import perf_counter

import numpy as np
from whisper_pipeline import cascade, condition_row, question, quietest, windows

from fixtures.checking import wrong_answer_to
from fixtures.katas.whisper_pipeline.forms import NOT_UNDERSTOOD, SAMPLE_RATE_HZ
from fixtures.katas.whisper_pipeline.made import run_in

# --- quietest ----------------------------------------------------------------------------------------


@wrong_answer_to(quietest)
def takes_a_moment(samples, start, end):
    """You looked for the quietest 10 ms, and found the hole behind a t: only where 0.1 s is quiet does a word end."""
    blocks = samples[start : start + (end - start) // 160 * 160].astype(np.float64).reshape(-1, 160)
    return start + int((blocks**2).sum(axis=1).argmin()) * 160 + 80


@wrong_answer_to(quietest)
def counts_from_the_part(samples, start, end):
    """The place is counted from the beginning of the part: add start, for it is a place in the recording."""
    return quietest(samples, start, end) - start


@wrong_answer_to(quietest)
def tells_the_beginning(samples, start, end):
    """Yours is where the quietest 0.1 s begins, at the end of a word: cut in its middle, 800 samples later."""
    return quietest(samples, start, end) - 800


# --- windows -----------------------------------------------------------------------------------------


@wrong_answer_to(windows)
def cuts_at_the_longest(samples, segments, longest_s=5.0, pause_s=0.5):
    """What is too long is cut where longest_s are over, in the middle of a word: cut where it is quietest before."""
    longest, found = round(longest_s * SAMPLE_RATE_HZ), []
    for start, end in segments:
        if (found and start - found[-1][1] <= round(pause_s * SAMPLE_RATE_HZ) and end - found[-1][0] <= longest):
            start, _ = found.pop()
        cuts = list(range(start, end, longest))
        found += list(zip(cuts, [*cuts[1:], end]))
    return found


@wrong_answer_to(windows)
def bridges_every_pause(samples, segments, longest_s=5.0, pause_s=0.5):
    """You joined whatever fits into longest_s: what stands behind a long pause is another question."""
    return windows(samples, segments, longest_s, longest_s)


# --- question ----------------------------------------------------------------------------------------


@wrong_answer_to(question)
def averages_the_probabilities(phrases, least=0.6):
    """An average hides the phrase that was guessed behind those that were heard: each one has to be sure enough."""
    spoken = [phrase for phrase in phrases if question([phrase._replace(probability=1.0)], 0.0)]
    mean = sum(phrase.probability for phrase in spoken) / max(1, len(spoken))
    return question([phrase._replace(probability=mean) for phrase in spoken], least)


@wrong_answer_to(question)
def takes_markers_for_words(phrases, least=0.6):
    """[BLANK_AUDIO] and (Music) went to the language model, which answers anything: they say that nobody speaks."""
    if not all(phrase.probability >= least for phrase in phrases):
        return None
    return " ".join(" ".join(phrase.text for phrase in phrases if phrase.no_speech <= 0.6).split()) or None


# --- cascade: rows of events -------------------------------------------------------------------------


@wrong_answer_to(cascade)
def counts_times_from_the_window(samples, spans, transcribe, generate, clock=perf_counter, least=0.6):
    """Your phrases begin at 0 in each window: the recogniser counts from where the window begins, add that."""
    return [(*row[:5], [(text, start - row[1], end - row[1]) for text, start, end in row[5]])
            for row in run_in(cascade)(samples, spans, transcribe, generate, clock, least)]


@wrong_answer_to(cascade)
def waits_for_the_whole_answer(samples, spans, transcribe, generate, clock=perf_counter, least=0.6):
    """The answer comes in one piece, when its last word is made: pass each piece on when it comes."""
    return run_in(cascade)(samples, spans, transcribe, lambda asked: ["".join(generate(asked))], clock, least)


@wrong_answer_to(cascade)
def asks_about_silence(samples, spans, transcribe, generate, clock=perf_counter, least=0.6):
    """Where nothing was understood the language model was asked all the same, and it answers anything."""
    rows, ending = [], 0.0
    for row in run_in(cascade)(samples, spans, transcribe, generate, clock, least):
        if row[3] != NOT_UNDERSTOOD:
            rows.append((*row[:4], ending or row[4], row[5]))
            ending = 0.0
            continue
        began = clock()
        for piece in generate(""):
            rows.append((*row[:3], piece, clock() - began, []))
            began = clock()
        ending = clock() - began
    return rows


@wrong_answer_to(cascade)
def ends_with_the_first_error(samples, spans, transcribe, generate, clock=perf_counter, least=0.6):
    """One window's error ended the whole recording: tell it, and go on with the next window."""
    rows = run_in(cascade)(samples, spans, transcribe, generate, clock, least)
    ends = [i + 1 for i, row in enumerate(rows) if row[0] == "error"]
    return rows[: ends[0]] if ends else rows


# --- condition_row -----------------------------------------------------------------------------------


@wrong_answer_to(condition_row)
def averages_the_factors(name, size_bytes, runs, word_error_rate):
    """An average of factors counts a short run as much as a long one: all work by all speech, divided once."""
    row = condition_row(name, size_bytes, runs, word_error_rate)
    return row._replace(seconds_per_second=sum(run.work_s / run.speech_s for run in runs) / len(runs))
