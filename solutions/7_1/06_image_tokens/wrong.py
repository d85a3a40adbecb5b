"""Wrong answers that people give to the image tokens kata; each docstring says what is wrong."""

import numpy as np
from image_tokens import MARKER, attention_mask, context_left, mrope_positions, splice, split_prompt

from fixtures.checking import wrong_answer_to


def count(chunk):
    """Return how many tokens a chunk has."""
    return int(chunk[0]) * int(chunk[1]) if isinstance(chunk, tuple) else len(chunk)


@wrong_answer_to(split_prompt)
def begins_every_text(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """Every text has a begin token: tokenize without it (add_special), and put one before the whole prompt."""
    def with_bos(text):
        return [*([] if bos is None else [bos]), *tokenize(text)]
    return split_prompt(prompt, grids, with_bos, None, begin, end, marker)


@wrong_answer_to(split_prompt)
def keeps_empty_texts(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """A text of no tokens has become an empty list: split() gives one at each end and between two markers."""
    chunks = [[]]
    for chunk in split_prompt(prompt, grids, tokenize, bos, begin, end, marker):
        if isinstance(chunk, tuple):
            chunks += [chunk, []]
        else:
            chunks[-1] = chunk
    return chunks


@wrong_answer_to(split_prompt)
def puts_images_first(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """All images stand before all texts: each belongs where its marker stands. (Chat handlers do this.)"""
    chunks = split_prompt(prompt, grids, tokenize, None, begin, end, marker)
    images = [chunk for chunk in chunks if isinstance(chunk, tuple)]
    text = [token for chunk in chunks if not isinstance(chunk, tuple) for token in chunk]
    begun = [] if bos is None else [bos]
    return [chunk for chunk in ([begun, *images, text] if images else [begun + text]) if chunk]


@wrong_answer_to(split_prompt)
def strips_the_seams(prompt, grids, tokenize, bos=None, begin=(), end=(), marker=MARKER):
    """Spaces and newlines beside the markers are gone: the texts are tokenized as they are."""
    return split_prompt(prompt, grids, lambda text: tokenize(text.strip()), bos, begin, end, marker)


@wrong_answer_to(mrope_positions)
def swaps_rows_and_columns(chunks, start=0):
    """Rows and columns are swapped: a position is (time, row, column), and an image's tokens come row by row."""
    return mrope_positions(chunks, start)[:, [0, 2, 1]]


@wrong_answer_to(mrope_positions)
def counts_rows_and_columns_from_0(chunks, start=0):
    """An image's rows and columns begin at 0: they count on from its position, as its time does."""
    positions, first = mrope_positions(chunks, start), 0
    for chunk in chunks:
        if isinstance(chunk, tuple):
            positions[first:first + count(chunk), 1:] -= positions[first, 0]
        first += count(chunk)
    return positions


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


@wrong_answer_to(attention_mask)
def takes_all_images_for_one(chunks, non_causal=False):
    """An image sees another one that comes later: non_causal opens each image for itself."""
    image = np.repeat([isinstance(chunk, tuple) for chunk in chunks], list(map(count, chunks)))
    return attention_mask(chunks) | (image[:, None] & image) if non_causal else attention_mask(chunks)


@wrong_answer_to(splice)
def scales_the_images(chunks, table, vectors, text_scale=1.0):
    """The vectors of the images are scaled as well: they come from the projector as the model wants them."""
    return text_scale * splice(chunks, table, vectors)


@wrong_answer_to(context_left)
def counts_an_image_once(chunks, n_ctx, answer_tokens):
    """An image is counted as one token: it takes a place for each of its tokens, rows * columns."""
    return n_ctx - sum(1 if isinstance(chunk, tuple) else len(chunk) for chunk in chunks) - answer_tokens


@wrong_answer_to(context_left)
def counts_positions(chunks, n_ctx, answer_tokens):
    """An image is counted by its longer edge, as the positions of M-RoPE are: in the cache each token has a place."""
    return n_ctx - sum(max(chunk) if isinstance(chunk, tuple) else len(chunk) for chunk in chunks) - answer_tokens
