"""same: stub and solution have the same interface, and every kata the same parts within the same sizes."""

import ast
import difflib
import inspect
import re
from fnmatch import fnmatch

import pytest

from fixtures.plugin.implementation import load_beside_solution, load_solution
from fixtures.plugin.syllabus import KATAS, ready_katas
from fixtures.promises.altered import CONCEPT, PRODUCTION, REAL, fast_file, public_functions, solution_file

TESTS = {CONCEPT: (8, 20), PRODUCTION: (5, 15), REAL: (1, 5)}  # the fewest and the most test functions
LINES = {CONCEPT: 200, PRODUCTION: 150, "README.md": 110}
LINES_OF_A_SOLUTION = 120  # docstrings included

EVERY_KATA = pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)


def interface(path):
    """Return what a learner can see of a module: its text but for private names, imports and bodies."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    seen = [ast.get_docstring(module)]
    for node in module.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name.startswith("_"):
            continue
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and not public_names(node):
            continue
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[:1]  # the docstring
        if isinstance(node, ast.ClassDef):
            node.body = [method_interface(item) for item in node.body
                         if not getattr(item, "name", "").startswith("_") or item.name.startswith("__")]
        if not isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)):
            seen.append(ast.unparse(node))
    return seen


def public_names(assignment):
    """Return the public names that an assignment gives, also in the form a, b = 1, 2."""
    targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return [name for name in names if not name.startswith("_")]


def method_interface(item):
    """Cut a method to its signature and docstring."""
    if isinstance(item, ast.FunctionDef):
        item.body = item.body[:1] if ast.get_docstring(item) else [ast.Pass()]
    return item


def parameters(function):
    """Return names, kinds and defaults of a function's parameters."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@EVERY_KATA
def test_stub_and_solution_have_the_same_interface(kata):
    stub, solution = (interface(path) for path in (KATAS / kata.folder / f"{kata.name}.py", solution_file(kata)))
    lines = ["\n".join(map(str, seen)).splitlines() for seen in (stub, solution)]
    differing = list(difflib.unified_diff(*lines, "the stub", "the solution", lineterm="", n=0))
    assert not differing, "\n".join([f"make stub and solution of {kata.name} agree:", *differing])


@pytest.mark.parametrize("kata", [kata for kata in ready_katas() if fast_file(kata).exists()],
                         ids=lambda kata: kata.name)
def test_the_fast_solution_has_every_function_of_the_plain_one(kata):
    """Defined or imported from the plain one; its docstrings may say something else."""
    plain, fast = load_solution(kata), load_beside_solution(kata, fast_file(kata).stem)
    for function in public_functions(solution_file(kata)):
        name = function.name
        assert name in vars(fast), f"{fast_file(kata)} lacks {name}: from {kata.name} import {name}"
        assert parameters(getattr(fast, name)) == parameters(getattr(plain, name)), (
            f"{name} has other parameters in {fast_file(kata)}")


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
    names = names_of_tests(kata, *TESTS)
    idle = [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)]
    assert not idle, f"no test has one of these names of hints.md: {idle}"
