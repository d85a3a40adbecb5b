"""Your merging in the shipped vision model: real llama.cpp judges it, by its embeddings and by its answers."""

import numpy as np
import pytest
from token_merging import merged_features, unmerge
from vision_encoder import read_encoder

from fixtures.checking import call

SHIPPED = ("vision", "mmproj.gguf")


@pytest.mark.llama
@pytest.mark.parametrize("number", range(3))
def test_llama_cpp_sees_the_same_where_nothing_is_merged(tmp_path, number):
    from fixtures.katas.vision_encoder.files import write_encoder
    from fixtures.katas.vision_encoder.seen import llama_cpp_embeddings, normalized, unseen
    from fixtures.models.trained.shipped import shipped_path

    encoder = read_encoder(shipped_path(*SHIPPED))
    image = unseen(number, 96)
    wanted = llama_cpp_embeddings(write_encoder(tmp_path / "bare.gguf", vars(encoder)), image)
    features, _, groups = call(merged_features, normalized(image), encoder, [0, 0, 0, 0]).value
    # in deviations of all numbers: measured 2e-3, for llama.cpp rounds to float16; quick GELU gives 0.07
    call(unmerge, features, groups).gives(wanted, atol=1e-2 * float(wanted.std()))


@pytest.mark.llama
@pytest.mark.parametrize(("r", "least"), [(4, 0.97), (8, 0.95), (12, 0.9)])
def test_llama_cpp_answers_from_half_the_tokens(r, least):
    """The encoder ends with 64 - 4 r tokens; on the grid again and projected, they are what llama.cpp is asked about.

    Of these 256 questions 253 are answered right without merging; 253, 251 and 243 with r = 4, 8 and 12. With the inner
    product for the cosine it is 240, 219 and 195, with random pairs 209, 178 and 130.
    """
    from fixtures.katas.projector.reference import mlp
    from fixtures.katas.token_merging.answering import share_of_right_answers
    from fixtures.models.trained.shipped import shipped_path
    from fixtures.models.trained.vision.batches import pixels
    from fixtures.models.trained.vision.evaluate import asked_about

    encoder, drawn = read_encoder(shipped_path(*SHIPPED)), asked_about(71_010, 25)
    seen = pixels([shown for shown, *_ in drawn], 96)
    features, sizes, groups = call(merged_features, seen, encoder, [r] * 4).value
    assert features.shape == (25, 64 - 4 * r, 128) and np.all(sizes.sum(axis=1) == 64), "64 patches, 4 r tokens less"
    grid = call(unmerge, features, groups).value
    right, asked = share_of_right_answers(mlp(grid, encoder.weights, "tanh"), drawn)
    assert right / asked >= least, f"{right} of {asked} answers are right with r = {r}; {least:.0%} should be"
