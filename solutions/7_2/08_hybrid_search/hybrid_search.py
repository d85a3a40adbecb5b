"""Search by words (BM25), join the results of several searches, and let a reranker look at the best of them."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Terms = Sequence[str]
Ranked = list[tuple[Hashable, float]]  # (id, score), best first


def terms(text: str) -> list[str]:
    """Return the words of a text for a search: runs of letters, digits and _, without regard to case (casefold)."""
    return re.findall(r"\w+", text.casefold())


def bm25_scores(queries: Sequence[Terms], documents: Sequence[Terms],
                k1: float = 1.2, b: float = 0.75) -> NDArray[np.float64]:
    """Score every document for every query by the words that they share.

    queries, documents: lists of terms; a term that a query holds twice counts twice
    k1: how much a term's second occurrence adds; b: how much a long document is held against it, 0 to 1
    Returns (queries, documents); 0 where no term is shared.
    Raises TypeError if a query or a document is one string; ValueError if k1 is below 0 or b not in 0..1.
    Source: Robertson and Zaragoza 2009, section 3.4; with the idf of Lucene's BM25Similarity and, as there, no k1 + 1.
    """
    queries, documents = _checked("queries", queries), _checked("documents", documents, k1, b)
    postings = defaultdict(list)  # term -> [(document, how often), ...]
    for number, document in enumerate(documents):
        for term, count in Counter(document).items():
            postings[term].append((number, count))
    lengths = np.array([len(document) for document in documents], dtype=np.float64)
    mean = lengths.mean() if lengths.any() else 1
    saturation = k1 * (1 - b + b * lengths / mean)  # (documents,): a term that occurs so often has half its weight
    scores = np.zeros((len(queries), len(documents)))
    for row, query in zip(scores, queries):
        for term in query:
            if term in postings:
                found, count = np.array(postings[term]).T  # both (documents that hold the term,)
                idf = math.log1p((len(documents) - len(found) + 0.5) / (len(found) + 0.5))
                row[found] += idf * count / (count + saturation[found])
    return scores


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Hashable]], k: float = 60) -> Ranked:
    """Join rankings of one query by their ranks: a document gets 1 / (k + rank) from each ranking that holds it.

    rankings: for each search the ids that it found, best first; the best has rank 1
    Returns (id, score) of every document that some search found, best first; of equal ones the one that comes
    first when the rankings are read one after the other.
    Raises ValueError if a ranking holds an id twice or k is below 0.
    Source: Cormack, Clarke and Büttcher 2009.
    """
    if not k >= 0:
        raise ValueError(f"k must be at least 0, got {k}")
    if any(len(set(ranking)) < len(ranking) for ranking in rankings):
        raise ValueError("rankings holds an id twice in one ranking")
    scores: dict[Hashable, float] = defaultdict(float)
    for ranking in rankings:
        for rank, document in enumerate(ranking, start=1):
            scores[document] += 1 / (k + rank)
    return _best_first(scores)


def weighted_fusion(scores: Sequence[Mapping[Hashable, float]], weights: Sequence[float]) -> Ranked:
    """Join the scores of several searches of one query: scale each search to 0..1, then add them with weights.

    scores: for each search id -> score of what it found, higher is better
    weights: one for each search
    A search's best gets 1, its worst 0, what it did not find 0. Equal scores, as that of a single hit, all get 1.
    Returns (id, score) of every document that some search found, in the order of reciprocal_rank_fusion.
    Raises ValueError if the numbers of weights and searches differ, a weight is below 0, or a number is not finite.
    Source: Bruch, Gai and Ingber 2023.
    """
    if len(weights) != len(scores) or not all(0 <= weight < math.inf for weight in weights):
        raise ValueError(f"weights must be {len(scores)} finite numbers of at least 0, got {list(weights)}")
    joined: dict[Hashable, float] = defaultdict(float)
    for search, weight in zip(scores, weights):
        found = {document: float(score) for document, score in search.items()}  # float16 would overflow below
        if not all(map(math.isfinite, found.values())):
            raise ValueError("scores holds NaN or infinity")
        lowest, highest = min(found.values(), default=0), max(found.values(), default=0)
        for document, score in found.items():
            joined[document] += float(weight) * (1 if lowest == highest else (score - lowest) / (highest - lowest))
    return _best_first(joined)


def rerank(query: str, candidates: Mapping[Hashable, str],
           score_pairs: Callable[[list[tuple[str, str]]], Sequence[float]], k: int) -> Ranked:
    """Put the documents that a search has found in the order of a reranker; keep the best k.

    candidates: id -> text, in the order of the search
    score_pairs: takes the pairs (query, text) of all candidates at once, returns a score for each, higher is better
    Returns (id, score), best first, of equal ones the one that the search had first. Without candidates score_pairs
    is not called. Raises ValueError if k is below 1, or score_pairs returns another number of scores, or NaN.
    Source: Nogueira and Cho 2019.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not candidates:
        return []
    scores = [float(score) for score in score_pairs([(query, text) for text in candidates.values()])]
    if len(scores) != len(candidates) or any(map(math.isnan, scores)):
        raise ValueError(f"score_pairs must return {len(candidates)} numbers and no NaN, got {scores}")
    return _best_first(dict(zip(candidates, scores)))[:k]


def _checked(name: str, texts: Sequence[Terms], k1: float = 0, b: float = 0) -> Sequence[Terms]:
    if isinstance(texts, str) or any(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} must hold lists of terms: a string would be taken letter by letter")
    if not (0 <= k1 < math.inf and 0 <= b <= 1):
        raise ValueError(f"k1 must be finite and at least 0, b in 0..1, got k1 = {k1} and b = {b}")
    return texts


def _best_first(scores: Mapping[Hashable, float]) -> Ranked:
    return sorted(scores.items(), key=lambda entry: -entry[1])  # stable: of equal ones the first
