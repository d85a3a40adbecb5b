"""Wrong answers that people give to the chunking kata; each docstring says what was misunderstood."""

import re

from chunking import Chunk, chunk, sentences, words

from fixtures.checking import wrong_answer_to


@wrong_answer_to(sentences)
def ends_at_every_full_stop(text):
    """You end a sentence at every full stop: 3.14, e.g. and json.loads hold some that end nothing. A sentence
    ends before white space, and not where a small letter goes on.
    """
    spans, start = [], 0
    for end in [*(match.end() for match in re.finditer(r"[.!?。！？]", text)), len(text)]:
        piece = text[start:end]
        if piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(piece.strip())))
        start = end
    return spans


@wrong_answer_to(words)
def knows_only_spaces(text):
    """Chinese and Japanese have no spaces: a whole sentence is one word here. Each of their characters is one."""
    return [match.span() for match in re.finditer(r"\S+", text)]


@wrong_answer_to(chunk)
def counts_words(text, count_tokens, max_tokens, overlap_tokens=0):
    """You counted words: the model counts tokens, mostly more of them, and cuts off what is too many."""
    return chunk(text, lambda piece: len(piece.split()), max_tokens, overlap_tokens)


@wrong_answer_to(chunk)
def adds_the_tokens_of_the_words(text, count_tokens, max_tokens, overlap_tokens=0):
    """You added up the tokens of single words: the tokens of a text are others than the sum of its parts'. Count
    the text of the whole chunk.
    """
    return chunk(text, lambda piece: sum(count_tokens(word) for word in piece.split()), max_tokens, overlap_tokens)


@wrong_answer_to(chunk)
def searches_for_the_offsets(text, count_tokens, max_tokens, overlap_tokens=0):
    """Your offsets come from text.find, which finds the first place: text that occurs twice has two."""
    found = [piece.text for piece in chunk(text, count_tokens, max_tokens, overlap_tokens)]
    return [Chunk(piece, text.find(piece), text.find(piece) + len(piece)) for piece in found]


@wrong_answer_to(chunk)
def counts_bytes(text, count_tokens, max_tokens, overlap_tokens=0):
    """Your offsets count bytes of UTF-8: they are to be characters, so that text[start:end] is the chunk."""
    return [Chunk(piece, len(text[:start].encode()), len(text[:end].encode()))
            for piece, start, end in chunk(text, count_tokens, max_tokens, overlap_tokens)]


@wrong_answer_to(chunk)
def tidies_the_text(text, count_tokens, max_tokens, overlap_tokens=0):
    """You tidied the white space inside the chunks: they are no longer text[start:end], and a citation that
    points there shows something else.
    """
    return [Chunk(" ".join(piece.split()), start, end)
            for piece, start, end in chunk(text, count_tokens, max_tokens, overlap_tokens)]


@wrong_answer_to(chunk)
def drops_the_rest(text, count_tokens, max_tokens, overlap_tokens=0):
    """The end of the text is in no chunk: what is left over after the last full chunk is one too."""
    return chunk(text, count_tokens, max_tokens, overlap_tokens)[:-1]


@wrong_answer_to(chunk)
def takes_one_sentence_each(text, count_tokens, max_tokens, overlap_tokens=0):
    """Each of your chunks holds one sentence: put as many together as fit."""
    return [Chunk(text[start:end], start, end) for start, end in sentences(text)]


@wrong_answer_to(chunk)
def ends_with_any_word(text, count_tokens, max_tokens, overlap_tokens=0):
    """You filled each chunk up to the last word that fits: end with a paragraph or a sentence where one ends
    within the limit.
    """
    pieces, ends, start = [], [end for _, end in words(text)], 0
    while start < len(text.rstrip()):
        start += len(text[start:]) - len(text[start:].lstrip())
        end = max(end for end in ends if end > start and count_tokens(text[start:end]) <= max_tokens)
        pieces.append(Chunk(text[start:end], start, end))
        start = end
    return pieces


@wrong_answer_to(chunk)
def has_no_overlap(text, count_tokens, max_tokens, overlap_tokens=0):
    """Your chunks do not overlap: each begins with the words at the end of the one before, overlap_tokens at most."""
    return chunk(text, count_tokens, max_tokens)


@wrong_answer_to(chunk)
def repeats_the_end(text, count_tokens, max_tokens, overlap_tokens=0):
    """Your last chunk lies inside the one before: when a chunk reaches the end of the text, that was the last."""
    pieces = chunk(text, count_tokens, max_tokens, overlap_tokens)
    inside = [start for start, _ in words(text) if pieces and start > pieces[-1].start]
    short = next((start for start in inside if count_tokens(text[start : pieces[-1].end]) <= overlap_tokens), None)
    return pieces if short is None else [*pieces, Chunk(text[short : pieces[-1].end], short, pieces[-1].end)]
