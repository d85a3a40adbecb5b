"""The predictions on real llama.cpp: made encoders, the shipped vision model, the shipped matcher."""

import numpy as np
import pytest
from vision_interview import (
    brightness_seen,
    cost_of_a_picture,
    detail_seen,
    right_by_accident,
    share_kept,
    sharpened,
    times_the_work,
    tokens_computed,
)

from fixtures.checking import call
from fixtures.katas.vision_interview import reference as measured

pytestmark = pytest.mark.llama


@pytest.mark.parametrize("size", [(310, 440), (620, 880), (150, 440)])
def test_letters_as_llama_cpps_encoder_sees_them(tmp_path, size):
    """A bar on a page, through an mmproj that gives back the pixels; the second page is scanned twice as finely."""
    from fixtures.models.made.vision import pixels_of, write_identity_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    detail = min(size) // 10
    seen = call(detail_seen, detail, size, 84).value[0]
    mmproj = write_identity_mmproj(tmp_path / "identity.gguf", 84, 12, (0, 0, 0), (1, 1, 1))
    page = (measured.bar_on_a_page(detail, size) * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    [embeddings] = image_embeddings(mmproj, page)
    height = measured.height_of_the_bar(pixels_of(embeddings, 84, 12)[0, :, 42])
    # whole pixels and levels are worth 2 %; the scale of the shorter edge is off by 40 %
    assert abs(height / seen - 1) < 0.03, f"llama.cpp's encoder sees the {detail} pixels as {height:.2f}"


def test_pictures_that_the_shipped_encoder_cannot_tell_apart(tmp_path):
    """A file with a wrong mean and deviation sees a paler picture. And most of a noise is not seen at all."""
    from fixtures.katas.vision_interview import shipped
    from fixtures.models.trained.vision.batches import MEAN, STD, letterboxed
    from fixtures.oracles.mtmd import image_embeddings

    own, halves = shipped.shipped_path("vision", "mmproj.gguf"), (0.5, 0.5, 0.5)
    call(brightness_seen, 0, (0.5, 0.5), (0.5, 0.5)).gives(0.0, atol=1e-9)
    image = np.asarray(letterboxed(shipped.numbered_pictures(1, 7112)[0][0], 96))
    levels = np.array([[call(brightness_seen, value, (mean, std), (0.5, 0.5)).value for value in range(256)]
                       for mean, std in zip(MEAN, STD)])
    paler = np.rint(np.stack([levels[channel][image[..., channel]] for channel in range(3)], axis=2)).astype(np.uint8)
    wrong = shipped.with_other_statistics(tmp_path / "wrong.gguf", halves, halves)
    [with_wrong_file], [of_paler], [right] = (image_embeddings(*pair) for pair in (
        (wrong, image), (own, paler), (own, image)))
    # measured 0.02 of a deviation, for the levels are whole numbers; the unchanged picture is 2 away
    assert np.abs(with_wrong_file - of_paler).max() < 0.1 * right.std(), "the wrong file does not see this brightness"
    assert np.abs(with_wrong_file - right).max() > right.std(), "the wrong file sees another picture than the right one"

    rows = np.linalg.qr((shipped.patch_weights() / np.repeat(STD, 144)).astype(np.float64).T)[0]  # of pixels 0..255
    noise = shipped.patches_of(np.random.default_rng(3).normal(0, 30, (96, 96, 3)), 12)
    visible = noise @ rows @ rows.T
    call(share_kept, 12, rows.shape[1]).gives(float((visible**2).sum() / (noise**2).sum()), rtol=0.02)
    [whole], [part], [grey] = (
        image_embeddings(own, np.clip(np.rint(128 + shipped.image_of(patches, 12)), 0, 255).astype(np.uint8))
        for patches in (noise, visible, 0 * noise))
    root_mean_squares = [float(np.sqrt(((whole - other)**2).mean())) for other in (part, grey)]
    # measured 0.003 of a deviation against 0.26: what differs by 20 levels a pixel is the same picture
    assert root_mean_squares[0] < 0.05 * root_mean_squares[1], "the encoder sees what should be invisible to it"


def test_what_llama_cpp_multiplies_and_keeps(tmp_path):
    """The products of the encoder's graph, block by block; the keys and values that a picture leaves in the cache."""
    from fixtures.katas.vision_interview.in_llama import bytes_kept, encoder_multiplications, opened_text_model
    from fixtures.models.made.text import TextShape, write_llama
    from fixtures.models.made.vision import VisionShape, write_llava_mmproj
    from fixtures.oracles.mtmd import image_embeddings

    predicted = call(times_the_work, 25, 24, 2).value
    work = []
    for side in (30, 60):
        shapes = [VisionShape(side, 6, 24, feed_forward=96, blocks=blocks) for blocks in (1, 3)]
        counted = [encoder_multiplications(write_llava_mmproj(tmp_path / f"{side}.gguf", shape).path, side)
                   for shape in shapes]
        work.append(counted[1] - counted[0])  # of two blocks
    assert abs(work[1] / work[0] / predicted - 1) < 1e-9, f"llama.cpp's graph: {work[1] / work[0]:.3f} times"

    text = write_llama(tmp_path / "text.gguf", TextShape(width=48, heads=6, kv_heads=2, blocks=3))
    mmproj = write_llava_mmproj(tmp_path / "mmproj.gguf", VisionShape(40, 6, 24, projected=48))
    [picture] = image_embeddings(mmproj.path, np.zeros((40, 40, 3), dtype=np.uint8))
    with opened_text_model(text.path, 256) as context:
        call(cost_of_a_picture, 40, 6, 3, 2, 8).gives((len(picture), bytes_kept(context, [[1, 5, 6]], picture)))


@pytest.mark.parametrize("picture_first", [True, False])
def test_what_llama_cpp_has_to_compute_again(picture_first):
    """The shipped model's last hidden states of every position, for three questions about a picture. What has not
    changed is kept: decoding only the rest gives the same states.
    """
    from fixtures.katas.vision_interview import shipped
    from fixtures.katas.vision_interview.in_llama import hidden_states, opened_text_model
    from fixtures.oracles.mtmd import image_embeddings

    whole, computed = call(tokens_computed, 3, 4, 64, 6, picture_first).value
    image = np.asarray(shipped.numbered_pictures(1, 7113)[0][0])
    [picture] = image_embeddings(shipped.shipped_path("vision", "mmproj.gguf"), image)
    states = []
    with opened_text_model(shipped.shipped_path("vision", "text.gguf"), 128) as context:
        for words in ([300, 310, 320, 330, 340, 350], [301, 311, 321, 331, 341, 351], [302, 310, 322, 330, 342, 350]):
            parts = [[1, 360, 361, 362], picture, words] if picture_first else [[1, 360, 361, 362], words, picture]
            states.append(hidden_states(context, parts))
            kept = 4 + 64 if picture_first else 4
            again = hidden_states(context, parts[2:] if picture_first else parts[1:], kept)
            # the same numbers in batches of the same size; a cache that is wrong is off by 0.02 and more
            assert np.abs(again - states[-1][kept:]).max() < 1e-3, "the cache's beginning cannot be kept"
    changed = len(states[0]) + sum(map(measured.changed_positions, states, states[1:]))
    assert (whole, computed) == (sum(map(len, states)), changed), f"llama.cpp: {changed} of {sum(map(len, states))}"


def test_accidents_of_the_shipped_model_and_scales_of_the_matcher():
    """Each answer to "how many" held against every picture; the matcher's cosines at two scales."""
    from fixtures.katas.vision_interview import shipped
    from fixtures.katas.zero_shot import pictures
    from fixtures.models.trained.matcher.matching import open_matcher

    images, numbers = shipped.numbered_pictures(40, 7111)
    by_accident = call(right_by_accident, np.unique(numbers, return_counts=True)[1]).value[1]
    answers = np.array(shipped.answers(images, shipped.HOW_MANY))
    wrongly_right = float((answers[:, None] == np.array(numbers)).mean())
    # the model is right in all 40 but perhaps one; one in so many answers is off by 0.1
    assert abs(wrongly_right - by_accident) < 0.02, f"with any of the pictures {wrongly_right:.3f} are right"

    with open_matcher() as matcher:
        seen, names, _ = pictures.single_things(matcher, seed=7114, count=12)
        classes = pictures.prompts(matcher, names).mean(axis=1)
        scale = float(np.exp(matcher.log_scale))
    cosines = (seen / np.linalg.norm(seen, axis=1, keepdims=True)) @ (
        classes / np.linalg.norm(classes, axis=1, keepdims=True)).T
    for factor in (0.25, 2.0):
        # float32 cosines, a scale of 28: 1e-5; probabilities that stay are off by 0.1
        call(sharpened, measured.softmax(scale * cosines), factor).gives(
            measured.softmax(scale * factor * cosines), atol=1e-4)
