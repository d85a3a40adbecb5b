"""Search a corpus of embeddings exactly: cosine similarity, and the k best rows for each of many queries.

llama.cpp gives the embeddings and leaves the search to its user; FAISS calls this one IndexFlatIP. Run with
a question, this file searches the documentation of Python's standard library:

    python solutions/7_2/02_cosine_search/cosine_search.py "how do I parse JSON"
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating] | NDArray[np.integer]
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


def cosine_similarity(a: Numbers, b: Numbers) -> Floats:
    """Return the cosine of the angle between every row of a and every row of b: a.b / (|a| |b|).

    a: (n, width), b: (m, width); float16, float32, float64 or integers
    Returns (n, m) in float32 or better, never outside -1..1. The length of a vector has no effect, however
    large or small it is. A zero vector has no direction: its similarity to everything is 0.
    Raises TypeError for an array that does not hold real numbers; ValueError for an array that is not a
    matrix, for widths that differ, and for NaN or infinity. The message names the argument.
    Source: Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, section 6.3.
    """
    raise NotImplementedError


def top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest inner product, the best first.

    queries: (number, width), corpus: (n, width); float16, float32, float64 or integers
    Returns (scores, indices), both (number, min(k, n)). Equal scores are ordered by index, the lowest first,
    which also decides who is among the k. An empty corpus gives results of shape (number, 0).
    Scores are computed in float32 or better, whatever the dtype of the corpus. Memory beyond the arguments
    and the result stays the same however many queries and rows there are: no (number, n) matrix, and no
    converted copy of the corpus.
    Raises TypeError for an array that does not hold real numbers and for a k that is not an integer, which
    True is not; ValueError for an array that is not a matrix, for widths that differ, for NaN or infinity in
    either of them, for inner products that overflow, and for k < 1. The message names the argument.
    Source: Johnson, Douze and Jegou 2017 (FAISS), section 2: exact search is a matrix product and a selection.
    """
    raise NotImplementedError


def cosine_top_k(queries: Numbers, corpus: Numbers, k: int) -> tuple[Floats, Integers]:
    """Find for each query the k rows of the corpus with the largest cosine, for vectors of any length.

    As top_k, but scores are cosines within -1..1, and zero vectors score 0. The corpus is normalized on the
    way: the memory is bounded here too.
    """
    raise NotImplementedError


if __name__ == "__main__":
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fixtures.katas.cosine_search.documentation_search import main

    main(Path(__file__))
