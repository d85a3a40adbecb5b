import numpy as np
import pytest
from embedding_eval import mean_reciprocal_rank, ndcg_at_k, precision_at_k, recall_at_k, separation, spearman

from fixtures.checking import call

pytestmark = [pytest.mark.llama, pytest.mark.model("all-MiniLM-L6-v2")]

# Pairs of sentences, and how similar people would call them, from 0 (nothing in common) to 5 (the same).
PAIRS = {
    ("A man is eating food.", "A man is eating a meal."): 5,
    ("The cat sleeps on the sofa.", "A cat is asleep on the couch."): 5,
    ("A man is eating food.", "A man is eating a piece of bread."): 4,
    ("Two children play football in a park.", "Kids are playing a ball game outside."): 4,
    ("She plays the violin.", "She plays the piano."): 3,
    ("The train to Berlin is late.", "The bus to Hamburg is late."): 3,
    ("A man is eating food.", "A man is buying shoes."): 2,
    ("It rains in London.", "London has many museums."): 1,
    ("A man is eating food.", "The parser reads one token."): 0,
    ("The stock market fell today.", "A girl brushes her hair."): 0,
}


def rankings_by_minilm(pooling):
    """Rank the documentation's pages for each question by llama.cpp's MiniLM; also return the judgements."""
    from fixtures.data.documentation_vectors import documentation_vectors

    vectors = documentation_vectors(pooling)
    order = np.argsort(-(vectors.question_vectors @ vectors.page_vectors.T), axis=1, kind="stable")
    return order.tolist(), [dict.fromkeys(right, 1) for right in vectors.answers], vectors.answers


def test_a_search_over_the_documentation_is_measured_exactly():
    """24 questions, some 540 pages: beside fractions, and in the order that the measures must have."""
    from fixtures.katas.embedding_eval import reference

    call(mean_reciprocal_rank, [["a"]], [{"a": 1}]).gives(1.0)  # not written yet: say so before llama.cpp runs
    rankings, judgements, relevant = rankings_by_minilm("mean")
    for k in (1, 5, 100):
        call(recall_at_k, rankings, judgements, k).gives(float(reference.recall(rankings, relevant, k)), atol=1e-9)
    wanted = float(reference.reciprocal_rank(rankings, relevant))
    rank = call(mean_reciprocal_rank, rankings, judgements).gives(wanted, atol=1e-9)
    call(precision_at_k, rankings, judgements, 1).satisfies(
        lambda first: first <= rank, f"the first page is right at most as often as {rank:.3f}, the reciprocal rank")
    call(ndcg_at_k, rankings, judgements, 10).satisfies(
        lambda ndcg: 0.5 < ndcg < 1, "nDCG@10 of MiniLM on the documentation lies between 0.5 and 1")


def test_the_measures_tell_the_right_recipe_from_a_wrong_one():
    """MiniLM was trained with mean pooling. Measured: a reciprocal rank of 0.89 with the mean, of 0.73 with [CLS]."""
    call(mean_reciprocal_rank, [["a"]], [{"a": 1}]).gives(1.0)
    mean, cls = (call(mean_reciprocal_rank, *rankings_by_minilm(pooling)[:2]).value for pooling in ("mean", "cls"))
    assert mean > cls, f"MiniLM is better with mean pooling than with [CLS]; yours says {mean:.3f} and {cls:.3f}"


def test_minilm_orders_pairs_as_people_do():
    from scipy.stats import spearmanr

    from fixtures.models import model_path
    from fixtures.oracles.embeddings import pooled_embeddings

    call(spearman, [1, 2], [1, 2]).gives(1.0, atol=1e-9)
    sides = [pooled_embeddings(model_path("all-MiniLM-L6-v2"), list(side)) for side in zip(*PAIRS)]
    a, b = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    cosines, grades = (a * b).sum(axis=1), list(PAIRS.values())
    wanted = float(spearmanr(cosines, grades).statistic)
    call(spearman, cosines, grades).gives(wanted, atol=1e-9)
    assert wanted > 0.9, f"llama.cpp's MiniLM and people agree by {wanted:.2f}"
    similar = np.array(grades) >= 3
    call(separation, cosines[similar], cosines[~similar]).satisfies(
        lambda both: both[0] > 0.4 and both[1] == 1.0, "a gap above 0.4, and every similar pair above every other one")
