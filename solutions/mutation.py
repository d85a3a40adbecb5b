"""Measure how strong the tests are: mutate each solution, count the mutants that its kata's tests reject.

    tox -e mutation                    every kata whose solution or tests changed since the table was made
    tox -e mutation -- pooling         these katas, changed or not

The mutants are cosmic-ray's. Each is tried in a fork of a process that has the libraries loaded already, with
the unit tests (those without llama.cpp) up to the first failure; so this runs on Linux and macOS. The table
is solutions/MUTATION.md, the figures behind it solutions/mutation.json. A mutant that no test can tell from
the solution is listed with the reason in solutions/<kata>/equivalent_mutants.toml and left out of the score.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import importlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.plugin.syllabus import KATAS, ROOT, SOLUTIONS, Kata, ready_katas, tomllib
from fixtures.promises import UNIT_TESTS, solution_file

FIGURES = SOLUTIONS / "mutation.json"
TABLE = SOLUTIONS / "MUTATION.md"
LONGEST_SECONDS = 60  # of processor time: a busy machine must not count as a test that rejects
LONGEST_WAIT = 1800.0  # of wall time, for a mutant that sleeps
NOT_MEASURED: tuple[str, ...] = ()  # the debt, by name: the table says so too
LOADED_BEFORE_THE_FORKS = ("numpy", "scipy.fft", "scipy.sparse", "PIL.Image", "gguf", "hypothesis.strategies",
                           "fixtures.plugin.parts")
# Left out: what mutates annotations (nothing executes them), and what no one writes by mistake and every
# test kills, such as a shift of floats or `is` between arrays: it would only flatter the score.
LEFT_OUT_OPERATORS = [
    "core/ReplaceBinaryOperator_BitOr_.*", "core/AddDecorator", "core/RemoveDecorator",
    "core/ReplaceBinaryOperator_.*_(RShift|LShift|BitOr|BitAnd|BitXor|Pow|Mod)",
    "core/ReplaceComparisonOperator_.*_(Is|IsNot)", "core/ReplaceUnaryOperator_.*_Invert",
    "core/Variable.*",  # these want to be told which variables
]


def content_hash(kata: Kata) -> str:
    """Return a hash of what a score depends on: the solution and the tests."""
    files = [solution_file(kata), KATAS / kata.folder / f"test_{kata.name}.py"]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def equivalent_mutants(kata: Kata) -> dict[str, str]:
    """Return the mutants that no test can tell from the solution: the mutated line -> the reason."""
    path = solution_file(kata).with_name("equivalent_mutants.toml")
    if not path.exists():
        return {}
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]
    return {row["mutant"]: row["reason"] for row in rows}


def mutants(source: str) -> Iterator[str]:
    """Yield the mutants of a module's text, each with one place changed."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    for name in sorted(operator_names()):
        if any(re.fullmatch(pattern, name) for pattern in LEFT_OUT_OPERATORS):
            continue
        occurrence = 0
        while mutant := mutate_code(source.encode(), get_operator(name)(), occurrence):
            yield mutant
            occurrence += 1


def mutate(kata: Kata) -> dict[str, Any]:
    """Run the kata's unit tests on every mutant of its solution.

    Returns the figures: number of mutants, killed ones, equivalent ones with reasons, survivors.
    Raises RuntimeError if the unmutated solution does not pass, or pytest itself breaks.
    """
    source = solution_file(kata).read_text(encoding="utf-8")
    reasons = equivalent_mutants(kata)
    survivors, equivalent, killed = [], {}, 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SOLUTIONS / kata.lesson, Path(folder) / kata.lesson)
        file = Path(folder) / kata.folder / f"{kata.name}.py"
        if not passes(kata, Path(folder)):
            raise RuntimeError(f"the solution of {kata.name} does not pass its tests")
        for mutant in mutants(source):
            file.write_text(mutant, encoding="utf-8")
            if not passes(kata, Path(folder)):
                killed += 1
                continue
            change = changed_line(source, mutant)
            if change in reasons:
                equivalent[change] = reasons[change]
            else:
                survivors.append(change)
    return {"hash": content_hash(kata), "mutants": killed + len(survivors), "killed": killed,
            "equivalent": equivalent, "survivors": survivors}


def passes(kata: Kata, implementation: Path) -> bool:
    """Run the kata's unit tests in a fork; a test that hangs or a process that dies does not pass."""
    import resource  # not on Windows, where there is no fork either

    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_SECONDS, LONGEST_SECONDS))
        status = pytest.main([f"{KATAS / kata.folder}", "--impl", str(implementation), "-x", "-q",
                              "-m", UNIT_TESTS, "-p", "no:cacheprovider", "-o", "timeout=0"])
        os._exit(int(status))
    deadline = time.monotonic() + LONGEST_WAIT
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return False
        time.sleep(0.005)
    code = os.waitstatus_to_exitcode(status)
    if code > 1:
        raise RuntimeError(f"pytest ended with {code} on a mutant of {kata.name}")
    return code == 0


def changed_line(source: str, mutant: str) -> str:
    """Return what a mutant changes, as "old line -> new line"."""
    lines = list(difflib.unified_diff(source.splitlines(), mutant.splitlines(), lineterm="", n=0))[2:]
    old, new = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"{old} -> {new}"


def score(figures: dict[str, Any]) -> float:
    """Return killed / mutants, the equivalent ones left out."""
    return figures["killed"] / figures["mutants"]


def write_table(figures: dict[str, Any]) -> None:
    """Write the figures and the table that shows them."""
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = ["# Mutation scores", "", "`tox -e mutation` makes this table: solutions/mutation.py says how.", "",
             "| kata | mutants | killed | score | equivalent |", "| --- | ---: | ---: | ---: | ---: |"]
    notes = []
    for kata in ready_katas():
        row = figures.get(kata.name)
        if row is None:
            lines.append(f"| {kata.label} | not measured yet | | | |")
            continue
        lines.append(f"| {kata.label} | {row['mutants']} | {row['killed']} | {score(row):.1%} "
                     f"| {len(row['equivalent'])} |")
        if row["equivalent"] or row["survivors"]:
            notes += ["", f"## {kata.label}", ""]
            notes += [f"- equivalent: `{mutant}`: {reason}" for mutant, reason in row["equivalent"].items()]
            notes += [f"- survived: `{mutant}`" for mutant in row["survivors"]]
    TABLE.write_text("\n".join(lines + notes) + "\n", encoding="utf-8")


def main() -> None:
    """Mutate the named katas, or those whose figures are out of date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("katas", nargs="*", help="names such as pooling")
    arguments = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    chosen = [kata for kata in ready_katas()
              if kata.name in arguments.katas or (not arguments.katas
              and figures.get(kata.name, {}).get("hash") != content_hash(kata))]
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a thread pool does not survive a fork
    os.chdir(ROOT)
    for module in LOADED_BEFORE_THE_FORKS:
        importlib.import_module(module)
    for kata in chosen:
        row = mutate(kata)
        print(f"{kata.label}: {row['killed']} of {row['mutants']} killed, {score(row):.1%}", flush=True)
        for mutant in row["survivors"]:
            print(f"  survived: {mutant}", flush=True)
        figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
        write_table({**figures, kata.name: row})


if __name__ == "__main__":
    main()
