from math import log

import numpy as np
import pytest
from hybrid_search import bm25_scores, reciprocal_rank_fusion, rerank, terms, weighted_fusion
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas import recorded
from fixtures.katas.hybrid_search.reference import fused_by_rank

EXACT = 1e-12  # sums of a few numbers; the smallest of the usual mistakes is off by 0.0002
DOCUMENTS = [["the", "cat", "sat"], ["the", "dog", "sat"], ["the", "cat", "cat"], ["a", "bird", "sang"]]


def test_terms_are_words_without_case_and_punctuation():
    call(terms, "Parse JSON: json.loads(text), e.g. 'a b'!").gives(
        ["parse", "json", "json", "loads", "text", "e", "g", "a", "b"])
    call(terms, "functools.lru_cache\n(maxsize=128)").gives(["functools", "lru_cache", "maxsize", "128"])
    call(terms, "Ölfilter, STRASSE und Straße").gives(["ölfilter", "strasse", "und", "strasse"])


def test_a_rare_word_weighs_more_than_a_common_one():
    """All lengths are 3, the mean. dog stands in 1 of 4 documents: idf 1.204, times 1 / 2.2; the in 3 of 4: 0.357."""
    dog, the = log(1 + 3.5 / 1.5), log(1 + 1.5 / 3.5)
    call(bm25_scores, [["dog"], ["the"]], DOCUMENTS).gives(
        np.array([[0, dog, 0, 0], [the, the, the, 0]]) / (1 + 1.2), atol=EXACT)


def test_the_second_occurrence_adds_less_than_the_first():
    """cat stands in 2 documents, once in 0 and twice in 2; ten thousand times would give the idf itself."""
    cat = log(1 + 2.5 / 2.5)
    call(bm25_scores, [["cat"]], DOCUMENTS).gives([[cat * 1 / 2.2, 0, cat * 2 / 3.2, 0]], atol=EXACT)
    documents = [["x"] * 10_000, ["y"] * 10_000]
    call(bm25_scores, [["x"]], documents).satisfies(lambda got: 0.999 * log(2) < got[0, 0] < log(2), "just below log 2")


def test_the_words_of_a_query_add_up():
    cat, dog = log(1 + 2.5 / 2.5), log(1 + 3.5 / 1.5)
    call(bm25_scores, [["cat", "dog", "cow"]], DOCUMENTS).gives(
        [[cat / 2.2, dog / 2.2, cat * 2 / 3.2, 0]], atol=EXACT)


def test_a_long_document_must_say_it_more_often():
    """Lengths 1, 2 and 6, on average 3: cow is less in many words than in few."""
    documents = [["cow"], ["pig", "hen"], ["cow", "pig", "hen", "cat", "dog", "ant"]]
    cow = log(1 + 1.5 / 2.5)
    short, long = (1.2 * (1 - 0.75 + 0.75 * length / 3) for length in (1, 6))
    call(bm25_scores, [["cow"]], documents).gives([[cow / (1 + short), 0, cow / (1 + long)]], atol=EXACT)
    call(bm25_scores, [["cow"]], documents, b=0.0).gives([[cow / 2.2, 0, cow / 2.2]], atol=EXACT)
    call(bm25_scores, [["cow"]], documents, k1=2, b=1).gives(
        [[cow / (1 + 2 / 3), 0, cow / (1 + 2 * 6 / 3)]], atol=EXACT)


def test_the_length_is_counted_in_words_against_the_mean_of_all_documents():
    """Two words each, of many letters or few; the long document without the word counts for the mean: 4."""
    documents = [["cow", "photosynthesis"], ["cow", "ox"], ["pig"] * 8]
    share = log(1 + 1.5 / 2.5) / (1 + 1.2 * (0.25 + 0.75 * 2 / 4))
    call(bm25_scores, [["cow"]], documents).gives([[share, share, 0]], atol=EXACT)


def test_a_word_that_most_documents_hold_still_counts_for_them():
    """It may weigh little, but no document is worse for holding it."""
    the = log(1 + 0.5 / 3.5)
    call(bm25_scores, [["the"]], [["the", "cow"], ["the", "pig"], ["the", "hen"]]).gives(
        np.full((1, 3), the / 2.2), atol=EXACT)


def test_a_word_that_the_query_repeats_counts_as_often():
    cat, dog = log(1 + 2.5 / 2.5), log(1 + 3.5 / 1.5)
    call(bm25_scores, [["cat", "dog", "cat"]], DOCUMENTS).gives(
        [[2 * cat / 2.2, dog / 2.2, 2 * cat * 2 / 3.2, 0]], atol=EXACT)


@pytest.mark.parametrize("setting", [0, 1, 2])
def test_the_scores_are_those_of_bm25s(setting):
    """12 queries, 70 documents, three pairs of k1 and b."""
    record = recorded("hybrid_search")
    documents = [[f"t{term}" for term in row if term >= 0] for row in record["documents"].tolist()]
    queries = [[f"t{term}" for term in row] for row in record["queries"].tolist()]
    k1, b = record["settings"][setting].tolist()
    call(bm25_scores, queries, documents, k1, b).gives(record["scores"][setting], atol=1e-9)


def test_between_documents_one_word_counts_as_in_rank_bm25():
    """Its idf is another one; one word's scores, divided by the highest, do not depend on it."""
    record = recorded("hybrid_search")
    documents = [[f"t{term}" for term in row if term >= 0] for row in record["documents"].tolist()]
    scores = call(bm25_scores, [[f"t{term}"] for term in record["terms"].tolist()], documents).value
    ratio = scores / np.max(scores, axis=1, keepdims=True)
    worst = float(np.abs(ratio - record["single"]).max())
    assert worst < 1e-9, f"divided by the highest score of each word, the scores differ from rank-bm25's by {worst:.3g}"


def test_ranks_are_joined_by_their_reciprocals():
    """The README's example: b is second and first, a first and third; d is found by one search, second: 1 / 62."""
    call(reciprocal_rank_fusion, [["a", "b", "c"], ["b", "d", "a"]]).gives(
        [("b", 1 / 62 + 1 / 61), ("a", 1 / 61 + 1 / 63), ("d", 1 / 62), ("c", 1 / 63)], atol=EXACT)


def test_a_small_k_lets_the_first_places_win():
    """Twice second beats once first with k = 60; with k = 0 it is a draw at 1, in the order of reading: c, b, a."""
    rankings = [["c", "b"], ["a", "b"]]
    call(reciprocal_rank_fusion, rankings).gives([("b", 2 / 62), ("c", 1 / 61), ("a", 1 / 61)], atol=EXACT)
    call(reciprocal_rank_fusion, rankings, k=0.5).gives([("b", 0.8), ("c", 2 / 3), ("a", 2 / 3)], atol=EXACT)
    call(reciprocal_rank_fusion, rankings, k=0).gives([("c", 1), ("b", 1 / 2 + 1 / 2), ("a", 1)], atol=EXACT)


@given(st.lists(st.lists(st.integers(0, 9), unique=True), max_size=4))
def test_every_document_that_some_search_found_is_ranked(rankings):
    wanted = {document: float(score) for document, score in fused_by_rank(rankings, 60).items()}
    found = call(reciprocal_rank_fusion, rankings).satisfies(
        lambda got: len(got) == len(wanted) and dict(got).keys() == wanted.keys(), f"each of {sorted(wanted)} once")
    worst = max((abs(score - wanted[document]) for document, score in found), default=0)
    assert worst < EXACT, f"a score is off by {worst:.3g}"
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True), "the highest score stands first"


def test_scores_are_scaled_before_they_are_added():
    """The README's example: b is in the middle of the first search, which knows c too, and best in the second."""
    searches = [{"a": 12.0, "b": 9.0, "c": 6.0}, {"a": 0.5, "b": 0.7}]
    call(weighted_fusion, searches, [0.5, 0.5]).gives([("b", 0.75), ("a", 0.5), ("c", 0.0)], atol=EXACT)
    call(weighted_fusion, searches, [0.75, 0.25]).gives([("a", 0.75), ("b", 0.625), ("c", 0.0)], atol=EXACT)


def test_a_document_that_one_search_missed_gets_nothing_from_it():
    """e and a are the worst of the search that found them: 0, the same as for a search that did not."""
    searches = [{"e": -3.0, "b": -1.0, "c": -2.0}, {"d": 8.0, "c": 4.0, "a": 2.0}]
    call(weighted_fusion, searches, [0.6, 0.4]).gives(
        [("b", 0.6), ("c", 0.3 + 0.4 / 3), ("d", 0.4), ("e", 0.0), ("a", 0.0)], atol=EXACT)


def test_a_single_hit_is_the_best_hit():
    """Its search found it and nothing else: highest and lowest score are the same."""
    call(weighted_fusion, [{"a": 0.9, "b": 0.5}, {"b": 7.0}], [0.5, 0.4]).gives([("a", 0.5), ("b", 0.4)], atol=EXACT)
    call(weighted_fusion, [{"a": 3.0, "b": 3.0}, {"b": 2.0, "c": 1.0}], [0.5, 0.25]).gives(
        [("b", 0.75), ("a", 0.5), ("c", 0.0)], atol=EXACT)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(-9, 9), min_size=1),
       st.integers(1, 50), st.integers(-100, 100))
def test_the_unit_of_a_score_does_not_matter(found, factor, offset):
    other = {"a": 0.25, "c": 0.5, "g": 0.75}
    rescaled = {document: factor * score + offset for document, score in found.items()}
    before, after = (dict(call(weighted_fusion, [search, other], [0.5, 0.5]).value) for search in (found, rescaled))
    worst = max(abs(before[document] - after[document]) for document in {*found, *other})
    assert worst < 1e-9, f"{factor} times a search's scores plus {offset} changes the result by {worst:.3g}"


def test_a_reranker_orders_what_a_search_found():
    """This one counts letters, so that nobody expects its order. Best first; equal ones as the search had them."""
    candidates = {"p7": "a cat", "p9": "a long story", "p2": "the dog"}
    call(rerank, "cat", candidates, lambda pairs: [len(query + text) for query, text in pairs], 2).gives(
        [("p9", 15.0), ("p2", 10.0)])
    call(rerank, "cat", candidates, lambda pairs: [1.0 if text.endswith(query) else -2.5 for query, text in pairs],
         3).gives([("p7", 1.0), ("p9", -2.5), ("p2", -2.5)])
