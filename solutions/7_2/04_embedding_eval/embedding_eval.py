"""Measure whether embeddings rank well: what evaluators of retrieval and of sentence similarity compute.

Rankings: for each query the ids found, best first. Judgements: for each query a mapping id -> grade.
"""

import sys
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rankings = Sequence[Sequence[Hashable]]
Judgements = Sequence[Mapping[Hashable, float]]


def precision_at_k(rankings: Rankings, judgements: Judgements, k: int) -> float:
    """Return the share of relevant documents among the first k, as a mean over the queries.

    rankings: for each query the ids found, best first; fewer than k, or none, is allowed and costs precision
    judgements: for each query id -> grade; above 0 is relevant, 0 or absent is not
    Raises ValueError for lists of different or no length, k below 1, an id twice, a query without a relevant id.
    Source: Manning, Raghavan and Schütze 2008, section 8.4; P_k of trec_eval.
    """
    grades = _grades(rankings, judgements, k)
    return float(np.mean([np.sum(found > 0) / k for found, _ in grades]))


def recall_at_k(rankings: Rankings, judgements: Judgements, k: int) -> float:
    """Return the share of the relevant documents that stand among the first k, as a mean over the queries.

    rankings, judgements, k, errors: as in precision_at_k
    Source: Manning, Raghavan and Schütze 2008, section 8.4; recall_k of trec_eval.
    """
    grades = _grades(rankings, judgements, k)
    return float(np.mean([np.sum(found > 0) / np.sum(judged > 0) for found, judged in grades]))


def mean_reciprocal_rank(rankings: Rankings, judgements: Judgements) -> float:
    """Return 1 / rank of the first relevant document (0 where none was found), as a mean over the queries.

    rankings, judgements, errors: as in precision_at_k. Source: Voorhees 1999; recip_rank of trec_eval.
    """
    grades = _grades(rankings, judgements, k=sys.maxsize)
    return float(np.mean([np.max((found > 0) / np.arange(1, len(found) + 1), initial=0) for found, _ in grades]))


def ndcg_at_k(rankings: Rankings, judgements: Judgements, k: int) -> float:
    """Return the normalised discounted cumulative gain of the first k, as a mean over the queries.

    The gain of a document is its grade, the discount log2(1 + rank). The ideal ranking that normalises it holds
    all judged documents, best grade first, also cut at k.
    rankings, judgements, k, errors: as in precision_at_k
    Source: Järvelin and Kekäläinen 2002, section 2.2; ndcg_cut_k of trec_eval.
    """
    grades = _grades(rankings, judgements, k)
    return float(np.mean([_dcg(found) / _dcg(np.sort(judged)[::-1][:k]) for found, judged in grades]))


def spearman(scores: ArrayLike, grades: ArrayLike) -> float:
    """Return Spearman's rank correlation of two lists; equal numbers share the mean of their ranks.

    scores, grades: (n,), such as cosines and human judgements of the same n pairs
    Returns a number in -1..1; NaN where all numbers of one side are equal.
    Raises ValueError if the two differ in shape, hold fewer than 2 numbers, or hold NaN.
    Source: Spearman 1904; scipy.stats.spearmanr.
    """
    scores, grades = _row("scores", scores, at_least=2), _row("grades", grades)
    if scores.shape != grades.shape:
        raise ValueError(f"grades has {len(grades)} numbers, not the {len(scores)} of the same pairs")
    with np.errstate(invalid="ignore"):  # a side without any spread: 0 / 0 is the NaN that is promised
        return float(np.corrcoef(_ranks(scores), _ranks(grades))[0, 1])


def separation(positive: ArrayLike, negative: ArrayLike) -> tuple[float, float]:
    """Return how far the similarities of matching pairs lie above those of other pairs: (gap, auc).

    positive, negative: (n,) and (m,), the similarities of pairs that belong together and of pairs that don't
    gap: mean of the positive ones minus mean of the negative ones; it depends on the model's scale
    auc: the share of the n x m comparisons that the positive pair wins; a tie is half a win
    Raises ValueError if one of the two is empty or holds NaN.
    Source: Mann and Whitney 1947; sklearn.metrics.roc_auc_score.
    """
    positive, negative = _row("positive", positive), _row("negative", negative)
    ordered = np.sort(negative)
    below, up_to = (np.searchsorted(ordered, positive, side=side) for side in ("left", "right"))  # (n,) each
    auc = (below + up_to).mean() / 2 / len(negative)  # a tie is counted in one of the two: half a win
    return float(positive.mean() - negative.mean()), float(auc)


def _row(name: str, numbers: ArrayLike, at_least: int = 1) -> NDArray:
    numbers = np.asarray(numbers, dtype=np.float64)
    if numbers.ndim != 1 or len(numbers) < at_least or np.isnan(numbers).any():
        raise ValueError(f"{name} must hold {at_least} or more in one row, without NaN, got shape {numbers.shape}")
    return numbers


def _ranks(scores: NDArray) -> NDArray:
    """Return the rank of each score, equal scores at the mean of their places: (n,)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - counts / 2)[inverse]  # all half a rank too high, which no correlation sees


def _dcg(grades: NDArray) -> float:
    return np.sum(grades / np.log2(np.arange(2, len(grades) + 2)))


def _grades(rankings: Rankings, judgements: Judgements, k: int) -> list[tuple[NDArray, NDArray]]:
    """Return for each query the grades of its first k documents, and those of all judged ones."""
    if len(rankings) != len(judgements) or not len(rankings):
        raise ValueError(f"rankings holds {len(rankings)} queries, judgements {len(judgements)}: one each is needed")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    for query, (ranking, judged) in enumerate(zip(rankings, judgements)):
        if len(set(ranking)) < len(ranking):
            raise ValueError(f"rankings holds a document twice for query {query}: it would count twice")
        if not any(grade > 0 for grade in judged.values()):
            raise ValueError(f"judgements has no relevant document for query {query}: leave such queries out")
    return [(np.array([max(judged.get(document, 0), 0) for document in ranking[:k]], dtype=np.float64),
             np.array([max(grade, 0) for grade in judged.values()], dtype=np.float64))
            for ranking, judged in zip(rankings, judgements)]
