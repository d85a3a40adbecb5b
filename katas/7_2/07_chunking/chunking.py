"""Cut a text into chunks that fit an embedding model, at the best boundary that there is, with exact offsets."""

from collections.abc import Callable
from typing import NamedTuple

Span = tuple[int, int]


class Chunk(NamedTuple):
    """A piece of a text: text[start:end], start and end counted in characters of the source."""

    text: str
    start: int
    end: int


def paragraphs(text: str) -> list[Span]:
    """Return the (start, end) of each paragraph: what blank lines separate, without white space around it."""
    raise NotImplementedError


def sentences(text: str) -> list[Span]:
    """Return the (start, end) of each sentence, without white space around it; none reaches across a blank line.

    A sentence ends behind . ! ? … (and quotes or brackets that close) before white space, unless a small letter
    follows, and behind 。！？ before anything.
    """
    raise NotImplementedError


def words(text: str) -> list[Span]:
    """Return the (start, end) of each word: a run without white space; each Chinese or Japanese character is one."""
    raise NotImplementedError


def chunk(text: str, count_tokens: Callable[[str], int], max_tokens: int, overlap_tokens: int = 0) -> list[Chunk]:
    """Cut a text into chunks of at most max_tokens, each as long as it can be.

    count_tokens: counts the tokens of a text, those included that the model puts around it
    A chunk ends with a paragraph, if one ends within the limit, else with a sentence, else with a word, else
    between two characters (never inside a combined one). It starts where the one before ended, or up to
    overlap_tokens before: with the first word from which on the end of that chunk has at most so many tokens. A
    chunk always ends further on than the one before; where the overlap leaves no room for that, there is none.
    White space between chunks belongs to none. A text without words gives no chunk.
    Raises ValueError if max_tokens is below 1, overlap_tokens is below 0 or not below max_tokens, or a single
    character is more than max_tokens.
    """
    raise NotImplementedError
