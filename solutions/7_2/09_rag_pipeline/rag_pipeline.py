"""Answer questions from documents: keep their passages, find the right ones, prompt within a budget, stream, cite.

As a program, this file ingests documents and answers questions: see README.md.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":  # as a program it finds the katas before it, and fixtures, by itself
    sys.path += [str(Path(__file__).parents[3]), *map(str, Path(__file__).parents[1].iterdir())]

from chunking import Chunk

from fixtures.katas.rag_pipeline.passages import (
    Answer,
    Changes,
    Citation,
    Document,
    Floats,
    Hit,
    Message,
    Passage,
    Prompt,
    Store,
    Turn,
    Where,
)

DECLINED = "The documents say nothing about this."


def sync(documents: Mapping[str, Document], store: Store, split: Callable[[str], Sequence[Chunk]],
         embed: Callable[[list[str]], Floats], batch: int = 32) -> Changes:
    """Make the store hold exactly the passages of these documents, as they are now; others stay untouched.

    documents: name -> document; one without words loses its passages
    split: cuts a text into chunks; embed: embeds texts "name: passage", returns (texts, width)
    A passage's id is the SHA-256 (hexadecimal, 32 digits of it) of repr((document, text, n)) if n passages of the
    document had the same text before it. Only what is new is embedded, at most batch texts at a time, each batch added
    when it is done; what has only other offsets or metadata is updated; what vanished is deleted last.
    Killed anywhere and run again, nothing is lost or doubled.
    Raises ValueError naming embed if it returns another number of vectors, NaN or infinity.
    """
    raise NotImplementedError


def find_by_words(question: str, store: Store, k: int, where: Where = None) -> list[Passage]:
    """Find the k passages that fit where and have the highest BM25 score above 0, best first, of "name: passage"."""
    raise NotImplementedError


def retrieve(question: str, store: Store, embed_query: Callable[[str], Floats], k: int = 5, where: Where = None,
             candidates: int = 50, find_words: Callable[..., list[Passage]] = find_by_words) -> list[Hit]:
    """Find the k best passages for a question: by vectors and by words, joined by reciprocal ranks.

    candidates: how many each search gives to the fusion
    find_words: called as find_words(question, store, candidates, where)
    Returns hits in the order of the fusion, each with its cosine, also those that only their words have found.
    Raises ValueError naming question if it is blank, k if it is below 1.
    """
    raise NotImplementedError


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return the text to retrieve with: a follow-up question has the question before it put before it."""
    raise NotImplementedError


def build_prompt(question: str, hits: Sequence[Hit], history: Sequence[Turn],
                 count_tokens: Callable[[list[Message]], int], budget: int) -> Prompt:
    """Build the messages for the generator: rules and worked examples, the conversation, the passages, the question.

    hits: best first; a passage stands whole in the prompt, behind its mark [document], or not at all
    count_tokens: counts the whole prompt, rendered as the generator gets it
    Each passage is taken, the best first, if the prompt stays within the budget; then turns of the history, from
    the newest back, until one does not fit.
    Raises ValueError naming question if it is too long for the budget even alone.
    """
    raise NotImplementedError


def answer(question: str, hits: Sequence[Hit], generate: Callable[[list[Message]], Iterator[str]],
           count_tokens: Callable[[list[Message]], int], budget: int, threshold: float,
           history: Sequence[Turn] = ()) -> Answer:
    """Answer from the hits. Without one whose cosine reaches the threshold the answer is DECLINED.

    generate: gives the pieces of an answer to messages as they come; it is called when the first piece is asked for
    Closing the pieces closes those of generate at once. Raises what build_prompt raises, before anything is generated.
    """
    raise NotImplementedError


def check_citations(text: str, used: Sequence[Hit]) -> list[Citation]:
    """List the marks of an answer, each once, in order; x[0] and a list in code are none."""
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.rag_pipeline.program import main

    main(Path(__file__))
