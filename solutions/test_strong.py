"""strong: the published mutation scores belong to these solutions and tests, and are 95 % and above."""

import pytest

from fixtures.plugin.syllabus import ready_katas
from fixtures.promises.mutants import Equivalents
from solutions.mutation import NOT_MEASURED, read_figures, score

LOWEST_SCORE = 0.95


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_the_mutation_score_is_published_and_high(kata):
    row = read_figures().get(kata.name)
    if kata.name in NOT_MEASURED:
        assert row is None, f"{kata.name} has a score: take it out of NOT_MEASURED"
        return
    assert row, (f"no score of {kata.name}'s present solution, concept and production tests is published: "
                 f"tox -e mutation -- {kata.name}")
    assert score(row) >= LOWEST_SCORE, f"survivors: {row['survivors']}"


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_the_published_reasons_are_those_of_the_declared_mutants(kata):
    row = read_figures().get(kata.name)
    if row is not None:
        declared = Equivalents(kata)
        assert row["equivalent"] == {key: declared.single.get(key) for key in row["equivalent"]}
        assert set(row["by_rule"]) <= set(declared.rules.values())
