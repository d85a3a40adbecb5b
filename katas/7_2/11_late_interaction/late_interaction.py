"""Late interaction: compare texts by their token embeddings, as ColBERT does, not by one vector a text.

Every token of the query looks for its best match in the document; the similarities of these matches are added up.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Found = tuple[Floats, NDArray[np.int64]]


def unit_tokens(tokens: Floats) -> Floats:
    """Scale every token embedding to length 1, so that an inner product is a cosine.

    tokens: (..., tokens, width)
    Returns the same shape and dtype; a token of zeros stays zero.
    Source: Khattab and Zaharia 2020 (ColBERT), section 3.2.
    """
    raise NotImplementedError


def maxsim(query: Floats, document: Floats) -> float:
    """Return the sum over the query's tokens of each one's largest inner product with a token of the document.

    query: (query tokens, width), document: (document tokens, width); no padding in either
    Raises ValueError for another shape, widths that differ, or a text without tokens.
    Source: Khattab and Zaharia 2020, equation 3.
    """
    raise NotImplementedError


def matches(query: Floats, document: Floats) -> Found:
    """Tell which token of the document each token of the query matches best: the reason of a score.

    query: (query tokens, width), document: (document tokens, width); no padding in either
    Returns (similarities, places), both (query tokens,). Of equal similarities the lower place counts.
    Inner products are computed in float32 or better. Raises ValueError as maxsim does.
    """
    raise NotImplementedError


def maxsim_scores(queries: Floats, query_mask: NDArray, documents: Floats, document_mask: NDArray) -> Floats:
    """Return the maxsim of every query with every document, of texts of different lengths in padded batches.

    queries: (q, query tokens, width), query_mask: (q, query tokens), 1 for a real token, 0 for padding
    documents: (n, document tokens, width), document_mask: (n, document tokens)
    Returns (q, n), computed in float32 or better. What stands in the padding has no effect, NaN neither. Memory
    beyond arguments and result does not grow with q or n.
    Raises ValueError if a shape disagrees, a mask holds something else than 0 and 1, a text has no real token, or
    a real token holds NaN or infinity.
    """
    raise NotImplementedError


def top_documents(queries: Floats, query_mask: NDArray, documents: Floats, document_mask: NDArray, k: int) -> Found:
    """Find for each query the k documents with the largest maxsim, the best first.

    Arguments and errors as in maxsim_scores
    Returns (scores, indices), both (q, min(k, n)); of equal scores the lower index first.
    Raises ValueError if k is below 1, too.
    """
    raise NotImplementedError
