"""Your rotations against ggml's own, and inside whole models against llama.cpp."""

import numpy as np
import pytest
from rope import llama3_factors, permute_heads, rope_frequencies, rotate, shift_keys, yarn_frequencies

from fixtures.checking import call
from fixtures.katas.rope.reference import draw

# Measured: 1e-13. The other pairs give 2e-1 and more, a scaling left out 1e-2 and more.
SAME_LOGITS = 1e-9
TOKENS = [1, *np.random.default_rng(74).integers(3, 300, 39).tolist()]
SCALINGS = ["plain", "linear", "yarn", "llama3"]
FACTOR, CONTEXT = 4.0, 256


def nmse(got, wanted):
    """Return the squared error as a share of the squared size, as llama.cpp's own comparisons do."""
    return float(((got - wanted) ** 2).sum() / (wanted**2).sum())


def scaled(scaling, n_dims, base):
    """Return your frequencies and the scale of what is turned."""
    if scaling == "yarn":
        return call(yarn_frequencies, n_dims, FACTOR, CONTEXT, base).value
    if scaling == "llama3":
        return call(rope_frequencies, n_dims, base).value / call(
            llama3_factors, n_dims, FACTOR, CONTEXT, base).value, 1.0
    return call(rope_frequencies, n_dims, base, linear=FACTOR if scaling == "linear" else 1.0).value, 1.0


@pytest.mark.llama
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize(("pairs", "n_dims", "base"), [("norm", 20, 1e4), ("neox", 20, 5e5), ("neox", 14, 1e4)])
def test_ggml_turns_the_same(pairs, n_dims, base, scaling):
    """ggml_rope_ext itself, on one tensor: also a partial rotation, and positions with gaps."""
    from fixtures.oracles.ggml_rope import NEOX, NORMAL, turned

    x, positions = draw(31, 7, 3, 20), np.array([3, 0, 1, 17, 40, 41, 39])  # (tokens, heads, width), as ggml has it
    options = {"linear": {"freq_scale": 1 / FACTOR},
               "yarn": {"freq_scale": 1 / FACTOR, "ext_factor": 1.0, "n_ctx_orig": CONTEXT}}.get(scaling, {})
    if scaling == "llama3":
        options["freq_factors"] = call(llama3_factors, n_dims, FACTOR, CONTEXT, base).value
    wanted = turned(x, positions, n_dims=n_dims, mode=NORMAL if pairs == "norm" else NEOX, freq_base=base, **options)
    frequencies, scale = scaled(scaling, n_dims, base)
    # ggml's float32 angles cost 2e-6 at position 40 (and 2e-3 at 100,000)
    call(rotate, x.swapaxes(0, 1), positions, frequencies, pairs=pairs, scale=scale).gives(
        wanted.swapaxes(0, 1), atol=2e-5)


@pytest.fixture
def write(tmp_path):
    """Write a made model with the keys or the tensor of a scaling."""
    from fixtures.katas.rope.models import rewritten
    from fixtures.models.made import text

    def written(architecture="llama", scaling="plain", tensors=None):
        made = getattr(text, f"write_{architecture}")(tmp_path / "made.gguf", text.TextShape(), seed=74)
        keys, tensors = {}, tensors(made) if tensors else {}
        if scaling in ("linear", "yarn"):
            keys = {"rope.scaling.type": scaling, "rope.scaling.factor": FACTOR,
                    "rope.scaling.original_context_length": CONTEXT}
        if scaling == "llama3":
            tensors["rope_freqs.weight"] = call(llama3_factors, 12, FACTOR, CONTEXT, 10_000.0).value
        return rewritten(made, tmp_path / "scaled.gguf", keys, tensors)

    return written


def logits(model, frequencies, scale, pairs, attention=None, step=None, behind=0):
    """Return a model's logits around your rotation; tokens behind the first step stand `behind` places further back."""
    from fixtures.katas.custom_attention.reference import by_definition
    from fixtures.oracles.small_forward import forward

    return forward(model, TOKENS, attention or by_definition, step, lambda x, positions: call(
        rotate, x, np.where(positions < (step or 0), positions, positions - behind), frequencies, pairs=pairs,
        scale=scale).value)


@pytest.mark.llama
@pytest.mark.parametrize(("architecture", "scaling"), [
    *(("llama", scaling) for scaling in SCALINGS), *(("qwen2", scaling) for scaling in SCALINGS[:3])])
def test_llama_cpp_has_the_same_logits(write, architecture, scaling):
    """The file says how its positions are scaled; llama turns neighbours, qwen2 halves."""
    from fixtures.oracles.logits import llama_logits

    model, pairs = write(architecture, scaling), "norm" if architecture == "llama" else "neox"
    wanted = llama_logits(model.path, TOKENS)
    error = nmse(logits(model, *scaled(scaling, 12, 10_000.0), pairs), wanted)
    assert error < SAME_LOGITS, f"{architecture}, {scaling}: NMSE {error:.1e} against llama.cpp"
    other = nmse(logits(model, *scaled(scaling, 12, 10_000.0), "neox" if pairs == "norm" else "norm"), wanted)
    assert other > 1e-2, f"the other pairs should change the logits, yet the NMSE is {other:.1e}"
    if scaling != "plain":
        unscaled = nmse(logits(model, *scaled("plain", 12, 10_000.0), pairs), wanted)
        assert unscaled > 1e-4, f"without the scaling the logits should change, yet the NMSE is {unscaled:.1e}"


@pytest.mark.llama
@pytest.mark.parametrize(("q_heads", "k_heads", "same"), [(4, 2, True), (4, 4, False), (None, None, False)])
def test_llama_cpp_reads_permuted_projections(write, q_heads, k_heads, same):
    """Conversion: rows for "neox" are permuted, and llama.cpp's "norm" has the logits that "neox" had before.

    Proof that it can tell: k permuted as if it had as many heads as q, and nothing permuted.
    """
    from fixtures.oracles.logits import llama_logits

    def permuted(made):
        return {name: call(permute_heads, weight, heads).value for name, weight in made.weights.items()
                for kind, heads in (("attn_q.weight", q_heads), ("attn_k.weight", k_heads))
                if name.endswith(kind) and heads}

    wanted = llama_logits(write(tensors=permuted).path, TOKENS)
    error = nmse(logits(write(), call(rope_frequencies, 12).value, 1.0, "neox"), wanted)
    assert (error < SAME_LOGITS) if same else (error > 1e-2), f"NMSE {error:.1e} against llama.cpp"


@pytest.mark.llama
@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_shifted_cache_gives_the_same_logits(write, scaling):
    """The first 8 of 20 cached tokens are dropped and the rest moved back, as llama.cpp does when a context is full.

    Only distances count, so llama.cpp without moving says what is right. Its own K-shift gives the same, except with
    YaRN: there it scales the keys a second time (see the notes of the solution).
    """
    from fixtures.katas.custom_attention.reference import by_definition
    from fixtures.katas.rope.models import logits_behind_a_cache

    model, (frequencies, scale) = write("llama", scaling), scaled(scaling, 12, 10_000.0)

    def attention(q, k, v, **options):
        if k.shape[2] > 20:
            moved = call(shift_keys, k[:, :, 8:20], np.arange(8, 20), np.arange(12), frequencies).value
            k, v = np.concatenate([moved, k[:, :, 20:]], axis=2), v[:, :, 8:]
        return by_definition(q, k, v, **options)

    got = logits(model, frequencies, scale, "norm", attention, step=20, behind=8)[20:]
    for shift in (False,) if scaling == "yarn" else (False, True):
        error = nmse(got, logits_behind_a_cache(model.path, TOKENS, 20, 8, shift))
        assert error < SAME_LOGITS, f"{scaling}, llama.cpp's K-shift {shift}: NMSE {error:.1e} against llama.cpp"
