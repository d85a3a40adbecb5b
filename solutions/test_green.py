"""green: every solution passes every test of its kata, and nothing is skipped that this machine could run."""

import pytest

from fixtures.plugin.syllabus import ready_katas
from fixtures.promises import failures, run_katas


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(600)
def test_the_solution_passes_every_test(kata):
    outcomes = run_katas(f"katas/{kata.folder}", "--no-skips", impl="solutions")
    assert not failures(outcomes), "\n".join(outcome.message for outcome in failures(outcomes))
    assert {outcome.result for outcome in outcomes} == {"passed"}
