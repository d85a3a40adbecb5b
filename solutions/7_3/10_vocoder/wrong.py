"""Wrong answers that people give to the vocoder kata; each docstring says what was misunderstood."""

import numpy as np
from vocoder import griffin_lim, istft, istft_head, stft

from fixtures.checking import wrong_answer_to

# --- stft --------------------------------------------------------------------------------------------


@wrong_answer_to(stft)
def takes_the_symmetric_window(samples, n_fft, hop):
    """np.hanning(n) and scipy.signal.windows.hann(n) are symmetric windows, for filters: a spectrum wants the
    periodic one, with n / n_fft and not n / (n_fft - 1).
    """
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, n_fft // 2), n_fft)[::hop]
    return np.fft.rfft(windows * np.hanning(n_fft)).T


@wrong_answer_to(stft)
def mirrors_the_ends(samples, n_fft, hop):
    """Beyond your ends the sound goes on as its own mirror, as torch.stft has it by default: it is 0 there."""
    padded, hann = np.pad(samples, n_fft // 2, mode="reflect"), 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop] * hann).T


# --- istft -------------------------------------------------------------------------------------------


def _frames(spectra):
    """Return the frames (frames, n_fft) and their window."""
    n_fft = 2 * len(spectra) - 2
    return np.fft.irfft(spectra.T), 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)


def _added(frames, hop):
    total = np.zeros(hop * (len(frames) - 1) + frames.shape[1])
    for t, frame in enumerate(frames):
        total[hop * t : hop * t + len(frame)] += frame
    return total


def _kept(total, spectra, hop, length, padding, start=None):
    n_fft, frames = 2 * len(spectra) - 2, spectra.shape[1]
    usual, hops = (n_fft // 2, frames - 1) if padding == "center" else ((n_fft - hop) // 2, frames)
    start, length = usual if start is None else start, hop * hops if length is None else length
    return np.pad(total, (0, length))[start : start + length].astype(spectra.real.dtype)


def _divided(frames, weights, hop):
    added = _added(np.broadcast_to(weights, frames.shape), hop)
    return _added(frames, hop) / np.where(added > 1e-11, added, np.inf)


@wrong_answer_to(istft)
def leaves_the_sum_undivided(spectra, hop, length=None, padding="center"):
    """The windows are still in your sum, 1.5 of them with a hop of a quarter: divide each sample by the sum of the
    squares of the windows that reach it.
    """
    frames, hann = _frames(spectra)
    return _kept(_added(frames * hann, hop), spectra, hop, length, padding)


@wrong_answer_to(istft)
def divides_by_one_number(spectra, hop, length=None, padding="center"):
    """You divide every sample by one number. It is right in the middle, and 1.5 with a hop of a quarter; at the ends
    fewer windows reach a sample, so divide each by its own sum of squares.
    """
    frames, hann = _frames(spectra)
    return _kept(_added(frames * hann, hop) / 1.5, spectra, hop, length, padding)


@wrong_answer_to(istft)
def divides_by_the_sum_of_the_windows(spectra, hop, length=None, padding="center"):
    """You divide by the sum of the windows: the samples were multiplied by them twice, in stft and here, so that it
    is the sum of their squares.
    """
    frames, hann = _frames(spectra)
    return _kept(_divided(frames * hann, hann, hop), spectra, hop, length, padding)


@wrong_answer_to(istft)
def adds_the_frames_without_the_window(spectra, hop, length=None, padding="center"):
    """Your frames are added without the window, and divided by its sum. Where frames agree, that is the same; a frame's
    edge, of which it knows least, should count least: times the window once more, by the sum of the squares.
    """
    frames, hann = _frames(spectra)
    return _kept(_divided(frames, hann, hop), spectra, hop, length, padding)


@wrong_answer_to(istft)
def trims_same_like_center(spectra, hop, length=None, padding="center"):
    """You leave out half a window, as for "center": padding="same" leaves out (n_fft - hop) // 2."""
    frames, hann = _frames(spectra)
    return _kept(_divided(frames * hann, hann**2, hop), spectra, hop, length, padding, start=len(spectra) - 1)


@wrong_answer_to(istft)
def counts_each_bin_once(spectra, hop, length=None, padding="center"):
    """Your inverse counts each bin once: those between the first and the last stand for a negative frequency as well,
    and count twice. np.fft.irfft knows that, np.fft.ifft does not.
    """
    n_fft, hann = 2 * len(spectra) - 2, _frames(spectra)[1]
    frames = np.fft.ifft(spectra.T, n_fft).real
    return _kept(_divided(frames * hann, hann**2, hop), spectra, hop, length, padding)


# --- griffin_lim -------------------------------------------------------------------------------------


@wrong_answer_to(griffin_lim)
def stays_with_the_first_guess(magnitudes, phases, hop, iterations=32, momentum=0.99):
    """This is still the sound of the first guess. Each iteration transforms to samples and to spectra again, takes over
    their phases, and goes back to the given magnitudes; behind the last one there is an istft more.
    """
    return istft(magnitudes * np.exp(1j * phases), hop)


@wrong_answer_to(griffin_lim)
def moves_on_from_what_went_in(magnitudes, phases, hop, iterations=32, momentum=0.99):
    """Your difference is between what an iteration gave and what went into it. It is between c[i] and c[i - 1], what
    this iteration and the one before gave: both are the spectra of a sound.
    """
    spectra = magnitudes * np.exp(1j * phases)
    for _ in range(iterations):
        rebuilt = stft(istft(spectra, hop), 2 * len(spectra) - 2, hop)
        spectra = magnitudes * np.exp(1j * np.angle(rebuilt + momentum * (rebuilt - spectra)))
    return istft(spectra, hop)


@wrong_answer_to(griffin_lim)
def forgets_the_momentum(magnitudes, phases, hop, iterations=32, momentum=0.99):
    """This is what comes without momentum: c[i - 1] is what the iteration before gave, and is 0 in the first alone."""
    return griffin_lim(magnitudes, phases, hop, iterations, 0)


# --- istft_head --------------------------------------------------------------------------------------


@wrong_answer_to(istft_head)
def leaves_the_magnitudes_unlimited(rows, hop):
    """Magnitudes above 100 count as 100: one wild logarithm is a bang otherwise, or infinite."""
    logarithms, phases = np.split(rows.T, 2)
    return istft(np.exp(logarithms) * np.exp(1j * phases), hop, padding="same")
