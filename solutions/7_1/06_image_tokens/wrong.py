"""Wrong answers that people give to the image tokens kata; each docstring says what is wrong."""

import numpy as np
from image_tokens import (
    MARKER,
    attention_mask,
    context_left,
    mrope_positions,
    splice,
    split_prompt,
    token_positions,
)

from fixtures.checking import wrong_answer_to


def merged(chunks):
    """Join texts that stand side by side."""
    joined = []
    for chunk in chunks:
        if joined and not isinstance(chunk, tuple) and not isinstance(joined[-1], tuple):
            joined[-1] = joined[-1] + chunk
        else:
            joined.append(chunk)
    return joined


def count(chunk):
    """Return how many tokens a chunk has."""
    return int(chunk[0]) * int(chunk[1]) if isinstance(chunk, tuple) else len(chunk)


@wrong_answer_to(split_prompt)
def leaves_the_marker(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """The marker is still among the tokens, before each image: it says where, and the image takes its place."""
    return split_prompt(prompt, grids, tokenize, bos, [*tokenize(marker), *begin], end, marker)


@wrong_answer_to(split_prompt)
def begins_every_text(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """Every text has a begin token: tokenize without it (add_special), and put one before the whole prompt."""
    def with_bos(text):
        return [*([] if bos is None else [bos]), *tokenize(text)]
    return split_prompt(prompt, grids, with_bos, None, begin, end, marker)


@wrong_answer_to(split_prompt)
def puts_images_first(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """All images stand before all texts: each belongs where its marker stands. (Chat handlers do this.)"""
    first, *texts = split_prompt(prompt, grids, tokenize, None, begin, end, marker) or [[]]
    chunks = [chunk for chunk in [first, *texts] if isinstance(chunk, tuple)]
    chunks += [chunk for chunk in [first, *texts] if not isinstance(chunk, tuple)]
    return [chunk for chunk in merged([[] if bos is None else [bos], *chunks]) if chunk]


@wrong_answer_to(split_prompt)
def strips_the_seams(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """Spaces and newlines beside the markers are gone: the texts are tokenized as they are."""
    return split_prompt(prompt, grids, lambda text: tokenize(text.strip()), bos, begin, end, marker)


@wrong_answer_to(token_positions)
def gives_an_image_one_position(chunks, start=0):
    """The image takes one position: each of its tokens takes one, and what follows begins behind the last."""
    places = []
    for chunk in chunks:
        places += [start] * count(chunk) if isinstance(chunk, tuple) else range(start, start + len(chunk))
        start = places[-1] + 1
    return np.array(places)


@wrong_answer_to(token_positions)
def restarts_after_an_image(chunks, start=0):
    """The texts go on as if no image stood between them: positions run on through the images."""
    places, image = [], start
    for chunk in chunks:
        first = start if not isinstance(chunk, tuple) else image
        places += range(first, first + count(chunk))
        image = places[-1] + 1
        start += 0 if isinstance(chunk, tuple) else len(chunk)
    return np.array(places)


@wrong_answer_to(mrope_positions)
def swaps_rows_and_columns(chunks, start=0):
    """Rows and columns are swapped: a position is (time, row, column), and an image's tokens come row by row."""
    return mrope_positions(chunks, start)[:, [0, 2, 1]]


@wrong_answer_to(mrope_positions)
def leaves_a_position_for_every_token(chunks, start=0):
    """What follows an image begins behind as many positions as it has tokens: it takes max(rows, columns)."""
    places = [np.zeros((0, 3), dtype=np.int64)]
    for chunk in chunks:
        places.append(mrope_positions([chunk], start))
        start += count(chunk)
    return np.concatenate(places)


@wrong_answer_to(attention_mask)
def opens_the_whole_prompt(chunks, non_causal=False):
    """Texts see what comes after them: non_causal opens each image for itself, and nothing else."""
    tokens = sum(map(count, chunks))
    return np.ones((tokens, tokens), dtype=bool) if non_causal else attention_mask(chunks)


@wrong_answer_to(splice)
def scales_the_images(chunks, table, vectors, text_scale=1.0):
    """The vectors of the images are scaled as well: they come from the projector as the model wants them."""
    return text_scale * splice(chunks, table, vectors)


@wrong_answer_to(context_left)
def counts_an_image_once(chunks, n_ctx, answer_tokens):
    """An image is counted as one token: it takes a place for each of its tokens, rows * columns."""
    return n_ctx - sum(1 if isinstance(chunk, tuple) else len(chunk) for chunk in chunks) - answer_tokens


@wrong_answer_to(context_left)
def forgets_the_answer(chunks, n_ctx, answer_tokens):
    """The answer has no room: its tokens take places of n_ctx like those of the prompt."""
    return n_ctx - sum(map(count, chunks))
