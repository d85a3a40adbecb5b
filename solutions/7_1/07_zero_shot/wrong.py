"""Wrong answers that people give to the zero-shot kata; each docstring says what is wrong."""

import numpy as np
from zero_shot import (
    choose_threshold,
    contrastive_logits,
    contrastive_loss,
    recall_at_k,
    zero_shot_probabilities,
)

from fixtures.checking import wrong_answer_to


def unit(vectors, axis=-1):
    """Scale to length 1."""
    return vectors / np.linalg.norm(vectors, axis=axis, keepdims=True)


def softmax(logits, axis):
    """Shares that sum to 1 along an axis."""
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


@wrong_answer_to(contrastive_logits)
def multiplies_by_the_logarithm(image_embeddings, text_embeddings, log_scale):
    """The cosines are multiplied by log_scale itself: the scale is exp(log_scale), 100 for CLIP and not 4.6."""
    return log_scale * (unit(image_embeddings) @ unit(text_embeddings).T)


@wrong_answer_to(contrastive_logits)
def divides_by_the_scale(image_embeddings, text_embeddings, log_scale):
    """The scale is taken for a temperature: exp(log_scale) is one over the temperature, and multiplies."""
    return unit(image_embeddings) @ unit(text_embeddings).T / float(np.exp(log_scale))


@wrong_answer_to(contrastive_logits)
def forgets_the_length(image_embeddings, text_embeddings, log_scale):
    """These are dot products: a long embedding fits everything. Divide each embedding by its length first."""
    return float(np.exp(log_scale)) * (image_embeddings @ text_embeddings.T)


@wrong_answer_to(contrastive_loss)
def looks_from_the_images_alone(logits):
    """This is the loss of the texts for each image, one half: the images for each text (the columns) are missing."""
    return float(-np.log(np.diagonal(softmax(logits, 1))).mean())


@wrong_answer_to(zero_shot_probabilities)
def shares_over_the_images(image_embeddings, prompt_embeddings, log_scale):
    """The softmax runs over the images: each class sums to 1. Let it run over the classes, each image by itself."""
    classes = unit(prompt_embeddings).mean(axis=1)
    return softmax(contrastive_logits(image_embeddings, classes, log_scale), 0)


@wrong_answer_to(zero_shot_probabilities)
def averages_before_the_length(image_embeddings, prompt_embeddings, log_scale):
    """A long prompt outweighs the others of its class: give each prompt length 1 before the mean."""
    return softmax(contrastive_logits(image_embeddings, prompt_embeddings.mean(axis=1), log_scale), 1)


@wrong_answer_to(zero_shot_probabilities)
def leaves_the_class_short(image_embeddings, prompt_embeddings, log_scale):
    """The mean of several prompts is shorter than 1, most where they disagree: it needs length 1 again."""
    classes = unit(prompt_embeddings).mean(axis=1)
    return softmax(float(np.exp(log_scale)) * (unit(image_embeddings) @ classes.T), 1)


@wrong_answer_to(zero_shot_probabilities)
def takes_clip_for_siglip(image_embeddings, prompt_embeddings, log_scale):
    """These are sigmoids, each class by itself: SigLIP was trained so, with a bias. CLIP's scores go through a
    softmax over the classes.
    """
    classes = unit(prompt_embeddings).mean(axis=1)
    return 1 / (1 + np.exp(-contrastive_logits(image_embeddings, classes, log_scale)))


@wrong_answer_to(recall_at_k)
def lets_ties_win(scores, k):
    """What scores as high as the partner is not counted: a model that gives all the same score has a recall of 1."""
    own = np.diagonal(scores)
    return (float(((scores > own[:, None]).sum(axis=1) < k).mean()), float(((scores > own).sum(axis=0) < k).mean()))


@wrong_answer_to(recall_at_k)
def exchanges_the_directions(scores, k):
    """The two directions are exchanged: an image is a row, it looks for a text along its row."""
    return recall_at_k(np.asarray(scores).T, k)


@wrong_answer_to(choose_threshold)
def takes_the_first_that_finds_enough(scores, labels, min_recall):
    """This is the highest threshold that finds enough: a lower one may find more and be more precise as well."""
    scores, labels = np.asarray(scores), np.asarray(labels).astype(bool)
    return float(max(t for t in np.unique(scores) if labels[scores >= t].sum() / labels.sum() >= min_recall))


@wrong_answer_to(choose_threshold)
def cuts_between_equals(scores, labels, min_recall):
    """Your cut goes through scores that are equal: a threshold stops all of them or none."""
    order = np.lexsort((-np.asarray(labels).astype(int), -np.asarray(scores, dtype=np.float64)))
    hits = np.cumsum(np.asarray(labels)[order])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / hits[-1]
    allowed = np.flatnonzero(recall >= min_recall)
    return float(np.asarray(scores)[order][allowed[precision[allowed] == precision[allowed].max()][-1]])
