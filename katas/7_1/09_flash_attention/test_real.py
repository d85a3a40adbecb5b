"""Your tiles in the shipped vision encoder against llama.cpp, whose flash attention is on or off; and against torch."""

import numpy as np
import pytest
from flash_attention import flash_attention

from fixtures.checking import call
from fixtures.katas.flash_attention.reference import draw

SHIPPED = ("vision", "mmproj.gguf")


def shipped(folder):
    """Return the shipped encoder as your kata 4 reads it, and a file of it with a projector that changes nothing."""
    import vision_encoder

    from fixtures.katas.vision_encoder.files import write_encoder
    from fixtures.models.trained.shipped import shipped_path

    encoder = call(vision_encoder.read_encoder, shipped_path(*SHIPPED)).value
    return encoder, write_encoder(folder / "bare.gguf", vars(encoder))


def seen_by_you(encoder, image, **blocks):
    """Run your encoder of kata 4 with your tiles in the place of its attention: (1, patches, width)."""
    import vision_encoder

    from fixtures.katas.flash_attention.in_the_encoder import features_with
    from fixtures.katas.vision_encoder.seen import normalized

    def attend(q, k, v):
        return call(flash_attention, q, k, v, **blocks).value[0]

    return features_with(attend, vision_encoder, normalized(image), encoder)


def seen_by_llama_cpp(path, image, flash_attention):
    """Return llama.cpp's embeddings, (1, patches, width)."""
    from fixtures.oracles.mtmd import opened_image_encoder

    with opened_image_encoder(path, flash_attention=flash_attention) as encode:
        [chunk] = encode(image)
    return chunk[None]


def apart(got, wanted):
    """Return the largest difference, in deviations of all numbers."""
    return float(np.abs(got - wanted).max() / wanted.std())


@pytest.mark.llama
@pytest.mark.parametrize("blocks", [{}, {"block_q": 16, "block_k": 10}, {"block_q": 7, "block_k": 64}], ids=str)
def test_llama_cpp_sees_the_same_with_flash_attention(tmp_path, blocks):
    """64 patches a picture, four blocks. llama.cpp has keys and values in float16 there, you in float32."""
    from fixtures.katas.vision_encoder.seen import unseen

    encoder, path = shipped(tmp_path)
    for number in (6, 7, 8):
        image = unseen(number, 96)
        error = apart(seen_by_you(encoder, image, **blocks), seen_by_llama_cpp(path, image, flash_attention=True))
        # on 50 pictures at most 4.6e-3, for llama.cpp rounds pixels, keys and values to float16; 4 of 64 keys left out
        # give 0.24 and more, no scale 0.9
        assert error < 1e-2, f"picture {number} differs from llama.cpp by {error:.1e} deviations"


@pytest.mark.llama
def test_flash_attention_on_or_off_is_the_same_in_llama_cpp_and_with_any_tiles_of_yours(tmp_path):
    """Tiles are no approximation: yours agree to float32's rounding, llama.cpp's to that of float16."""
    from fixtures.katas.vision_encoder.seen import unseen

    encoder, path = shipped(tmp_path)
    image = unseen(9, 96)
    on, off = (seen_by_llama_cpp(path, image, flash_attention=choice) for choice in (True, False))
    tiled, whole = (seen_by_you(encoder, image, block_q=size, block_k=size) for size in (5, 64))
    assert not np.array_equal(on, off), "flash attention was not turned off: there is nothing to compare"
    assert apart(on, off) < 5e-3, f"llama.cpp with and without: {apart(on, off):.1e}"  # on 50 pictures at most 2.2e-3
    assert apart(tiled, whole) < 1e-4, f"your tiles of 5 and of 64: {apart(tiled, whole):.1e}"  # 4e-6 on 50 pictures
    assert apart(tiled, off) < 1e-2, f"your tiles beside llama.cpp without: {apart(tiled, off):.1e}"  # at most 4.5e-3


@pytest.mark.peer("torch")
@pytest.mark.parametrize("causal", [False, True])
def test_torch_gives_the_same_on_a_thousand_tokens(causal):
    """And its log-sum-exp, from the operator behind scaled_dot_product_attention on a CPU."""
    import torch

    q, k, v = draw(11, 2, 3, 1030, 1030, 64)
    tensors = [torch.from_numpy(array) for array in (3 * q, k, v)]
    result, log_sum_exp = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(*tensors, 0.0, causal)
    call(flash_attention, 3 * q, k, v, causal=causal).gives(
        (result.numpy(), log_sum_exp.numpy()), atol=3e-5)  # measured 3e-6; a tile left out gives 1e-2
