"""strong: the published mutation scores belong to these solutions and tests, and are 95 % and above."""

import json

import pytest

from fixtures.plugin.syllabus import ready_katas
from solutions.mutation import FIGURES, NOT_MEASURED, content_hash, equivalent_mutants, score

LOWEST_SCORE = 0.95


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_the_mutation_score_is_published_and_high(kata):
    figures = json.loads(FIGURES.read_text(encoding="utf-8")).get(kata.name)
    if kata.name in NOT_MEASURED:
        assert figures is None, f"{kata.name} has a score: take it out of NOT_MEASURED"
        return
    assert figures, f"no score of {kata.name} is published: tox -e mutation -- {kata.name}"
    assert figures["hash"] == content_hash(kata), (
        f"the solution or the tests of {kata.name} changed since the score was measured: "
        f"tox -e mutation -- {kata.name}")
    assert score(figures) >= LOWEST_SCORE, f"survivors: {figures['survivors']}"
    assert figures["equivalent"] == {key: equivalent_mutants(kata)[key] for key in figures["equivalent"]}
