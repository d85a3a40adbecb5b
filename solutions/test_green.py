"""green: the solutions, plain and fast, pass every test, and nothing is skipped that this machine could run."""

import pytest

from fixtures.plugin.syllabus import ready_katas
from fixtures.promises.altered import fast_file
from fixtures.promises.forks import warm_process
from fixtures.promises.outcomes import failures


def passes_everything(kata, impl):
    trial = warm_process().run(f"katas/{kata.folder}", "--no-skips", impl=impl)
    assert trial.passes, "\n".join([*(outcome.message for outcome in failures(trial.outcomes)), trial.broken])


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(600)
def test_the_plain_solution_passes_every_test(kata):
    passes_everything(kata, "solutions")


@pytest.mark.parametrize("kata", [kata for kata in ready_katas() if fast_file(kata).exists()],
                         ids=lambda kata: kata.name)
@pytest.mark.timeout(600)
def test_the_fast_solution_passes_every_test(kata):
    passes_everything(kata, "fast")
