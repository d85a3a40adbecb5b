import numpy as np
import pytest
from hybrid_search import bm25_scores, reciprocal_rank_fusion, rerank, terms, weighted_fusion

from fixtures.checking import call

pytestmark = pytest.mark.llama
MINILM = pytest.mark.model("all-MiniLM-L6-v2")


def found_by_words(searches):
    """Search Python's documentation, 544 pages, by words: for each query page -> score, best first."""
    from fixtures.katas.hybrid_search.searches import found

    documents = [call(terms, text).value for text in searches.texts]
    return found(call(bm25_scores, [call(terms, query).value for query in searches.queries], documents).value)


@MINILM
def test_words_and_meaning_together_find_more_than_each_alone():
    """24 questions in other words and 30 with a function's name. Measured mean reciprocal ranks: 0.71 by words, 0.88
    by meaning, 0.92 together. (Of the questions alone: 0.66, 0.89, 0.83.)"""
    from fixtures.katas.hybrid_search.searches import found, name_searches, questions

    call(terms, "What?").gives(["what"])  # not written yet: say so before llama.cpp runs
    ranks = []  # of the 24 questions, then of the 30 names: (by words, by meaning, together)
    for searches in (questions(), name_searches()):
        words = [list(search) for search in found_by_words(searches)]
        meaning = [list(search) for search in found(searches.cosines)]
        both = [[page for page, _ in call(reciprocal_rank_fusion, rankings).value]
                for rankings in map(list, zip(words, meaning))]
        ranks.append([searches.reciprocal_rank(ranked) for ranked in (words, meaning, both)])
    words, meaning, both = np.average(ranks, axis=0, weights=[24, 30])
    assert both > max(words, meaning) + 0.01, f"{words:.3f} by words, {meaning:.3f} by meaning, {both:.3f} together"
    assert ranks[1][2] > 0.95, f"names are found at a reciprocal rank of {ranks[1][2]:.3f}, by ranks joined"


@MINILM
def test_a_page_that_only_the_words_know_comes_first():
    """Most of these names stand on a single page: one hit, whose score is highest and lowest at once."""
    from fixtures.katas.hybrid_search.searches import found, name_searches

    call(weighted_fusion, [{"a": 2.0}], [1.0]).gives([("a", 1.0)])
    names = name_searches("", "")
    words, meaning = found_by_words(names), found(names.cosines)
    ranked = [[page for page, _ in call(weighted_fusion, both, [0.5, 0.5]).value] for both in zip(words, meaning)]
    alone, joined = names.reciprocal_rank([list(search) for search in meaning]), names.reciprocal_rank(ranked)
    assert alone < 0.95 < joined, f"a reciprocal rank of {alone:.3f} by meaning, of {joined:.3f} with the words"


@pytest.mark.peer("bm25s")
def test_bm25s_scores_the_documentation_alike():
    import bm25s

    from fixtures.data.documentation import QUESTIONS, pages

    queries, documents = ([text.split() for text in texts] for texts in (QUESTIONS, [page.text for page in pages()]))
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
    index.index(documents, show_progress=False)
    call(bm25_scores, queries, documents).gives(np.array([index.get_scores(query) for query in queries]), atol=1e-9)


def test_llama_cpp_reranks_what_a_search_has_found(tmp_path):
    """A made reranker of random weights: its order means nothing, its scores are those of the rank head."""
    from fixtures.katas.hybrid_search.reference import rank_head
    from fixtures.models.made.bert import write_bert
    from fixtures.oracles.ranking import first_token_embeddings, rank_scores

    call(rerank, "q", {"a": "t"}, lambda pairs: [1.0], 1).gives([("a", 1.0)])
    made = write_bert(tmp_path / "reranker.gguf", seed=3, pooling="RANK")
    query = "what does the man eat?"
    candidates = {("p", i): text for i, text in enumerate(["bread.", "the man eats food", "42", "the food, the bread"])}
    pairs = [(query, text) for text in candidates.values()]
    scores = rank_head(made.weights, first_token_embeddings(made.path, pairs))[:, 0]
    order = np.argsort(-scores)[:3]
    # measured 1e-6; the pair as (text, query) is off by more than 0.1
    call(rerank, query, candidates, lambda asked: rank_scores(made.path, asked)[:, 0], 3).gives(
        [(list(candidates)[i], scores[i]) for i in order], atol=1e-4)


def test_a_rank_score_is_a_logit_and_no_probability(tmp_path):
    """It may be below 0 or above 1, and the scores of the candidates sum to anything. A sigmoid keeps the order."""
    from fixtures.models.made.bert import write_bert
    from fixtures.oracles.ranking import rank_scores

    call(rerank, "q", {"a": "t"}, lambda pairs: [1.0], 1).gives([("a", 1.0)])
    made = write_bert(tmp_path / "reranker.gguf", seed=3, pooling="RANK")
    candidates = {letter: f"the {letter} eats" for letter in "abcdefgh"}
    ranked = call(rerank, "the man", candidates, lambda pairs: rank_scores(made.path, pairs)[:, 0], 8).value
    logits = np.array([score for _, score in ranked])
    assert logits.max() > 1, f"the scores lie between {logits.min():.2f} and {logits.max():.2f}"
    probable = call(rerank, "the man", candidates,
                    lambda pairs: 1 / (1 + np.exp(-rank_scores(made.path, pairs)[:, 0].astype(np.float64))), 8).value
    assert [document for document, _ in probable] == [document for document, _ in ranked], "the same order"
    assert all(0 < score < 1 for _, score in probable), "and the sigmoid of each lies between 0 and 1"
