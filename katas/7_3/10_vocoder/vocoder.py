"""From spectra to samples: the inverse short-time Fourier transform, Griffin-Lim, and the head of a neural codec.

llama.cpp predicts spectra; samples are the application's work. The README's table says what is refused.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Spectra = NDArray[np.complexfloating]


def stft(samples: Floats, n_fft: int, hop: int) -> Spectra:
    """Transform a sound in windows of n_fft samples, one every hop samples; frame t is centred on sample hop * t.

    Each is multiplied by the periodic Hann window 0.5 - 0.5 cos(2 pi n / n_fft). The sound is 0 beyond its ends.
    samples: (n,); n_fft: even
    Returns (n_fft / 2 + 1, n // hop + 1).
    Source: librosa.stft with its defaults; torch.stft with pad_mode="constant".
    """
    raise NotImplementedError


def istft(spectra: Spectra, hop: int, length: int | None = None, padding: str = "center") -> Floats:
    """Turn spectra into the sound whose stft comes nearest to them: into the sound itself, if they are its stft.

    Each frame is transformed back and multiplied by its window again. The frames are added, hop samples apart, and
    each sample is divided by the sum of the squares of the windows there; where that is below 1e-11, it is 0.
    spectra: (n_fft / 2 + 1, frames)
    padding: "center" leaves out the first n_fft / 2 samples and gives the next hop * (frames - 1), "same" leaves
        out (n_fft - hop) // 2 and gives hop * frames
    length: so many samples instead, with zeros after the end of the last frame
    Source: Griffin and Lim 1984, equation 6; librosa.istft, torch.istft; padding="same": Vocos.
    """
    raise NotImplementedError


def griffin_lim(magnitudes: Floats, phases: Floats, hop: int, iterations: int = 32, momentum: float = 0.99) -> Floats:
    """Look for a sound of these magnitudes: to samples and to spectra again, of which the phases alone are kept.

    An iteration turns magnitudes and phases into samples (istft), and these into spectra c[i]. The next phases are
    those of c[i] + momentum * (c[i] - c[i - 1]), where c[0] is 0. At the end there is an istft more.
    magnitudes: (bins, frames), two frames or more; phases: (bins, frames), the first guess, radians
    Returns (hop * (frames - 1),).
    Source: Griffin and Lim 1984; momentum: Perraudin, Balazs and Søndergaard 2013.
    """
    raise NotImplementedError


def istft_head(rows: Floats, hop: int) -> Floats:
    """Turn what a neural codec predicts for each frame into samples, hop a frame, by istft with padding="same".

    The first half of a row are natural logarithms of magnitudes, which count as 100 where they are above that;
    the second half are phases in radians.
    rows: (frames, n_fft + 2)
    Source: Siuzdak 2023 (Vocos), ISTFTHead; llama.cpp's tools/tts for WavTokenizer, as it was in 2025.
    """
    raise NotImplementedError
