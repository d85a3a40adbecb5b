"""Pool token embeddings into one vector per sentence.

llama.cpp does this in its graph: pooling types MEAN, CLS and LAST (llama-graph.cpp, build_pooling).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def mean_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Average the embeddings of the real tokens of each sentence.

    token_embeddings: (batch, tokens, width), floating point
    attention_mask: (batch, tokens), 1 or True for a real token, 0 or False for padding, at any place
    Returns (batch, width) in the dtype of token_embeddings, summed in float32 or better. What stands in the
    padding has no effect, not even NaN; NaN or infinity in a real token shows in the result.
    Raises TypeError if token_embeddings is not floating point; ValueError if the shapes disagree, the mask
    holds anything but 0 and 1, or a sentence has no real token.
    Source: Reimers and Gurevych 2019, section 3; LLAMA_POOLING_TYPE_MEAN.
    """
    raise NotImplementedError


def cls_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Take the embedding of the first real token of each sentence, which is [CLS] in a BERT.

    token_embeddings, attention_mask, errors: as in mean_pool
    Returns (batch, width) in the dtype of token_embeddings.
    Source: Devlin et al. 2019, section 3; LLAMA_POOLING_TYPE_CLS.
    """
    raise NotImplementedError


def last_token_pool(token_embeddings: Floats, attention_mask: NDArray) -> Floats:
    """Take the embedding of the last real token of each sentence: in a decoder it alone has seen all others.

    token_embeddings, attention_mask, errors: as in mean_pool
    Returns (batch, width) in the dtype of token_embeddings.
    Source: Wang et al. 2024 (E5-mistral), section 3.1; LLAMA_POOLING_TYPE_LAST.
    """
    raise NotImplementedError


def l2_normalize(vectors: Floats) -> Floats:
    """Scale every vector to length 1, so that the dot product of two of them is their cosine.

    vectors: (..., width), floating point
    Returns the same shape and dtype. A zero vector stays zero; the length is computed in float64, so that the
    squares of float16 and float32 neither overflow nor underflow.
    Raises TypeError if vectors is not floating point.
    Source: llama.cpp common_embd_normalize with embd_norm 2.
    """
    raise NotImplementedError
