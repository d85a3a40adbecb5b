"""Search a corpus of embeddings exactly: cosine similarity, and the k best rows for each of many queries.

llama.cpp leaves the search to its user. As a program, this file searches Python's documentation: see README.md.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.number]  # real ones
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


def cosine_similarity(left: Numbers, right: Numbers) -> Floats:
    """Return the cosine of the angle between every row of left and every row of right: a.b / (|a| |b|).

    left: (n, width), right: (m, width); float16, float32, float64 or integers
    Returns (n, m) in float32 or better, never outside -1..1. The length of a vector has no effect, however
    large or small it is. A zero vector has no direction: its similarity to everything is 0.
    Raises TypeError for an array that does not hold real numbers; ValueError for one that is not a matrix, for
    widths that differ, and for NaN or infinity. The message names the argument.
    Source: Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, section 6.3.
    """
    raise NotImplementedError


def top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest inner product, the best first.

    queries: (number, width), corpus: (n, width); float16, float32, float64 or integers
    Returns (scores, indices), both (number, min(k, n)). Equal scores are ordered by index, the lowest first,
    which also decides who is among the k. Scores are computed in float32 or better, whatever the dtype of the
    corpus. Memory beyond arguments and result is bounded: no (number, n) matrix, no converted copy of the corpus.
    Raises TypeError for an array that does not hold real numbers and for a k that is not an integer (True is
    none); ValueError for an array that is not a matrix, for widths that differ, for NaN, infinity and inner
    products that overflow, and for k < 1. The message names the argument.
    Source: Johnson, Douze and Jegou 2017 (FAISS), section 2: exact search is a matrix product and a selection.
    """
    raise NotImplementedError


def cosine_top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest cosine, for vectors of any length.

    As top_k, but scores are cosines within -1..1, and zero vectors score 0. Memory is bounded here too: a block
    of the corpus is normalized when its turn comes.
    """
    raise NotImplementedError


if __name__ == "__main__":
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fixtures.katas.cosine_search.documentation_search import main

    main(Path(__file__))
