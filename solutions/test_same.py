"""same: stub and solution have the same signatures, docstrings, constants and classes."""

import ast

import pytest

from fixtures.plugin.syllabus import KATAS, ready_katas
from fixtures.promises import solution_file


def interface(path):
    """Return what a learner can see of a module: its text but for private names, imports and bodies."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    seen = [ast.get_docstring(module)]
    for node in module.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name.startswith("_"):
            continue
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[:1]  # the docstring
        if isinstance(node, ast.ClassDef):
            node.body = [method_interface(item) for item in node.body
                         if not getattr(item, "name", "").startswith("_") or item.name.startswith("__")]
        if not isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)):
            seen.append(ast.unparse(node))
    return seen


def method_interface(item):
    """Cut a method to its signature and docstring."""
    if isinstance(item, ast.FunctionDef):
        item.body = item.body[:1] if ast.get_docstring(item) else [ast.Pass()]
    return item


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_stub_and_solution_have_the_same_interface(kata):
    stub = KATAS / kata.folder / f"{kata.name}.py"
    assert interface(stub) == interface(solution_file(kata)), f"make {stub} and {solution_file(kata)} agree"


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_a_kata_has_every_part(kata):
    parts = [KATAS / kata.folder / name for name in ("README.md", "hints.md", f"test_{kata.name}.py")]
    parts += [solution_file(kata).with_name(name) for name in ("wrong.py", "jobs.py", "README.md")]
    assert not [part for part in parts if not part.exists()]
