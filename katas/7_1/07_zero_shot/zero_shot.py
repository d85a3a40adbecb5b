"""Match images and texts as CLIP does: scores, loss, classes by prompts, retrieval, and a gate for moderation."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]


def contrastive_logits(image_embeddings: Floats, text_embeddings: Floats, log_scale: float) -> Floats:
    """Score every image against every text: exp(log_scale) times the cosine.

    image_embeddings: (images, width), text_embeddings: (texts, width), of any length
    log_scale: what CLIP learns, `logit_scale` in its files; exp(log_scale) is 1 / temperature
    Returns (images, texts), float64 if one of the two is float64, else float32.
    Raises ValueError if the shapes don't fit, an embedding is zero or not finite, or log_scale is not finite or
    above 10, as the scale itself would be (100). Source: Radford et al. 2021, figure 3.
    """
    raise NotImplementedError


def contrastive_loss(logits: Floats) -> float:
    """Return CLIP's loss of a batch: image i belongs to text i, and all others in its row and column are wrong.

    logits: (pairs, pairs)
    Returns the mean of two cross-entropies: over the texts for each image, over the images for each text.
    Raises ValueError if logits is not square, is empty or holds NaN. Source: Radford et al. 2021, figure 3.
    """
    raise NotImplementedError


def zero_shot_probabilities(image_embeddings: Floats, prompt_embeddings: Floats, log_scale: float) -> Floats:
    """Say which class each image shows, by prompts such as "a photo of a {class}".

    image_embeddings: (images, width)
    prompt_embeddings: (classes, templates, width); a class is the mean of its prompts, each of length 1 before
    log_scale, dtype, errors: as in contrastive_logits; prompts of a class that cancel each other out are one as well
    Returns (images, classes), each row sums to 1. Source: Radford et al. 2021, section 3.1.4.
    """
    raise NotImplementedError


def recall_at_k(scores: Floats, k: int) -> tuple[float, float]:
    """Return how often the partner is among the k best, for images that look for texts, and the other way round.

    scores: (pairs, pairs); image i belongs to text i. What scores as high as the partner counts as better.
    Returns (image to text, text to image), shares of 0..1.
    Raises ValueError if scores is not square, is empty, has NaN, or k is below 1. Source: Karpathy and Fei-Fei 2015.
    """
    raise NotImplementedError


def precision_recall(scores: ArrayLike, labels: ArrayLike, threshold: float) -> tuple[float, float]:
    """Measure a gate that stops what scores `threshold` or more.

    scores: (n,); labels: (n,), 1 or True for what should be stopped, else 0 or False
    Returns (precision, recall): the share of what was stopped that should be, NaN if nothing was; the share of what
    should be stopped that was.
    Raises ValueError if the shapes differ, scores holds NaN, or labels anything but 0 and 1, or no 1.
    """
    raise NotImplementedError


def choose_threshold(scores: ArrayLike, labels: ArrayLike, min_recall: float) -> float:
    """Choose the threshold with the best precision among those whose recall is at least min_recall.

    scores, labels, errors: as in precision_recall; ValueError too if min_recall is not above 0 and at most 1
    Returns one of the scores; of several with the same precision the lowest, which has the best recall.
    """
    raise NotImplementedError
