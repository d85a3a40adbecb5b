"""oracle: what the tests expect comes from a closed form, a recorded library or the real one, never from here."""

import ast

import numpy as np
import pytest

from fixtures.plugin.syllabus import KATAS, ROOT, ready_katas

RECORDED = ROOT / "fixtures" / "katas"
RECORDS = sorted(path.relative_to(RECORDED).as_posix() for path in RECORDED.glob("*/*.npz"))


def parsed_tests(kata):
    return ast.parse((KATAS / kata.folder / f"test_{kata.name}.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_no_test_reads_a_solution(kata):
    imported = {name for node in ast.walk(parsed_tests(kata)) if isinstance(node, (ast.Import, ast.ImportFrom))
                for name in [getattr(node, "module", None) or node.names[0].name]}
    allowed = {other.name for other in ready_katas() if other.lesson == kata.lesson and other.position <= kata.position}
    foreign = {other.name for other in ready_katas()} - allowed
    assert not imported & foreign, "a kata builds on the katas before it in its own lesson alone"
    assert not [name for name in imported if name.startswith(("solutions", "fixtures.plugin", "fixtures.jobs"))]
    text = (KATAS / kata.folder / f"test_{kata.name}.py").read_text(encoding="utf-8")
    assert "load_solution" not in text


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_every_kata_meets_real_llama_cpp(kata):
    marks = [ast.unparse(node) for node in ast.walk(parsed_tests(kata)) if isinstance(node, ast.Attribute)]
    assert "pytest.mark.llama" in marks


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_no_test_catches_or_skips_everything(kata):
    text = (KATAS / kata.folder / f"test_{kata.name}.py").read_text(encoding="utf-8")
    for forbidden in ("raises(Exception", "pytest.skip(", "importorskip", "xfail", "assert True", "mock"):
        assert forbidden not in text


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_names_its_libraries_and_has_its_script(record):
    path = RECORDED / record
    assert list(path.parent.glob("record_*.py")), "the script that made the record stands beside it"
    with np.load(path, allow_pickle=False) as file:
        assert len(file["versions"]) > 0
