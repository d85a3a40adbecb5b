"""BM25 over an index that is built once, with a sparse matrix. The other functions are the plain ones."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

import numpy as np
from hybrid_search import Terms, _checked, reciprocal_rank_fusion, rerank, terms, weighted_fusion
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["BM25Index", "bm25_scores", "reciprocal_rank_fusion", "rerank", "terms", "weighted_fusion"]


def bm25_scores(queries: Sequence[Terms], documents: Sequence[Terms],
                k1: float = 1.2, b: float = 0.75) -> NDArray[np.float64]:
    """Score every document for every query; as in hybrid_search.py."""
    return BM25Index(documents, k1, b).scores(queries)


class BM25Index:
    """What BM25 knows of a corpus: for each term the documents that hold it, and what it adds to their scores."""

    def __init__(self, documents: Sequence[Terms], k1: float = 1.2, b: float = 0.75) -> None:
        """Count the terms; documents, k1, b, errors: as in bm25_scores."""
        documents = _checked("documents", documents, k1, b)
        self.documents = len(documents)
        numbers: defaultdict[str, int] = defaultdict()
        numbers.default_factory = numbers.__len__  # a term that was never seen gets the next number
        lengths = np.fromiter(map(len, documents), dtype=np.int64, count=self.documents)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        occurrences = np.fromiter(map(numbers.__getitem__, chain.from_iterable(documents)), np.int32, starts[-1])
        counts = csr_array((np.ones(len(occurrences)), occurrences, starts),
                           shape=(self.documents, len(numbers))).tocsc()  # by term, each with its documents in order
        counts.sum_duplicates()
        self.starts, self.found = counts.indptr, counts.indices
        holding = np.diff(self.starts)  # (terms,): how many documents hold each
        saturation = k1 * (1 - b + b * lengths / (lengths.mean() if lengths.any() else 1))
        idf = np.log1p((self.documents - holding + 0.5) / (holding + 0.5))
        self.weights = counts.data / (counts.data + saturation[self.found]) * np.repeat(idf, holding)
        self.numbers = dict(numbers)  # a query may ask for terms that are not there

    def scores(self, queries: Sequence[Terms]) -> NDArray[np.float64]:
        """Return (queries, documents)."""
        queries = _checked("queries", queries)
        scores = np.zeros((len(queries), self.documents))
        for row, query in zip(scores, queries):
            for number in (self.numbers[term] for term in query if term in self.numbers):
                entries = slice(self.starts[number], self.starts[number + 1])
                row[self.found[entries]] += self.weights[entries]
        return scores
