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
    images, texts = _unit("image_embeddings", image_embeddings, 2), _unit("text_embeddings", text_embeddings, 2)
    if images.shape[1] != texts.shape[1]:
        raise ValueError(f"text_embeddings are {texts.shape[1]} wide, the images' {images.shape[1]}")
    if not np.isfinite(log_scale) or log_scale > 10:
        raise ValueError(f"log_scale is {log_scale}: give the logarithm of the scale, 4.6 for 100")
    return float(np.exp(log_scale)) * (images @ texts.T)  # (images, texts)


def contrastive_loss(logits: Floats) -> float:
    """Return CLIP's loss of a batch: image i belongs to text i, and all others in its row and column are wrong.

    logits: (pairs, pairs)
    Returns the mean of two cross-entropies: over the texts for each image, over the images for each text.
    Raises ValueError if logits is not square, is empty or holds NaN. Source: Radford et al. 2021, figure 3.
    """
    logits = _square("logits", logits)
    return float(-np.mean([np.diagonal(_log_softmax(logits, axis)) for axis in (0, 1)]))


def zero_shot_probabilities(image_embeddings: Floats, prompt_embeddings: Floats, log_scale: float) -> Floats:
    """Say which class each image shows, by prompts such as "a photo of a {class}".

    image_embeddings: (images, width)
    prompt_embeddings: (classes, templates, width); a class is the mean of its prompts, each of length 1 before
    log_scale, dtype, errors: as in contrastive_logits; prompts of a class that cancel each other out are one as well
    Returns (images, classes), each row sums to 1. Source: Radford et al. 2021, section 3.1.4.
    """
    classes = _unit("prompt_embeddings", prompt_embeddings, 3).sum(axis=1)  # (classes, width), in the mean's direction
    if classes.shape[1] != np.shape(image_embeddings)[-1] or not classes.any(axis=1).all():
        raise ValueError("prompt_embeddings must be as wide as the images, and may not cancel each other out")
    return np.exp(_log_softmax(contrastive_logits(image_embeddings, classes, log_scale), axis=1))


def recall_at_k(scores: Floats, k: int) -> tuple[float, float]:
    """Return how often the partner is among the k best, for images that look for texts, and the other way round.

    scores: (pairs, pairs); image i belongs to text i. What scores as high as the partner counts as better.
    Returns (image to text, text to image), shares of 0..1.
    Raises ValueError if scores is not square, is empty, has NaN, or k is below 1. Source: Karpathy and Fei-Fei 2015.
    """
    scores = _square("scores", scores)
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    own = np.diagonal(scores)  # (pairs,)
    by_image = (scores >= own[:, None]).sum(axis=1)  # (pairs,), the partner's rank, counted from 1
    by_text = (scores >= own).sum(axis=0)
    return float(np.mean(by_image <= k)), float(np.mean(by_text <= k))


def precision_recall(scores: ArrayLike, labels: ArrayLike, threshold: float) -> tuple[float, float]:
    """Measure a gate that stops what scores `threshold` or more.

    scores: (n,); labels: (n,), 1 or True for what should be stopped, else 0 or False
    Returns (precision, recall): the share of what was stopped that should be, NaN if nothing was; the share of what
    should be stopped that was.
    Raises ValueError if the shapes differ, scores holds NaN, or labels anything but 0 and 1, or no 1.
    """
    scores, labels = _judged(scores, labels)
    stopped = scores >= threshold
    hits = np.sum(labels & stopped)
    return float(hits / stopped.sum()) if stopped.any() else float("nan"), float(hits / labels.sum())


def choose_threshold(scores: ArrayLike, labels: ArrayLike, min_recall: float) -> float:
    """Choose the threshold with the best precision among those whose recall is at least min_recall.

    scores, labels, errors: as in precision_recall; ValueError too if min_recall is not above 0 and at most 1
    Returns one of the scores; of several with the same precision the lowest, which has the best recall.
    """
    scores, labels = _judged(scores, labels)
    if not 0 < min_recall <= 1:
        raise ValueError(f"min_recall must be above 0 and at most 1, got {min_recall}")
    thresholds, group = np.unique(scores, return_inverse=True)  # equal scores are stopped together, or none of them
    hits, stopped = (np.cumsum(counts[::-1])[::-1] for counts in (np.bincount(group, labels), np.bincount(group)))
    precision = np.where(hits / hits[0] >= min_recall, hits / stopped, -1)  # (thresholds,), lowest threshold first
    return float(thresholds[precision.argmax()])


def _unit(name: str, embeddings: Floats, ndim: int) -> Floats:
    lengths = np.linalg.norm(np.asarray(embeddings, np.float64), axis=-1, keepdims=True)
    if lengths.ndim != ndim or not np.all((lengths > 0) & np.isfinite(lengths)):
        raise ValueError(f"{name} must have {ndim} axes and no vector that is zero or not finite")
    return (embeddings / lengths).astype(np.float64 if embeddings.dtype == np.float64 else np.float32)


def _log_softmax(logits: Floats, axis: int) -> Floats:
    shifted = logits - logits.max(axis=axis, keepdims=True)  # exp(100) is too large for float32
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _square(name: str, scores: Floats) -> Floats:
    if np.ndim(scores) != 2 or len(scores) != np.shape(scores)[1] or not len(scores) or np.isnan(scores).any():
        raise ValueError(f"{name} must be (pairs, pairs) without NaN, got shape {np.shape(scores)}")
    return np.asarray(scores)


def _judged(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 1 or np.isnan(scores).any():
        raise ValueError("scores must stand in one row, without NaN: nobody knows whether to stop it")
    if labels.shape != scores.shape or not np.isin(labels, (0, 1)).all() or not labels.any():
        raise ValueError("labels must hold 0 or 1 for each score, and at least one 1")
    return scores, labels.astype(bool)
