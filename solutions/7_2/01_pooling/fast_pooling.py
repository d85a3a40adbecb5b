"""Mean pooling for large batches: a matrix product in place of a sum. The other functions are the plain ones."""

import numpy as np
from numpy.typing import NDArray
from pooling import Floats, _checked, cls_pool, l2_normalize, last_token_pool

__all__ = ["cls_pool", "l2_normalize", "last_token_pool", "mean_pool"]


def mean_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Average the embeddings of the real tokens of each sentence; as in pooling.py."""
    tokens, real = _checked(token_embeddings, attention_mask)
    wide = np.promote_types(tokens.dtype, np.float32)
    pooled = np.empty((len(tokens), tokens.shape[2]), dtype=wide)  # (batch, width)
    for row, mask, mean in zip(tokens, real, pooled):
        rows = row[mask].astype(wide, copy=False)  # (real tokens, width), still in the cache for the product
        # a sum down the rows waits for each addition; BLAS reads several rows in one sweep
        with np.errstate(invalid="ignore"):  # the mean of inf and -inf is NaN
            np.matmul(np.full(len(rows), 1 / len(rows), dtype=wide), rows, out=mean)
    return pooled.astype(tokens.dtype, copy=False)
