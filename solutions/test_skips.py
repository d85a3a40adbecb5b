"""honest skips: what cannot run here is skipped, counted with its command, and a failure under --no-skips."""

import subprocess
import sys

from fixtures.plugin.syllabus import ROOT
from fixtures.promises import failures, run_katas

KATA = "katas/7_2/01_pooling"
COMMAND = "python -m fixtures.models pull all-MiniLM-L6-v2"


def without_models(monkeypatch, tmp_path):
    monkeypatch.setenv("KATA_CACHE", str(tmp_path))


def test_without_the_model_its_tests_are_skipped_and_nothing_else(monkeypatch, tmp_path):
    without_models(monkeypatch, tmp_path)
    outcomes = run_katas(KATA, impl="solutions")
    skipped = [outcome for outcome in outcomes if outcome.result == "skipped"]
    assert skipped and all(COMMAND in outcome.message for outcome in skipped)
    assert {outcome.result for outcome in outcomes} == {"passed", "skipped"}


def test_no_skips_turns_them_into_failures(monkeypatch, tmp_path):
    without_models(monkeypatch, tmp_path)
    skipped = [outcome.test for outcome in run_katas(KATA, impl="solutions") if outcome.result == "skipped"]
    failed = failures(run_katas(KATA, "--no-skips", impl="solutions"))
    assert [outcome.test for outcome in failed] == skipped


def test_the_run_ends_with_their_number_and_the_command(monkeypatch, tmp_path):
    without_models(monkeypatch, tmp_path)
    run = subprocess.run([sys.executable, "-m", "pytest", KATA, "--impl", "solutions"], cwd=ROOT,
                         capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0
    assert f"the model all-MiniLM-L6-v2 is not here: {COMMAND}" in run.stdout
    assert "not run here: 1 test marked gpu: tox -e gpu" in run.stdout
