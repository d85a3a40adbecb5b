"""Images inside a prompt: its tokens, their positions, who sees whom, and the matrix that llama.cpp decodes.

In llama.cpp: tools/mtmd/mtmd.cpp (mtmd_tokenize) and mtmd-helper.cpp (mtmd_helper_eval_chunks).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
MARKER = "<__media__>"  # libmtmd's
Grid = tuple[int, int]  # (rows, columns) of an image's tokens, which come row by row; (1, 64) where there are no rows
Chunk = list[int] | Grid  # a piece of a prompt: a text is a list of token ids, an image a tuple


def split_prompt(
    prompt: str, grids: Sequence[Grid], tokenize: Callable[[str], Sequence[int]], bos: int | None = None,
    begin: Sequence[int] = (), end: Sequence[int] = (), marker: str = MARKER,
) -> list[Chunk]:
    """Cut a prompt at its markers: a list of token ids for each text, a tuple for each marker.

    grids: of each image, in the order of the markers
    tokenize: gives the ids of a text, without bos; each text is tokenized by itself, as it is
    bos: comes once, first of all, even where an image begins the prompt
    begin, end: ids that the model wants before and after each image; they are part of the texts there
    No list is empty, and no two stand side by side. Ids and sizes are Python's integers. Raises ValueError unless
    there are as many markers as grids, and a row and a column or more in each.
    """
    raise NotImplementedError


def mrope_positions(chunks: Sequence[Chunk], start: int = 0) -> NDArray[np.int64]:
    """Return the positions of Qwen2-VL (M-RoPE), (tokens, 3): time, row, column; the first token is at start.

    A token of text has its position three times. An image at position p: all of it has time p; the token in row r and
    column c, counted from 0, has row p + r and column p + c; what follows begins at p + max(rows, columns).
    """
    raise NotImplementedError


def attention_mask(chunks: Sequence[Chunk], non_causal: bool = False) -> NDArray[np.bool_]:
    """Say which token sees which, (tokens, tokens): [query, key] is True where the query sees the key.

    A token sees itself and all before it. With non_causal (Gemma 3) a token of an image sees all of that image.
    """
    raise NotImplementedError


def splice(
    chunks: Sequence[Chunk], table: Floats, vectors: Sequence[Floats], text_scale: float = 1.0
) -> NDArray[np.float32]:
    """Return what the model decodes, (tokens, width) float32: rows of the table for texts, the vectors for images.

    table: (vocabulary, width), token_embd.weight
    vectors: of each image (its tokens, width), in the order of the images
    text_scale: rows of the table are multiplied by it, vectors never: sqrt(width) for Gemma, else 1
    Raises ValueError where something does not fit, or a vector is not finite: see the README.
    """
    raise NotImplementedError


def context_left(chunks: Sequence[Chunk], n_ctx: int, answer_tokens: int) -> int:
    """Return how much of n_ctx is left beside the prompt and an answer of answer_tokens; less than 0 is a ValueError.

    Every token of an image takes a place in the cache, with M-RoPE as well, though not a position of its own.
    """
    raise NotImplementedError
