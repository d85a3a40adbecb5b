"""Your projectors against llama.cpp: on made files of four kinds, and on the shipped vision model."""

import numpy as np
import pytest
from projector import mlp_projector, pixel_shuffle, pooled_projector, resampler
from vision_encoder import image_features, read_encoder

from fixtures.checking import call
from fixtures.first_divergence import Stages
from fixtures.katas.vision_encoder.reference import features

SHIPPED = ("vision", "mmproj.gguf")


@pytest.mark.llama
def test_llama_cpp_has_the_tanh_form(tmp_path):
    """Below -2 GELU is small, and float16, through which llama.cpp's goes, is fine enough to tell the forms apart."""
    from fixtures.katas.projector.in_llama import gelu_of_llama_cpp

    weights, wanted = gelu_of_llama_cpp(tmp_path, np.linspace(-3.5, -2.25, 6, dtype=np.float32))
    # measured 5e-6; the form with erf differs by 2e-4 to 5e-4
    call(mlp_projector, np.zeros((1, 4, 48), np.float32), weights, "tanh").gives(wanted, atol=5e-5)


@pytest.mark.llama
@pytest.mark.parametrize("projector", ["mlp", "idefics3", "gemma3"])
def test_llama_cpp_projects_the_same(tmp_path, projector):
    """An encoder that changes nothing gives both the same features: six rows of six patches."""
    from fixtures.katas.projector.in_llama import EPS, projected_by_llama_cpp

    x, weights, wanted = projected_by_llama_cpp(tmp_path, projector)
    if projector == "mlp":  # GELU goes through float16: measured 1e-3 deviations
        call(mlp_projector, x, weights, "tanh").gives(wanted, atol=4e-3 * float(wanted.std()))
    elif projector == "gemma3":
        call(pooled_projector, x, weights, (6, 6), 3, EPS).gives(wanted, atol=1e-5)  # measured 1e-6
    else:
        call(pixel_shuffle, x, (6, 6), 3).satisfies(
            lambda tokens: np.abs(tokens @ weights["mm.model.fc.weight"].T - wanted).max() < 1e-5,  # measured 1e-6
            "with the matrix mm.model.fc these are llama.cpp's tokens")


@pytest.mark.llama
@pytest.mark.parametrize(("height", "width"), [(24, 24), (16, 36)])
def test_llama_cpp_resamples_the_same(tmp_path, height, width):
    """Two heads of 128 numbers, the only width that llama.cpp's resampler has; a square picture and a wide one."""
    from fixtures.katas.projector.in_llama import EPS, projected_by_llama_cpp

    x, weights, wanted = projected_by_llama_cpp(tmp_path, "resampler", height, width, text_width=256)
    # keys and values go through float16: measured 3e-3 deviations; keys without places give 0.8
    call(resampler, x, weights, (height // 4, width // 4), 2, EPS).gives(wanted, atol=1e-2 * float(wanted.std()))


@pytest.mark.llama
@pytest.mark.parametrize("number", range(6, 10))
def test_llama_cpp_makes_the_same_tokens_of_a_picture(number):
    """From pixels to tokens, with your encoder and your projector, on the shipped file as it is."""
    from fixtures.katas.vision_encoder.seen import llama_cpp_embeddings, normalized, unseen
    from fixtures.models.trained.shipped import shipped_path

    image, path = unseen(number, 96), shipped_path(*SHIPPED)
    encoder, pixels = call(read_encoder, path).value, normalized(image)
    stages = Stages()
    x = stages.check("image_features", call(image_features, pixels, encoder), features(pixels, encoder), atol=5e-4)
    wanted = llama_cpp_embeddings(path, image)
    # measured on 50 pictures 3e-3 deviations, at worst 9e-3: matrices, pixels, keys and GELU go through float16
    stages.check("mlp_projector", call(mlp_projector, x, encoder.weights, "tanh"), wanted,
                 atol=1.5e-2 * float(wanted.std()))
