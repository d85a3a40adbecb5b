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

from fixtures.checking import call
from fixtures.katas.peak_memory import measured

RANKINGS = [["b", "a"], ["f"]]
JUDGEMENTS = [{"a": 3, "x": 2}, {"f": 1}]


def test_a_document_judged_as_harmful_gains_nothing():
    """Some collections mark spam with -1 or -2: it is not relevant, and its gain is 0 (trec_eval)."""
    judgements = [{"a": 3, "b": -2, "x": 2}, {"f": 1}]
    ideal = 3 + 2 / np.log2(3)
    call(mean_reciprocal_rank, RANKINGS, judgements).gives(3 / 4, atol=1e-12)
    for k in (2, 3):
        call(ndcg_at_k, RANKINGS, judgements, k).gives((3 / np.log2(3) / ideal + 1) / 2, atol=1e-12)
    call(recall_at_k, RANKINGS, judgements, 2).gives(3 / 4, atol=1e-12)
    call(precision_at_k, RANKINGS, judgements, 2).gives(1 / 2, atol=1e-12)


def test_searches_that_find_nothing_at_all_score_zero():
    for measure in (precision_at_k, recall_at_k, ndcg_at_k):
        call(measure, [[], []], JUDGEMENTS, 5).gives(0.0)
    call(mean_reciprocal_rank, [[], []], JUDGEMENTS).gives(0.0)


def test_ids_may_be_numbers_or_tuples():
    """A chunk is often known by (page, number)."""
    call(recall_at_k, [[("json", 2), ("re", 0)], [7, 8]], [{("json", 2): 1, ("json", 3): 1}, {7: 1}], 1).gives(
        3 / 4, atol=1e-12)


def test_spearman_of_one_value_is_undefined():
    """An embedding model that finds everything equally similar has no rank correlation, not a perfect one."""
    call(spearman, [0.5, 0.5, 0.5], [1, 2, 3]).gives(float("nan"))


@pytest.mark.parametrize(("function", "sign", "wanted"), [(separation, 1, (0.0, 0.5)), (spearman, -1, -1.0)],
                         ids=["separation", "spearman"])
def test_thousands_of_scores_take_no_table_of_all_pairs(function, sign, wanted):
    """A table of 4,000 x 4,000 comparisons takes 16 MB and more; sorting takes next to nothing."""
    scores = np.arange(4_000) % 100 / 100
    function, peaks = measured(function)
    call(function, scores, sign * scores).gives(wanted, atol=1e-9)
    assert peaks[0] < 4, f"{peaks[0]:.0f} MB above the arguments for 4,000 scores; 4 are allowed: sort them"


REFUSED = {
    "one ranking less": (precision_at_k, (RANKINGS[:1], JUDGEMENTS, 2), ValueError, "rankings"),
    "a ranking more": (recall_at_k, ([*RANKINGS, ["z"]], JUDGEMENTS, 2), ValueError, "rankings"),
    "no queries": (mean_reciprocal_rank, ([], []), ValueError, "rankings"),
    "precision of the first 0": (precision_at_k, (RANKINGS, JUDGEMENTS, 0), ValueError, "k"),
    "recall of the first 0": (recall_at_k, (RANKINGS, JUDGEMENTS, 0), ValueError, "k"),
    "nDCG of the first 0": (ndcg_at_k, (RANKINGS, JUDGEMENTS, 0), ValueError, "k"),
    "a document found twice": (ndcg_at_k, ([["a", "b", "a"], ["f"]], JUDGEMENTS, 3), ValueError, "rankings"),
    "one found twice, far down": (recall_at_k, ([["a", "b", "b"], ["f"]], JUDGEMENTS, 1), ValueError, "rankings"),
    "a query without a right answer": (recall_at_k, (RANKINGS, [{"a": 0}, {"f": 1}], 2), ValueError, "judgements"),
    "a query with nothing but spam": (recall_at_k, (RANKINGS, [{"a": -1}, {"f": 1}], 2), ValueError, "judgements"),
    "grades of fewer pairs": (spearman, ([1, 2, 3], [1, 2]), ValueError, "grades"),
    "grades of more pairs": (spearman, ([1, 2], [1, 2, 3]), ValueError, "grades"),
    "a single pair": (spearman, ([1], [1]), ValueError, "scores"),
    "a score that is NaN": (spearman, ([np.nan, 2], [2, 1]), ValueError, "scores"),
    "a grade that is NaN": (spearman, ([1, 2], [np.nan, 1]), ValueError, "grades"),
    "no pairs that match": (separation, ([], [0.1]), ValueError, "positive"),
    "one similarity, not in a list": (separation, (0.3, [0.1]), ValueError, "positive"),
    "a table of similarities": (separation, ([0.3], [[0.1, 0.2]]), ValueError, "negative"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_silently_wrong_is_refused(case):
    function, arguments, error, argument = REFUSED[case]
    call(function, *arguments).raises(error, naming=argument)
