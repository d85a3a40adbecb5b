"""fast: a kata's concept tests import nothing heavy. `tox -e fast` also prints how long a cold start takes."""

import subprocess
import sys

import pytest

from fixtures.plugin.syllabus import ROOT, ready_katas
from fixtures.promises.altered import CONCEPT

HEAVY = ("torch", "transformers", "llama_cpp", "librosa", "faiss", "gguf.gguf_reader", "pandas", "matplotlib")
ALLOWED = {"gguf_metadata": {"gguf.gguf_reader"}}  # the oracle of that kata's unit tests


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(300)
def test_the_concept_tests_import_nothing_heavy(kata):
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", f"katas/{kata.folder}/{CONCEPT}",
         "--impl", "solutions", "-p", "no:cacheprovider", "-s"],  # -s: pytest would swallow a part of the list
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace")
    imported = {line.rpartition("|")[2].strip() for line in process.stderr.splitlines()}
    assert process.returncode == 0 and "numpy" in imported, process.stdout
    heavy = imported & set(HEAVY) - ALLOWED.get(kata.name, set())
    assert not heavy, f"katas/{kata.folder}/{CONCEPT} imports {heavy}: move the test to test_real.py"
