"""Your prompts against libmtmd's, and your matrices decoded by llama.cpp (llama_batch.embd)."""

import numpy as np
import pytest
from image_tokens import attention_mask, context_left, mrope_positions, splice, split_prompt

from fixtures.checking import call

pytestmark = pytest.mark.llama
SIZES = [(84, 140), (140, 84), (100, 100)]  # of images, (height, width)
PROMPTS = ["no image", "<__media__>", " a  b <__media__>", "<__media__> \n<__media__>\n\nwhat",
           "<__media__><__media__>Déjà vu, 12 crosses</s><__media__>", "user:<__media__> is<__media__><__media__>\nit?"]


@pytest.mark.parametrize("architecture", ["llama", "gemma3", "qwen2vl"])
def test_llama_cpp_cuts_places_and_decodes_as_you_do(tmp_path, architecture):
    """Made models of three families, each with its texts around an image, its positions and its mask.

    The last prompt is decoded, by mtmd with the same random vectors: the logits behind it are the same.
    """
    from fixtures.katas.image_tokens.asking import MADE, opened_made

    rng = np.random.default_rng(2)
    mrope, non_causal = architecture == "qwen2vl", architecture == "gemma3"
    with opened_made(tmp_path, architecture) as (model, table):
        around = [model.tokenize(text) for text in MADE[architecture][3]]
        for prompt in PROMPTS:
            mtmd = model.chunks(prompt, SIZES[:prompt.count("<__media__>")])
            images = [chunk for chunk in mtmd if chunk.ids is None]
            grids = [(3, 5), (5, 3), (4, 4)] if mrope else [(1, chunk.tokens) for chunk in images]
            left = iter(grids)
            chunks = call(split_prompt, prompt, grids[:len(images)], model.tokenize, model.bos, *around).gives(
                [next(left) if chunk.ids is None else list(chunk.ids) for chunk in mtmd])
            positions = np.concatenate([chunk.positions for chunk in mtmd])
            if mrope:
                call(mrope_positions, chunks).gives(positions)
            else:
                positions = positions[:, 0]
                assert (positions == np.arange(len(positions))).all(), "mtmd's positions do not run on"

        vectors = [rng.standard_normal((chunk.tokens, model.width)).astype(np.float32) for chunk in images]
        matrix = call(splice, chunks, table, vectors, model.width**0.5 if non_causal else 1.0).value
        assert model.decodes_images_non_causally() == non_causal, "llama.cpp has another mask than the README says"
        logits = model.decode_prompt(matrix, positions, [chunk.ids is None for chunk in mtmd],
                                     [chunk.tokens for chunk in mtmd], non_causal)[-1]
        apart = np.abs(logits - model.logits_with(prompt, SIZES, vectors)).max()
        # measured 0; a causal mask for Gemma 3 and rows for columns give 0.014, plain positions 1.6, no scale 2.8
        assert apart < 1e-4, f"the logits behind the prompt are {apart:.2g} from those of mtmd's own path"


@pytest.mark.parametrize("architecture", ["llama", "gemma3"])
def test_llama_cpp_lets_see_what_your_mask_allows(tmp_path, architecture):
    """Each vector is changed once: the tokens whose logits change at all see it."""
    from fixtures.katas.image_tokens.asking import opened_made

    chunks, non_causal = [[1, 335, 351], (3, 3), [259], (2, 2), [267, 262]], architecture == "gemma3"
    images, tokens = [isinstance(chunk, tuple) for chunk in chunks], [3, 9, 1, 4, 2]
    rng = np.random.default_rng(5)
    with opened_made(tmp_path, architecture) as (model, _):
        matrix, positions = rng.standard_normal((19, model.width)).astype(np.float32), np.arange(19)
        before = model.decode_prompt(matrix, positions, images, tokens, non_causal)
        seen = np.zeros((19, 19), dtype=bool)
        for key in range(19):
            changed = matrix.copy()
            changed[key] = rng.standard_normal(model.width)
            logits = model.decode_prompt(changed, positions, images, tokens, non_causal)
            seen[:, key] = (logits != before).any(axis=1)
    call(attention_mask, chunks, non_causal).gives(seen)


def test_llama_cpp_has_room_for_as_many_tokens_as_you_count(tmp_path):
    """Qwen2-VL's images take few positions, but each token takes a cell of the cache: 256 in all, and then none."""
    from fixtures.katas.image_tokens.asking import opened_made

    chunks = [[1, 259, 267], *[(7, 5)] * 7]
    answer = 256 - 3 - 7 * 35
    call(context_left, chunks, 256, answer).gives(0)
    with opened_made(tmp_path, "qwen2vl", n_ctx=256) as (model, table):
        positions = call(mrope_positions, chunks).value
        model.decode(np.ones((248, model.width), np.float32), positions, first=True)
        for i in range(answer):
            model.decode(table[5:6], np.full((1, 3), positions.max() + 1 + i))
        with pytest.raises(RuntimeError, match="llama_decode returned 1"):  # no cell is left
            model.decode(table[5:6], np.full((1, 3), positions.max() + 1 + answer))


def answers_are_mtmds(count, images):
    """Ask the shipped model: the encoder's vectors, spliced into the rows of the table, and mtmd's own path."""
    from fixtures.katas.image_tokens.asking import asked, opened_shipped

    with opened_shipped() as (model, table):
        for pictures, prompt, _ in asked(count, images):
            chunks = call(split_prompt, prompt, [(8, 8)] * images, model.tokenize, model.bos).value
            matrix = call(splice, chunks, table, [model.embeddings(picture) for picture in pictures]).value
            positions = np.arange(len(matrix))
            wanted, got = model.answer(prompt, pictures), model.answer_from(matrix, positions)
            assert got == wanted, f"{prompt!r}: {model.text_of(got)!r}, mtmd answers {model.text_of(wanted)!r}"
            apart = np.abs(model.decode(matrix, positions, first=True) - model.logits(prompt, pictures)).max()
            # 100 pictures: 0.004, at most 0.024; with a second begin token 0.2, with one position for the image 1.7
            assert apart < 0.1, f"{prompt!r}: the first logits are {apart:.2g} from mtmd's"


@pytest.mark.parametrize(("count", "images"), [(5, 1), (2, 2)])
def test_the_shipped_model_gives_mtmds_answers_to_your_matrices(count, images):
    """Token for token. Answers alone tell little: with a second begin token 95 of 100 stay the same."""
    answers_are_mtmds(count, images)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "images"), [(100, 1), (50, 2)])
def test_a_hundred_answers_are_mtmds(count, images):
    answers_are_mtmds(count, images)
