"""Wrong answers that people give to the voice_activity kata; each docstring says what is wrong."""

import numpy as np
from voice_activity import Settings, find_turns, frame_levels, noise_floor, turns, voice_segments

from fixtures.checking import wrong_answer_to


def in_samples(loud, s, n, overlapping=False):
    """Return the segments of loud frames, as they should be but for what the caller altered."""
    found = []
    for first, last in find_turns(loud, s.onset, s.hangover, s.minimum):
        before = found[-1][1] if found and not overlapping else 0
        found.append((max((first - s.padding) * s.frame, before), min((last + s.padding) * s.frame, n)))
    return found


def is_loud(samples, s):
    """Return for each frame whether it is loud."""
    levels = frame_levels(samples, s.frame)
    return levels >= noise_floor(levels, s.window, s.quietest_db) + s.margin_db


# --- frame_levels and noise_floor --------------------------------------------------------------------


@wrong_answer_to(frame_levels)
def takes_the_amplitude_for_power(samples, frame=320):
    """Your decibels are half as many: 10 log10 belongs to the mean of the squares, of its root it is 20 log10."""
    return frame_levels(samples, frame) / 2


@wrong_answer_to(noise_floor)
def averages_the_window(levels, window=100, quietest_db=-60.0):
    """Your floor learns the speech: the mean of the window rises with every loud frame. Take the lowest."""
    means = [np.mean(levels[max(0, t - window + 1) : t + 1]) for t in range(len(levels))]
    return np.maximum(np.array(means, dtype=np.float64), quietest_db)


# --- find_turns --------------------------------------------------------------------------------------


@wrong_answer_to(find_turns)
def ends_at_the_first_quiet_frame(loud, onset=3, hangover=15, minimum=5):
    """You end a turn at its first quiet frame, which chops words at every p, t and k: wait for `hangover` of them."""
    return find_turns(loud, onset, 1, minimum)


@wrong_answer_to(find_turns)
def starts_when_it_is_sure(loud, onset=3, hangover=15, minimum=5):
    """Your turn starts at the frame that completes the onset: it starts at the first loud frame of these."""
    return [(first + onset - 1, end) for first, end in find_turns(loud, onset, hangover, 1)
            if end - first - onset + 1 >= minimum]


@wrong_answer_to(find_turns)
def ends_after_the_hangover(loud, onset=3, hangover=15, minimum=5):
    """Your turn has the quiet frames of the hangover at its end: it ends after its last loud frame."""
    return [(first, min(end + hangover, len(loud))) for first, end in find_turns(loud, onset, hangover, minimum)]


@wrong_answer_to(find_turns)
def never_closes_the_last_turn(loud, onset=3, hangover=15, minimum=5):
    """The turn that is going on when the sound ends is missing: the end of the sound ends it."""
    return [(first, end) for first, end in find_turns(loud, onset, hangover, minimum) if len(loud) - end >= hangover]


# --- voice_segments ----------------------------------------------------------------------------------


@wrong_answer_to(voice_segments)
def compares_with_a_fixed_level(samples, settings=None):
    """Loud is for you what lies above a fixed level: in another room, with another microphone, everything or nothing
    does. Compare with the noise floor."""
    s = settings or Settings()
    return in_samples(frame_levels(samples, s.frame) >= -40, s, len(samples))


@wrong_answer_to(voice_segments)
def gives_frames(samples, settings=None):
    """These are numbers of frames: a segment is in samples, so that it can cut the sound."""
    s = settings or Settings()
    return [(start // s.frame, -(-end // s.frame)) for start, end in voice_segments(samples, s)]


@wrong_answer_to(voice_segments)
def counts_the_hangover_in_samples(samples, settings=None):
    """Your hangover ends after so many samples: it is a number of frames, each of `frame` samples."""
    s = settings or Settings()
    return in_samples(is_loud(samples, s), s._replace(hangover=-(-s.hangover // s.frame)), len(samples))


@wrong_answer_to(voice_segments)
def lets_segments_overlap(samples, settings=None):
    """Two of your segments share samples, which are heard twice: the padding stops at the end of the one before."""
    s = settings or Settings()
    return in_samples(is_loud(samples, s), s, len(samples), overlapping=True)


# --- turns -------------------------------------------------------------------------------------------


@wrong_answer_to(turns)
def listens_to_each_chunk_alone(chunks, settings=None):
    """Each chunk begins anew: floor, counts and the turn that is going on must outlive the border of a chunk."""
    found, heard = [], 0
    for chunk in chunks:
        found += [(start + heard, end and end + heard) for start, end in turns([chunk], settings)]
        heard += len(chunk)
    return found


@wrong_answer_to(turns)
def drops_what_is_left_of_a_chunk(chunks, settings=None):
    """What is left at the end of a chunk, less than a frame, is lost: keep it, and put the next chunk behind it."""
    frame = (settings or Settings()).frame
    whole = [chunk[: len(chunk) // frame * frame] for chunk in chunks]
    return list(turns(whole, settings))
