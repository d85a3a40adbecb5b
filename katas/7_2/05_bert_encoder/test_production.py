"""What goes silently wrong in real use, and one table of what is refused."""

import numpy as np
import pytest
from bert_encoder import attention, encode, gelu, layer_norm

from fixtures.checking import call
from fixtures.first_divergence import same_rows
from fixtures.katas.bert_encoder.reference import Bert, attend, drawn_bert, encoded, padded

NEAR = 1e-5  # float32 rounds to 1e-6; of the mistakes the tanh form of GELU is nearest: 1e-4
BERT = drawn_bert(8, eps=1e-2)
IDS = np.array([[2, 41, 17, 60, 3], [2, 9, 3, 0, 0]])
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
WANTED = encoded(BERT, IDS, MASK)


def run(bert, ids, mask, heads=BERT.heads, eps=BERT.eps):
    """Prepare a call of encode."""
    return call(encode, bert.embedding, bert.blocks, ids, mask, heads, eps)


def converted(bert, dtype):
    """Return the same model in another dtype."""
    return Bert({name: tensor.astype(dtype) for name, tensor in bert.embedding.items()},
                [{name: tensor.astype(dtype) for name, tensor in block.items()} for block in bert.blocks],
                bert.heads, bert.eps)


def test_the_rows_of_the_padding_are_zero():
    run(BERT, IDS, MASK).gives(WANTED, atol=NEAR)


@pytest.mark.parametrize("anything", [5, -100, 30522])
def test_what_id_stands_in_the_padding_does_not_matter(anything):
    """-100 is what trainers put there; it must not be looked up either."""
    same_rows(run(BERT, np.where(MASK == 1, IDS, anything), MASK), WANTED, MASK, NEAR)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint64, np.float32])
def test_the_mask_may_be_of_any_dtype(dtype):
    """1 - mask of uint8 or bool is not what it seems, nor is a sum of uint8 minus one."""
    ids, left = IDS[:, ::-1], MASK[:, ::-1]
    same_rows(run(BERT, ids.astype(np.uint16), left.astype(dtype)), encoded(BERT, ids, left), left, NEAR)


def test_padding_needs_no_positions():
    """A batch may be wider than the table of positions, as long as no sentence is longer."""
    bert = drawn_bert(9, context=4, eps=BERT.eps)
    ids = np.array([[0, 0, 0, 2, 7, 9, 3], [2, 8, 3, 0, 0, 0, 0]])
    mask = np.array([[0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0]])
    same_rows(run(bert, ids, mask), encoded(bert, ids, mask), mask, NEAR)


def test_a_batch_of_no_sentences_gives_no_vectors():
    run(BERT, IDS[:0], MASK[:0]).gives(np.zeros((0, 5, 12), np.float32), dtype=np.float32)


@pytest.mark.parametrize("heads", [1, 4])
def test_sentences_of_one_token_and_of_many(heads):
    bert = drawn_bert(10, width=24, heads=heads, feed_forward=7, blocks=1, context=150, eps=BERT.eps)
    mask = (np.arange(150) < np.array([[1], [150], [37]])).astype(np.int64)
    ids = np.random.default_rng(10).integers(1, 80, mask.shape)
    same_rows(run(bert, ids, mask, heads), encoded(bert, ids, mask), mask, NEAR)


@pytest.mark.parametrize(("dtype", "atol"), [(np.float32, NEAR), (np.float64, 1e-12)])
def test_the_dtype_of_the_weights_is_kept(dtype, atol):
    """np.sqrt(2) and an epsilon of float64 make float32 arrays float64; a detour through float32 costs 1e-7."""
    run(converted(BERT, dtype), IDS[:1], MASK[:1], heads=np.int64(BERT.heads), eps=np.float64(BERT.eps)).gives(
        WANTED[:1], atol=atol, dtype=dtype)


def test_the_norm_of_numbers_far_from_zero():
    """float32 holds 7 digits: the mean of the squares less the square of the mean would be noise here."""
    x = np.random.default_rng(11).standard_normal((3, 64)).astype(np.float32) + np.float32(4000)
    exact = x.astype(np.float64)
    wanted = (exact - exact.mean(axis=1, keepdims=True)) / np.sqrt(exact.var(axis=1, keepdims=True) + 1e-12)
    # the mean is right to 2e-4 in float32; the difference of squares is off by 1 and more
    call(layer_norm, x, np.ones(64, np.float32), np.zeros(64, np.float32), 1e-12).gives(wanted, atol=2e-3)


def test_gelu_is_right_to_float32_everywhere():
    from scipy.special import ndtr

    x = np.concatenate([np.linspace(-9, 9, 4001), [-1e30, -50, 50, 1e30]]).astype(np.float32).reshape(-1, 5)
    call(gelu, x).gives(x * ndtr(x.astype(np.float64)), atol=1e-6, rtol=1e-6, dtype=np.float32)


@pytest.mark.filterwarnings("error:overflow")
def test_scores_of_a_thousand_do_not_overflow():
    """exp of 1000 is infinite, and here some padded keys have the largest score, by hundreds: -inf it must be, first.

    Then the largest score of a row can be subtracted from all of it.
    """
    weights = dict(BERT.blocks[0])
    weights["attn_q.weight"] = 300 * weights["attn_q.weight"]
    x = np.random.default_rng(12).standard_normal((1, 6, 12)).astype(np.float32)
    mask = np.array([[1, 1, 1, 1, 0, 0]])
    wanted = padded([attend(x[0, :4], weights, 3)], mask)
    # scores of 1000 have steps of 6e-5 in float32
    same_rows(call(attention, x, mask, weights, 3), wanted, mask, 2e-3)


REFUSED = {
    "ids that are no integers": ({"ids": IDS.astype(np.float32)}, TypeError, "token_ids"),
    "ids of True and False": ({"ids": IDS == 2}, TypeError, "token_ids"),
    "a sentence alone, without a batch": ({"ids": IDS[0], "mask": MASK[0]}, ValueError, "token_ids"),
    "a negative id, which takes a row from the end": ({"ids": np.where(IDS == 60, -1, IDS)}, ValueError, "token_ids"),
    "a batch of batches": ({"ids": IDS[None], "mask": MASK[None]}, ValueError, "token_ids"),
    "an id just beyond the vocabulary": ({"ids": np.where(IDS == 60, 86, IDS)}, ValueError, "token_ids"),
    "an id far beyond the vocabulary": ({"ids": np.where(IDS == 60, 30522, IDS)}, ValueError, "token_ids"),
    "more tokens than positions": ({"ids": np.ones((1, 17), int), "mask": np.ones((1, 17))}, ValueError, "token_ids"),
    "one mask for two sentences": ({"mask": MASK[:1]}, ValueError, "attention_mask"),
    "a mask of more columns": ({"mask": np.ones((2, 6), np.int64)}, ValueError, "attention_mask"),
    "an additive mask": ({"mask": np.where(MASK == 1, 0.0, -np.inf)}, ValueError, "attention_mask"),
    "a mask of weights": ({"mask": MASK * 0.5}, ValueError, "attention_mask"),
    "a sentence without a real token": ({"mask": MASK * [[1], [0]]}, ValueError, "attention_mask"),
    "heads that do not divide the width": ({"heads": 5}, ValueError, "heads"),
    "no heads": ({"heads": 0}, ValueError, "heads"),
    "a negative number of heads": ({"heads": -3}, ValueError, "heads"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    changed, error, argument = REFUSED[case]
    run(BERT, **({"ids": IDS, "mask": MASK} | changed)).raises(error, naming=argument)
