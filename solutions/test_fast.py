"""fast: a kata's concept tests import nothing heavy. `tox -e fast` also prints how long a cold start takes."""

import pytest

from fixtures.plugin.syllabus import ready_katas
from fixtures.promises.altered import CONCEPT
from fixtures.promises.forks import WarmProcess

HEAVY = {"torch", "transformers", "llama_cpp", "librosa", "faiss", "gguf.gguf_reader", "pandas", "matplotlib"}
ALLOWED = {"gguf_metadata": {"gguf.gguf_reader"}}  # the oracle of that kata's concept tests


@pytest.fixture(scope="module")
def bare_process():
    """A process that loads no more than pytest, numpy and hypothesis: what a kata adds can be told."""
    process = WarmProcess()
    yield process
    process.close()


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(300)
def test_the_concept_tests_import_nothing_heavy(kata, bare_process):
    trial = bare_process.run(f"katas/{kata.folder}/{CONCEPT}", impl="solutions")
    assert trial.passes, trial.broken
    heavy = trial.modules & HEAVY - ALLOWED.get(kata.name, set())
    assert not heavy, f"katas/{kata.folder}/{CONCEPT} imports {heavy}: move the test to test_real.py"
