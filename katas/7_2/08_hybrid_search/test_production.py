import tracemalloc

import numpy as np
import pytest
from hybrid_search import bm25_scores, reciprocal_rank_fusion, rerank, weighted_fusion

from fixtures.checking import call

DOCUMENTS = [["the", "cat"], [], ["the", "dog", "dog"]]


def test_words_that_no_document_holds_give_zeros():
    call(bm25_scores, [["cow"], []], DOCUMENTS).gives(np.zeros((2, 3)), dtype=np.float64)
    call(bm25_scores, [], DOCUMENTS).gives(np.zeros((0, 3)))


def test_empty_documents_divide_nothing_by_zero():
    """The mean length is 0, or the mean of nothing."""
    call(bm25_scores, [["cat"]], [[], []]).gives(np.zeros((1, 2)))
    call(bm25_scores, [["cat"]], []).gives(np.zeros((1, 0)))


def test_the_ends_of_the_settings_are_no_accident():
    """Without k1 a word is there or not; with b = 1 an empty document has nothing that could be divided."""
    cat, the = np.log(1 + 2.5 / 1.5), np.log(1 + 1.5 / 2.5)
    call(bm25_scores, [["cat", "the"]], DOCUMENTS, k1=0.0).gives([[cat + the, 0, the]], atol=1e-12)
    norms = 1.2 * np.array([2, 3]) / (5 / 3)
    call(bm25_scores, [["the"]], DOCUMENTS, b=1).gives([[the / (1 + norms[0]), 0, the / (1 + norms[1])]], atol=1e-12)


def test_memory_does_not_grow_with_the_vocabulary():
    """1,000 documents of 20 words that nobody else has: a table of documents x words would be 160 MB."""
    documents = [[f"w{20 * document + word}" for word in range(20)] for document in range(1000)]
    scores = call(bm25_scores, [["w41"], ["w19999", "w0"]], documents)
    tracemalloc.start()
    try:
        scores.satisfies(lambda got: [list(np.flatnonzero(row)) for row in got] == [[2], [0, 999]],
                         "each word is found in its own document")
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert peak < 60, f"the search took {peak:.0f} MB for 20,000 words: a table with a column for each word?"


def test_ids_may_be_tuples_and_a_search_may_find_nothing():
    """A chunk is often known by (page, number); the words of a query may stand nowhere."""
    call(reciprocal_rank_fusion, [[], [("json", 2), ("re", 0)]], k=9).gives(
        [(("json", 2), 1 / 10), (("re", 0), 1 / 11)], atol=1e-12)
    call(weighted_fusion, [{}, {("json", 2): 0.5, ("re", 0): 0.75}], [1, 2]).gives(
        [(("re", 0), 2.0), (("json", 2), 0.0)])
    call(reciprocal_rank_fusion, []).gives([])
    call(weighted_fusion, [{}, {}], [0.5, 0.5]).gives([])


def test_a_weight_of_zero_leaves_its_documents_at_the_end():
    call(weighted_fusion, [{"b": 5.0, "a": 4.0}, {"c": 9.0, "a": 1.0}], [0, 1]).gives(
        [("c", 1.0), ("b", 0.0), ("a", 0.0)])


def test_scores_of_float16_are_scaled_without_overflow():
    """From -60000 to 60000 is farther than float16 reaches."""
    found = {"a": np.float16(-60000), "b": np.float16(60000), "c": np.float16(0)}
    call(weighted_fusion, [found], [1.0]).gives([("b", 1.0), ("c", 0.5), ("a", 0.0)])


def test_results_hold_floats_that_json_can_write():
    """np.float32 is none; np.float64 is one."""
    found, weight = {"a": np.float32(0.25), "b": np.float32(0.75)}, np.float32(0.5)
    for ranked in (call(weighted_fusion, [found], [weight]), call(weighted_fusion, [{"a": np.float32(0.25)}], [weight]),
                   call(rerank, "cat", {"a": "cat"}, lambda pairs: np.ones(len(pairs), dtype=np.float32), 1)):
        ranked.satisfies(lambda got: all(isinstance(score, float) for _, score in got), "each score is a float")


def test_the_reranker_is_asked_once_for_all_and_never_for_nothing():
    """A model takes pairs in batches. Without candidates llama-cpp-python would raise."""
    asked = []

    def scores_as_an_array(pairs):
        asked.append(list(pairs))
        return np.arange(len(pairs), dtype=np.float32)

    call(rerank, "a cat", {("p", 3): "dog", ("p", 1): "cat"}, scores_as_an_array, np.int64(9)).gives(
        [(("p", 1), 1.0), (("p", 3), 0.0)])
    call(rerank, "a cat", {}, scores_as_an_array, 3).gives([])
    call(rerank, "a dog", {"p": "dog", "q": "cat"}, scores_as_an_array, 1).gives([("q", 1.0)])
    wanted = [[(query, "dog"), (query, "cat")] for query in ("a cat", "a dog")]
    assert asked == wanted, f"score_pairs was called with {asked}"


def test_scores_that_came_from_nowhere_are_refused():
    """llama-cpp-python's embed reads past the one score that rank pooling gives: too many numbers, or NaN."""
    candidates = {"a": "cat", "b": "dog"}
    for scores in ([0.5, 0.25, 0.0], [0.5], [0.5, np.nan]):
        call(rerank, "cat", candidates, lambda pairs, scores=scores: scores, 2).raises(
            ValueError, naming="score_pairs")


REFUSED = {
    "a query that is one string": (bm25_scores, (["parse json"], DOCUMENTS), TypeError, "queries"),
    "one query, not a list of them": (bm25_scores, ("json", DOCUMENTS), TypeError, "queries"),
    "a document that is one string": (bm25_scores, ([["cat"]], [["the"], "cat"]), TypeError, "documents"),
    "k1 below zero": (bm25_scores, ([["cat"]], DOCUMENTS, -0.5), ValueError, "k1"),
    "k1 that is NaN": (bm25_scores, ([["cat"]], DOCUMENTS, np.nan), ValueError, "k1"),
    "k1 that is infinite": (bm25_scores, ([["cat"]], DOCUMENTS, np.inf), ValueError, "k1"),
    "b above one": (bm25_scores, ([["cat"]], DOCUMENTS, 1.2, 1.01), ValueError, "b"),
    "b below zero": (bm25_scores, ([["cat"]], DOCUMENTS, 1.2, -0.01), ValueError, "b"),
    "an id twice in a ranking": (reciprocal_rank_fusion, ([["a", "b"], ["a", "c", "a"]],), ValueError, "rankings"),
    "k below zero": (reciprocal_rank_fusion, ([["a", "b"]], -1), ValueError, "k"),
    "a weight too few": (weighted_fusion, ([{"a": 1.0}, {"b": 1.0}], [1.0]), ValueError, "weights"),
    "a weight too many": (weighted_fusion, ([{"a": 1.0}], [1.0, 1.0]), ValueError, "weights"),
    "a weight below zero": (weighted_fusion, ([{"a": 1.0}, {"b": 1.0}], [1.0, -0.1]), ValueError, "weights"),
    "a weight that is infinite": (weighted_fusion, ([{"a": 1.0}], [np.inf]), ValueError, "weights"),
    "a score that is NaN": (weighted_fusion, ([{"a": 1.0, "b": np.nan}], [1.0]), ValueError, "scores"),
    "a score that is infinite": (weighted_fusion, ([{"a": 1.0, "b": -np.inf}], [1.0]), ValueError, "scores"),
    "the best 0 candidates": (rerank, ("cat", {"a": "cat"}, lambda pairs: [1.0], 0), ValueError, "k"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, argument = REFUSED[case]
    call(function, *arguments).raises(error, naming=argument)
