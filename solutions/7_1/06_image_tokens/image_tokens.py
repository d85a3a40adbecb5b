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
    texts = prompt.split(marker)
    if len(texts) != len(grids) + 1 or any(edge < 1 for grid in grids for edge in grid):
        raise ValueError(f"grids must be one for each of {len(texts) - 1} markers, of 1 x 1 or more: {grids}")
    pieces = [[int(token) for token in tokenize(text)] if text else [] for text in texts]
    chunks: list[Chunk] = [[*([] if bos is None else [bos]), *pieces[0]]]
    for (rows, columns), piece in zip(grids, pieces[1:]):
        chunks[-1] = [*chunks[-1], *begin]
        chunks += [(int(rows), int(columns)), [*end, *piece]]
    return [chunk for chunk in chunks if chunk]


def mrope_positions(chunks: Sequence[Chunk], start: int = 0) -> NDArray[np.int64]:
    """Return the positions of Qwen2-VL (M-RoPE), (tokens, 3): time, row, column; the first token is at start.

    A token of text has its position three times. An image at position p: all of it has time p; the token in row r and
    column c, counted from 0, has row p + r and column p + c; what follows begins at p + max(rows, columns).
    """
    positions, start = np.zeros((0, 3), dtype=np.int64), int(start)
    for chunk in chunks:
        if isinstance(chunk, tuple):
            row, column = np.indices(chunk).reshape(2, -1)  # (tokens,) each
            own = np.stack([np.zeros_like(row), row, column], axis=1)
        else:
            own = np.repeat(np.arange(len(chunk))[:, None], 3, axis=1)
        positions = np.concatenate([positions, start + own])
        start += int(own.max()) + 1
    return positions


def attention_mask(chunks: Sequence[Chunk], non_causal: bool = False) -> NDArray[np.bool_]:
    """Say which token sees which, (tokens, tokens): [query, key] is True where the query sees the key.

    A token sees itself and all before it. With non_causal (Gemma 3) a token of an image sees all of that image.
    """
    numbers = [i if isinstance(chunk, tuple) else -1 for i, chunk in enumerate(chunks)]
    image = np.repeat(numbers, [_tokens(chunk) for chunk in chunks])  # (tokens,): which image it is of, or -1
    mask = np.tri(len(image), dtype=bool)
    return mask | (image[:, None] == image) & (image >= 0) if non_causal else mask


def splice(
    chunks: Sequence[Chunk], table: Floats, vectors: Sequence[Floats], text_scale: float = 1.0
) -> NDArray[np.float32]:
    """Return what the model decodes, (tokens, width) float32: rows of the table for texts, the vectors for images.

    table: (vocabulary, width), token_embd.weight
    vectors: of each image (its tokens, width), in the order of the images
    text_scale: rows of the table are multiplied by it, vectors never: sqrt(width) for Gemma, else 1
    Raises ValueError where something does not fit, or a vector is not finite: see the README.
    """
    ids = [token for chunk in chunks if not isinstance(chunk, tuple) for token in chunk]
    wanted = [(_tokens(chunk), table.shape[1]) for chunk in chunks if isinstance(chunk, tuple)]
    if ids and not 0 <= min(ids) <= max(ids) < len(table):
        raise ValueError(f"chunks have ids from {min(ids)} to {max(ids)}, {len(table)} rows are there")
    if [np.shape(vector) for vector in vectors] != wanted:
        raise ValueError(f"vectors have the shapes {[np.shape(vector) for vector in vectors]} in place of {wanted}")
    if not all(np.isfinite(vector).all() for vector in vectors):
        raise ValueError("vectors must be finite: one NaN makes every logit NaN")
    left = iter(vectors)
    rows = [next(left) if isinstance(chunk, tuple) else np.float32(text_scale) * table[chunk].astype(np.float32)
            for chunk in chunks]
    return np.concatenate(rows, dtype=np.float32, casting="same_kind")


def context_left(chunks: Sequence[Chunk], n_ctx: int, answer_tokens: int) -> int:
    """Return how much of n_ctx is left beside the prompt and an answer of answer_tokens; less than 0 is a ValueError.

    Every token of an image takes a place in the cache, with M-RoPE as well, though not a position of its own.
    """
    left = int(n_ctx) - sum(map(_tokens, chunks)) - int(answer_tokens)
    if left < 0:
        raise ValueError(f"n_ctx {n_ctx} is too small by {-left} for this prompt and its answer")
    return left


def _tokens(chunk: Chunk) -> int:
    return int(chunk[0]) * int(chunk[1]) if isinstance(chunk, tuple) else len(chunk)
