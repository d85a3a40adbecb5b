"""Late interaction: compare texts by their token embeddings, as ColBERT does, not by one vector a text.

Every token of the query looks for its best match in the document; the similarities of these matches are added up.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Found = tuple[Floats, NDArray[np.int64]]

_QUERY_BLOCK = 64  # at a time: the similarities of 64 queries of 32 tokens with one document of 512 are 4 MB


def unit_tokens(tokens: Floats) -> Floats:
    """Scale every token embedding to length 1, so that an inner product is a cosine.

    tokens: (..., tokens, width)
    Returns the same shape and dtype; a token of zeros stays zero.
    Source: Khattab and Zaharia 2020 (ColBERT), section 3.2.
    """
    tokens = np.asarray(tokens)
    length = np.linalg.norm(tokens.astype(np.float64), axis=-1, keepdims=True)  # (..., tokens, 1)
    return (tokens / np.where(length == 0, 1, length)).astype(tokens.dtype)


def maxsim(query: Floats, document: Floats) -> float:
    """Return the sum over the query's tokens of each one's largest inner product with a token of the document.

    query: (query tokens, width), document: (document tokens, width); no padding in either
    Raises ValueError for another shape, widths that differ, or a text without tokens.
    Source: Khattab and Zaharia 2020, equation 3.
    """
    return float(matches(query, document)[0].sum())


def matches(query: Floats, document: Floats) -> Found:
    """Tell which token of the document each token of the query matches best: the reason of a score.

    query: (query tokens, width), document: (document tokens, width); no padding in either
    Returns (similarities, places), both (query tokens,). Of equal similarities the lower place counts.
    Inner products are computed in float32 or better. Raises ValueError as maxsim does.
    """
    query, document = np.asarray(query), np.asarray(document)
    for name, tokens in ("query", query), ("document", document):
        if tokens.ndim != 2 or len(tokens) == 0:
            raise ValueError(f"{name} must be (tokens, width) with one token at least, got shape {tokens.shape}")
    if document.shape[1] != query.shape[1]:
        raise ValueError(f"document has width {document.shape[1]}, query has {query.shape[1]}: same model?")
    wide = np.result_type(query, document, np.float32)
    similarities = query.astype(wide) @ document.astype(wide).T  # (query tokens, document tokens)
    return similarities.max(axis=1), similarities.argmax(axis=1)  # argmax takes the first of equal ones


def maxsim_scores(queries: Floats, query_mask: NDArray, documents: Floats, document_mask: NDArray) -> Floats:
    """Return the maxsim of every query with every document, of texts of different lengths in padded batches.

    queries: (q, query tokens, width), query_mask: (q, query tokens), 1 for a real token, 0 for padding
    documents: (n, document tokens, width), document_mask: (n, document tokens)
    Returns (q, n), computed in float32 or better. What stands in the padding has no effect, NaN neither. Memory
    beyond arguments and result does not grow with q or n.
    Raises ValueError if a shape disagrees, a mask holds something else than 0 and 1, a text has no real token, or
    a real token holds NaN or infinity.
    """
    queries, query_real = _batch("queries", queries, "query_mask", query_mask)
    documents, document_real = _batch("documents", documents, "document_mask", document_mask)
    if documents.shape[2] != queries.shape[2]:
        raise ValueError(f"documents has width {documents.shape[2]}, queries has {queries.shape[2]}: same model?")
    wide = np.result_type(queries, documents, np.float32)
    scores = np.empty((len(queries), len(documents)), dtype=wide)
    for start in range(0, len(queries), _QUERY_BLOCK):
        some = slice(start, start + _QUERY_BLOCK)
        asked = queries[some][query_real[some]].astype(wide)  # (real tokens of these queries, width)
        lengths = query_real[some].sum(axis=1)
        first = np.cumsum(lengths) - lengths  # where each query begins in `asked`
        for i, (document, real) in enumerate(zip(documents, document_real)):
            similarities = asked @ document[real].astype(wide).T  # (query tokens, real tokens of the document)
            scores[some, i] = np.add.reduceat(_finite(similarities).max(axis=1), first)
    return scores


def top_documents(queries: Floats, query_mask: NDArray, documents: Floats, document_mask: NDArray, k: int) -> Found:
    """Find for each query the k documents with the largest maxsim, the best first.

    Arguments and errors as in maxsim_scores
    Returns (scores, indices), both (q, min(k, n)); of equal scores the lower index first.
    Raises ValueError if k is below 1, too.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    scores = maxsim_scores(queries, query_mask, documents, document_mask)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order


def _batch(name: str, tokens: Floats, mask_name: str, mask: NDArray) -> tuple[Floats, NDArray[np.bool_]]:
    tokens, mask = np.asarray(tokens), np.asarray(mask)
    if tokens.ndim != 3:
        raise ValueError(f"{name} must be (texts, tokens, width), got shape {tokens.shape}")
    if mask.shape != tokens.shape[:2]:
        raise ValueError(f"{mask_name} must be {tokens.shape[:2]}, got {mask.shape}")
    real = mask == 1
    if not (real | (mask == 0)).all():
        raise ValueError(f"{mask_name} must hold 1 for a real token and 0 for padding, nothing else")
    if not real.any(axis=1).all():
        raise ValueError(f"{mask_name} leaves no token of text {np.argmin(real.any(axis=1))}")
    return tokens, real


def _finite(similarities: Floats) -> Floats:
    if not np.isfinite(similarities).all():
        raise ValueError("NaN or infinity in a real token of queries or documents")
    return similarities
