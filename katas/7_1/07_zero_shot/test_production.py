import numpy as np
import pytest
from zero_shot import (
    choose_threshold,
    contrastive_logits,
    contrastive_loss,
    precision_recall,
    recall_at_k,
    zero_shot_probabilities,
)

from fixtures.checking import call
from fixtures.katas.zero_shot import reference

IMAGES = np.array([[3, 4], [0, 2]], dtype=np.float32)
TEXTS = np.array([[1, 0], [0, 5]], dtype=np.float32)
COSINES = np.array([[0.6, 0.8], [0, 1]], dtype=np.float32)
HUNDRED = float(np.log(100))  # what CLIP's scale ends at


@pytest.mark.parametrize(("images", "texts", "wanted"), [
    (np.float32, np.float32, np.float32), (np.float16, np.float16, np.float32), (np.float16, np.float64, np.float64),
    (np.float64, np.float32, np.float64), (np.int64, np.float32, np.float32)])
def test_the_dtype_of_the_scores(images, texts, wanted):
    given = IMAGES.astype(images), TEXTS.astype(texts)
    call(contrastive_logits, *given, np.float32(1)).gives(np.e * COSINES, atol=1e-5, dtype=wanted)
    call(zero_shot_probabilities, given[0], given[1][:, None], np.float64(1)).gives(
        np.exp(np.e * COSINES) / np.exp(np.e * COSINES).sum(axis=1, keepdims=True), atol=1e-5, dtype=wanted)


@pytest.mark.parametrize(("dtype", "factor"), [(np.float16, 1e4), (np.float32, 1e-30), (np.float32, 1e30)])
def test_embeddings_may_be_very_long_or_short(dtype, factor):
    """The squares leave their dtype."""
    given = (IMAGES * factor).astype(dtype)
    call(contrastive_logits, given, TEXTS, 1.0).gives(np.e * COSINES, atol=2e-3)  # float16 rounds


def test_scores_of_a_trained_clip_do_not_overflow():
    """exp(100) is too large for float32, exp(-100) too small."""
    logits = np.array([[100, -100], [0, 100]], dtype=np.float32)
    call(contrastive_loss, logits).gives(0.0, atol=1e-6)
    call(contrastive_loss, logits[::-1].copy()).gives(150.0, atol=1e-3)
    call(zero_shot_probabilities, IMAGES, TEXTS[:, None], HUNDRED).gives(
        np.array([[np.exp(-20), 1], [np.exp(-100), 1]]), atol=1e-6)


def test_the_largest_log_scale_is_ten():
    call(contrastive_logits, IMAGES, TEXTS, 10).gives(np.exp(10) * COSINES, atol=0.1)  # of 22,026, rounded at 1e-6
    call(contrastive_logits, IMAGES, TEXTS, -1).gives(np.exp(-1) * COSINES, atol=1e-5)


def test_a_batch_may_be_of_one_image_or_none():
    call(contrastive_logits, IMAGES[:0], TEXTS, 1.0).gives(np.zeros((0, 2)))
    call(zero_shot_probabilities, IMAGES[:1], TEXTS[:, None], 0.0).gives(
        [np.exp([0.6, 0.8]) / np.exp([0.6, 0.8]).sum()], atol=1e-5)


def test_recall_of_more_pairs_than_one_reads():
    """1,000 pairs, some of them well matched; a k above their number finds everything."""
    rng = np.random.default_rng(7)
    scores = rng.normal(0, 1, (1000, 1000)) + 3 * np.eye(1000)
    call(recall_at_k, scores.astype(np.float32), np.int64(5)).gives(reference.recall(scores.tolist(), 5), atol=1e-9)
    call(recall_at_k, np.array([[3, 1, 2], [1, 1, 0], [2, 0, 1]]), 10**12).gives((1.0, 1.0))


def test_the_threshold_of_float32_scores_stops_what_it_was_chosen_for():
    """0.1 of float32 is above 0.1: the threshold is one of the scores."""
    scores, labels = np.array([0.1, 0.3, 0.2, 0.7], dtype=np.float32), np.array([True, True, False, True])
    threshold = call(choose_threshold, scores, labels, 1.0).gives(float(np.float32(0.1)))
    call(precision_recall, scores, labels, threshold).gives((0.75, 1.0))


@pytest.mark.parametrize(("hits", "of"), [(7, 100), (14, 25), (29, 50), (1, 1)])
def test_a_recall_of_just_what_was_asked_is_enough(hits, of):
    """0.07 * 100 is 7.000000000000001: compare the recall, do not round up a number of hits."""
    scores = np.concatenate([np.full(hits, 0.9), np.full(of - hits, 0.5), np.full(3 * of, 0.6)])
    labels = np.repeat([1, 1, 0], [hits, of - hits, 3 * of])
    call(choose_threshold, scores, labels, hits / of).gives(0.9)


def test_of_equally_precise_thresholds_the_one_that_finds_more():
    call(choose_threshold, [0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0], 0.3).gives(0.7)
    call(choose_threshold, [0.9, 0.8], [1, 1], 0.5).gives(0.8)  # all are to be stopped
    call(choose_threshold, [5, 4, 3], [1, 0, 1], np.float32(0.25)).gives(5.0)
    call(choose_threshold, np.array([3, 2, 0], dtype=np.uint8), [1, 0, 0], 1).gives(3.0)


def test_nothing_stopped_has_no_precision():
    call(precision_recall, [0.2, 0.1], [1, 0], 0.5).gives((float("nan"), 0.0))
    call(precision_recall, [0.2, 0.1], [True, False], np.inf).gives((float("nan"), 0.0))


def test_scores_of_minus_infinity_are_scores():
    """What a mask excluded stands last."""
    call(choose_threshold, [-np.inf, 1.0, 0.5], [0, 0, 1], 1.0).gives(0.5)
    call(recall_at_k, np.array([[1.0, -np.inf], [-np.inf, 0.0]]), 1).gives((1.0, 1.0))


TWO = np.eye(2, dtype=np.float32)
REFUSED = {
    "texts of another width": (contrastive_logits, (TWO, np.ones((2, 3)), 1.0), ValueError, "text_embeddings"),
    "texts that are narrower": (contrastive_logits, (np.ones((2, 3)), TWO, 1.0), ValueError, "text_embeddings"),
    "a vector a patch, not one an image": (contrastive_logits, (np.ones((2, 3, 2)), TWO, 1.0), ValueError,
                                           "image_embeddings"),
    "one image, not a row of them": (contrastive_logits, (TWO[0], TWO, 1.0), ValueError, "image_embeddings"),
    "an image of zeros": (contrastive_logits, (TWO * [[1], [0]], TWO, 1.0), ValueError, "image_embeddings"),
    "a text with NaN": (contrastive_logits, (TWO, TWO * [[np.nan], [1]], 1.0), ValueError, "text_embeddings"),
    "a text with infinity": (contrastive_logits, (TWO, np.diag([np.inf, 1]), 1.0), ValueError, "text_embeddings"),
    "the scale, not its logarithm": (contrastive_logits, (TWO, TWO, 100.0), ValueError, "log_scale"),
    "a scale of 11": (contrastive_logits, (TWO, TWO, 11), ValueError, "log_scale"),
    "a log_scale that is NaN": (contrastive_logits, (TWO, TWO, np.nan), ValueError, "log_scale"),
    "a log_scale of minus infinity": (contrastive_logits, (TWO, TWO, -np.inf), ValueError, "log_scale"),
    "prompts without an axis of templates": (zero_shot_probabilities, (TWO, TWO, 1.0), ValueError, "prompt_embeddings"),
    "a prompt of zeros": (zero_shot_probabilities, (TWO, np.eye(3, 2)[None], 1.0), ValueError, "prompt_embeddings"),
    "wider prompts": (zero_shot_probabilities, (TWO, np.eye(2, 3)[:, None], 1.0), ValueError, "prompt_embeddings"),
    "narrower prompts": (zero_shot_probabilities, (TWO, np.ones((2, 1, 1)), 1.0), ValueError, "prompt_embeddings"),
    "prompts that cancel each other out": (zero_shot_probabilities, (TWO, np.array([[[1.0, 0], [-1, 0]]]), 1.0),
                                           ValueError, "prompt_embeddings"),
    "no prompts": (zero_shot_probabilities, (TWO, np.ones((2, 0, 2)), 1.0), ValueError, "prompt_embeddings"),
    "a loss of unequal numbers": (contrastive_loss, (np.zeros((2, 3)),), ValueError, "logits"),
    "a loss of one row": (contrastive_loss, (np.zeros(3),), ValueError, "logits"),
    "a loss of several batches": (contrastive_loss, (np.zeros((2, 2, 2)),), ValueError, "logits"),
    "a loss of nothing": (contrastive_loss, (np.zeros((0, 0)),), ValueError, "logits"),
    "a loss of NaN": (contrastive_loss, (np.array([[1, np.nan], [0, 1]]),), ValueError, "logits"),
    "recall of unequal numbers": (recall_at_k, (np.zeros((3, 2)), 1), ValueError, "scores"),
    "recall of nothing": (recall_at_k, (np.zeros((0, 0)), 1), ValueError, "scores"),
    "recall of one NaN": (recall_at_k, (np.array([[1, np.nan], [0, 1]]), 1), ValueError, "scores"),
    "the best 0": (recall_at_k, (TWO, 0), ValueError, "k"),
    "labels too few": (precision_recall, ([0.1, 0.2], [1], 0.5), ValueError, "labels"),
    "labels too many": (precision_recall, ([0.1, 0.2], [1, 0, 0], 0.5), ValueError, "labels"),
    "labels of -1 and 1": (precision_recall, ([0.1, 0.2], [-1, 1], 0.5), ValueError, "labels"),
    "labels of 1 and 2": (precision_recall, ([0.1, 0.2], [1, 2], 0.5), ValueError, "labels"),
    "nothing to find": (precision_recall, ([0.1, 0.2], [0, 0], 0.5), ValueError, "labels"),
    "a score that is NaN": (precision_recall, ([0.1, np.nan], [0, 1], 0.5), ValueError, "scores"),
    "one score": (choose_threshold, (0.5, 1, 0.5), ValueError, "scores"),
    "a table of scores": (choose_threshold, ([[0.1, 0.2]], [[0, 1]], 0.5), ValueError, "scores"),
    "a recall of 95": (choose_threshold, ([0.1, 0.2], [0, 1], 95), ValueError, "min_recall"),
    "a recall of 1.5": (choose_threshold, ([0.1, 0.2], [0, 1], 1.5), ValueError, "min_recall"),
    "a recall below 0": (choose_threshold, ([0.1, 0.2], [0, 1], -0.5), ValueError, "min_recall"),
    "a recall of 0": (choose_threshold, ([0.1, 0.2], [0, 1], 0.0), ValueError, "min_recall"),
    "a recall that is NaN": (choose_threshold, ([0.1, 0.2], [0, 1], np.nan), ValueError, "min_recall"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, argument = REFUSED[case]
    call(function, *arguments).raises(error, naming=argument)
