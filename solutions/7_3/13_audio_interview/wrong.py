"""Wrong answers that people give to the audio interview; each docstring says what was misunderstood."""

import math
from itertools import pairwise

import numpy as np
from audio_interview import first_sound, forgotten_division, log_mel_shift, streaming, tokens_heard

from fixtures.checking import wrong_answer_to


@wrong_answer_to(tokens_heard)
def pays_for_what_is_said(samples):
    """You count 25 tokens a second: the encoder always gets 30 s, and each window of them becomes 750 tokens."""
    return tokens_heard(samples)[1], tokens_heard(samples)[1]


@wrong_answer_to(tokens_heard)
def does_not_average(samples):
    """You have 1500 tokens a window, the encoder's vectors: the projector averages two of them."""
    return 2 * tokens_heard(samples)[0], tokens_heard(samples)[1]


@wrong_answer_to(tokens_heard)
def drops_the_last_window(samples):
    """Your windows are rounded down: one that is only begun is filled with silence and costs as much as a full one."""
    return 750 * (samples // 480_000), tokens_heard(samples)[1]


@wrong_answer_to(log_mel_shift)
def takes_the_amplitude(gain):
    """You took the logarithm of the gain: the mel bands hold power, which has its square."""
    return math.log10(gain) / 4


@wrong_answer_to(log_mel_shift)
def forgets_the_scale(gain):
    """That is the shift of log10 of the power: Whisper then adds 4 and divides by 4."""
    return 2 * math.log10(gain)


@wrong_answer_to(forgotten_division)
def multiplies_by_the_window_once(window, hop):
    """You added up the window: sound is multiplied by it twice, before and after the transforms, so add its squares."""
    return forgotten_division(np.sqrt(np.asarray(window, dtype=np.float64)), hop)


@wrong_answer_to(forgotten_division)
def looks_at_the_ends(window, hop):
    """Your smallest factor is that of the ends, where fewer windows meet: leave out a window's length on both sides."""
    return float(np.square(window)[:hop].min()), forgotten_division(window, hop)[1]


@wrong_answer_to(streaming)
def counts_with_the_first_hearing(window, hop, agreement=2):
    """Your waits are those for the first hearing: a word counts with the last of the hearings that have to agree."""
    return streaming(window, hop, agreement)[0], hop / 2, hop


@wrong_answer_to(streaming)
def halves_the_longest(window, hop, agreement=2):
    """Your mean wait is half the longest, as if the shortest were 0: only the wait for the first hearing can be."""
    compute, _, longest = streaming(window, hop, agreement)
    return compute, longest / 2, longest


@wrong_answer_to(first_sound)
def hears_no_silence(durations, real_time_factor):
    """You have no silence: a long sentence behind a short one is not there yet when that has been played."""
    return *first_sound(durations, real_time_factor)[:2], 0.0


@wrong_answer_to(first_sound)
def forgets_the_lead(durations, real_time_factor):
    """You compare each sentence with the one before it alone: what was made ahead of its time counts for later ones."""
    late = (max(0.0, own * real_time_factor - before) for before, own in pairwise(durations))
    return *first_sound(durations, real_time_factor)[:2], float(sum(late))


@wrong_answer_to(first_sound)
def counts_the_wait_before(durations, real_time_factor):
    """The wait for the first sentence is in your silence: only what lies between two sentences counts."""
    whole, first, silence = first_sound(durations, real_time_factor)
    return whole, first, first + silence
