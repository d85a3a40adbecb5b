"""Wrong answers that people give to the late interaction kata; each docstring says what is wrong."""

import numpy as np
from late_interaction import maxsim, maxsim_scores, top_documents, unit_tokens

from fixtures.checking import wrong_answer_to


def all_similarities(queries, documents):
    """Return every query token against every document token: (q, n, query tokens, document tokens)."""
    wide = np.result_type(queries, documents, np.float32)
    return np.einsum("qsw,ntw->qnst", queries.astype(wide), documents.astype(wide))


def summed(similarities, query_mask, document_mask):
    """Reduce rightly, so that each wrong answer is wrong in one way only."""
    best = np.where(document_mask[:, None] == 1, similarities, -np.inf).max(axis=3)  # (q, n, query tokens)
    return np.where(query_mask[:, None] == 1, best, 0).sum(axis=2)


@wrong_answer_to(unit_tokens)
def scales_the_whole_text(tokens):
    """You divided by the length of all tokens together: each token needs its own length, taken along the last axis."""
    return tokens / np.linalg.norm(tokens)


@wrong_answer_to(unit_tokens)
def scales_each_dimension(tokens):
    """You took the length along the tokens: it is taken along the width, the last axis, of each token."""
    return tokens / np.linalg.norm(tokens, axis=-2, keepdims=True)


@wrong_answer_to(maxsim)
def takes_the_best_of_the_query(query, document):
    """This sums over the document's tokens: take the maximum over the document, and add up over the query."""
    return float((query @ document.T).max(axis=0).sum())


@wrong_answer_to(maxsim)
def averages_over_the_query(query, document):
    """This is the mean over the query's tokens: ColBERT's score is their sum."""
    return float((query @ document.T).max(axis=1).mean())


@wrong_answer_to(maxsim)
def takes_the_best_pair(query, document):
    """This is the best pair of all: each token of the query has a match of its own, and these are added up."""
    return float((query @ document.T).max())


@wrong_answer_to(maxsim)
def adds_up_all_pairs(query, document):
    """You added up all similarities: only the best one of each query token counts."""
    return float((query @ document.T).sum())


@wrong_answer_to(maxsim)
def clips_at_zero(query, document):
    """You let no match count below 0: the best similarity of a token may be negative."""
    return float((query @ document.T).max(axis=1, initial=0).sum())


@wrong_answer_to(maxsim_scores)
def sets_padding_to_zero(queries, query_mask, documents, document_mask):
    """Padding of a document matches with 0 here, and wins where all similarities are negative: give it -infinity,
    or leave it out."""
    similarities = np.where(document_mask[:, None] == 1, all_similarities(queries, documents), 0)
    return np.where(query_mask[:, None] == 1, similarities.max(axis=3), 0).sum(axis=2)


@wrong_answer_to(maxsim_scores)
def forgets_the_document_mask(queries, query_mask, documents, document_mask):
    """The padding of documents is matched like a token: only real tokens of a document may match."""
    return summed(all_similarities(queries, documents), query_mask, np.ones_like(document_mask))


@wrong_answer_to(maxsim_scores)
def forgets_the_query_mask(queries, query_mask, documents, document_mask):
    """The padding of queries adds its own matches to the score: only real tokens of a query count."""
    return summed(all_similarities(queries, documents), np.ones_like(query_mask), document_mask)


@wrong_answer_to(maxsim_scores)
def sets_both_paddings_to_infinity(queries, query_mask, documents, document_mask):
    """A padded token of a query is -infinity here, and with it the whole score. That is right for documents, whose
    tokens compete; those of a query are added up: leave padding out of the sum."""
    scores = summed(all_similarities(queries, documents), query_mask, document_mask)
    return np.where((query_mask == 1).all(axis=1, keepdims=True), scores, -np.inf)


@wrong_answer_to(top_documents)
def puts_the_highest_index_first(queries, query_mask, documents, document_mask, k):
    """An ascending sort read backwards puts the highest index first among equal scores: sort the negated scores,
    with a stable sort."""
    scores = summed(all_similarities(queries, documents), query_mask, document_mask)
    order = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return np.take_along_axis(scores, order, axis=1), order
