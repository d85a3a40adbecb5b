"""Cut a text into chunks that fit an embedding model, at the best boundary that there is, with exact offsets."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

Span = tuple[int, int]
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)(?!\s+[a-z])|[。！？]+[」』”）]*")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_JOINER, _SELECTOR = "\u200d", "\ufe0f"  # they hold an emoji together


class Chunk(NamedTuple):
    """A piece of a text: text[start:end], start and end counted in characters of the source."""

    text: str
    start: int
    end: int


def paragraphs(text: str) -> list[Span]:
    """Return the (start, end) of each paragraph: what blank lines separate, without white space around it."""
    return _pieces(text, 0, len(text), (match.end() for match in _PARAGRAPH_END.finditer(text)))


def sentences(text: str) -> list[Span]:
    """Return the (start, end) of each sentence, without white space around it; none reaches across a blank line.

    It ends behind . ! ? … and closing quotes before white space but no small letter, and behind 。！？ at once.
    """
    spans = []
    for start, end in paragraphs(text):
        ends = (match.end() for match in _SENTENCE_END.finditer(text, start, end))
        spans += _pieces(text, start, end, ends)
    return spans


def words(text: str) -> list[Span]:
    """Return the (start, end) of each word: a run without white space; each Chinese or Japanese character is one."""
    return [match.span() for match in _WORD.finditer(text)]


def chunk(text: str, count_tokens: Callable[[str], int], max_tokens: int, overlap_tokens: int = 0) -> list[Chunk]:
    """Cut a text into chunks of at most max_tokens, each at the best boundary that fits.

    count_tokens: counts the tokens of a text, those included that the model puts around it
    A chunk ends with a paragraph, if one ends within the limit, else with a sentence, else with a word, else
    between two characters (never inside a combined one). It starts behind the one before, or repeats as many words
    at its end as have at most overlap_tokens. It always ends further on; where the overlap leaves no room for that,
    there is none. A text without words gives no chunk.
    Raises ValueError if max_tokens is below 1 or not enough for a character, overlap_tokens not in 0..max_tokens-1.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
    if not 0 <= overlap_tokens < max_tokens:
        raise ValueError(f"overlap_tokens must be in 0..{max_tokens - 1}, got {overlap_tokens}")
    spans = words(text)
    starts = [start for start, _ in spans]
    units = [[end for _, end in level] for level in (paragraphs(text), sentences(text), spans)]
    characters = [end for end in range(1, len(text)) if _separates(text, end)]
    chunks: list[Chunk] = []
    before = 0  # where the last chunk ended
    while spans and before < spans[-1][1]:
        fresh = starts[bisect_left(starts, before)] if text[before].isspace() else before
        again = _overlap(text, starts, chunks[-1], count_tokens, overlap_tokens) if chunks and overlap_tokens else None
        ways = ((again, units), (fresh, units), (fresh, [characters]))  # rather no overlap than a word cut in two
        fitting = ((start, _end(text, start, before, ends, count_tokens, max_tokens))
                   for start, ends in ways if start is not None)
        start, before = next(((start, end) for start, end in fitting if end is not None), (fresh, 0))
        if not before:
            raise ValueError(f"max_tokens is {max_tokens}, but the one character {text[start]!r} is more")
        chunks.append(Chunk(text[start:before], start, before))
    return chunks


def _pieces(text: str, start: int, end: int, cuts) -> list[Span]:
    """Return the spans between cuts, without white space around them; empty ones are left out."""
    places = [start, *cuts, end]
    pieces = [(place, text[place:cut]) for place, cut in pairwise(places)]
    return [(place + len(piece) - len(piece.lstrip()), place + len(piece.rstrip()))
            for place, piece in pieces if piece.strip()]


def _overlap(text: str, starts: Sequence[int], last: Chunk, count_tokens, overlap_tokens: int) -> int | None:
    """Return the first word inside the last chunk from which its end is at most overlap_tokens away, if any."""
    inside = starts[bisect_right(starts, last.start) : bisect_left(starts, last.end)]
    return _longest(inside[::-1], 0, lambda start: count_tokens(text[start : last.end]) <= overlap_tokens)


def _end(text: str, start: int, before: int, levels, count_tokens, max_tokens: int) -> int | None:
    """Return the farthest end that fits, of the coarsest level that has one behind the chunk before."""
    for ends in levels:
        further = bisect_right(ends, max(start, before))
        fits = _longest(ends, further, lambda end: count_tokens(text[start:end]) <= max_tokens)
        if fits is not None:
            return fits
    return None


def _separates(text: str, place: int) -> bool:
    """Whether the text may be cut here: not inside a combined character or an emoji made of several."""
    following = text[place]
    modifier = unicodedata.combining(following) or "\U0001f3fb" <= following <= "\U0001f3ff"
    return not (modifier or following in (_JOINER, _SELECTOR) or text[place - 1] == _JOINER)


def _longest(candidates: Sequence[int], first: int, fits: Callable[[int], object]) -> int | None:
    """Return the last candidate that fits, from `first` on: steps that double, then halves, since counting costs."""
    reached, step = first, 1
    while reached < len(candidates) and fits(candidates[min(reached + step, len(candidates)) - 1]):
        reached, step = min(reached + step, len(candidates)), 2 * step
    while step > 1:  # the last step was too long
        step //= 2
        if reached + step <= len(candidates) and fits(candidates[reached + step - 1]):
            reached += step
    return candidates[reached - 1] if reached > first else None
