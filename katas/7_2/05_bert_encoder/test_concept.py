"""BERT part by part; numbers that a head can follow come first, then transformers' BertModel stage by stage."""

from math import log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from bert_encoder import attention, embed, encode, encoder_block, gelu, layer_norm
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.first_divergence import same_rows
from fixtures.katas import recorded
from fixtures.katas.bert_encoder.following import follow
from fixtures.katas.bert_encoder.reference import attend, drawn_bert, encoded, stages_of_batch

NEAR = 1e-5  # float32 rounds to 1e-6; of the mistakes the tanh form of GELU is nearest: 1e-4
FUNCTIONS = (embed, attention, encoder_block, encode)
ONES, ZEROS, EYE = np.ones(4, np.float32), np.zeros(4, np.float32), np.eye(4, dtype=np.float32)
X = np.array([2, 4, 6, 4], dtype=np.float32)  # mean 4, variance 2; with an epsilon of 2 it is divided by 2
NORMAL = np.array([-1, 0, 1, 0], dtype=np.float32)

# Queries that do not depend on the token: head 0 asks for ln 3 times the first number of a key, once divided by
# the root of its width; head 1 likes all keys alike. Keys and values are the tokens themselves.
ASKING = {
    "attn_q.weight": 0 * EYE, "attn_q.bias": np.array([sqrt(2) * log(3), 0, 0, 0], np.float32),
    "attn_k.weight": EYE, "attn_k.bias": ZEROS, "attn_v.weight": EYE, "attn_v.bias": ZEROS,
    "attn_output.weight": EYE, "attn_output.bias": ZEROS,
}
TOKENS = np.array([[[0, 8, 2, 5], [1, 4, 6, 1]]], dtype=np.float32)
ANSWER = np.array([0.75, 5, 4, 3])  # head 0: 1/4 (0, 8) + 3/4 (1, 4); head 1: the mean of (2, 5) and (6, 1)

IDS = np.array([[2, 41, 17, 60, 3], [2, 9, 9, 3, 0]])
RIGHT, LEFT, GAP = (np.array([[1, 1, 1, 1, 1], row]) for row in ([1, 1, 1, 1, 0], [0, 1, 1, 1, 1], [1, 1, 0, 1, 1]))
EVERY_MASK = pytest.mark.parametrize("mask", [RIGHT, LEFT, GAP], ids=["right", "left", "gap"])


# --- norm and GELU ---------------------------------------------------------------------------------------


def test_the_norm_takes_the_mean_away_and_divides_by_the_root_of_variance_plus_epsilon():
    call(layer_norm, X, ONES, ZEROS, 2.0).gives(NORMAL, atol=NEAR)


def test_the_norm_scales_and_shifts_each_number():
    weight, bias = np.array([3, 1, -2, 5], np.float32), np.array([1, 0, 0, 7], np.float32)
    call(layer_norm, X, weight, bias, 2.0).gives(np.array([-2, 0, -2, 7]), atol=NEAR)


def test_every_vector_has_its_own_norm():
    """The vector is the last axis, however many stand before it."""
    batch = np.stack([X, 3 * X, X + 100])[None]  # the second one has variance 18
    wanted = np.stack([NORMAL, 6 * NORMAL / sqrt(20), NORMAL])[None]
    call(layer_norm, batch, ONES, ZEROS, 2.0).gives(wanted, atol=NEAR)


def test_gelu_weighs_a_number_by_the_normal_distribution_up_to_it():
    """At 1 that is 0.8413: with tanh 0.8412, as x * sigmoid(1.702 x) 0.8458, with erf(x), no root of 2, 0.9214."""
    x = np.array([[0, 1, -1], [2, -2, 0.5]], dtype=np.float32)
    wanted = np.array([[float(n) * NormalDist().cdf(float(n)) for n in row] for row in x])
    call(gelu, x).gives(wanted, atol=2e-6)


@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=9))
def test_gelu_of_x_and_of_minus_x_differ_by_x(numbers):
    x = np.array(numbers, dtype=np.float32)
    down = call(gelu, -x).value
    call(gelu, x).gives(x + down, atol=2e-6)


# --- embeddings ------------------------------------------------------------------------------------------

TABLES = {
    "token_embd.weight": np.array([[9, 9, 9, 9], [1, 1, 1, 1], [5, 2, 0, 5]], np.float32),
    "token_types.weight": np.array([[1, 1, 2, 2], [7, 0, 0, 0]], np.float32),
    "position_embd.weight": np.array([[0, 2, 3, 1], [-4, 1, 4, -3], [8, 0, 0, 0], [1, 0, 6, 0]], np.float32),
    "token_embd_norm.weight": ONES, "token_embd_norm.bias": NORMAL,
}


def test_token_type_zero_and_position_are_added_and_normed():
    """(1 1 1 1) + (1 1 2 2) + (0 2 3 1) = (2 4 6 4), and so is the second token's sum. The norm comes last."""
    wanted = np.array([[2 * NORMAL, 2 * NORMAL]])
    call(embed, TABLES, np.array([[1, 2]]), np.array([[1, 1]]), 2.0).gives(wanted, atol=NEAR)


def test_positions_count_the_real_tokens():
    """Behind two columns of padding the first real token still has position 0."""
    mask = np.array([[0, 0, 1, 1]])
    same_rows(call(embed, TABLES, np.array([[0, 0, 1, 2]]), mask, 2.0),
              np.array([[0 * X, 0 * X, 2 * NORMAL, 2 * NORMAL]]), mask, NEAR)


# --- attention -------------------------------------------------------------------------------------------


def test_two_heads_weigh_the_tokens_each_for_itself():
    """Head 0 scores 0 and ln 3: exp makes 1 and 3, weights of 1/4 and 3/4. Not divided by sqrt(2), 0.75 is 0.83."""
    call(attention, TOKENS, np.array([[1, 1]]), ASKING, 2).gives(np.array([[ANSWER, ANSWER]]), atol=NEAR)


@EVERY_MASK
def test_nobody_looks_at_the_padding(mask):
    """All keys are alike: every token's result is the mean of the real ones."""
    x = np.array([[[8, 1, 0, 2], [4, 3, 6, 0], [0, 5, 3, 7], [2, 2, 9, 1], [6, 4, 2, 5]]] * 2, dtype=np.float32)
    wanted = np.stack([np.tile(row[real == 1].mean(axis=0), (5, 1)) for row, real in zip(x, mask)])
    alike = {"attn_k.weight": 0 * EYE, "attn_k.bias": ONES}
    same_rows(call(attention, x, mask, ASKING | alike, 2), wanted, mask, NEAR)


def test_a_weight_is_out_by_in_and_has_a_bias():
    """Row 0 of attn_output picks number 1 of the mixture, row 1 number 2, row 2 number 3, row 3 number 0."""
    output = {"attn_output.weight": EYE[[1, 2, 3, 0]], "attn_output.bias": np.array([10, 20, 30, 40], np.float32)}
    wanted = ANSWER[[1, 2, 3, 0]] + [10, 20, 30, 40]
    call(attention, TOKENS, np.array([[1, 1]]), ASKING | output, 2).gives(np.array([[wanted, wanted]]), atol=NEAR)


@pytest.mark.parametrize("heads", [1, 2, 3, 6, 12])
def test_attention_follows_the_definition(heads):
    [weights] = drawn_bert(heads, blocks=1).blocks
    x = np.random.default_rng(heads).standard_normal((2, 5, 12)).astype(np.float32)
    wanted = np.stack([attend(sentence, weights, heads) for sentence in x])
    call(attention, x, np.ones((2, 5), dtype=np.int64), weights, heads).gives(wanted, atol=NEAR)


# --- a block ---------------------------------------------------------------------------------------------

INPUT = np.array([[[1, 4, 6, 3]]], dtype=np.float32)
CONSTANT = {  # attention always adds (1, 0, 0, 1), the feed-forward part (3, 4, 5, 4)
    **ASKING, "attn_output.weight": 0 * EYE, "attn_output.bias": np.array([1, 0, 0, 1], np.float32),
    "attn_output_norm.weight": ONES, "attn_output_norm.bias": ZEROS,
    "ffn_up.weight": 0 * EYE[:3], "ffn_up.bias": ZEROS[:3], "ffn_down.weight": 0 * EYE[:, :3],
    "ffn_down.bias": np.array([3, 4, 5, 4], np.float32),
    "layer_output_norm.weight": 10 * ONES, "layer_output_norm.bias": ONES,
}


def test_a_block_adds_and_norms_twice():
    """Without the first sum -9 would be -3.4, without the second -5.3, without the first norm -10.8.

    (1 4 6 3) + (1 0 0 1) normed is (-1 0 1 0), + (3 4 5 4) is (2 4 6 4), normed, times 10, plus 1 (-9 1 11 1).
    """
    call(encoder_block, INPUT, np.array([[1]]), CONSTANT, 2, 2.0).gives((10 * NORMAL + 1)[None, None], atol=NEAR)


def test_the_feed_forward_part_goes_up_through_gelu_and_down():
    """One hidden number, -1 in each token: its GELU, -0.1587, goes to the first number alone."""
    up = {"ffn_up.bias": -ONES[:1], "ffn_up.weight": 0 * EYE[:1], "ffn_down.bias": ZEROS, "ffn_down.weight": EYE[:, :1]}
    plain = {"layer_output_norm.weight": ONES}
    summed = NORMAL + np.array([-NormalDist().cdf(-1), 0, 0, 0])
    wanted = 1 + (summed - summed.mean()) / sqrt(summed.var() + 2)
    call(encoder_block, INPUT, np.array([[1]]), CONSTANT | up | plain, 2, 2.0).gives(wanted[None, None], atol=2e-6)


# --- the whole -------------------------------------------------------------------------------------------


def test_every_stage_is_that_of_transformers():
    """Recorded: transformers' BertModel, two blocks, three sentences padded on the right."""
    record = recorded("bert_encoder")
    follow(FUNCTIONS, drawn_bert(72, eps=1e-2), record["ids"], record["mask"],
           {name: stage for name, stage in record.items() if name not in ("ids", "mask", "versions")}, NEAR)


@EVERY_MASK
def test_every_stage_follows_the_definition_wherever_the_padding_is(mask):
    bert = drawn_bert(5, blocks=3, heads=4)
    follow(FUNCTIONS, bert, IDS, mask, stages_of_batch(bert, IDS, mask), NEAR)


@given(st.data())
def test_more_padding_changes_nothing(data):
    """Padding is put in at drawn places: the vectors of the real tokens stay."""
    bert = drawn_bert(6, blocks=1)
    tokens = np.array(data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=5)))
    places = data.draw(st.lists(st.integers(0, len(tokens)), max_size=4))
    ids, mask = np.insert(tokens, places, 0)[None], np.insert(np.ones(len(tokens), np.int64), places, 0)[None]
    same_rows(call(encode, bert.embedding, bert.blocks, ids, mask, bert.heads, bert.eps),
              encoded(bert, ids, mask), mask, NEAR)
