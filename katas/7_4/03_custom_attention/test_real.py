"""Your attention inside a whole model against llama.cpp, and against torch on a GPU."""

import numpy as np
import pytest
from custom_attention import attention

from fixtures.checking import call
from fixtures.katas.custom_attention.reference import draw

# Measured: 2e-13 for llama and gpt-oss, 8e-8 for the gemmas, whose GELU llama.cpp takes from a table of
# 16-bit numbers. A window off by one gives 5e-2 and more, no sinks 7e-2, no cap 3e-1.
SAME_LOGITS = 1e-6


def nmse(got, wanted):
    """Return the squared error as a share of the squared size, as llama.cpp's own comparisons do."""
    return float(((got - wanted) ** 2).sum() / (wanted**2).sum())


def attend(*arrays, **options):
    """Call the attention under test, so that a failure shows what it was called with."""
    return call(attention, *arrays, **options).value


@pytest.fixture(scope="module", params=["llama", "gemma3", "gemma2", "gpt_oss"])
def made(request, tmp_path_factory):
    """A tiny model with random weights, and 41 tokens."""
    from fixtures.models.made import text

    path = tmp_path_factory.mktemp("models") / f"{request.param}.gguf"
    model = getattr(text, f"write_{request.param}")(path, text.TextShape(window=8), seed=74)
    return model, [1, *np.random.default_rng(74).integers(3, len(text.VOCABULARY), 40).tolist()]


@pytest.mark.llama
@pytest.mark.parametrize("step", [41, 1, 7], ids=lambda step: f"{step} at a time")
def test_llama_cpp_has_the_same_logits_with_your_attention(made, step):
    """The whole model around your function, all tokens at once and through a cache; the logits are llama.cpp's."""
    from fixtures.oracles.logits import llama_logits
    from fixtures.oracles.small_forward import forward

    model, tokens = made
    got, wanted = forward(model, tokens, attend, step), llama_logits(model.path, tokens, step)
    worst = int(np.argmax(np.abs(got - wanted).max(axis=1)))
    error = nmse(got, wanted)
    assert error < SAME_LOGITS, (
        f"{model.architecture}: NMSE {error:.1e} against llama.cpp, worst at position {worst}")


@pytest.mark.llama
@pytest.mark.parametrize("made", ["gemma3"], indirect=True)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_window_off_by_one_is_seen_in_the_logits(made, off):
    """Proof that the comparison above can tell: until the window is full it hides nothing, then it does."""
    from fixtures.oracles.logits import llama_logits
    from fixtures.oracles.small_forward import forward

    model, tokens = made
    wanted = llama_logits(model.path, tokens)
    got = forward(model, tokens, lambda *arrays, window, **options: attend(
        *arrays, window=window and window + off, **options))
    full = model.shape.window + min(off, 0)
    early, late = nmse(got[:full], wanted[:full]), nmse(got[full:], wanted[full:])
    assert early < SAME_LOGITS, f"until the window is full, it hides nothing: NMSE {early:.1e}"
    assert late > 1e-2, f"a wrong window should change the logits, yet the NMSE is {late:.1e}"


@pytest.mark.gpu
@pytest.mark.parametrize(("queries", "window"), [(300, None), (300, 64), (1, None), (17, 64)])
def test_torch_on_the_gpu_gives_the_same(queries, window):
    """torch's scaled_dot_product_attention on CUDA: grouped queries, a cache, a window."""
    import torch

    q, k, v = draw(19, 2, 8, 2, queries, 300, 64)
    behind = (300 - queries + torch.arange(queries))[:, None] - torch.arange(300)
    seen = (behind >= 0) & (behind < (window or 300))
    on_gpu = [torch.from_numpy(array).cuda() for array in (q, k.repeat(4, axis=1), v.repeat(4, axis=1))]
    wanted = torch.nn.functional.scaled_dot_product_attention(*on_gpu, attn_mask=seen.cuda()).cpu().numpy()
    # float32 rounding is 1e-6, TF32 (which a GPU may use for its products) 1e-3; a key too many 1e-1
    call(attention, q, k, v, window=window).gives(wanted, atol=5e-3)
