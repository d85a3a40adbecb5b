"""Wrong answers that people give to the evaluation kata; each docstring says what was misunderstood."""

import numpy as np
from embedding_eval import (
    mean_reciprocal_rank,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    separation,
    spearman,
)

from fixtures.checking import wrong_answer_to


def relevant_found(ranking, judged, k):
    """Count the relevant documents among the first k."""
    return sum(judged.get(document, 0) > 0 for document in ranking[:k])


def gains(ranking, judged, k):
    """Return the grades of the first k documents."""
    return np.array([judged.get(document, 0) for document in ranking[:k]], dtype=np.float64)


def dcg(grades):
    """Return the discounted sum of grades."""
    return float(np.sum(grades / np.log2(np.arange(2, len(grades) + 2))))


@wrong_answer_to(precision_at_k)
def divides_by_what_was_found(rankings, judgements, k):
    """You divided by the number of documents that were found: a search that finds one right document and
    nothing else has precision 1/k, not 1.
    """
    return np.mean([relevant_found(ranking, judged, k) / max(len(ranking[:k]), 1)
                    for ranking, judged in zip(rankings, judgements)])


@wrong_answer_to(recall_at_k)
def divides_recall_by_k(rankings, judgements, k):
    """This is precision: recall divides by the number of relevant documents that there are."""
    return np.mean([relevant_found(ranking, judged, k) / k for ranking, judged in zip(rankings, judgements)])


@wrong_answer_to(recall_at_k)
def pools_the_queries(rankings, judgements, k):
    """You divided sums over all queries: a query with many relevant documents outweighs the others. Take the
    recall of each query, then their mean.
    """
    return (sum(relevant_found(ranking, judged, k) for ranking, judged in zip(rankings, judgements))
            / sum(grade > 0 for judged in judgements for grade in judged.values()))


@wrong_answer_to(recall_at_k)
def leaves_out_empty_rankings(rankings, judgements, k):
    """You left out the queries that found nothing: they count with 0, or a search that answers seldom looks
    best.
    """
    return np.mean([relevant_found(ranking, judged, k) / sum(grade > 0 for grade in judged.values())
                    for ranking, judged in zip(rankings, judgements) if len(ranking)])


@wrong_answer_to(mean_reciprocal_rank)
def inverts_the_mean_rank(rankings, judgements):
    """You took 1 / the mean of the ranks: take 1 / rank for each query, then their mean."""
    ranks = [next((rank for rank, document in enumerate(ranking, 1) if judged.get(document, 0) > 0), None)
             for ranking, judged in zip(rankings, judgements)]
    return 1 / np.mean([rank for rank in ranks if rank is not None])


@wrong_answer_to(mean_reciprocal_rank)
def counts_every_relevant_document(rankings, judgements):
    """You added 1 / rank of every relevant document: only the first one of each query counts."""
    return np.mean([sum(1 / rank for rank, document in enumerate(ranking, 1) if judged.get(document, 0) > 0)
                    for ranking, judged in zip(rankings, judgements)])


@wrong_answer_to(ndcg_at_k)
def normalises_by_what_was_found(rankings, judgements, k):
    """Your ideal ranking holds only what was found: a relevant document that was missed then costs nothing.
    The ideal is made of all judged documents.
    """
    ratios = []
    for ranking, judged in zip(rankings, judgements):
        found = gains(ranking, judged, k)
        ratios.append(dcg(found) / (dcg(np.sort(found)[::-1]) or 1))
    return np.mean(ratios)


@wrong_answer_to(ndcg_at_k)
def knows_no_grades(rankings, judgements, k):
    """You took every relevant document for equally good: the gain is its grade."""
    return ndcg_at_k(rankings, [{document: int(grade > 0) for document, grade in judged.items()}
                                for judged in judgements], k)


@wrong_answer_to(ndcg_at_k)
def takes_exponential_gains(rankings, judgements, k):
    """Your gain is 2**grade - 1, another definition (Burges et al. 2005): here, as in trec_eval, it is the grade."""
    return ndcg_at_k(rankings, [{document: 2.0**grade - 1 for document, grade in judged.items()}
                                for judged in judgements], k)


@wrong_answer_to(ndcg_at_k)
def does_not_cut_the_ideal(rankings, judgements, k):
    """Your ideal ranking is longer than k, so that even a perfect one does not reach 1: cut it at k too."""
    return np.mean([dcg(gains(ranking, judged, k)) / dcg(np.sort(list(judged.values()))[::-1])
                    for ranking, judged in zip(rankings, judgements)])


@wrong_answer_to(spearman)
def breaks_ties_by_position(scores, grades):
    """Equal scores got different ranks, by their place in the list: they share the mean of their ranks."""
    ranks = [np.argsort(np.argsort(side, kind="stable"), kind="stable") for side in (scores, grades)]
    return float(np.corrcoef(*ranks)[0, 1])


@wrong_answer_to(separation)
def loses_ties(positive, negative):
    """Equal similarities count half in the auc; you counted them as lost."""
    wins = np.asarray(positive)[:, None] > np.asarray(negative)
    return float(np.mean(positive) - np.mean(negative)), float(wins.mean())
