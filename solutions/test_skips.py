"""honest skips: what cannot run here is skipped, counted with its command, and a failure under --no-skips."""

import os
import subprocess
import sys

import pytest

from fixtures.plugin.syllabus import ROOT, ready_katas
from fixtures.promises.forks import warm_process
from fixtures.promises.outcomes import failures

COMMAND = "python -m fixtures.models pull"
WITH_A_MODEL = pytest.mark.parametrize("kata", [kata for kata in ready_katas() if "model" in kata.marks],
                                       ids=lambda kata: kata.name)


def without_models(kata, folder, *arguments):
    """Run the tests that need a model, on the solution, as if none had been pulled."""
    return warm_process().run(f"katas/{kata.folder}", "-m", "model", *arguments, impl="solutions",
                              environment={"KATA_CACHE": str(folder)})


@WITH_A_MODEL
def test_without_the_model_its_tests_are_skipped_with_the_command(kata, tmp_path):
    trial = without_models(kata, tmp_path)
    assert not trial.broken, trial.broken
    assert {outcome.result for outcome in trial.outcomes} == {"skipped"}
    assert all(COMMAND in outcome.message for outcome in trial.outcomes)


@WITH_A_MODEL
def test_no_skips_turns_them_into_failures(kata, tmp_path):
    trial = without_models(kata, tmp_path, "--no-skips")
    # what nobody has tried is not asked for: a kata whose only model that is says so and runs nothing
    if trial.outcomes:
        assert not trial.broken, trial.broken
    else:
        assert "marked model (untried)" in trial.broken, trial.broken
    assert trial.outcomes == failures(trial.outcomes)


@pytest.mark.parametrize("kata", [kata for kata in ready_katas() if kata.name == "pooling"], ids=lambda kata: kata.name)
def test_the_run_ends_with_their_number_and_the_command(kata, tmp_path):
    run = subprocess.run([sys.executable, "-m", "pytest", f"katas/{kata.folder}", "--impl", "solutions"], cwd=ROOT,
                         capture_output=True, text=True, encoding="utf-8",
                         env={**os.environ, "KATA_CACHE": str(tmp_path)})
    assert run.returncode == 0, run.stdout
    assert f"the model all-MiniLM-L6-v2 is not here: {COMMAND} all-MiniLM-L6-v2" in run.stdout
    assert "not run here: 1 test marked gpu: tox -e gpu" in run.stdout
