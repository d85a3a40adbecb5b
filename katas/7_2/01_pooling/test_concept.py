import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pooling import cls_pool, l2_normalize, last_token_pool, mean_pool

from fixtures.checking import call
from fixtures.katas import recorded

# Two sentences of width 3: the first has 2 real tokens and 3 of padding, the second 4 and 1.
TOKENS = np.array([
    [[1, 2, 3], [3, 6, -1], [9, 9, 9], [8, 8, 8], [7, 7, 7]],
    [[2, 0, 1], [4, 1, 1], [6, 2, 1], [0, 5, 1], [-9, -9, -9]],
], dtype=np.float32)
MASK = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
# The same sentences with the padding on the left, as batched decoders have it.
LEFT_TOKENS = np.stack([np.roll(TOKENS[0], 3, axis=0), np.roll(TOKENS[1], 1, axis=0)])
LEFT_MASK = np.array([[0, 0, 0, 1, 1], [0, 1, 1, 1, 1]])
GAPS = np.array([[0, 1, 0, 1, 0], [0, 0, 1, 0, 1]])

MEANS = np.array([[2, 4, 1], [3, 2, 1]], dtype=np.float32)
FIRSTS = np.array([[1, 2, 3], [2, 0, 1]], dtype=np.float32)
LASTS = np.array([[3, 6, -1], [0, 5, 1]], dtype=np.float32)
NEAR = 1e-6  # float32 rounds to 3e-7 here; one token too many or too few is off by 0.1 and more


def test_the_mean_of_a_sentence_is_over_its_real_tokens():
    call(mean_pool, TOKENS, MASK).gives(MEANS, atol=NEAR)


def test_the_mean_does_not_care_on_which_side_the_padding_is():
    call(mean_pool, LEFT_TOKENS, LEFT_MASK).gives(MEANS, atol=NEAR)


def test_the_mean_skips_padding_between_tokens():
    call(mean_pool, TOKENS, GAPS).gives(np.array([[5.5, 7, 3.5], [-1.5, -3.5, -4]], dtype=np.float32), atol=NEAR)


def test_the_mask_may_be_of_true_and_false():
    call(mean_pool, TOKENS, MASK == 1).gives(MEANS, atol=NEAR)


def test_the_mean_is_that_of_sentence_transformers():
    record = recorded("pooling")
    call(mean_pool, record["tokens"], record["mask"]).gives(record["mean"], atol=NEAR)


def test_cls_takes_the_first_token():
    call(cls_pool, TOKENS, MASK).gives(FIRSTS)


def test_cls_takes_the_first_real_token_behind_left_padding():
    call(cls_pool, LEFT_TOKENS, LEFT_MASK).gives(FIRSTS)


def test_last_takes_the_last_real_token_before_the_padding():
    call(last_token_pool, TOKENS, MASK).gives(LASTS)


def test_last_takes_the_last_token_behind_left_padding():
    call(last_token_pool, LEFT_TOKENS, LEFT_MASK).gives(LASTS)


def test_first_and_last_do_not_mind_padding_between_tokens():
    call(cls_pool, TOKENS, GAPS).gives(np.array([[3, 6, -1], [6, 2, 1]], dtype=np.float32))
    call(last_token_pool, TOKENS, GAPS).gives(np.array([[8, 8, 8], [-9, -9, -9]], dtype=np.float32))


def test_first_and_last_are_those_of_sentence_transformers():
    record = recorded("pooling")
    call(cls_pool, record["tokens"], record["mask"]).gives(record["cls"])
    call(last_token_pool, record["tokens"], record["mask"]).gives(record["lasttoken"])


@pytest.mark.parametrize("pool", [mean_pool, cls_pool, last_token_pool], ids=lambda pool: pool.__name__)
@given(st.data())
def test_more_padding_changes_nothing(pool, data):
    """Padding is put in at drawn places, with drawn numbers in it: the vector of the sentence stays."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    sentence = rng.standard_normal((data.draw(st.integers(1, 6)), 3)).astype(np.float32)
    places = data.draw(st.lists(st.integers(0, len(sentence)), min_size=1, max_size=5))
    padded = np.insert(sentence, places, rng.uniform(-9, 9, (len(places), 3)), axis=0)
    mask = np.insert(np.ones(len(sentence), dtype=np.int64), places, 0)
    bare = call(pool, sentence[None], np.ones((1, len(sentence)), dtype=np.int64)).value
    call(pool, padded[None], mask[None]).gives(bare, atol=NEAR)


def test_every_vector_gets_length_one():
    vectors = np.array([[3, 4, 0], [0, -5, 12]], dtype=np.float32)
    call(l2_normalize, vectors).gives(
        np.array([[3 / 5, 4 / 5, 0], [0, -5 / 13, 12 / 13]], dtype=np.float32), atol=NEAR)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 2, 3)])
def test_the_last_axis_is_the_vector(shape):
    """(2, -1, 2) has length 3, and (6, 2, 3) length 7."""
    vectors = np.resize(np.array([2.0, -1, 2, 6, 2, 3]), shape)
    lengths = np.resize(np.array([3.0, 7]), (*shape[:-1], 1))
    call(l2_normalize, vectors).gives(vectors / lengths, atol=NEAR)
