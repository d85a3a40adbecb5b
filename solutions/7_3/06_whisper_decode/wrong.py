"""Wrong answers that people give to the whisper_decode kata; each docstring says what is wrong."""

import zlib

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax
from whisper_decode import beam_search, detect_language, segments, timestamp_rules, with_fallback

from fixtures.checking import wrong_answer_to


@wrong_answer_to(detect_language)
def shares_among_all_tokens(logits, special):
    """Your softmax runs over the whole vocabulary: take the languages' logits first, and share 1 among them."""
    return dict(zip(special.languages, softmax(logits)[list(special.languages.values())].tolist()))


@wrong_answer_to(timestamp_rules)
def asks_whether_one_time_is_likeliest(logits, tokens, special, latest_start=50):
    """Compare all times together, by the sum of their probabilities, with the one likeliest text."""
    return _rules(logits, tokens, special, latest_start, weigh=np.max)


@wrong_answer_to(timestamp_rules)
def lets_times_go_back(logits, tokens, special, latest_start=50):
    """Times may go back: none is earlier than the one before it, and a segment ends later than it began."""
    return _rules(logits, tokens, special, latest_start, backwards=True)


@wrong_answer_to(timestamp_rules)
def weighs_what_is_forbidden(logits, tokens, special, latest_start=50):
    """What is forbidden already is weighed with the rest: forbid first, then compare what is left."""
    return _rules(logits, tokens, special, latest_start, early=True)


@wrong_answer_to(timestamp_rules)
def forbids_the_end_behind_a_segment(logits, tokens, special, latest_start=50):
    """Behind a time that ends a segment nothing but a time is left: only ids below special.end are forbidden there."""
    return _rules(logits, tokens, special, latest_start, text_ends=special.timestamp)


def _rules(logits, tokens, special, latest_start, weigh=logsumexp, backwards=False, early=False, text_ends=None):
    allowed = np.array(logits, dtype=np.float32)
    text, times = allowed[: special.timestamp], allowed[special.timestamp :]
    said = [token - special.timestamp for token in tokens if token >= special.timestamp]
    kinds = [token >= special.timestamp for token in tokens]
    if not kinds:
        text[:] = times[latest_start + 1 :] = -np.inf
    elif kinds[-2:] == [False, True]:
        text[: text_ends or special.end] = -np.inf
    elif kinds[-1]:
        times[:] = -np.inf
    if said and not backwards:
        times[: said[-1] + (kinds[-2:] != [False, True])] = -np.inf
    weighed = np.array(logits) if early else allowed
    if weigh(weighed[special.timestamp :]) > weighed[: special.timestamp].max():
        text[:] = -np.inf
    return allowed


@wrong_answer_to(beam_search)
def suppresses_after_the_softmax(step, prompt, rules, end, beam_size=5, max_tokens=224):
    """The rules are applied to log probabilities: forbid first, and what is left shares all of the probability."""
    return _search(step, prompt, rules, end, beam_size, max_tokens, late=True)


@wrong_answer_to(beam_search)
def compares_sums(step, prompt, rules, end, beam_size=5, max_tokens=224):
    """Each token makes a sum smaller: compare sums divided by the number of tokens, the end not among them."""
    return _search(step, prompt, rules, end, beam_size, max_tokens, length=lambda tokens: 1)


@wrong_answer_to(beam_search)
def lets_the_finished_grow(step, prompt, rules, end, beam_size=5, max_tokens=224):
    """What has ended grows on or keeps a place: the end takes none, another of the beam_size + 1 offers moves up."""
    return _search(step, prompt, rules, end, beam_size, max_tokens, stays=True)


@wrong_answer_to(beam_search)
def leaves_the_end_out(step, prompt, rules, end, beam_size=5, max_tokens=224):
    """The average is over the tokens without the end, though its log probability is in the sum: divide by one more."""
    tokens, average = beam_search(step, prompt, rules, end, beam_size, max_tokens)
    return tokens, average * (len(tokens) + 1) / max(len(tokens), 1)


def _search(step, prompt, rules, end, beam_size, max_tokens, late=False, length=len, stays=False):
    beams, done = [([], 0.0)], []
    for _ in range(max_tokens):
        candidates = [one for one in beams if one[0][-1:] == [end]]
        going = [one for one in beams if one[0][-1:] != [end]]
        rows = step(np.array([[*prompt, *tokens] for tokens, _ in going]))
        for row, (tokens, total) in zip(rows, going):
            row = np.asarray(row, np.float64)
            logprobs = rules(log_softmax(row), tokens) if late else log_softmax(rules(row, tokens))
            candidates += [([*tokens, int(i)], total + float(logprobs[i]))
                           for i in np.argsort(-logprobs)[: beam_size + 1]]
        candidates.sort(key=lambda one: -one[1])
        beams = []
        for one in candidates:
            (done if one[0][-1] == end and not stays else beams).append(one)
            if len(beams) == beam_size:
                break
        if len(done) >= beam_size or all(one[0][-1] == end for one in beams):
            break
    done = [*done, *((tokens if tokens[-1:] == [end] else [*tokens, end], total) for tokens, total in beams)]
    tokens, total = max(done[:beam_size], key=lambda one: one[1] / max(length(one[0][:-1]), 1))
    return tokens[:-1], total / len(tokens)


@wrong_answer_to(with_fallback)
def counts_letters(decode, text_of, no_speech=0.0, temperatures=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0)):
    """Your ratio has letters above and bytes below: count the text's bytes too, text.encode()."""
    for temperature in temperatures:
        tokens, average = decode(temperature)
        if average < -1 and no_speech > 0.6:
            return [], temperature
        text = text_of(tokens)
        if average >= -1 and len(text) <= 2.4 * len(zlib.compress(text.encode())):
            break
    return tokens, temperature


@wrong_answer_to(segments)
def always_listens_to_the_next_window(tokens, special, seek=0, frames=3000):
    """The next window begins where this one ends, so what was cut off is lost: go on at the last segment's end."""
    return segments(tokens, special, seek, frames)[0], seek + frames


@wrong_answer_to(segments)
def forgets_where_the_window_begins(tokens, special, seek=0, frames=3000):
    """Your times count from the window's begin: add seek, in hundredths of a second."""
    found, onwards = segments(tokens, special, 0, frames)
    return found, seek + onwards
