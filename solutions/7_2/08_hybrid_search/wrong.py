"""Wrong answers that people give to the hybrid search kata; each docstring says what is wrong."""

from collections import Counter

import numpy as np
from hybrid_search import bm25_scores, reciprocal_rank_fusion, rerank, weighted_fusion

from fixtures.checking import wrong_answer_to


def lucene_idf(n, df):
    """The right weight of a word, so that each wrong answer is wrong in one way only."""
    return np.log(1 + (n - df + 0.5) / (df + 0.5))


def bm25(queries, documents, k1, b, idf=lucene_idf, gain=lambda count, norm: count / (count + norm)):
    """BM25 by its definition, a query and a document at a time, with one part of it exchanged."""
    counts = [Counter(document) for document in documents]
    lengths = [len(document) for document in documents]
    scores = np.zeros((len(queries), len(documents)))
    for row, query in zip(scores, queries):
        for term in query:
            found = [i for i, count in enumerate(counts) if term in count]
            for i in found:
                norm = k1 * (1 - b + b * lengths[i] / np.mean(lengths))
                row[i] += idf(len(documents), len(found)) * gain(counts[i][term], norm)
    return scores


def sorted_scores(scores):
    """Return (id, score), best first."""
    return sorted(scores.items(), key=lambda entry: -entry[1])


@wrong_answer_to(bm25_scores)
def multiplies_by_k1_plus_one(queries, documents, k1=1.2, b=0.75):
    """Each score is k1 + 1 times too large: that factor of the old formula changes no order, and Lucene has dropped
    it. Here a word's share of its idf is count / (count + ...), always below 1."""
    return bm25(queries, documents, k1, b) * (k1 + 1)


@wrong_answer_to(bm25_scores)
def lets_common_words_count_against(queries, documents, k1=1.2, b=0.75):
    """A word that more than half of the documents hold has a negative idf here, so that holding it is a fault:
    take log(1 + (N - df + 0.5) / (df + 0.5))."""
    return bm25(queries, documents, k1, b, idf=lambda n, df: np.log((n - df + 0.5) / (df + 0.5)))


@wrong_answer_to(bm25_scores)
def never_saturates(queries, documents, k1=1.2, b=0.75):
    """The count of a word goes into the score as it is: ten times the word, ten times the score. It has to
    saturate: count / (count + k1 * ...)."""
    return bm25(queries, documents, k1, b, gain=lambda count, norm: count)


@wrong_answer_to(bm25_scores)
def leaves_the_length_out(queries, documents, k1=1.2, b=0.75):
    """The length of a document makes no difference: b and length / mean length are missing from count + k1 * (...)."""
    return bm25(queries, documents, k1, 0)


@wrong_answer_to(bm25_scores)
def counts_a_query_word_once(queries, documents, k1=1.2, b=0.75):
    """A word that the query repeats was counted once: its score is added for each time."""
    return bm25([list(dict.fromkeys(query)) for query in queries], documents, k1, b)


@wrong_answer_to(reciprocal_rank_fusion)
def counts_ranks_from_zero(rankings, k=60):
    """The best document has rank 0 here: ranks begin with 1, so that it gets 1 / (k + 1)."""
    scores = {}
    for ranking in rankings:
        for place, document in enumerate(ranking):
            scores[document] = scores.get(document, 0) + 1 / (max(k, 1e-9) + place)
    return sorted_scores(scores)


@wrong_answer_to(reciprocal_rank_fusion)
def keeps_what_all_have_found(rankings, k=60):
    """Documents that only one search has found are missing: they are what a second search is for."""
    return [(document, score) for document, score in reciprocal_rank_fusion(rankings, k)
            if all(document in ranking for ranking in rankings)]


@wrong_answer_to(weighted_fusion)
def adds_raw_scores(scores, weights):
    """The scores were added as they are: BM25 has no upper end, a cosine ends at 1, so that BM25 decides alone.
    Scale each search to 0..1 first."""
    joined = {}
    for found, weight in zip(scores, weights):
        for document, score in found.items():
            joined[document] = joined.get(document, 0) + weight * score
    return sorted_scores(joined)


def scaled_and_added(scores, weights):
    """Scale each search by its lowest and highest score; where they are the same, the scaled score is 0."""
    joined = {}
    for found, weight in zip(scores, weights):
        lowest, highest = min(found.values(), default=0), max(found.values(), default=0)
        for document, score in found.items():
            joined[document] = joined.get(document, 0) + weight * (score - lowest) / ((highest - lowest) or 1)
    return sorted_scores(joined)


@wrong_answer_to(weighted_fusion)
def gives_a_single_hit_nothing(scores, weights):
    """What a search found alone, or with equal scores, gets 0 here, as if it had not been found: it gets 1."""
    return scaled_and_added(scores, weights)


@wrong_answer_to(weighted_fusion)
def scales_what_was_not_found(scores, weights):
    """Documents that a search missed were scaled along, with a score of 0: scale what it found, the others get nothing
    from it."""
    missed = dict.fromkeys((document for found in scores for document in found), 0)
    return scaled_and_added([missed | found for found in scores], weights)


@wrong_answer_to(rerank)
def cuts_before_it_scores(query, candidates, score_pairs, k):
    """Only the first k candidates were scored: a reranker has to see all of them, or it cannot bring one up."""
    return rerank(query, dict(list(candidates.items())[:k]), score_pairs, k)


@wrong_answer_to(rerank)
def gives_places_among_the_candidates(query, candidates, score_pairs, k):
    """These are places among the candidates, as the reranker counts them: return the candidates' ids."""
    found = rerank(query, candidates, score_pairs, k)
    return [(list(candidates).index(document), score) for document, score in found]
