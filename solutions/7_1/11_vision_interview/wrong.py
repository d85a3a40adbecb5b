"""Wrong predictions that people give to the interview questions; each docstring says what was misunderstood."""

import numpy as np
from vision_interview import (
    brightness_seen,
    cost_of_a_picture,
    detail_seen,
    right_by_accident,
    share_kept,
    sharpened,
    times_the_work,
    tokens_computed,
)

from fixtures.checking import wrong_answer_to


@wrong_answer_to(detail_seen)
def takes_one_scale_for_both(detail, size, side):
    """A crop is resized by the shorter edge, a letterbox by the longer one: what is left in a crop is seen larger than
    in the letterbox.
    """
    seen = detail * side / max(size)
    return seen, seen, min(size) / max(size)


@wrong_answer_to(brightness_seen)
def exchanges_training_and_file(value, trained, given):
    """Forth with the numbers of the file, back with those of the training: you went the other way."""
    return (given[0] + (value / 255 - trained[0]) * given[1] / trained[1]) * 255


@wrong_answer_to(share_kept)
def forgets_the_channels(patch_size, width):
    """A patch of RGB pixels has three numbers a pixel."""
    return min(1.0, width / patch_size**2)


@wrong_answer_to(times_the_work)
def takes_attention_for_everything(patches, width, factor):
    """Only the two products of the attention grow with the square of the patches. Those with weights grow as the
    patches do, and in a wide encoder they are most of the work.
    """
    return factor**4


@wrong_answer_to(times_the_work)
def leaves_out_the_attention(patches, width, factor):
    """The products with weights grow as the patches do. Those of the attention, each patch with each, grow with the
    square of that.
    """
    return factor**2


@wrong_answer_to(cost_of_a_picture)
def counts_the_class_token(side, patch_size, blocks, kv_heads, head_width):
    """LLaVA drops the class token before the projector: the text model gets patches alone."""
    tokens = (int(side) // int(patch_size))**2 + 1
    return tokens, tokens * int(blocks) * 2 * int(kv_heads) * int(head_width) * 2


@wrong_answer_to(cost_of_a_picture)
def forgets_the_values(side, patch_size, blocks, kv_heads, head_width):
    """A factor of two is missing: there is a value beside each key, and each of their numbers takes two bytes."""
    tokens = (int(side) // int(patch_size))**2
    return tokens, tokens * int(blocks) * int(kv_heads) * int(head_width) * 2


@wrong_answer_to(tokens_computed)
def keeps_what_stands_behind_a_change(questions, system, picture, question, picture_first):
    """A cache is right up to the first token that changed. The picture's tokens have looked at what stands before
    them: behind another question they have other keys and values.
    """
    return questions * (system + picture + question), system + picture + questions * question


@wrong_answer_to(right_by_accident)
def takes_the_answers_for_equally_frequent(counts):
    """One in so many answers is right only if all are equally frequent: two pictures agree more often the more
    questions have the commonest answer.
    """
    counts = np.asarray(counts, dtype=np.float64)
    return float(counts.max() / counts.sum()), 1 / len(counts)


@wrong_answer_to(right_by_accident)
def takes_the_perfect_model_for_the_constant_one(counts):
    """A perfect model says what is on the wrong picture, not always the commonest answer: both pictures must have the
    same one, whichever it is.
    """
    counts = np.asarray(counts, dtype=np.float64)
    most = float(counts.max() / counts.sum())
    return most, most


@wrong_answer_to(sharpened)
def changes_nothing(probabilities, factor):
    """The order of the classes stays at every scale, their probabilities do not."""
    return np.array(probabilities, dtype=np.float64)


@wrong_answer_to(sharpened)
def takes_the_scale_for_the_temperature(probabilities, factor):
    """The scale is 1 / temperature: a larger scale brings the probabilities nearer to 0 and 1, not nearer together."""
    shares = np.asarray(probabilities, dtype=np.float64)
    powers = (shares / shares.max(axis=1, keepdims=True)) ** (1 / factor)
    return powers / powers.sum(axis=1, keepdims=True)
