"""Measure how strong the tests are: mutate each solution, count the mutants that its kata's tests reject.

    tox -e mutation                    every kata whose solution or tests changed since the table was made
    tox -e mutation -- pooling         these katas, changed or not

The mutants are cosmic-ray's. They are made in a copy of the repository, and only the unit tests run on them
(those without llama.cpp), up to the first failure. The table is solutions/MUTATION.md, the figures behind it
solutions/mutation.json. A mutant that no test can tell from the solution is listed with the reason in
solutions/<kata>/equivalent_mutants.toml; it counts as killed by nobody and is left out of the score.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fixtures.plugin.syllabus import KATAS, ROOT, SOLUTIONS, Kata, ready_katas, tomllib
from fixtures.promises import UNIT_TESTS, solution_file

FIGURES = SOLUTIONS / "mutation.json"
TABLE = SOLUTIONS / "MUTATION.md"
# Left out: what mutates annotations (nothing executes them), and what no one writes by mistake and every
# test kills, such as a shift of floats or `is` between arrays: it would only flatter the score.
LEFT_OUT_OPERATORS = [
    "core/ReplaceBinaryOperator_BitOr_.*", "core/AddDecorator", "core/RemoveDecorator",
    "core/ReplaceBinaryOperator_.*_(RShift|LShift|BitOr|BitAnd|BitXor|Pow|Mod)",
    "core/ReplaceComparisonOperator_.*_(Is|IsNot)", "core/ReplaceUnaryOperator_.*_Invert",
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


def mutate(kata: Kata) -> dict[str, Any]:
    """Run the kata's unit tests on every mutant of its solution.

    Returns the figures: number of mutants, killed ones, equivalent ones with reasons, survivors.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "repository"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.gguf", "venv"))
        solution = solution_file(kata).relative_to(ROOT).as_posix()
        tests = [sys.executable, "-m", "pytest", f"katas/{kata.folder}", "--impl", "solutions", "-x", "-q",
                 "-m", f"'{UNIT_TESTS}'", "-p", "no:cacheprovider"]
        operators = ", ".join(f'"{name}"' for name in LEFT_OUT_OPERATORS)
        (copy / "mutation.toml").write_text(
            f'[cosmic-ray]\nmodule-path = "{solution}"\ntimeout = 60.0\nexcluded-modules = []\n'
            f'test-command = "{" ".join(tests)}"\n[cosmic-ray.distributor]\nname = "local"\n'
            f"[cosmic-ray.filters.operators-filter]\nexclude-operators = [{operators}]\n", encoding="utf-8")
        tools = Path(sys.executable).parent
        for command in (["cosmic-ray", "init", "mutation.toml", "session.sqlite"],
                        ["cr-filter-operators", "session.sqlite", "mutation.toml"],
                        ["cosmic-ray", "baseline", "mutation.toml"],
                        ["cosmic-ray", "exec", "mutation.toml", "session.sqlite"]):
            subprocess.run([tools / command[0], *command[1:]], cwd=copy, check=True, capture_output=True)
        dump = subprocess.run([tools / "cosmic-ray", "dump", "session.sqlite"], cwd=copy, check=True,
                              capture_output=True, text=True, encoding="utf-8").stdout
    return _counted(kata, [json.loads(line) for line in dump.splitlines()])


def _counted(kata: Kata, results: list[Any]) -> dict[str, Any]:
    reasons = equivalent_mutants(kata)
    survivors, equivalent, killed = [], {}, 0
    for _, result in results:
        if result is None or result["worker_outcome"] == "skipped":
            continue
        if result["test_outcome"] != "survived":
            killed += 1
            continue
        mutant = mutated_line(result["diff"])
        if mutant in reasons:
            equivalent[mutant] = reasons[mutant]
        else:
            survivors.append(mutant)
    return {"hash": content_hash(kata), "mutants": killed + len(survivors), "killed": killed,
            "equivalent": equivalent, "survivors": survivors}


def mutated_line(diff: str) -> str:
    """Return what a mutant changes, as "old line -> new line"."""
    lines = diff.splitlines()
    old = [line[1:].strip() for line in lines if re.match(r"-(?!--)", line)]
    new = [line[1:].strip() for line in lines if re.match(r"\+(?!\+\+)", line)]
    return f"{' '.join(old)} -> {' '.join(new)}"


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
    parser.add_argument("--jobs", type=int, default=2, help="katas at a time")
    arguments = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    chosen = [kata for kata in ready_katas()
              if kata.name in arguments.katas or (not arguments.katas
              and figures.get(kata.name, {}).get("hash") != content_hash(kata))]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for kata, row in zip(chosen, pool.map(mutate, chosen)):
            print(f"{kata.label}: {row['killed']} of {row['mutants']} killed, {score(row):.1%}", flush=True)
            for mutant in row["survivors"]:
                print(f"  survived: {mutant}", flush=True)
            figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
            write_table({**figures, kata.name: row})


if __name__ == "__main__":
    main()
