"""The vision encoder part by part; numbers that a head can follow come first, then transformers stage by stage."""

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vision_encoder import Encoder, attention, encoder_block, gelu, hidden_state, image_features, layer_norm

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.vision_encoder.following import follow
from fixtures.katas.vision_encoder.reference import attend, block_weights, drawn_fields, stages

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes quick GELU for tanh is nearest: 1e-2
FUNCTIONS = (layer_norm, attention, encoder_block, hidden_state, image_features)
ONES, ZEROS, EYE = np.ones(4, np.float32), np.zeros(4, np.float32), np.eye(4, dtype=np.float32)
X = np.array([2, 4, 6, 4], dtype=np.float32)  # mean 4, variance 2; with an epsilon of 2 it is divided by 2
NORMAL = np.array([-1, 0, 1, 0], dtype=np.float32)

# Queries that do not depend on the token: head 0 asks for ln 3 times the first number of a key, once divided by
# the root of its width; head 1 likes all keys alike. Keys and values are the tokens themselves.
ASKING = {
    "attn_q.weight": 0 * EYE, "attn_q.bias": np.array([sqrt(2) * log(3), 0, 0, 0], np.float32),
    "attn_k.weight": EYE, "attn_k.bias": ZEROS, "attn_v.weight": EYE, "attn_v.bias": ZEROS,
    "attn_out.weight": EYE, "attn_out.bias": ZEROS,
}
TOKENS = np.array([[[0, 8, 2, 5], [1, 4, 6, 1]]], dtype=np.float32)
ANSWER = np.array([0.75, 5, 4, 3])  # head 0: 1/4 (0, 8) + 3/4 (1, 4); head 1: the mean of (2, 5) and (6, 1)


# --- norm and GELU ---------------------------------------------------------------------------------------


def test_the_norm_takes_the_mean_away_and_divides_by_the_root_of_variance_plus_epsilon():
    """(2 4 6 4) has the mean 4 and the variance 2, over all four numbers: with an epsilon of 2 it is divided by 2."""
    weights = {"ln1.weight": np.array([3, 1, -2, 5], np.float32), "ln1.bias": np.array([1, 0, 0, 7], np.float32)}
    call(layer_norm, X[None, None], weights, "ln1", 2.0).gives(np.array([[[-2, 0, -2, 7]]]), atol=NEAR)


def test_quick_gelu_weighs_a_number_by_a_sigmoid():
    """sigmoid(ln 3) is 3/4 and sigmoid(-ln 3) is 1/4; the number itself is ln 3 / 1.702."""
    x = np.array([1, -1, 0], dtype=np.float32) * np.float32(log(3) / 1.702)
    call(gelu, x, "quick").gives(x * np.array([0.75, 0.25, 0.5]), atol=1e-6)


def test_the_tanh_form_is_another_function():
    """At 1 it is 0.84119 and at -1 -0.15881; quick GELU gives 0.84580 and -0.15420, the exact one 0.84134."""
    call(gelu, np.array([1, -1, 2], np.float32), "tanh").gives(np.array([0.841192, -0.158808, 1.954598]), atol=2e-6)


@pytest.mark.parametrize("form", ["quick", "tanh"])
@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=9))
def test_gelu_of_x_and_of_minus_x_differ_by_x(form, numbers):
    x = np.array(numbers, dtype=np.float32)
    down = call(gelu, -x, form).value
    call(gelu, x, form).gives(x + down, atol=2e-6)


# --- attention -------------------------------------------------------------------------------------------


def test_two_heads_weigh_the_tokens_each_for_itself():
    """Head 0 scores the tokens 0 and ln 3: exp makes 1 and 3 of them, so their weights are 1/4 and 3/4."""
    call(attention, TOKENS, ASKING, 2).gives(np.array([[ANSWER, ANSWER]]), atol=NEAR)


def test_every_patch_sees_every_other():
    """All keys are alike: each result is the mean of all tokens of its image, for the first token as for the last."""
    x = np.array([[[8, 1, 0, 2], [4, 3, 6, 0], [0, 5, 3, 7]], [[2, 2, 9, 1], [6, 4, 2, 5], [1, 3, 1, 3]]], np.float32)
    alike = {"attn_k.weight": 0 * EYE, "attn_k.bias": ONES}
    wanted = np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape)
    call(attention, x, ASKING | alike, 2).gives(wanted, atol=NEAR)


def test_a_weight_is_out_by_in_and_has_a_bias():
    """Row 0 of attn_out picks number 1 of the mixture, row 1 number 2, row 2 number 3, row 3 number 0."""
    out = {"attn_out.weight": EYE[[1, 2, 3, 0]], "attn_out.bias": np.array([10, 20, 30, 40], np.float32)}
    wanted = ANSWER[[1, 2, 3, 0]] + np.array([10, 20, 30, 40])
    call(attention, TOKENS, ASKING | out, 2).gives(np.array([[wanted, wanted]]), atol=NEAR)


@pytest.mark.parametrize("heads", [1, 2, 3, 6, 12])
def test_attention_follows_the_definition(heads):
    own = block_weights(drawn_fields(heads, blocks=1)["weights"], 0)
    x = np.random.default_rng(heads).standard_normal((2, 5, 12)).astype(np.float32)
    call(attention, x, own, heads).gives(np.stack([attend(image, own, heads) for image in x]), atol=NEAR)


@given(st.permutations(range(5)))
def test_attention_knows_no_order(order):
    """Tokens that change places take their results with them: where a patch lies is told by its position alone."""
    own = block_weights(drawn_fields(7, blocks=1)["weights"], 0)
    x = np.random.default_rng(7).standard_normal((1, 5, 12)).astype(np.float32)
    straight = call(attention, x, own, 3).value
    call(attention, x[:, order], own, 3).gives(straight[:, order], atol=NEAR)


# --- a block ---------------------------------------------------------------------------------------------

SILENT = {  # attention always adds (1 0 0 0), the feed-forward part (0 0 0 1)
    **ASKING, "attn_out.weight": 0 * EYE, "attn_out.bias": EYE[0], "ln1.weight": ONES, "ln1.bias": ZEROS,
    "ln2.weight": ONES, "ln2.bias": ZEROS, "ffn_up.weight": 0 * EYE[:3], "ffn_up.bias": ZEROS[:3],
    "ffn_down.weight": 0 * EYE[:, :3], "ffn_down.bias": EYE[3],
}


def test_a_block_adds_to_what_it_got():
    """(2 4 6 4) + (1 0 0 0) + (0 0 0 1): what is normed goes into the parts, what is added to is not normed."""
    call(encoder_block, X[None, None], SILENT, 2, 2.0, "quick").gives(np.array([[[3, 4, 6, 5]]]), atol=NEAR)


def test_attention_gets_the_first_norm():
    """One token: its value is all it sees. (2 4 6 4) normed is (-1 0 1 0), and that is added."""
    seen = {"attn_out.weight": EYE, "attn_out.bias": ZEROS}
    wanted = X + NORMAL + EYE[3]
    call(encoder_block, X[None, None], SILENT | seen, 2, 2.0, "quick").gives(wanted[None, None], atol=NEAR)


def test_the_feed_forward_part_gets_the_second_norm_and_goes_through_gelu():
    """(1 4 6 4) + (1 0 0 0) is (2 4 6 4), normed (-1 0 1 0): up picks the 1, quick GELU makes 0.8458 of it."""
    path = {"ffn_up.weight": EYE[2:3], "ffn_up.bias": ZEROS[:1], "ffn_down.weight": EYE[:, 1:2], "ffn_down.bias": ZEROS}
    wanted = X + np.array([0, 0.845796, 0, 0])
    call(encoder_block, (X - EYE[0])[None, None], SILENT | path, 2, 2.0, "quick").gives(wanted[None, None], atol=NEAR)


# --- which state -----------------------------------------------------------------------------------------


def counting():
    """Return an encoder of three blocks that add 1, 10 and 100 to every number of four patches' vectors."""
    fields = drawn_fields(2, class_token=True, image_size=8)
    for i in range(3):
        for name in ("attn_out.weight", "attn_out.bias", "ffn_down.weight"):
            fields["weights"][f"v.blk.{i}.{name}"] *= 0
        fields["weights"][f"v.blk.{i}.ffn_down.bias"] = np.full(12, 10**i, np.float32)
    return Encoder(fields["weights"], 3, fields["heads"], fields["eps"])


PIXELS = np.random.default_rng(1).standard_normal((2, 3, 8, 8)).astype(np.float32)


@pytest.mark.parametrize(("layer", "added"), [(0, 0), (1, 1), (2, 11), (3, 111), (-1, 111), (-2, 11), (-4, 0)])
def test_states_count_from_the_embeddings(layer, added):
    """Three blocks have four states: what enters the first, and what leaves each."""
    encoder = counting()
    entered = stages(PIXELS, encoder)["embeddings"]
    call(hidden_state, PIXELS, encoder, layer).gives(entered + added, atol=2e-5)  # steps of 8e-6 at 111


def test_the_projector_gets_the_last_but_one_without_the_class_token():
    """LLaVA reads the state -2; token 0 is the class token. The file may name another state."""
    encoder = counting()
    patches = stages(PIXELS, encoder)["embeddings"][:, 1:]
    call(image_features, PIXELS, encoder).gives(patches + 11, atol=NEAR)
    call(image_features, PIXELS, replace(encoder, blocks=2)).gives(patches + 1, atol=NEAR)
    call(image_features, PIXELS, replace(encoder, layer=1)).gives(patches + 1, atol=NEAR)


# --- the whole -------------------------------------------------------------------------------------------


def test_every_stage_is_that_of_transformers_clip():
    """Recorded: CLIPVisionModel with class token, a norm before the blocks and quick GELU; two images."""
    record = {name[5:]: stage for name, stage in recorded("vision_encoder").items() if name.startswith("clip ")}
    encoder = Encoder(**drawn_fields(714, class_token=True, pre_ln=True, image_size=12))
    follow(FUNCTIONS, encoder, record["pixels"], record, NEAR)


@pytest.mark.parametrize("gelu_form", ["quick", "tanh"])
def test_every_stage_follows_the_definition_without_class_token(gelu_form):
    """As SigLIP and the shipped model: no class token, no norm before the blocks, the last state is read."""
    encoder = Encoder(**drawn_fields(5, blocks=2, heads=4, gelu=gelu_form, layer=-1))
    pixels = np.random.default_rng(5).standard_normal((2, 3, 13, 13)).astype(np.float32)
    follow(FUNCTIONS, encoder, pixels, stages(pixels, encoder), NEAR)
