"""Your functions on the shipped matcher: pictures through llama.cpp's image encoder, texts through its BERT."""

import numpy as np
import pytest
from zero_shot import choose_threshold, contrastive_logits, precision_recall, recall_at_k, zero_shot_probabilities

from fixtures.checking import call
from fixtures.katas.zero_shot import pictures

pytestmark = pytest.mark.llama


@pytest.fixture(scope="module")
def matcher():
    from fixtures.models.trained.matcher.matching import open_matcher

    with open_matcher() as opened:
        yield opened


@pytest.mark.parametrize("seed", [71_001, 71_002])
def test_a_hundred_pictures_and_their_descriptions_find_each_other(matcher, seed):
    """Scenes that the training never saw, each with another description. The goal was 0.9 in both directions."""
    images, texts = pictures.described(matcher, seed, 100)
    logits = call(contrastive_logits, images, texts, matcher.log_scale).value
    call(recall_at_k, logits, 1).satisfies(lambda both: min(both) >= 0.9, "at least 90 % in both directions")
    others = np.roll(texts, 1, axis=0)
    call(recall_at_k, call(contrastive_logits, images, others, matcher.log_scale).value, 1).satisfies(
        lambda both: max(both) <= 0.1, "with the descriptions of other pictures at most 10 %")


def test_pictures_of_one_thing_are_named_without_a_word_of_training_for_it(matcher):
    """24 names of colour and shape, each in four templates."""
    images, names, right = pictures.single_things(matcher, seed=71_003, count=120)
    prompts = pictures.prompts(matcher, names)
    call(zero_shot_probabilities, images, prompts, matcher.log_scale).satisfies(
        lambda shares: (np.argmax(shares, axis=1) == right).mean() >= 0.95, "95 % of the pictures are named right")


def test_a_gate_that_was_chosen_on_one_set_holds_on_another(matcher):
    """Pictures with a cross are to be stopped. The threshold comes from 300 pictures, the figures from 300 others."""
    known = pictures.with_a(matcher, "cross", 71_004, 300)
    scores = call(contrastive_logits, known.images, known.prompt, matcher.log_scale).value[:, 0]
    threshold = call(choose_threshold, scores, known.labels, 0.95).value
    other = pictures.with_a(matcher, "cross", 71_005, 300)
    scores = call(contrastive_logits, other.images, known.prompt, matcher.log_scale).value[:, 0]
    call(precision_recall, scores, other.labels, threshold).satisfies(
        lambda both: both[0] >= 0.85 and both[1] >= 0.9, "precision of 0.85 and recall of 0.9 on the other pictures")


def test_a_threshold_on_probabilities_falls_with_the_list_of_classes(matcher):
    """The same pictures, the same class; twelve more classes beside it. The scores stay, the probabilities do not."""
    known = pictures.with_a(matcher, "cross", 71_004, 60)
    few = pictures.prompts(matcher, ["cross", "circle"])
    many = pictures.prompts(matcher, ["cross", "circle", *(f"{color} cross" for color in pictures.COLORS),
                                      *(f"{color} circle" for color in pictures.COLORS)])
    with_few, with_many = (call(zero_shot_probabilities, known.images, prompts, matcher.log_scale).value[:, 0]
                           for prompts in (few, many))
    threshold = call(choose_threshold, with_few, known.labels, 0.9).value
    found = call(precision_recall, with_few, known.labels, threshold).value[1]
    call(precision_recall, with_many, known.labels, threshold).satisfies(
        lambda both: both[1] < found - 0.3, f"of the {found:.0%} that were found with two classes far fewer with 14")
