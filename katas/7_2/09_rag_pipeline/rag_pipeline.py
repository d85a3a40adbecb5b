"""Answer from documents: keep passages, find them, prompt within a budget, cite. Also a program: see README.md."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":  # a program finds fixtures and the katas before this one by itself
    sys.path += [str(Path(__file__).parents[3]), *map(str, Path(__file__).parents[1].iterdir())]

from hybrid_search import bm25_scores, reciprocal_rank_fusion, terms  # noqa: F401

from fixtures.katas.rag_pipeline.conversation import (  # noqa: F401
    DECLINED,
    Answer,
    Citation,
    Count,
    Generate,
    Prompt,
    Turn,
    messages,
)
from fixtures.katas.rag_pipeline.passages import Changes, Document, Embed, FindWords, Hit, Passage, Split, Store, Where


def sync(documents: Mapping[str, Document], store: Store, split: Split, embed: Embed, batch: int = 32) -> Changes:
    """Make the store hold exactly the passages of these documents, by name, as they are now; others stay untouched.

    Only what is new is embedded, as passage.titled, at most batch at a time, each batch added when it is done; what
    only moved is updated; what vanished is deleted last. Passage says how ids are made.
    """
    raise NotImplementedError


def find_by_words(question: str, store: Store, k: int, where: Where = None) -> list[Passage]:
    """Find the k passages of the highest BM25 score above 0, best first, by the words of passage.titled."""
    raise NotImplementedError


def retrieve(question: str, store: Store, embed: Embed, k: int = 5, where: Where = None, candidates: int = 50,
             find_words: FindWords = find_by_words) -> list[Hit]:
    """Find the k best passages: by vectors and by words, candidates of each (at least k), fused by reciprocal ranks.

    Returns each with its cosine, also those that only their words have found. Raises ValueError if k is below 1.
    """
    raise NotImplementedError


def build_prompt(question: str, hits: Sequence[Hit], history: Sequence[Turn], count: Count, budget: int) -> Prompt:
    """Put into messages(question, hits, history) what fits: count(messages) may be at most budget tokens.

    Each hit is taken, the best first, if its passage still fits; then of the history the newest turns that fit.
    Raises ValueError naming question if it is too long even alone.
    """
    raise NotImplementedError


def answer(question: str, hits: Sequence[Hit], generate: Generate, count: Count, budget: int, threshold: float,
           history: Sequence[Turn] = ()) -> Answer:
    """Answer from the hits that fit; DECLINED, without asking the generator, if none of them reaches the threshold.

    generate(messages) is called when the first piece is asked for; closing the pieces closes what it returned at once.
    """
    raise NotImplementedError


def check_citations(text: str, used: Sequence[Hit]) -> list[Citation]:
    """List the marks [name] of an answer, each once, in order. An index, as in x[0], is none.

    given: a passage of that document was used. named: its name also stands outside of marks, not as part of another
    """
    raise NotImplementedError


if __name__ == "__main__":
    from fixtures.katas.rag_pipeline.program import main

    main(Path(__file__))
