"""MaxSim of many documents at a time: one matrix product for a block of real tokens, then a maximum for each text."""

import numpy as np
from late_interaction import Floats, Found, _batch, _finite, matches, maxsim, unit_tokens
from numpy.typing import NDArray

__all__ = ["matches", "maxsim", "maxsim_scores", "top_documents", "unit_tokens"]

_QUERY_TOKENS = 512  # in one matrix product, the tokens of one query at least
_SIMILARITIES = 1 << 18  # of a block: 1 MB, which stays in the cache between product and maximum


def maxsim_scores(queries: Floats, query_mask: NDArray, documents: Floats, document_mask: NDArray) -> Floats:
    """Return the maxsim of every query with every document; as in late_interaction.py."""
    queries, query_real = _batch("queries", queries, "query_mask", query_mask)
    documents, document_real = _batch("documents", documents, "document_mask", document_mask)
    if documents.shape[2] != queries.shape[2]:
        raise ValueError(f"documents has width {documents.shape[2]}, queries has {queries.shape[2]}: same model?")
    wide = np.result_type(queries, documents, np.float32)
    scores = np.empty((len(queries), len(documents)), dtype=wide)
    lengths, document_lengths = query_real.sum(axis=1), document_real.sum(axis=1)
    for some in _groups(lengths, _QUERY_TOKENS):
        asked = queries[some][query_real[some]].astype(wide, copy=False)  # (real tokens of these queries, width)
        for block in _groups(document_lengths, _SIMILARITIES // max(1, len(asked))):
            tokens = documents[block][document_real[block]].astype(wide, copy=False)  # (real tokens, width)
            similarities = _finite(tokens @ asked.T)  # (real tokens, query tokens)
            best = np.maximum.reduceat(similarities, _starts(document_lengths[block]), axis=0)
            scores[some, block] = np.add.reduceat(best, _starts(lengths[some]), axis=1).T
    return scores


def top_documents(queries: Floats, query_mask: NDArray, documents: Floats, document_mask: NDArray, k: int) -> Found:
    """Find for each query the k documents with the largest maxsim; as in late_interaction.py."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    scores = maxsim_scores(queries, query_mask, documents, document_mask)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order


def _groups(lengths: NDArray[np.integer], most: int) -> list[slice]:
    """Cut texts into groups of at most this many tokens, of one text at least."""
    groups, start, tokens = [], 0, 0
    for i, length in enumerate(lengths.tolist()):
        if i > start and tokens + length > most:
            groups.append(slice(start, i))
            start, tokens = i, 0
        tokens += length
    return [*groups, slice(start, len(lengths))] if len(lengths) else []


def _starts(lengths: NDArray[np.integer]) -> NDArray[np.integer]:
    return np.cumsum(lengths) - lengths
