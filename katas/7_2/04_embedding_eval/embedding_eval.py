"""Measure whether embeddings rank well: what evaluators of retrieval and of sentence similarity compute.

Rankings: for each query the ids found, best first. Judgements: for each query a mapping id -> grade.
"""

from collections.abc import Hashable, Mapping, Sequence

from numpy.typing import ArrayLike

Rankings = Sequence[Sequence[Hashable]]
Judgements = Sequence[Mapping[Hashable, float]]


def precision_at_k(rankings: Rankings, judgements: Judgements, k: int) -> float:
    """Return the share of relevant documents among the first k, as a mean over the queries.

    rankings: for each query the ids found, best first; fewer than k, or none, is allowed and costs precision
    judgements: for each query id -> grade; above 0 is relevant, 0 or absent is not
    Raises ValueError for lists of different or no length, k below 1, an id twice, a query without a relevant id.
    Source: Manning, Raghavan and Schütze 2008, section 8.4; P_k of trec_eval.
    """
    raise NotImplementedError


def recall_at_k(rankings: Rankings, judgements: Judgements, k: int) -> float:
    """Return the share of the relevant documents that stand among the first k, as a mean over the queries.

    rankings, judgements, k, errors: as in precision_at_k
    Source: Manning, Raghavan and Schütze 2008, section 8.4; recall_k of trec_eval.
    """
    raise NotImplementedError


def mean_reciprocal_rank(rankings: Rankings, judgements: Judgements) -> float:
    """Return 1 / rank of the first relevant document (0 where none was found), as a mean over the queries.

    rankings, judgements, errors: as in precision_at_k. Source: Voorhees 1999; recip_rank of trec_eval.
    """
    raise NotImplementedError


def ndcg_at_k(rankings: Rankings, judgements: Judgements, k: int) -> float:
    """Return the normalised discounted cumulative gain of the first k, as a mean over the queries.

    The gain of a document is its grade, the discount log2(1 + rank). The ideal ranking that normalises it holds
    all judged documents, best grade first, also cut at k.
    rankings, judgements, k, errors: as in precision_at_k
    Source: Järvelin and Kekäläinen 2002, section 2.2; ndcg_cut_k of trec_eval.
    """
    raise NotImplementedError


def spearman(scores: ArrayLike, grades: ArrayLike) -> float:
    """Return Spearman's rank correlation of two lists; equal numbers share the mean of their ranks.

    scores, grades: (n,), such as cosines and human judgements of the same n pairs
    Returns a number in -1..1; NaN where all numbers of one side are equal.
    Raises ValueError if the two differ in shape, hold fewer than 2 numbers, or hold NaN.
    Source: Spearman 1904; scipy.stats.spearmanr.
    """
    raise NotImplementedError


def separation(positive: ArrayLike, negative: ArrayLike) -> tuple[float, float]:
    """Return how far the similarities of matching pairs lie above those of other pairs: (gap, auc).

    positive, negative: (n,) and (m,), the similarities of pairs that belong together and of pairs that don't
    gap: mean of the positive ones minus mean of the negative ones; it depends on the model's scale
    auc: the share of the n x m comparisons that the positive pair wins; a tie is half a win
    Raises ValueError if one of the two is empty or holds NaN.
    Source: Mann and Whitney 1947; sklearn.metrics.roc_auc_score.
    """
    raise NotImplementedError
