"""oracle: what the tests expect comes from a closed form, a recorded library or the real one, never from here."""

import ast

import numpy as np
import pytest

from fixtures.plugin.syllabus import KATAS, ROOT, ready_katas
from fixtures.promises.altered import CONCEPT, PRODUCTION, REAL

RECORDED = ROOT / "fixtures" / "katas"
RECORDS = sorted(path.relative_to(RECORDED).as_posix() for path in RECORDED.glob("*/*.npz"))
FORBIDDEN = ("raises(Exception", "pytest.skip(", "importorskip", "xfail", "assert True", "mock", "load_solution")

EVERY_KATA = pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)


def texts(kata):
    return {name: (KATAS / kata.folder / name).read_text(encoding="utf-8") for name in (CONCEPT, PRODUCTION, REAL)}


def imported(text):
    """Return the names of the modules that a file imports."""
    nodes = list(ast.walk(ast.parse(text)))
    return ({alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
            | {node.module for node in nodes if isinstance(node, ast.ImportFrom)})


@EVERY_KATA
def test_no_test_reads_a_solution(kata):
    allowed = {other.name for other in ready_katas() if other.lesson == kata.lesson and other.position <= kata.position}
    foreign = {other.name for other in ready_katas()} - allowed
    for name, text in texts(kata).items():
        assert not imported(text) & foreign, f"{name}: a kata builds on those before it in its own lesson alone"
        seen = [module for module in imported(text)
                if module.startswith(("solutions", "fixtures.plugin", "fixtures.promises", "fixtures.jobs"))]
        assert not seen, f"{name} imports {seen}: nothing there may tell a test what is right"


@EVERY_KATA
def test_every_kata_meets_real_llama_cpp(kata):
    assert "pytest.mark.llama" in texts(kata)[REAL], f"no test of {REAL} is marked llama"


@EVERY_KATA
def test_concept_and_production_need_no_llama_cpp(kata):
    for name in (CONCEPT, PRODUCTION):
        assert "mark.llama" not in texts(kata)[name], f"{name}: what needs llama.cpp stands in {REAL}"


@EVERY_KATA
def test_no_test_catches_or_skips_everything(kata):
    for name, text in texts(kata).items():
        assert not [forbidden for forbidden in FORBIDDEN if forbidden in text], name


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_names_its_libraries_and_has_its_script(record):
    path = RECORDED / record
    assert list(path.parent.glob("record_*.py")), "the script that made the record stands beside it"
    with np.load(path, allow_pickle=False) as file:
        assert len(file["versions"]) > 0
