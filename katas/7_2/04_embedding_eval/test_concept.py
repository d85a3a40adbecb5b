import numpy as np
import pytest
from embedding_eval import (
    mean_reciprocal_rank,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    separation,
    spearman,
)
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checking import call
from fixtures.katas import recorded

# Three queries: the README's example. The first finds four documents, the second one, the third none.
RANKINGS = [["b", "a", "c", "d"], ["f"], []]
JUDGEMENTS = [{"a": 3, "c": 1, "x": 2, "b": 0, "d": 0}, {"f": 1, "e": 2}, {"h": 1}]
EXACT = 1e-12  # sums of a few numbers; the smallest of the usual mistakes is off by 0.01


def test_precision_is_the_share_of_right_ones_among_k():
    call(precision_at_k, RANKINGS, JUDGEMENTS, 3).gives((2 / 3 + 1 / 3 + 0) / 3, atol=EXACT)
    call(precision_at_k, RANKINGS, JUDGEMENTS, 1).gives((0 + 1 + 0) / 3, atol=EXACT)


def test_recall_is_the_share_of_all_right_ones():
    call(recall_at_k, RANKINGS, JUDGEMENTS, 3).gives((2 / 3 + 1 / 2 + 0) / 3, atol=EXACT)


def test_one_query_weighs_as_much_as_another():
    """The first query has three right documents, the second one."""
    judgements = [{"a": 1, "b": 1, "c": 1}, {"d": 1}]
    call(recall_at_k, [["a", "b", "c"], ["x"]], judgements, 3).gives(1 / 2, atol=EXACT)
    call(recall_at_k, [["x"], ["d"]], judgements, 3).gives(1 / 2, atol=EXACT)


def test_the_reciprocal_rank_is_that_of_the_first_right_one():
    """Ranks 2 and 3, and nothing found; what was judged with 0 is not right."""
    rankings, judgements = [["b", "a", "c"], ["x", "y", "f"], []], [{"a": 3, "b": 0, "c": 1}, {"f": 1}, {"h": 1}]
    call(mean_reciprocal_rank, rankings, judgements).gives((1 / 2 + 1 / 3 + 0) / 3, atol=EXACT)
    call(mean_reciprocal_rank, RANKINGS, JUDGEMENTS).gives((1 / 2 + 1 + 0) / 3, atol=EXACT)


def test_the_reciprocal_rank_looks_as_far_as_the_ranking_goes():
    call(mean_reciprocal_rank, [["x", "y", "z", "a"], ["b"]], [{"a": 1}, {"b": 1}]).gives((1 / 4 + 1) / 2, atol=EXACT)


def test_ndcg_discounts_by_rank_and_counts_grades():
    """Found are the grades 0, 3, 1; ideal would be 3, 2, 1."""
    log3 = np.log2(3)
    first = (0 + 3 / log3 + 1 / 2) / (3 + 2 / log3 + 1 / 2)
    second = 1 / (2 + 1 / log3)
    call(ndcg_at_k, RANKINGS, JUDGEMENTS, 3).gives((first + second + 0) / 3, atol=EXACT)


def test_the_ideal_is_cut_at_k_too():
    judgements = [{"a": 1, "b": 2, "c": 2, "d": 1}]
    call(ndcg_at_k, [["b", "c", "x", "y"]], judgements, 2).gives(1.0, atol=EXACT)
    call(ndcg_at_k, [["x", "b"]], judgements, 1).gives(0.0)


@pytest.mark.parametrize("measure", ["precision", "recall", "ndcg"])
def test_the_measures_are_those_of_a_trec_evaluator(measure):
    """12 queries, 40 documents with grades 0 to 3, 25 found."""
    record = recorded("embedding_eval")
    rankings = record["rankings"].tolist()
    judgements = [dict(enumerate(row)) for row in record["grades"].tolist()]
    function = {"precision": precision_at_k, "recall": recall_at_k, "ndcg": ndcg_at_k}[measure]
    for k, wanted in zip(record["ks"].tolist(), record[measure].tolist()):
        call(function, rankings, judgements, k).gives(wanted, atol=1e-9)
    call(mean_reciprocal_rank, rankings, judgements).gives(float(record["reciprocal_rank"]), atol=1e-9)


@given(st.data())
def test_moving_a_better_document_up_never_costs_ndcg(data):
    grades = data.draw(st.lists(st.integers(0, 3), min_size=2, max_size=6).filter(any))
    judgements = [dict(enumerate(grades))]
    order = data.draw(st.permutations(range(len(grades))))
    best = sorted(range(len(grades)), key=lambda document: -grades[document])
    call(ndcg_at_k, [best], judgements, len(grades)).gives(1.0, atol=EXACT)
    value = call(ndcg_at_k, [order], judgements, len(grades)).value
    place = data.draw(st.integers(1, len(grades) - 1))
    swapped = [*order[:place - 1], order[place], order[place - 1], *order[place + 1:]]
    rises = grades[order[place]] - grades[order[place - 1]]
    call(ndcg_at_k, [swapped], judgements, len(grades)).satisfies(
        lambda other: (other - value) * rises > 0 or (rises == 0 and abs(other - value) < EXACT),
        f"nDCG {value:.6f} moves in the direction of {rises} when these two neighbours change places")


def test_spearman_compares_orders_not_numbers():
    """The same order on scales that have nothing to do with each other, then others; no scores are equal."""
    call(spearman, [0.1, 0.2, 0.9, 0.95], [1, 10, 100, 1000]).gives(1.0, atol=EXACT)
    call(spearman, [0.1, 0.2], [9, 5]).gives(-1.0, atol=EXACT)
    call(spearman, [0.1, 0.2, 0.9, 0.95], [1, 100, 10, 1000]).gives(0.8, atol=EXACT)  # 1 - 6 * 2 / (4 * 15)
    # ranks 5 1 2 3 4 and 4 1 2 5 3: squared differences 1 0 0 4 1, so 1 - 6 * 6 / (5 * 24)
    call(spearman, [0.9, 0.1, 0.2, 0.3, 0.8], [40, 10, 20, 50, 30]).gives(0.7, atol=EXACT)


def test_equal_scores_share_the_mean_of_their_ranks():
    """Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: a product sum of 4.5 over sqrt(4.5 * 5)."""
    call(spearman, [1, 2, 2, 3], [1, 2, 3, 4]).gives(4.5 / np.sqrt(4.5 * 5), atol=EXACT)
    call(spearman, [3, 2, 2, 1], [1, 2, 3, 4]).gives(-4.5 / np.sqrt(4.5 * 5), atol=EXACT)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3)), min_size=3, max_size=20).filter(
    lambda pairs: all(len(set(side)) > 1 for side in zip(*pairs))))
def test_spearman_is_that_of_scipy(pairs):
    from scipy.stats import spearmanr

    a, b = np.array(pairs, dtype=float).T
    call(spearman, a, b).gives(float(spearmanr(a, b).statistic), atol=1e-9)


def test_the_gap_and_the_share_of_won_comparisons():
    """0.9 wins twice, 0.5 once, and ties once."""
    call(separation, [0.9, 0.5], [0.5, 0.1]).gives((0.4, 3.5 / 4), atol=EXACT)
    call(separation, [0.2], [0.9]).gives((-0.7, 0.0), atol=EXACT)
    call(separation, [0.2], [0.7, 0.1, 0.3]).gives((0.2 - 1.1 / 3, 1 / 3), atol=EXACT)


def test_the_share_is_that_of_scikit_learn():
    """50 and 70 similarities with one decimal: many ties."""
    record = recorded("embedding_eval")
    positive, negative = record["positive"], record["negative"]
    gap = float(positive.sum() / 50 - negative.sum() / 70)
    call(separation, positive, negative).gives((gap, float(record["auc"])), atol=1e-9)
