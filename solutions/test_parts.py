"""parts: a kata has the same rooms as every other, each within its size."""

import ast
import re
from fnmatch import fnmatch

import pytest

from fixtures.plugin.syllabus import KATAS, ready_katas
from fixtures.promises.altered import CONCEPT, PRODUCTION, REAL, solution_file

TESTS = {CONCEPT: (8, 20), PRODUCTION: (5, 15), REAL: (1, 5)}  # the fewest and the most test functions
LINES = {CONCEPT: 200, PRODUCTION: 150, "README.md": 110}
LINES_OF_A_SOLUTION = 120  # docstrings included

EVERY_KATA = pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)


def text(kata, name):
    return (KATAS / kata.folder / name).read_text(encoding="utf-8")


def names_of_tests(kata, *files):
    """Return the names of the test functions of these files."""
    return [node.name for name in files for node in ast.walk(ast.parse(text(kata, name)))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


@EVERY_KATA
def test_a_kata_has_every_part(kata):
    parts = [KATAS / kata.folder / name for name in ("README.md", "hints.md", CONCEPT, PRODUCTION, REAL)]
    parts += [solution_file(kata).with_name(name) for name in ("wrong.py", "README.md")]
    assert not [str(part) for part in parts if not part.exists()], "these files are missing"


@EVERY_KATA
def test_a_kata_keeps_within_its_size(kata):
    for name, (fewest, most) in TESTS.items():
        count = len(names_of_tests(kata, name))
        assert fewest <= count <= most, f"{name} has {count} test functions; {fewest} to {most} are wanted"
    for name, most in LINES.items():
        count = len(text(kata, name).splitlines())
        assert count <= most, f"{name} has {count} lines; at most {most} are wanted"
    count = len(solution_file(kata).read_text(encoding="utf-8").splitlines())
    assert count <= LINES_OF_A_SOLUTION, f"the plain solution has {count} lines; {LINES_OF_A_SOLUTION} are the most"


@EVERY_KATA
def test_a_concept_asks_for_no_refusal(kata):
    assert ".raises(" not in text(kata, CONCEPT), f"a refusal belongs into {PRODUCTION}: a first version has no checks"


@EVERY_KATA
def test_every_test_has_its_hint_and_every_hint_its_test(kata):
    """A section of hints.md lists after `Tests:` the patterns of the tests that it is for."""
    lines = re.findall(r"^Tests:(.*)$", text(kata, "hints.md"), flags=re.MULTILINE)
    patterns = [pattern for line in lines for pattern in re.findall(r"`([^`]+)`", line)]
    unhelped = [name for name in names_of_tests(kata, CONCEPT, PRODUCTION)
                if not any(fnmatch(name, pattern) for pattern in patterns)]
    assert not unhelped, f"no section of hints.md is for these tests: {unhelped}"
    idle = [pattern for pattern in patterns
            if not any(fnmatch(name, pattern) for name in names_of_tests(kata, *TESTS))]
    assert not idle, f"no test has one of these names of hints.md: {idle}"
