"""A prompt with images, from its text to the matrix; a is token 1, z is token 26, the begin token is 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_tokens import attention_mask, context_left, mrope_positions, splice, split_prompt

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.image_tokens import reference
from fixtures.katas.image_tokens.reference import BOS, read_back, recorded_chunks, spell

RECORD = recorded("image_tokens")  # transformers
DO_IT = [[0, 4, 15], (2, 3), [9, 20]]  # "do<__media__>it": 3 tokens, 6, and 2
TWO = [[1, 2], (1, 2), [3], (2, 1), (1, 3)]
TEXTS = st.lists(st.integers(1, 26), min_size=1, max_size=4)
IMAGES = st.tuples(st.integers(1, 4), st.integers(1, 4))
PROMPTS = st.lists(st.one_of(TEXTS, IMAGES), min_size=1, max_size=5)


# --- chunks ----------------------------------------------------------------------------------------------


def test_a_marker_becomes_an_image():
    """Text, image, text: a list, a tuple, a list. The begin token is 0 here; only None means that there is none."""
    call(split_prompt, "do<__media__>it", [(2, 3)], spell, BOS).gives(DO_IT)
    call(split_prompt, "do<__media__>it", [(2, 3)], spell, BOS).satisfies(
        lambda chunks: [type(chunk) for chunk in chunks] == [list, tuple, list], "a list, a tuple, a list")


def test_images_stand_where_their_markers_stand():
    """The first grid is that of the first marker; between two texts, not before all or behind all."""
    call(split_prompt, "a<__media__>be<__media__>c", [(1, 4), (3, 2)], spell).gives(
        [[1], (1, 4), [2, 5], (3, 2), [3]])


def test_texts_are_tokenized_as_they_are():
    """Spaces and newlines at the seams are tokens: 27 and 28."""
    call(split_prompt, "a \n<__media__>\n b\n", [(1, 1)], spell).gives([[1, 27, 28], (1, 1), [28, 27, 2, 28]])


def test_the_begin_token_comes_once():
    """Not before each text; and before an image as well, if that comes first."""
    call(split_prompt, "a<__media__>b<__media__>c", [(1, 2), (2, 1)], spell, BOS).gives(
        [[0, 1], (1, 2), [2], (2, 1), [3]])
    call(split_prompt, "<__media__>b", [(1, 2)], spell, BOS).gives([[0], (1, 2), [2]])


def test_where_there_is_no_text_there_is_no_list():
    """Before the first marker, between two, behind the last."""
    call(split_prompt, "<__media__><__media__>b<__media__>", [(1, 1), (2, 2), (3, 3)], spell).gives(
        [(1, 1), (2, 2), [2], (3, 3)])


def test_a_prompt_may_have_no_image():
    call(split_prompt, "ab", [], spell, BOS).gives([[0, 1, 2]])


def test_begin_and_end_are_part_of_the_texts():
    """begin (31) closes the text before an image, end (33, 33) opens the text behind it; between two is one list."""
    around = {"begin": [31], "end": [33, 33]}
    call(split_prompt, "a<__media__>b", [(1, 2)], spell, BOS, **around).gives([[0, 1, 31], (1, 2), [33, 33, 2]])
    call(split_prompt, "<__media__><__media__>", [(1, 2), (2, 1)], spell, **around).gives(
        [[31], (1, 2), [33, 33, 31], (2, 1), [33, 33]])


@given(st.lists(st.text("ab \n", max_size=3), min_size=1, max_size=5))
def test_texts_and_markers_make_the_prompt_again(texts):
    prompt, grids = "<__media__>".join(texts), [(i + 1, 2) for i in range(len(texts) - 1)]
    call(split_prompt, prompt, grids, spell).satisfies(
        lambda chunks: read_back(chunks) == prompt, f"put together again it is {prompt!r}")


# --- positions -------------------------------------------------------------------------------------------


def test_mrope_places_an_image_in_time_row_and_column():
    """Row by row, all at one time; rows and columns count on from there, and the text from behind the longer edge."""
    call(mrope_positions, DO_IT).gives(np.array([
        [0, 0, 0], [1, 1, 1], [2, 2, 2],
        [3, 3, 3], [3, 3, 4], [3, 3, 5], [3, 4, 3], [3, 4, 4], [3, 4, 5],
        [6, 6, 6], [7, 7, 7]]))
    call(mrope_positions, [(4, 1), [1]], 50).gives(np.array([
        [50, 50, 50], [50, 51, 50], [50, 52, 50], [50, 53, 50], [54, 54, 54]]))


def test_mrope_positions_are_those_of_transformers():
    call(mrope_positions, recorded_chunks("qwen2vl")).gives(RECORD["qwen2vl positions"])


@given(PROMPTS, st.integers(0, 9))
def test_mrope_positions_follow_the_definition(chunks, start):
    call(mrope_positions, chunks, start).gives(reference.mrope(chunks, start))


# --- who sees whom ---------------------------------------------------------------------------------------


def test_a_token_sees_itself_and_what_came_before():
    """Rows ask, columns are seen; in an image as in a text."""
    call(attention_mask, [[5], (1, 2), [6]]).gives(np.array([
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [1, 1, 1, 1]], dtype=bool))


def test_non_causal_opens_each_image_for_itself():
    """Text, two images side by side, a text of two tokens: only within an image does one see what comes later."""
    call(attention_mask, [[5], (1, 2), (2, 1), [6, 7]], True).gives(np.array([
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 1, 1]], dtype=bool))


def test_the_mask_is_gemmas():
    call(attention_mask, recorded_chunks("gemma3"), True).gives(RECORD["gemma3 mask"])


@given(PROMPTS, st.booleans())
def test_the_mask_follows_the_definition(chunks, non_causal):
    call(attention_mask, chunks, non_causal).gives(reference.mask(chunks, non_causal))


# --- the matrix ------------------------------------------------------------------------------------------

TABLE = np.array([[n, 10 * n] for n in range(1, 31)], dtype=np.float32)  # token 0 has (1, 10), token 1 (2, 20)
VECTORS = [np.array([[-1, 7], [-2, 7]], np.float32), np.array([[-3, 8], [-4, 8]], np.float32),
           np.array([[-5, 9], [-6, 9], [-7, 9]], np.float32)]


def test_rows_of_the_table_and_vectors_take_turns():
    """Of text the rows of the table, of the images their vectors, in the order of the prompt."""
    call(splice, TWO, TABLE, VECTORS).gives(np.array([
        [2, 20], [3, 30], [-1, 7], [-2, 7], [4, 40], [-3, 8], [-4, 8], [-5, 9], [-6, 9], [-7, 9]]))


def test_gemma_scales_its_texts_but_not_its_images():
    """Three times the rows of the table, and the vectors as they are."""
    call(splice, TWO[:3], TABLE, VECTORS[:1], 3.0).gives(np.array([[6, 60], [9, 90], [-1, 7], [-2, 7], [12, 120]]))


@pytest.mark.parametrize(("model", "text_scale"), [("llava", 1.0), ("gemma3", 8**0.5)], ids=["llava", "gemma3"])
def test_the_matrix_is_what_reaches_the_first_block_in_transformers(model, text_scale):
    """Width 8. A float32 product rounds to 1e-7; images in another order are off by 0.007, scaled ones by 20."""
    table, vectors = RECORD[f"{model} table"], list(RECORD[f"{model} vectors"])
    call(splice, recorded_chunks(model), table, vectors, text_scale).gives(RECORD[f"{model} rows"], atol=1e-5)


# --- the context -----------------------------------------------------------------------------------------


def test_prompt_images_and_answer_share_the_context():
    """Each takes one place: a token of text, a token of an image, a token of the answer."""
    call(context_left, TWO, 32, 8).gives(14)
    call(context_left, DO_IT, 32, 8).gives(13)
    call(context_left, DO_IT, 19, 8).gives(0)
    call(context_left, [[1] * 12, *[(8, 8), [5]] * 10], 1024, 48).gives(1024 - 12 - 10 * 65 - 48)
