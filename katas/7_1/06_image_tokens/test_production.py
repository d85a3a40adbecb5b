"""What goes silently wrong in real use, and one table of what is refused."""

import numpy as np
import pytest
from image_tokens import attention_mask, context_left, mrope_positions, splice, split_prompt

from fixtures.checking import call
from fixtures.katas.image_tokens import reference
from fixtures.katas.image_tokens.reference import BOS, spell

TABLE = np.random.default_rng(6).standard_normal((31, 5)).astype(np.float32)
VECTORS = [np.random.default_rng(7).standard_normal((6, 5)).astype(np.float32)]
CHUNKS = [[1, 2], (2, 3), [3]]
TEN = [[7, 5], *[chunk for i in range(10) for chunk in ((i + 1, 12), [i])]]


def replaced(place, value):
    """Return the vectors with another number in one place."""
    vector = VECTORS[0].copy()
    vector[place] = value
    return [vector]


def test_a_marker_of_the_users_stays_text_where_the_program_has_its_own():
    """Whoever types <__media__> must not move the images: such a program draws a marker that nobody can guess."""
    call(split_prompt, "a<__media__>b[x.y]c", [(1, 2)], spell, marker="[x.y]").gives(
        [[1, *spell("<__media__>"), 2], (1, 2), [3]])


def test_no_text_is_no_token():
    """Many a tokenizer puts a space before every text: also before one of no letters."""
    call(split_prompt, "<__media__>b<__media__>", [(1, 1), (1, 1)], lambda text: [27, *spell(text)], BOS).gives(
        [[BOS], (1, 1), [27, 2], (1, 1)])


def test_lists_of_others_are_not_changed():
    """A tokenizer may remember its answers and return the same list twice."""
    remembered, begin = [1, 2], [31]
    call(split_prompt, "ab<__media__>ab<__media__>ab", [(1, 1)] * 2, lambda text: remembered, BOS, begin, [33]).gives(
        [[0, 1, 2, 31], (1, 1), [33, 1, 2, 31], (1, 1), [33, 1, 2]])
    assert (remembered, begin) == ([1, 2], [31]), f"the lists that were given have become {remembered} and {begin}"


def test_ids_and_sizes_may_be_numpys():
    """Also of few bits: np.int8(20) * np.int8(20) is negative. What split_prompt gives is Python's."""
    grid = np.array([20, 20], dtype=np.int8)
    call(split_prompt, "a<__media__>b", grid[None], lambda text: np.array(spell(text), np.int32)).satisfies(
        lambda chunks: [[type(number) for number in chunk] for chunk in chunks] == [[int], [int, int], [int]],
        "integers of Python's")
    chunks = [[1], tuple(grid), [2]]
    call(mrope_positions, chunks, np.int8(120)).gives(reference.mrope(chunks, 120))
    call(context_left, chunks, np.int16(500), np.int8(90)).gives(8)
    call(attention_mask, chunks).satisfies(lambda mask: mask.shape == (402, 402), "shape (402, 402)")
    call(splice, chunks, TABLE, [np.ones((400, 5))]).satisfies(lambda x: x.shape == (402, 5), "shape (402, 5)")


@pytest.mark.parametrize("chunks", [[[1, 2, 3]], [[30]], [(3, 2)], [(1, 2), (2, 2)]])
def test_prompts_of_text_or_images_alone(chunks):
    call(mrope_positions, chunks, 5).gives(reference.mrope(chunks, 5))
    call(attention_mask, chunks, True).gives(reference.mask(chunks, True))
    vectors = [TABLE[:6].copy()] if len(chunks) == 1 else [TABLE[:2], TABLE[2:6]]
    call(splice, chunks, TABLE, vectors if isinstance(chunks[0], tuple) else []).gives(
        TABLE[chunks[0]] if isinstance(chunks[0], list) else TABLE[:6])


def test_ten_images_of_every_size():
    """672 tokens: 660 of them of images."""
    call(mrope_positions, TEN, 3).gives(reference.mrope(TEN, 3))
    # a mask of integers would pick rows where it is to choose entries
    call(attention_mask, TEN, True).gives(reference.mask(TEN, True), dtype=bool)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_llama_cpp_wants_float32(dtype):
    """Whatever the file's table and the encoder's vectors are: llama_batch.embd is read as float32, row by row."""
    table, vectors = np.asfortranarray(TABLE.astype(dtype)), [VECTORS[0].astype(dtype)]
    wanted = np.concatenate([4 * table[[1, 2]], vectors[0], 4 * table[[3]]])
    got = call(splice, CHUNKS, table, vectors, np.float64(4)).gives(wanted, atol=1e-6, dtype=np.float32)
    assert got.flags.c_contiguous, "the rows do not lie one behind the other"


def test_the_scale_does_not_overflow_a_table_of_float16():
    """sqrt(5376) of the largest Gemma 3 is 73: 1000 times that is infinite in float16, and its rows are rounded."""
    table = (1000 * TABLE).astype(np.float16)
    wanted = np.float32(73.32) * table[[1, 2]].astype(np.float32)
    call(splice, [[1, 2]], table, [], 73.32).gives(wanted, rtol=1e-6)


REFUSED = {
    "more markers than images": (split_prompt, ("a<__media__>b<__media__>", [(1, 2)], spell), "grids"),
    "more images than markers": (split_prompt, ("a<__media__>b", [(1, 2), (1, 2)], spell), "grids"),
    "images without a marker": (split_prompt, ("ab", [(1, 2)], spell), "grids"),
    "an image of no tokens": (split_prompt, ("a<__media__>b", [(0, 2)], spell), "grids"),
    "an image turned inside out": (split_prompt, ("a<__media__>b", [(-2, -2)], spell), "grids"),
    "-1, which numpy takes for the last row": (splice, ([[1, -1], *CHUNKS[1:]], TABLE, VECTORS), "chunks"),
    "a token behind the table": (splice, ([[31], *CHUNKS[1:]], TABLE, VECTORS), "chunks"),
    "a token far behind it": (splice, ([[2, 99], *CHUNKS[1:]], TABLE, VECTORS), "chunks"),
    "no vectors": (splice, (CHUNKS, TABLE, []), "vectors"),
    "one image too many": (splice, (CHUNKS, TABLE, VECTORS * 2), "vectors"),
    "other vectors than tokens": (splice, (CHUNKS, TABLE, [VECTORS[0][:5]]), "vectors"),
    "one vector, which numpy would spread": (splice, (CHUNKS, TABLE, [VECTORS[0][:1]]), "vectors"),
    "vectors of another model": (splice, (CHUNKS, TABLE[:, :4], VECTORS), "vectors"),
    "one NaN": (splice, (CHUNKS, TABLE, replaced((4, 2), np.nan)), "vectors"),
    "one infinity": (splice, (CHUNKS, TABLE, replaced((0, 0), -np.inf)), "vectors"),
    "no room for the image": (context_left, (CHUNKS, 5, 1), "n_ctx"),
    "no room for the answer": (context_left, (CHUNKS, 16, 8), "n_ctx"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, named = REFUSED[case]
    call(function, *arguments).raises(ValueError, naming=named)
