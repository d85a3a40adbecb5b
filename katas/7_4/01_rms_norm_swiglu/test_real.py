"""Your norms and feed-forwards against real llama.cpp: models with random weights, and no attention."""

import numpy as np
import pytest
from rms_norm_swiglu import feed_forward_block, gated_feed_forward, layer_norm, rms_norm

from fixtures.checking import call
from fixtures.katas.rms_norm_swiglu.no_attention import SHAPE, write_layer_norms, write_without_attention

TOKENS = [1, *np.random.default_rng(74).integers(3, 300, 20).tolist()]


def tensors_of(made, number):
    """Return a block's tensors by what their names have after blk.<number>."""
    start = f"blk.{number}."
    return {name.removeprefix(start): tensor for name, tensor in made.weights.items() if name.startswith(start)}


def off(got, wanted):
    """Return the largest difference as a share of the logits' standard deviation."""
    return float(np.abs(got - wanted).max() / wanted.std())


@pytest.mark.llama
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_llama_cpp_has_the_same_logits(architecture, tmp_path):
    """Three blocks and the last norm, around them the embedding and the output matrix."""
    from fixtures.oracles.logits import llama_logits

    made = write_without_attention(tmp_path / "made.gguf", architecture, seed=1)
    x = made.weights["token_embd.weight"][TOKENS]
    for number in range(SHAPE.blocks):
        x = call(feed_forward_block, x, tensors_of(made, number), SHAPE.epsilon).value
    got = rms_norm(x, made.weights["output_norm.weight"], SHAPE.epsilon) @ made.weights["output.weight"].T
    error = off(got, llama_logits(made.path, TOKENS))
    print(architecture, error)
    assert error < 1e-4, f"{architecture}: {error:.1e} of the logits' standard deviation away from llama.cpp's"


@pytest.mark.llama
@pytest.mark.parametrize("architecture", ["gemma2", "gemma3"])
def test_gemma_has_gelu_and_a_norm_behind_as_well(architecture, tmp_path):
    """x + norm(feed-forward(norm(x))), with the tanh form, and an embedding times the root of the width."""
    from fixtures.oracles.logits import llama_logits

    made = write_without_attention(tmp_path / "made.gguf", architecture, seed=2)
    x = made.weights["token_embd.weight"][TOKENS] * np.float32(SHAPE.width**0.5)
    for number in range(SHAPE.blocks):
        block = tensors_of(made, number)
        normed = rms_norm(x, block["ffn_norm.weight"], SHAPE.epsilon)
        matrices = [block[f"ffn_{name}.weight"] for name in ("gate", "up", "down")]
        fed = call(gated_feed_forward, normed, *matrices, "gelu_tanh").value
        x = x + rms_norm(fed, block["post_ffw_norm.weight"], SHAPE.epsilon)
    got = rms_norm(x, made.weights["output_norm.weight"], SHAPE.epsilon) @ made.weights["token_embd.weight"].T
    if architecture == "gemma2":
        got = SHAPE.final_softcap * np.tanh(got / SHAPE.final_softcap)
    error = off(got, llama_logits(made.path, TOKENS))
    print(architecture, error)
    assert error < 2e-3, f"{architecture}: {error:.1e} of the logits' standard deviation away from llama.cpp's"


@pytest.mark.llama
def test_llama_cpp_has_the_same_layer_norms(tmp_path):
    """A BERT whose attention and feed-forward give zeros: three LayerNorms in a row are left."""
    from fixtures.oracles.embeddings import token_embeddings, token_ids

    path = tmp_path / "norms.gguf"
    weights = write_layer_norms(path, seed=3)
    text = "the man eats bread"
    [ids] = token_ids(path, [text])
    x = weights["token_embd.weight"][ids] + weights["position_embd.weight"][:len(ids)]
    x = x + weights["token_types.weight"][0]
    for norm in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        x = call(layer_norm, x, weights[f"{norm}.weight"], weights[f"{norm}.bias"], SHAPE.epsilon).value
    [wanted] = token_embeddings(path, [text])
    error = off(x, wanted)
    print(error)
    assert error < 1e-5, f"{error:.1e} of their standard deviation away from llama.cpp's"
