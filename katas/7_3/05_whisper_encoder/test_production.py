"""A real recogniser, what goes silently wrong in real use, and one table of what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from whisper_encoder import Encoder, attention, embed, encode, gelu, sinusoids

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.whisper_encoder.files import hf_fields
from fixtures.katas.whisper_encoder.heard import filled_up, spoken
from fixtures.katas.whisper_encoder.reference import attend, block_weights, drawn_fields, stages, states, waves

NEAR = 1e-5  # float32 rounds to 2e-6; of the mistakes the tanh form for erf is nearest: 7e-4
LOG_MEL = np.random.default_rng(9).standard_normal((2, 5, 17)).astype(np.float32)


def test_the_shipped_recogniser_hears_what_it_hears_in_transformers():
    """Recorded: the shipped hf/ folder, 3 blocks of width 128, on a sentence and silence up to 512 frames."""
    from fixtures.models.trained.shipped import shipped_path

    record = recorded("whisper_encoder")
    encoder = Encoder(**hf_fields(shipped_path("recogniser", "hf/config.json").parent))
    got = call(encode, filled_up(spoken(), 512)[None], encoder).value[0, record["shipped tokens"]]
    worst = np.abs(got - record["shipped states"]).max()
    # numbers up to 3.5; float32 gives 2e-6, another GELU in the blocks or behind the convolutions 8e-4
    assert worst < 1e-4, f"transformers' states differ by up to {worst:.2g}"


def test_many_blocks_are_not_mixed_up():
    """blocks.1. is not the beginning of blocks.10. alone."""
    encoder = Encoder(**drawn_fields(10, blocks=11))
    # measured 5e-6 after eleven blocks
    call(encode, LOG_MEL, encoder).gives(states(LOG_MEL, encoder), atol=5e-5)


def test_a_bias_of_the_keys_would_change_nothing():
    """It adds the same to all scores of a query, and softmax takes that out. CTranslate2's files hold such a bias."""
    own = block_weights(drawn_fields(11)["weights"], 0)
    x = np.random.default_rng(11).standard_normal((1, 6, 12)).astype(np.float32)
    bias = np.random.default_rng(12).standard_normal(12).astype(np.float32)
    call(attention, x, {**own, "attn.key.bias": bias}, 3).gives(attend(x[0], own, 3)[None], atol=NEAR)


@pytest.mark.parametrize(("dtype", "atol"), [(np.float32, NEAR), (np.float64, 1e-12)])
def test_the_dtype_is_kept(dtype, atol):
    """np.sqrt(4), a power of np.int64 or a table of float64 makes them float64; a detour through float32 costs 1e-7."""
    encoder = Encoder(**{**drawn_fields(13, gelu="tanh"), "heads": np.int64(3)})
    weights = {name: tensor.astype(dtype) for name, tensor in encoder.weights.items()}
    x, own = np.ones((1, 2, 12), dtype), block_weights(weights, 0)
    for function, arguments in ((gelu, (x, "erf")), (gelu, (x, "tanh")), (attention, (x, own, np.int64(3)))):
        call(function, *arguments).satisfies(lambda y: y.dtype == dtype, f"{dtype.__name__} stays {dtype.__name__}")
    call(encode, LOG_MEL.astype(dtype), replace(encoder, weights=weights)).gives(
        states(LOG_MEL, encoder), atol=atol, dtype=dtype)


def test_without_a_table_the_dtype_is_kept_as_well():
    """`sinusoids` is float32, whatever it was computed in; its last row is right to 3e-4, as OpenAI's own."""
    call(sinusoids, np.int64(1500), np.int64(64)).gives(waves(1500, 64), atol=3e-4, dtype=np.float32)
    encoder = Encoder(**drawn_fields(14, positions=False))
    call(embed, LOG_MEL, encoder).gives(stages(LOG_MEL, encoder)["embeddings"], atol=NEAR, dtype=np.float32)


def test_weights_of_float16_are_taken():
    """Files hold float16. The sums are to be float32: in float16 they are off by 1e-2."""
    encoder = Encoder(**drawn_fields(15))
    half = replace(encoder, weights={name: tensor.astype(np.float16) for name, tensor in encoder.weights.items()})
    call(encode, LOG_MEL, half).gives(states(LOG_MEL, half), atol=NEAR, dtype=np.float32)


def test_nothing_that_came_in_is_written_to():
    """Neither the log-mel nor a weight; and who writes into a table of positions changes no other."""
    encoder = Encoder(**drawn_fields(16))
    before = {name: tensor.copy() for name, tensor in encoder.weights.items()}
    log_mel = LOG_MEL.copy()
    call(encode, log_mel, encoder).gives(states(LOG_MEL, encoder), atol=NEAR)
    changed = [name for name in before if not np.array_equal(before[name], encoder.weights[name])]
    assert np.array_equal(log_mel, LOG_MEL) and not changed, f"changed: {changed or 'log_mel'}"
    call(sinusoids, 4, 8).value[:] = 7
    call(sinusoids, 4, 8).gives(waves(4, 8), atol=1e-6)


def test_a_log_mel_may_be_a_view():
    """(frames, mels) turned around, every second sound of a batch, and no sounds at all."""
    encoder = Encoder(**drawn_fields(17))
    other = np.random.default_rng(17).standard_normal((4, 17, 5)).astype(np.float32)[::2].swapaxes(1, 2)
    call(encode, other, encoder).gives(states(other, encoder), atol=NEAR)
    call(encode, other[:0], encoder).gives(np.zeros((0, 9, 12), np.float32))


@pytest.mark.filterwarnings("error:overflow")
@pytest.mark.parametrize("form", ["erf", "tanh"])
def test_large_numbers_do_not_overflow(form):
    """A score of 1000 has an infinite exp: it is neither to warn nor to become NaN."""
    call(gelu, np.array([-1e4, -30, 0, 30, 1e4], np.float32), form).gives(np.array([0, 0, 0, 30, 1e4]), atol=1e-2)
    own = block_weights(drawn_fields(18)["weights"], 0)
    own["attn.query.weight"] = 300 * own["attn.query.weight"]
    x = np.random.default_rng(18).standard_normal((1, 6, 12)).astype(np.float32)
    # scores of 1000 have steps of 6e-5 in float32
    call(attention, x, own, 3).gives(attend(x[0], own, 3)[None], atol=5e-3)


ENCODER = Encoder(**drawn_fields(19))  # positions for 20 frames, 5 mels
REFUSED = {
    "another form": (gelu, (LOG_MEL, "quick"), "form"),
    "a frame too many": (embed, (np.zeros((1, 5, 21), np.float32), ENCODER), "log_mel"),
    "too long a sound": (encode, (np.zeros((1, 5, 3000), np.float32), ENCODER), "log_mel"),
    "frames by mels": (embed, (np.zeros((1, 17, 5), np.float32), ENCODER), "log_mel"),
    "too few mels": (embed, (np.zeros((1, 4, 17), np.float32), ENCODER), "log_mel"),
    "no batch": (embed, (np.zeros((17, 5), np.float32), ENCODER), "log_mel"),
    "an axis too many": (embed, (np.zeros((1, 5, 17, 1), np.float32), ENCODER), "log_mel"),
    "one sine without its cosine": (sinusoids, (4, 7), "width"),
    "a single speed": (sinusoids, (4, 2), "width"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, named = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=named)
