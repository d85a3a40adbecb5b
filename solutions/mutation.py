"""Measure how strong the tests are: mutate each solution, count the mutants that its kata's tests reject.

    tox -e mutation                    every kata whose solution or tests changed since the table was made
    tox -e mutation -- pooling         these katas, changed or not; prints the survivors as they are found

Each mutant of the plain solution meets the concept and production tests in a fork of a warm process, up to
the first that fails. The table is solutions/MUTATION.md, the figures behind it solutions/mutation.json. A
mutant that no test can tell from the solution is left out of the score: fixtures/promises/mutants.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from fixtures.plugin.syllabus import KATAS, SOLUTIONS, Kata, ready_katas
from fixtures.promises.altered import CONCEPT, PRODUCTION, UnitTests, solution_file
from fixtures.promises.forks import WarmProcess
from fixtures.promises.mutants import Equivalents, Mutant, mutants

FIGURES = SOLUTIONS / "mutation.json"
TABLE = SOLUTIONS / "MUTATION.md"
NOT_MEASURED: tuple[str, ...] = ()  # the debt, by name: the table says so too
AT_ONCE = min(2, os.cpu_count() or 1)


def content_hash(kata: Kata) -> str:
    """Return a hash of what a score depends on: the plain solution and the tests that judge it."""
    files = [solution_file(kata), *(KATAS / kata.folder / name for name in (CONCEPT, PRODUCTION))]
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def survivors(kata: Kata, found: list[Mutant]) -> Iterator[Mutant]:
    """Yield the mutants that pass the kata's tests, from top to bottom, each as soon as it is known.

    Raises RuntimeError if the solution itself does not pass.
    """
    processes = [WarmProcess() for _ in range(AT_ONCE)]
    free: SimpleQueue[UnitTests] = SimpleQueue()

    def survives(mutant: Mutant) -> bool:
        tests = free.get()
        try:
            return tests.accept(mutant.source, mutant.function)
        finally:
            free.put(tests)

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for tests in pool.map(lambda process: UnitTests(kata, process), processes):
                free.put(tests)
            for mutant, passed in zip(found, pool.map(survives, found)):
                if passed:
                    yield mutant
    finally:
        for process in processes:
            process.close()


def measure(kata: Kata) -> dict[str, Any]:
    """Try every mutant of a kata, print those that survive, and return the figures."""
    declared = Equivalents(kata)
    found = mutants(solution_file(kata).read_text(encoding="utf-8"))
    print(f"{kata.label}: {len(found)} mutants", flush=True)
    by_rule: Counter[str] = Counter()
    single, left, function = {}, [], None
    count = 0
    for mutant in survivors(kata, found):
        count += 1
        rule = declared.rule_for(mutant.change)
        if rule is not None:
            by_rule[rule] += 1
        elif mutant.change in declared.single:
            single[mutant.change] = declared.single[mutant.change]
        else:
            left.append(mutant.change)
            if mutant.function != function:
                function = mutant.function
                print(f"  {function or 'at the top of the module'}", flush=True)
            print(f"    {mutant.line}: {mutant.change}", flush=True)
    row = {"hash": content_hash(kata), "mutants": len(found), "killed": len(found) - count,
           "by_rule": dict(sorted(by_rule.items())), "equivalent": single, "survivors": left}
    print(f"{kata.label}: {row['killed']} of {len(found)} killed, {sum(by_rule.values())} equivalent by rule, "
          f"{len(single)} singly, {len(left)} survived: {score(row):.1%}", flush=True)
    for change in sorted(set(declared.single) - set(single)):
        print(f"  no longer needed in equivalent_mutants.toml: {change}", flush=True)
    return row


def score(row: dict[str, Any]) -> float:
    """Return the part of the mutants that was killed, the equivalent ones left out."""
    return row["killed"] / max(row["killed"] + len(row["survivors"]), 1)


def read_figures() -> dict[str, Any]:
    """Return the figures by kata, without those of other solutions or tests than the present ones."""
    rows = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    return {kata.name: rows[kata.name] for kata in ready_katas()
            if kata.name in rows and rows[kata.name]["hash"] == content_hash(kata)}


def write_table(figures: dict[str, Any]) -> None:
    """Write the figures and the table that shows them."""
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = ["# Mutation scores", "", "`tox -e mutation` makes this table: solutions/mutation.py says how.", "",
             "| kata | mutants | killed | equivalent by rule | equivalent singly | survived | score |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    notes = []
    for kata in ready_katas():
        row = figures.get(kata.name)
        if row is None:
            lines.append(f"| {kata.label} | not measured yet | | | | | |")
            continue
        lines.append(f"| {kata.label} | {row['mutants']} | {row['killed']} | {sum(row['by_rule'].values())} "
                     f"| {len(row['equivalent'])} | {len(row['survivors'])} | {score(row):.1%} |")
        if row["by_rule"] or row["equivalent"] or row["survivors"]:
            notes += ["", f"## {kata.label}", ""]
            notes += [f"- equivalent by rule, {count}: {reason}" for reason, count in row["by_rule"].items()]
            notes += [f"- equivalent: `{mutant}`: {reason}" for mutant, reason in row["equivalent"].items()]
            notes += [f"- survived: `{mutant}`" for mutant in row["survivors"]]
    TABLE.write_text("\n".join(lines + notes) + "\n", encoding="utf-8")


def main() -> None:
    """Mutate the named katas, or those whose figures are out of date."""
    here = {kata.name: kata for kata in ready_katas()}
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("katas", nargs="*", metavar="KATA", help="names such as pooling")
    names = parser.parse_args().katas
    unknown = [name for name in names if name not in here]
    if unknown:
        parser.error(f"{' '.join(unknown)}: no such kata; here are {', '.join(here)}")
    for name in names or [name for name in here if name not in read_figures()]:
        row = measure(here[name])
        write_table({**read_figures(), name: row})


if __name__ == "__main__":
    main()
