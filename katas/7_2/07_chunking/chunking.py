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

    It ends behind . ! ? … and closing quotes before white space but no small letter, and behind 。！？ at once.
    """
    raise NotImplementedError


def words(text: str) -> list[Span]:
    """Return the (start, end) of each word: a run without white space; each Chinese or Japanese character is one."""
    raise NotImplementedError


def chunk(text: str, count_tokens: Callable[[str], int], max_tokens: int, overlap_tokens: int = 0) -> list[Chunk]:
    """Cut a text into chunks of at most max_tokens, each at the best boundary that fits.

    count_tokens: counts the tokens of a text, those included that the model puts around it
    A chunk ends with a paragraph, if one ends within the limit, else with a sentence, else with a word, else
    between two characters (never inside a combined one). It starts behind the one before, or repeats as many words
    at its end as have at most overlap_tokens. It always ends further on; where the overlap leaves no room for that,
    there is none. A text without words gives no chunk.
    Raises ValueError if max_tokens is below 1 or not enough for a character, overlap_tokens not in 0..max_tokens-1.
    """
    raise NotImplementedError
