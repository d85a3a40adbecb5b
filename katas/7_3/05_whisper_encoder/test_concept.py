"""Whisper's encoder part by part; numbers that a head can follow come first, then transformers stage by stage."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whisper_encoder import Encoder, attention, convolve, embed, encode, encoder_block, gelu, sinusoids

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.whisper_encoder.following import follow
from fixtures.katas.whisper_encoder.reference import attend, block_weights, convolved, drawn_fields, norm, stages

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes the tanh form for erf is nearest: 7e-4
FUNCTIONS = (gelu, convolve, embed, attention, encoder_block, encode)


def floats(numbers):
    """Return them as float32."""
    return np.array(numbers, dtype=np.float32)


# --- the convolution -------------------------------------------------------------------------------------

FRAMES = floats([[[1, 2, 3, 4, 5]]])  # a sound with one channel
TAPS, NOTHING = floats([[[1, 10, 100]]]), floats([[0]])  # before, now, after: the digits tell which frames were seen


def test_a_frame_sees_its_neighbours():
    """1 * before + 10 * now + 100 * after: 210 is (0 1 2) and 54 (4 5 0): a zero stands before and one behind."""
    call(convolve, FRAMES, TAPS, NOTHING, 1).gives(floats([[[210, 321, 432, 543, 54]]]), atol=1e-3)


def test_a_stride_of_two_takes_every_second_window():
    """Windows around the frames 0, 2 and 4: each still sees its direct neighbours."""
    call(convolve, FRAMES, TAPS, NOTHING, 2).gives(floats([[[210, 432, 54]]]), atol=1e-3)
    call(convolve, FRAMES[:, :, :4], TAPS, NOTHING, 2).gives(floats([[[210, 432]]]), atol=1e-3)


def test_an_output_sums_over_all_channels_and_has_a_bias():
    """Output 0 takes channel 0 before and channel 1 after, output 1 channel 1 now; the biases are 1000 and 2000."""
    weight = np.zeros((2, 2, 3), np.float32)
    weight[0, 0, 0], weight[0, 1, 2], weight[1, 1, 1] = 1, 10, 1
    sound = floats([[[1, 2, 3], [4, 5, 6]]])
    wanted = floats([[[50 + 1000, 61 + 1000, 2 + 1000], [2004, 2005, 2006]]])
    call(convolve, sound, weight, floats([[1000], [2000]]), 1).gives(wanted, atol=1e-3)


@given(st.integers(1, 9), st.integers(1, 2), st.integers(0, 99))
def test_the_convolution_follows_the_definition(frames, stride, seed):
    """Three channels, five outputs, two sounds: as many outputs as there are windows, a single frame makes one."""
    rng = np.random.default_rng(seed)
    x, weight, bias = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 3, frames), (5, 3, 3), (5, 1)))
    call(convolve, x, weight, bias, stride).gives(np.stack([convolved(sound, weight, bias, stride) for sound in x]),
                                                  atol=NEAR)


# --- GELU and positions ----------------------------------------------------------------------------------


def test_gelu_with_erf_is_the_exact_one():
    """Of a standard normal number 84.1345 % lie below 1 and 97.7250 % below 2; the tanh form gives 0.84119, 1.95460."""
    call(gelu, floats([0, 1, 2, -1]), "erf").gives(np.array([0, 0.8413447, 1.9544997, -0.1586553]), atol=1e-6)


def test_the_tanh_form_is_another_function():
    call(gelu, floats([0, 1, 2, -1]), "tanh").gives(np.array([0, 0.8411920, 1.9545977, -0.1588080]), atol=1e-6)


def test_positions_are_sines_and_then_cosines():
    """Width 6, so three speeds: 1, 1/100, 1/10000. Position 2: the sines of 2, 0.02, 0.0002, then their cosines."""
    wanted = np.array([[0, 0, 0, 1, 1, 1], [0.841471, 0.0099998, 0.0001, 0.540302, 0.99995, 1],
                       [0.909297, 0.0199987, 0.0002, -0.416147, 0.9998, 1]])
    call(sinusoids, 3, 6).gives(wanted, atol=1e-6)
    call(sinusoids, 2, 4).gives(np.array([[0, 0, 1, 1], [0.841471, 0.0001, 0.540302, 1]]), atol=1e-6)


# --- what enters the blocks ------------------------------------------------------------------------------


def test_the_second_convolution_halves_the_frames():
    """Every stage until the first block; 19 frames become 10 tokens, and the first 10 rows of the table are added."""
    encoder = Encoder(**drawn_fields(2, context=12))
    log_mel = np.random.default_rng(2).standard_normal((2, 5, 19)).astype(np.float32)
    call(embed, log_mel, encoder).gives(stages(log_mel, encoder)["embeddings"], atol=NEAR)


def test_weights_without_positions_mean_sinusoids():
    """A row for each token, not for each frame: 8 frames take sinusoids(4, width)."""
    encoder = Encoder(**drawn_fields(3, positions=False))
    log_mel = np.random.default_rng(3).standard_normal((1, 5, 8)).astype(np.float32)
    call(embed, log_mel, encoder).gives(stages(log_mel, encoder)["embeddings"], atol=NEAR)


def test_the_gelu_behind_the_convolutions_is_conv_gelu():
    """transformers takes erf there whatever the config says of the blocks; the shipped recogniser is such a case."""
    log_mel = np.random.default_rng(4).standard_normal((1, 5, 8)).astype(np.float32)
    for behind, inside in (("erf", "erf"), ("tanh", "tanh"), ("erf", "tanh"), ("tanh", "erf")):
        case = Encoder(**drawn_fields(4, conv_gelu=behind, gelu=inside))
        call(embed, log_mel, case).gives(stages(log_mel, case)["embeddings"], atol=NEAR)


@given(st.integers(0, 15))
def test_a_token_hears_five_frames(frame):
    """Token t sees the frames 2t - 2 to 2t + 2: one frame changes the tokens (frame - 2) / 2 to (frame + 2) / 2."""
    encoder = Encoder(**drawn_fields(5))
    log_mel = np.random.default_rng(5).standard_normal((1, 5, 16)).astype(np.float32)
    changed = log_mel.copy()
    changed[0, :, frame] += 1
    moved = np.abs(call(embed, changed, encoder).value - call(embed, log_mel, encoder).value).max(axis=(0, 2)) > 1e-4
    wanted = {token for token in range(8) if abs(2 * token - frame) <= 2}
    got = set(np.flatnonzero(moved).tolist())
    assert got == wanted, f"frame {frame} is heard by the tokens {sorted(wanted)}, here by {sorted(got)}"


# --- attention and a block -------------------------------------------------------------------------------


def asking(width):
    """Return two heads over the tokens themselves: head 0 scores ln 3 times a key's first number, head 1 always 0."""
    eye, zeros = np.eye(width, dtype=np.float32), np.zeros(width, np.float32)
    return {"attn.query.weight": 0 * eye, "attn.query.bias": sqrt(width / 2) * log(3) * eye[0], "attn.key.weight": eye,
            "attn.value.weight": eye, "attn.value.bias": zeros, "attn.out.weight": eye, "attn.out.bias": zeros}


TOKENS = floats([[[0, 8, 2, 5, 1, 3], [1, 4, 6, 1, 3, 5]]])
ANSWER = np.array([0.75, 5, 5, 3, 2, 4])  # head 0: 1/4 (0, 8, 2) + 3/4 (1, 4, 6); head 1: the mean of the others


def test_every_token_hears_every_other():
    """Both tokens get the same mixture: divided by the root of 3, scores are 0 and ln 3, so shares 1/4 and 3/4."""
    call(attention, TOKENS, asking(6), 2).gives(np.array([[ANSWER, ANSWER]]), atol=NEAR)


@pytest.mark.parametrize("heads", [1, 2, 3, 6, 12])
def test_attention_follows_the_definition(heads):
    """Weights in earnest, each matrix (out, in): query, value and out have a bias; heads stand side by side."""
    own = block_weights(drawn_fields(heads, blocks=1)["weights"], 0)
    x = np.random.default_rng(heads).standard_normal((2, 5, 12)).astype(np.float32)
    call(attention, x, own, heads).gives(np.stack([attend(sound, own, heads) for sound in x]), atol=NEAR)


ONES, ZEROS, EYE = np.ones(4, np.float32), np.zeros(4, np.float32), np.eye(4, dtype=np.float32)
NORMING = {  # a single token hears itself alone, so attention adds attn_ln(x), and the feed-forward part nothing
    **asking(4), "attn_ln.weight": floats([1, 1, 2, 1]), "attn_ln.bias": 5 * EYE[3], "mlp_ln.weight": ONES,
    "mlp_ln.bias": ZEROS, "mlp.0.weight": 0 * EYE[:3], "mlp.0.bias": ZEROS[:3], "mlp.2.weight": 0 * EYE[:, :3],
    "mlp.2.bias": ZEROS,
}
SILENT = {**NORMING, "attn.out.weight": 0 * EYE, "attn.out.bias": EYE[0], "mlp.2.bias": EYE[3]}


def test_a_block_adds_to_what_it_got():
    """(2 4 6 4) + (1 0 0 0) + (0 0 0 1): what is normed goes into the parts, what is added to is not normed."""
    call(encoder_block, floats([[[2, 4, 6, 4]]]), SILENT, 2, "erf").gives(floats([[[3, 4, 6, 5]]]), atol=NEAR)


def test_a_norm_takes_each_vector_by_itself():
    """(2 4 6 4) has mean 4, variance 2: -1.414 0 1.414 0, times (1 1 2 1), + (0 0 0 5). Of near-silence EPS is most."""
    x = np.array([[[2, 4, 6, 4]], [[0.002, 0.004, 0.006, 0.004]]])
    large, small = 2 / sqrt(2 + 1e-5), 0.002 / sqrt(2e-6 + 1e-5)
    normed = np.array([[[-large, 0, 2 * large, 5]], [[-small, 0, 2 * small, 5]]])
    call(encoder_block, x.astype(np.float32), NORMING, 2, "erf").gives(x + normed, atol=NEAR)


@pytest.mark.parametrize("form", ["erf", "tanh"])
def test_a_block_follows_the_definition(form):
    """Norm, attention, sum; norm, mlp.0, GELU, mlp.2, sum: which norm goes into which part, and whose is the sum?"""
    encoder = Encoder(**drawn_fields(6, blocks=1, gelu=form))
    seen = stages(np.random.default_rng(6).standard_normal((2, 5, 12)), encoder)
    x = seen["embeddings"].astype(np.float32)
    call(encoder_block, x, block_weights(encoder.weights, 0), 3, form).gives(seen["block 0 output"], atol=NEAR)


# --- the whole -------------------------------------------------------------------------------------------


def test_the_last_norm_comes_after_the_blocks():
    """Without blocks the states are the embeddings, normed by ln_post."""
    encoder = Encoder(**drawn_fields(7, blocks=0))
    log_mel = np.random.default_rng(7).standard_normal((1, 5, 6)).astype(np.float32)
    wanted = norm(stages(log_mel, encoder)["embeddings"], encoder.weights, "ln_post")
    call(encode, log_mel, encoder).gives(wanted, atol=NEAR)


def test_every_stage_is_that_of_transformers():
    """Recorded: WhisperModel's encoder, random weights, two sounds of 20 frames."""
    record = {name[6:]: stage for name, stage in recorded("whisper_encoder").items() if name.startswith("drawn ")}
    follow(FUNCTIONS, Encoder(**drawn_fields(735)), record["log_mel"], record, NEAR)


@pytest.mark.parametrize("frames", [20, 14, 7, 1])
def test_a_shorter_sound_needs_no_filling_up(frames):
    """Positions for 20 frames, fewer are as good. The GELU of the blocks is encoder.gelu, here not conv_gelu."""
    encoder = Encoder(**drawn_fields(8, conv_gelu="erf", gelu="tanh"))
    log_mel = np.random.default_rng(8).standard_normal((2, 5, frames)).astype(np.float32)
    call(encode, log_mel, encoder).gives(stages(log_mel, encoder)["states"], atol=NEAR)
