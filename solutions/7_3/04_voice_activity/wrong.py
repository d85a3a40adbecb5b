"""Wrong answers that people give to the voice_activity kata; each docstring says what is wrong."""

import numpy as np
from voice_activity import Settings, find_turns, frame_levels, noise_floor, turns, voice_segments

from fixtures.checking import wrong_answer_to

# --- frame_levels and noise_floor --------------------------------------------------------------------


@wrong_answer_to(frame_levels)
def takes_the_amplitude_for_power(samples, frame=320):
    """Your decibels are half as many: 10 log10 belongs to the mean of the squares, of its root it is 20 log10."""
    return frame_levels(samples, frame) / 2


@wrong_answer_to(frame_levels)
def takes_power_for_the_amplitude(samples, frame=320):
    """Your decibels are twice as many: 20 log10 belongs to an amplitude, of the mean of the squares it is 10 log10."""
    return frame_levels(samples, frame) * 2


@wrong_answer_to(frame_levels)
def sums_the_squares(samples, frame=320):
    """Your levels grow with the length of a frame: the power is the mean of the squares, not their sum."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float64)
    return 10 * np.log10(np.maximum((frames**2).sum(axis=1), 1e-10))


@wrong_answer_to(noise_floor)
def never_rises(levels, window=100, quietest_db=-60.0):
    """Your floor only falls, and after one quiet moment a fan is speech for ever: of the last `window` levels it is
    the lowest, not of all levels."""
    return np.maximum(np.minimum.accumulate(levels), quietest_db)


@wrong_answer_to(noise_floor)
def takes_a_level_too_many(levels, window=100, quietest_db=-60.0):
    """Your floor is the lowest of window + 1 levels: the frame's own is one of the `window`."""
    return noise_floor(levels, window + 1, quietest_db)


# --- find_turns --------------------------------------------------------------------------------------


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


@wrong_answer_to(find_turns)
def counts_the_loud_frames_alone(loud, onset=3, hangover=15, minimum=5):
    """You compare `minimum` with the number of loud frames: a turn is as long as from its first to its last loud one,
    the pauses between them included."""
    return [(first, end) for first, end in find_turns(loud, onset, hangover, 1) if sum(loud[first:end]) >= minimum]


# --- voice_segments ----------------------------------------------------------------------------------


@wrong_answer_to(voice_segments)
def lets_segments_overlap(samples, settings=None):
    """Two of your segments share samples, which are heard twice: the padding stops at the end of the one before."""
    s = settings or Settings()
    levels = frame_levels(samples, s.frame)
    loud = levels >= noise_floor(levels, s.window, s.quietest_db) + s.margin_db
    return [(max((first - s.padding) * s.frame, 0), min((end + s.padding) * s.frame, len(samples)))
            for first, end in find_turns(loud, s.onset, s.hangover, s.minimum)]


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
