"""same: stub and solution have the same signatures, docstrings, constants and classes."""

import ast
import difflib
import inspect

import pytest

from fixtures.plugin.implementation import load_beside_solution, load_solution
from fixtures.plugin.syllabus import KATAS, ready_katas
from fixtures.promises.altered import fast_file, public_functions, solution_file


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


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
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
