import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zero_shot import (
    choose_threshold,
    contrastive_logits,
    contrastive_loss,
    precision_recall,
    recall_at_k,
    zero_shot_probabilities,
)

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.zero_shot import reference

# The README's example: two images, and texts that say cat and dog; the second of each are longer than 1.
IMAGES = np.array([[3, 4], [0, 2]], dtype=np.float32)
TEXTS = np.array([[1, 0], [0, 5]], dtype=np.float32)
TEN = float(np.log(10))  # exp(log_scale) is 10
LOGITS = np.array([[6, 8], [0, 10]], dtype=np.float32)
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
LABELS = np.array([1, 0, 1, 1, 0, 1])
NEAR = 1e-5  # float32 rounds to 2e-6 here; the usual mistakes are off by 0.1 and more


def test_a_score_is_the_cosine_times_the_scale():
    """Cosines 0.6 and 0.8, 0 and 1, times 10."""
    call(contrastive_logits, IMAGES, TEXTS, TEN).gives(LOGITS, atol=NEAR)


def test_the_length_of_an_embedding_does_not_count():
    longer = IMAGES * np.array([[7], [0.25]], dtype=np.float32)
    call(contrastive_logits, longer, TEXTS / 2, TEN).gives(LOGITS, atol=NEAR)


def test_a_log_scale_of_zero_gives_cosines():
    call(contrastive_logits, IMAGES, TEXTS[:1], 0.0).gives(np.array([[0.6], [0]], dtype=np.float32), atol=NEAR)


def test_the_scores_are_those_of_transformers():
    """Six images and the first four texts of a CLIPModel; a row an image."""
    record = recorded("zero_shot")
    images, texts = record["image_embeddings"], record["text_embeddings"][:4]
    call(contrastive_logits, images, texts, float(record["log_scale"])).gives(
        record["logits_per_image"][:, :4], atol=1e-4)  # scores of up to 9, rounded at 1e-6


def test_the_loss_is_the_mean_of_both_directions():
    """By image 2.127 and 0, by text 0.002 and 0.127."""
    by_image = (np.log(np.exp(6) + np.exp(8)) - 6 + np.log(1 + np.exp(10)) - 10) / 2
    by_text = (np.log(np.exp(6) + 1) - 6 + np.log(np.exp(8) + np.exp(10)) - 10) / 2
    call(contrastive_loss, LOGITS.astype(np.float64)).gives((by_image + by_text) / 2, atol=NEAR)


@pytest.mark.parametrize("pairs", [1, 2, 5])
def test_scores_that_know_nothing_cost_the_logarithm_of_the_batch(pairs):
    """All equal: the right one is a guess among as many as there are pairs."""
    call(contrastive_loss, np.full((pairs, pairs), 3.0)).gives(float(np.log(pairs)), atol=NEAR)


def test_the_loss_is_that_of_transformers():
    record = recorded("zero_shot")
    call(contrastive_loss, record["logits_per_image"]).gives(float(record["loss"]), atol=1e-4)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_loss_is_the_cross_entropy_of_each_line(pairs, seed):
    logits = np.random.default_rng(seed).normal(0, 3, (pairs, pairs))
    call(contrastive_loss, logits).gives(reference.loss(logits.tolist()), atol=NEAR)


def test_probabilities_are_over_the_classes_of_one_image():
    """Scores 6 and 8, 0 and 10: the first image is a dog with 1 / (1 + exp(-2))."""
    sure, certain = 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-10))
    call(zero_shot_probabilities, IMAGES, TEXTS[:, None], TEN).gives(
        np.array([[1 - sure, sure], [1 - certain, certain]], dtype=np.float32), atol=NEAR)


def test_each_prompt_of_a_class_has_the_same_say():
    """Prompts (10, 0) and (0, 1) make the class (0.5, 0.5), not (5, 0.5): its cosine is 0.99 with (3, 4)."""
    prompts = np.array([[[10, 0], [0, 1]], [[1, 0], [3, 0]]], dtype=np.float32)
    cosines = np.array([[7 / 5 / np.sqrt(2), 0.6], [1 / np.sqrt(2), 0]])
    weights = np.exp(10 * cosines)
    call(zero_shot_probabilities, IMAGES, prompts, TEN).gives(
        weights / weights.sum(axis=1, keepdims=True), atol=1e-4)  # scores of 10, rounded at 1e-6


def test_the_probabilities_are_those_of_transformers():
    record = recorded("zero_shot")
    call(zero_shot_probabilities, record["image_embeddings"], record["text_embeddings"][:4, None],
         float(record["log_scale"])).gives(record["probabilities"], atol=1e-4)


def test_a_probability_says_nothing_without_the_other_classes():
    """A third class that fits better than both takes the dog's share: 0.88 becomes 0.11."""
    image, prompts = IMAGES[:1], np.array([[[1, 0]], [[0, 5]], [[3, 4]]], dtype=np.float32)
    weights = np.exp([6.0, 8, 10])
    call(zero_shot_probabilities, image, prompts, TEN).gives(weights[None] / weights.sum(), atol=NEAR)
    call(zero_shot_probabilities, image, prompts[:1], TEN).gives([[1.0]], atol=NEAR)


def test_recall_looks_from_both_sides():
    """The first image finds the second text (8 > 6); each text finds its image."""
    call(recall_at_k, LOGITS, 1).gives((0.5, 1.0))
    call(recall_at_k, LOGITS, 2).gives((1.0, 1.0))


def test_scores_that_are_all_equal_find_nothing():
    """Ties count against the partner: whoever orders equal scores by their place finds some of them."""
    call(recall_at_k, np.full((4, 4), 0.5), 1).gives((0.0, 0.0))
    call(recall_at_k, np.full((4, 4), 0.5), 3).gives((0.0, 0.0))
    call(recall_at_k, np.full((4, 4), 0.5), 4).gives((1.0, 1.0))


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_recall_counts_who_is_not_beaten_by_k_others(pairs, k, seed):
    scores = np.random.default_rng(seed).integers(0, 5, (pairs, pairs)) / 4
    call(recall_at_k, scores, k).gives(reference.recall(scores.tolist(), k), atol=1e-9)


@pytest.mark.parametrize(("threshold", "wanted"), [(0.9, (1.0, 0.25)), (0.65, (2 / 3, 0.5)), (0.6, (0.75, 0.75)),
                                                   (0.0, (2 / 3, 1.0))], ids=str)
def test_a_gate_stops_what_reaches_the_threshold(threshold, wanted):
    """A score of exactly the threshold is stopped; (precision, recall) comes back, in this order."""
    call(precision_recall, SCORES, LABELS, threshold).gives(wanted, atol=1e-9)


def test_the_threshold_is_the_most_precise_that_finds_enough():
    """0.7 finds half of them, with precision 2/3; 0.6 finds more, and 3/4 of what it stops is right."""
    call(choose_threshold, SCORES, LABELS, 0.5).gives(0.6)
    call(choose_threshold, SCORES, LABELS, 0.25).gives(0.9)
    call(choose_threshold, SCORES, LABELS, 0.76).gives(0.4)


def test_equal_scores_are_stopped_together():
    """At 0.8 three are stopped, of which two are right: the one right 0.8 alone cannot be had."""
    scores, labels = np.array([0.9, 0.8, 0.8, 0.3, 0.1, 0.7]), np.array([1, 1, 0, 0, 0, 1])
    call(choose_threshold, scores, labels, 0.6).gives(0.7)
    call(precision_recall, scores, labels, 0.8).gives((2 / 3, 2 / 3), atol=1e-9)


def test_the_thresholds_are_those_of_scikit_learns_curve():
    record = recorded("zero_shot")
    scores, labels = record["scores"], record["labels"]
    for least, wanted in zip(record["min_recalls"], record["chosen"]):
        call(choose_threshold, scores, labels, float(least)).gives(float(wanted))
    for threshold, *wanted in zip(record["thresholds"], record["precision"], record["recall"]):
        call(precision_recall, scores, labels, float(threshold)).gives(tuple(wanted), atol=1e-9)
