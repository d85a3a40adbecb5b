"""Search by words (BM25), join the results of several searches, and let a reranker look at the best of them."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Terms = Sequence[str]
Ranked = list[tuple[Hashable, float]]  # (id, score), best first


def terms(text: str) -> list[str]:
    """Return the words of a text for a search: runs of letters, digits and _, without regard to case (casefold)."""
    raise NotImplementedError


def bm25_scores(queries: Sequence[Terms], documents: Sequence[Terms],
                k1: float = 1.2, b: float = 0.75) -> NDArray[np.float64]:
    """Score every document for every query by the words that they share.

    queries, documents: lists of terms; a term that a query holds twice counts twice
    k1: how much a term's second occurrence adds; b: how much a long document is held against it, 0 to 1
    Returns (queries, documents); 0 where no term is shared.
    Raises TypeError if a query or a document is one string; ValueError if k1 is below 0 or b not in 0..1.
    Source: Robertson and Zaragoza 2009, section 3.4; with the idf of Lucene's BM25Similarity and, as there, no k1 + 1.
    """
    raise NotImplementedError


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Hashable]], k: float = 60) -> Ranked:
    """Join rankings of one query by their ranks: a document gets 1 / (k + rank) from each ranking that holds it.

    rankings: for each search the ids that it found, best first; the best has rank 1
    Returns (id, score) of every document that some search found, best first; of equal ones the one that comes
    first when the rankings are read one after the other.
    Raises ValueError if a ranking holds an id twice or k is below 0.
    Source: Cormack, Clarke and Büttcher 2009.
    """
    raise NotImplementedError


def weighted_fusion(scores: Sequence[Mapping[Hashable, float]], weights: Sequence[float]) -> Ranked:
    """Join the scores of several searches of one query: scale each search to 0..1, then add them with weights.

    scores: for each search id -> score of what it found, higher is better
    weights: one for each search
    A search's best gets 1, its worst 0, what it did not find 0. Equal scores, as that of a single hit, all get 1.
    Returns (id, score) of every document that some search found, in the order of reciprocal_rank_fusion.
    Raises ValueError if the numbers of weights and searches differ, a weight is below 0, or a number is not finite.
    Source: Bruch, Gai and Ingber 2023.
    """
    raise NotImplementedError


def rerank(query: str, candidates: Mapping[Hashable, str],
           score_pairs: Callable[[list[tuple[str, str]]], Sequence[float]], k: int) -> Ranked:
    """Put the documents that a search has found in the order of a reranker; keep the best k.

    candidates: id -> text, in the order of the search
    score_pairs: takes the pairs (query, text) of all candidates at once, returns a score for each, higher is better
    Returns (id, score), best first, of equal ones the one that the search had first. Without candidates score_pairs
    is not called. Raises ValueError if k is below 1, or score_pairs returns another number of scores, or NaN.
    Source: Nogueira and Cho 2019.
    """
    raise NotImplementedError
