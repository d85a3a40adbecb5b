"""Wrong answers that people give to the mel_features kata; each docstring says what was misunderstood."""

import numpy as np
from mel_features import log_mel, mel_filterbank, pad_or_trim, stft_power

from fixtures.checking import wrong_answer_to

# --- pad_or_trim -------------------------------------------------------------------------------------


@wrong_answer_to(pad_or_trim)
def pads_in_front(audio, samples=480_000):
    """You put the silence in front: the audio keeps its place at the beginning, the zeros come behind it."""
    return np.concatenate([np.zeros(max(0, samples - len(audio)), dtype=audio.dtype), audio[:samples]])


@wrong_answer_to(pad_or_trim)
def keeps_the_end(audio, samples=480_000):
    """You cut off the beginning: too long audio loses its end."""
    return np.concatenate([audio[-samples:], np.zeros(max(0, samples - len(audio)), dtype=audio.dtype)])


@wrong_answer_to(pad_or_trim)
def repeats_the_audio(audio, samples=480_000):
    """np.resize starts the audio again where it ends: fill up with zeros."""
    return np.resize(audio, samples)


@wrong_answer_to(pad_or_trim)
def only_pads(audio, samples=480_000):
    """Short audio is padded, but long audio keeps its length: cut it off at `samples`."""
    return np.concatenate([audio, np.zeros(max(0, samples - len(audio)), dtype=audio.dtype)])


@wrong_answer_to(pad_or_trim)
def pads_on_both_sides(audio, samples=480_000):
    """You put half of the silence in front: the audio begins at the first sample, all zeros come behind it."""
    silence = max(0, samples - len(audio))
    return np.pad(audio[:samples], (silence // 2, silence - silence // 2))


@wrong_answer_to(pad_or_trim)
def repeats_the_last_sample(audio, samples=480_000):
    """The last sample goes on to the end: fill up with zeros, which are silence."""
    return np.pad(audio[:samples], (0, max(0, samples - len(audio))), mode="edge")


@wrong_answer_to(pad_or_trim)
def makes_thirty_seconds(audio, samples=480_000):
    """Your result has 480000 samples whatever `samples` says."""
    return pad_or_trim(audio)


@wrong_answer_to(pad_or_trim)
def pads_the_last_axis(audio, samples=480_000):
    """You brought every channel to the length: refuse audio that is not (samples,), here and in what follows."""
    return np.array([pad_or_trim(channel, samples) for channel in np.atleast_2d(audio)]).reshape(*audio.shape[:-1], -1)


# --- mel_filterbank ----------------------------------------------------------------------------------

BINS = np.arange(201) * 40.0


def _slaney_edges(n_mels):
    highest = 15 + 27 * np.log(8) / np.log(6.4)
    mels = np.linspace(0, highest, n_mels + 2)
    return np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))


def _filters(edges, area_one=True):
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((BINS - left) / (centre - left), (right - BINS) / (right - centre)))
    return (triangles * (2 / (right - left) if area_one else 1)).astype(np.float32)


@wrong_answer_to(mel_filterbank)
def takes_the_htk_scale(n_mels=80):
    """These filters are spaced by the HTK formula, 2595 log10(1 + f / 700): Whisper's are on Slaney's scale,
    linear up to 1000 Hz.
    """
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), n_mels + 2)
    return _filters(700 * (10 ** (mels / 2595) - 1))


@wrong_answer_to(mel_filterbank)
def leaves_the_peaks_at_one(n_mels=80):
    """Your triangles all reach 1: scale each to area 1, times 2 / (right edge - left edge)."""
    return _filters(_slaney_edges(n_mels), area_one=False)


@wrong_answer_to(mel_filterbank)
def takes_htk_without_area(n_mels=80):
    """This is the HTK scale with peaks of 1, the default of torchaudio: Whisper uses Slaney's scale and
    Slaney's norm.
    """
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), n_mels + 2)
    return _filters(700 * (10 ** (mels / 2595) - 1), area_one=False)


@wrong_answer_to(mel_filterbank)
def makes_the_rows_sum_to_one(n_mels=80):
    """You divided each row by its sum: the area is that of the triangle over the frequency in Hz, before it
    is sampled at the bins.
    """
    filters = _filters(_slaney_edges(n_mels), area_one=False)
    return filters / np.maximum(filters.sum(axis=1, keepdims=True), 1e-10)


@wrong_answer_to(mel_filterbank)
def spaces_the_edges_in_hertz(n_mels=80):
    """Your edges lie at equal distances in Hz: they do on the mel scale, and are far apart at high
    frequencies.
    """
    return _filters(np.linspace(0, 8000, n_mels + 2))


@wrong_answer_to(mel_filterbank)
def makes_the_areas_a_half(n_mels=80):
    """Your filters are half as high: a triangle's area is half of base times height, so that the height is
    2 / (right edge - left edge).
    """
    return mel_filterbank(n_mels) / np.float32(2)


@wrong_answer_to(mel_filterbank)
def draws_the_triangles_in_mel(n_mels=80):
    """Your lines are straight over mel: convert the edges to Hz first, the filters are straight over the
    frequency in Hz.
    """
    edges = _slaney_edges(n_mels)
    mels = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), n_mels + 2)
    places = np.where(BINS < 1000, BINS * 3 / 200, 15 + 27 * np.log(np.maximum(BINS, 1000) / 1000) / np.log(6.4))
    left, centre, right = mels[:-2, None], mels[1:-1, None], mels[2:, None]
    triangles = np.maximum(0, np.minimum((places - left) / (centre - left), (right - places) / (right - centre)))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


@wrong_answer_to(mel_filterbank)
def snaps_the_edges_to_bins(n_mels=80):
    """You moved the edges to the nearest bins below: the triangles have their corners between the bins, and are
    only sampled there.
    """
    edges = np.floor(_slaney_edges(n_mels) / 40) * 40
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    with np.errstate(all="ignore"):
        triangles = np.minimum((BINS - left) / (centre - left), (right - BINS) / (right - centre))
        return (np.maximum(0, np.nan_to_num(triangles, posinf=0, neginf=0)) * (2 / (right - left))).astype(np.float32)


@wrong_answer_to(mel_filterbank)
def takes_257_bins(n_mels=80):
    """You have 257 bins, those of a transform of 512: Whisper's window of 400 has 201, every 40 Hz."""
    bins = np.arange(257) * 31.25
    edges = _slaney_edges(n_mels)
    return np.array([np.interp(bins, edges[i:i + 3], [0, 2 / (edges[i + 2] - edges[i]), 0])
                     for i in range(n_mels)], dtype=np.float32)


@wrong_answer_to(mel_filterbank)
def forgets_the_last_bin(n_mels=80):
    """You have 200 bins: 0 Hz and 8000 Hz both count, which makes 201."""
    return mel_filterbank(n_mels)[:, :200]


@wrong_answer_to(mel_filterbank)
def puts_the_filters_in_columns(n_mels=80):
    """Your filterbank is transposed: one row a filter, (n_mels, 201)."""
    return mel_filterbank(n_mels).T


# --- stft_power --------------------------------------------------------------------------------------

HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)


def _power(audio, window=HANN, mode="reflect", n_fft=400):
    padded = np.pad(audio.astype(np.float64), 200, mode=mode)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[: len(audio) // 160 * 160 : 160]
    return (np.abs(np.fft.rfft(frames * window, n=n_fft, axis=1)) ** 2).T.astype(np.float32)


@wrong_answer_to(stft_power)
def takes_the_symmetric_window(audio):
    """np.hanning(400) and scipy's default are symmetric windows, for filters: a spectrum wants the periodic
    one, with n / 400 and not n / 399.
    """
    return _power(audio, window=np.hanning(400))


@wrong_answer_to(stft_power)
def takes_a_hamming_window(audio):
    """This is the Hamming window, which does not fall to 0: Whisper's is Hann's, 0.5 - 0.5 cos."""
    return _power(audio, window=0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400))


@wrong_answer_to(stft_power)
def forgets_the_window(audio):
    """You transformed the samples without a window: a tone then leaks into all bins."""
    return _power(audio, window=1.0)


@wrong_answer_to(stft_power)
def pads_with_zeros(audio):
    """Beyond the ends you have zeros: mirror the audio there, as torch.stft does (np.pad's mode reflect)."""
    return _power(audio, mode="constant")


@wrong_answer_to(stft_power)
def repeats_the_edge(audio):
    """Beyond the ends you repeat the first and the last sample: mirror the audio there (np.pad's mode
    reflect).
    """
    return _power(audio, mode="edge")


@wrong_answer_to(stft_power)
def mirrors_the_last_sample_as_well(audio):
    """np.pad's mode symmetric repeats the first and the last sample: the mirror stands on them, which is
    mode reflect.
    """
    return _power(audio, mode="symmetric")


@wrong_answer_to(stft_power)
def begins_at_the_first_sample(audio):
    """Your frames begin at sample 160 t: they are centred there, 200 samples earlier, on mirrored ends."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160]
    return (np.abs(np.fft.rfft(frames * HANN, axis=1)) ** 2).T


@wrong_answer_to(stft_power)
def keeps_the_last_frame(audio):
    """You have one frame too many: centring gives samples // 160 + 1 frames, and Whisper drops the last."""
    padded = np.pad(audio.astype(np.float64), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    return (np.abs(np.fft.rfft(frames * HANN, axis=1)) ** 2).T


@wrong_answer_to(stft_power)
def gives_the_magnitude(audio):
    """This is the magnitude: the power is its square."""
    return np.sqrt(_power(audio))


@wrong_answer_to(stft_power)
def divides_by_the_window_length(audio):
    """You divided the spectrum by n: Whisper's power is not normalized."""
    return stft_power(audio) / np.float32(400**2)


@wrong_answer_to(stft_power)
def divides_by_the_windows_sum(audio):
    """You divided the spectrum by the sum of the window, as scipy.signal.stft does: Whisper's power is not
    normalized.
    """
    return stft_power(audio) / np.float32(200**2)


@wrong_answer_to(stft_power)
def divides_by_the_windows_power(audio):
    """You divided by the sum of the squared window, which gives a density: Whisper's power is not normalized."""
    return stft_power(audio) / np.float32((HANN**2).sum())


@wrong_answer_to(stft_power)
def counts_the_middle_twice(audio):
    """You doubled all bins but the first and the last, as one does for the whole energy: Whisper takes each as
    it is.
    """
    return stft_power(audio) * np.float32([1] + 199 * [2] + [1])[:, None]


@wrong_answer_to(stft_power)
def windows_twice(audio):
    """Your window is the square of Hann's: multiply by it once."""
    return _power(audio, window=HANN**2)


@wrong_answer_to(stft_power)
def squares_the_real_part_alone(audio):
    """The imaginary part is missing: the power is re**2 + im**2."""
    padded = np.pad(audio.astype(np.float64), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[: len(audio) // 160 * 160 : 160]
    return (np.fft.rfft(frames * HANN, axis=1).real ** 2).T.astype(np.float32)


@wrong_answer_to(stft_power)
def keeps_the_mirrored_bins(audio):
    """You have 400 bins: for real samples the upper ones repeat the lower, and 201 are enough. np.fft.rfft gives
    these.
    """
    lower = stft_power(audio)
    return np.concatenate([lower, lower[199:0:-1]])


@wrong_answer_to(stft_power)
def drops_the_first_frame(audio):
    """Your first frame is missing: of the samples // 160 + 1 frames Whisper drops the last."""
    padded = np.pad(audio.astype(np.float64), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[160::160]
    return (np.abs(np.fft.rfft(frames[: len(audio) // 160] * HANN, axis=1)) ** 2).T.astype(np.float32)


@wrong_answer_to(stft_power)
def mirrors_the_beginning_alone(audio):
    """Behind the end you have zeros: the audio is mirrored at both ends."""
    padded = np.pad(np.pad(audio.astype(np.float64), (200, 0), mode="reflect"), (0, 200))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[: len(audio) // 160 * 160 : 160]
    return (np.abs(np.fft.rfft(frames * HANN, axis=1)) ** 2).T.astype(np.float32)


@wrong_answer_to(stft_power)
def scales_to_the_peak(audio):
    """You made every recording equally loud: Whisper takes the samples as they are."""
    return _power(audio / np.abs(audio).max())


@wrong_answer_to(stft_power)
def clips_at_full_scale(audio):
    """You clipped at 1: a resampled or mixed recording may pass it, and clipping adds frequencies."""
    stft_power(audio)  # refuses what is to be refused
    return _power(np.clip(audio, -1, 1))


@wrong_answer_to(stft_power)
def subtracts_the_mean(audio):
    """You took the mean away: Whisper leaves the lowest frequency as it is."""
    return _power(audio - audio.mean())


@wrong_answer_to(stft_power)
def pads_the_transform_to_512(audio):
    """You transformed 512 points, which gives 257 bins of 31.25 Hz: Whisper's transform is as long as its
    window, 400.
    """
    return _power(audio, n_fft=512)


@wrong_answer_to(stft_power)
def puts_the_frames_first(audio):
    """Your result is (frames, 201): the frequency is the first axis, as in torch.stft."""
    return stft_power(audio).T


@wrong_answer_to(stft_power)
def converts_integers_as_they_are(audio):
    """Integer samples went in as they are, 32768 times too loud: refuse them with a TypeError."""
    return _power(audio) if audio.dtype.kind in "iu" else stft_power(audio)


@wrong_answer_to(stft_power)
def takes_floats_of_any_size(audio):
    """These floats are int16 that was not divided by 32768: what passes LARGEST_SAMPLE, above or below zero, is to
    be refused.
    """
    return _power(audio) if audio.dtype.kind == "f" and np.isfinite(audio).all() else stft_power(audio)


@wrong_answer_to(stft_power)
def lets_nan_through(audio):
    """NaN and infinity went through: look for them first, `x > 8` is False for NaN."""
    return stft_power(audio) if np.isfinite(audio).all() else _power(audio)


@wrong_answer_to(stft_power)
def drops_the_imaginary_part_of_samples(audio):
    """Complex samples lost their imaginary part: refuse them with a TypeError."""
    return stft_power(audio.real)


@wrong_answer_to(stft_power)
def averages_the_channels(audio):
    """You averaged the channels by yourself: (2, 800) and (800, 2) are both in use, so refuse audio that is not
    (samples,) and leave the choice to the caller.
    """
    return stft_power(audio if audio.ndim == 1 else audio.mean(axis=int(np.argmin(audio.shape))))


@wrong_answer_to(stft_power)
def divides_integers_itself(audio):
    """You scaled the integers by yourself: whether they were 16, 24 or 32 bits you cannot know, so refuse
    them with a TypeError.
    """
    return stft_power(audio / 32768 if audio.dtype.kind in "iu" else audio)


@wrong_answer_to(stft_power)
def flattens_stereo(audio):
    """You strung the channels together: refuse audio that is not (samples,), the caller knows which axis the
    channels are.
    """
    return stft_power(audio.reshape(-1))


@wrong_answer_to(stft_power)
def pads_what_is_too_short(audio):
    """You filled short audio up with zeros: below 201 samples it can't be mirrored, so refuse it (the caller
    has pad_or_trim).
    """
    return stft_power(pad_or_trim(audio, max(201, len(audio))))


@wrong_answer_to(stft_power)
def replaces_nan(audio):
    """You replaced NaN and infinity: that hides a broken recording, so refuse it."""
    return stft_power(np.nan_to_num(audio, posinf=0, neginf=0))


# --- log_mel -----------------------------------------------------------------------------------------


def _mel(audio, n_mels, sample_rate_hz, floor):
    log_mel(audio[:201], n_mels, sample_rate_hz, floor)  # refuses what is to be refused
    return mel_filterbank(n_mels) @ stft_power(audio)


def _limited(logarithms):
    return np.maximum(logarithms, logarithms.max() - 8)


@wrong_answer_to(log_mel)
def takes_the_natural_logarithm(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """This is the natural logarithm: Whisper takes log10."""
    return (_limited(np.log(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor))) + 4) / 4


@wrong_answer_to(log_mel)
def gives_decibels(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You took decibels, 10 log10: Whisper takes log10 alone."""
    decibels = 10 * np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor))
    return (np.maximum(decibels, decibels.max() - 80) + 4) / 4


@wrong_answer_to(log_mel)
def forgets_the_dynamic_range(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """The quiet bins go too far down: nothing may lie more than 8 below the largest logarithm, taken before the
    division by 4.
    """
    return (np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor)) + 4) / 4


@wrong_answer_to(log_mel)
def limits_each_frame(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You took the largest logarithm of each frame: it is that of the whole spectrogram, so that silence
    stays silent.
    """
    x = np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor))
    return (np.maximum(x, x.max(axis=0) - 8) + 4) / 4


@wrong_answer_to(log_mel)
def forgets_the_scaling(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """These are the logarithms: Whisper's encoder wants (x + 4) / 4."""
    return _limited(np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor)))


@wrong_answer_to(log_mel)
def limits_each_bin(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You took the largest logarithm of each mel bin: it is that of the whole spectrogram."""
    x = np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor))
    return (np.maximum(x, x.max(axis=1, keepdims=True) - 8) + 4) / 4


@wrong_answer_to(log_mel)
def divides_the_four_alone(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """This is x + 4 / 4, which is x + 1: put x + 4 in brackets."""
    return _limited(np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, floor), floor))) + np.float32(1)


@wrong_answer_to(log_mel)
def adds_the_four_last(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """This is x / 4 + 4: the 4 is added before the division."""
    return log_mel(audio, n_mels, sample_rate_hz, floor) + np.float32(3)


@wrong_answer_to(log_mel)
def stretches_to_0_and_1(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You stretched the spectrogram to 0..1: loud and quiet recordings then look the same. Whisper wants
    (x + 4) / 4.
    """
    x = log_mel(audio, n_mels, sample_rate_hz, floor)
    return (x - x.min()) / max(x.max() - x.min(), 1e-9)


@wrong_answer_to(log_mel)
def floors_the_power(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You raised the power to the floor before the filters: the floor is that of the mel bins, after them."""
    log_mel(audio[:201], n_mels, sample_rate_hz, floor)
    mel = mel_filterbank(n_mels) @ np.maximum(stft_power(audio), np.float32(floor))
    return (_limited(np.log10(mel)) + 4) / 4


@wrong_answer_to(log_mel)
def pads_to_thirty_seconds(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You brought the audio to 30 s: that is the caller's choice, with pad_or_trim."""
    return log_mel(pad_or_trim(audio), n_mels, sample_rate_hz, floor)


@wrong_answer_to(log_mel)
def takes_any_floor(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """Zero and negative numbers have no logarithm, and NaN and infinity make all bins alike: refuse such a
    floor. 1e-60 is 0 in float32.
    """
    x = np.log10(np.maximum(_mel(audio, n_mels, sample_rate_hz, 1), floor))
    return ((_limited(x) + 4) / 4).astype(np.float32)


@wrong_answer_to(log_mel)
def adds_the_floor(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You added the floor: quiet bins come out too high. Take the larger of the two."""
    return (_limited(np.log10(_mel(audio, n_mels, sample_rate_hz, floor) + np.float32(floor))) + 4) / 4


@wrong_answer_to(log_mel)
def has_one_floor_for_all(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """Your floor is 1e-10 whatever `floor` says: llama.cpp's is 2**-24."""
    return log_mel(audio, n_mels, sample_rate_hz)


@wrong_answer_to(log_mel)
def has_always_eighty_bins(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """You have 80 mel bins whatever `n_mels` says."""
    return log_mel(audio, 80, sample_rate_hz, floor)


@wrong_answer_to(log_mel)
def ignores_the_sample_rate(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """At another sample rate every frequency lands in the wrong bin: refuse it."""
    return log_mel(audio, n_mels, floor=floor)


@wrong_answer_to(log_mel)
def gives_frames_first(audio, n_mels=80, sample_rate_hz=16_000, floor=1e-10):
    """Your result is (frames, n_mels): Whisper wants (n_mels, frames)."""
    return log_mel(audio, n_mels, sample_rate_hz, floor).T
