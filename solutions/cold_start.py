"""Print how long a learner waits from a cold start, beside a bare pytest: python -m solutions.cold_start [KATA ...]

The goal is at most twice the time of one test that imports numpy and hypothesis. Nothing is asserted: a time
depends on the machine, the ratio less so.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fixtures.plugin.syllabus import ROOT, ready_katas
from fixtures.promises.altered import CONCEPT

BARE_TEST = "import hypothesis\nimport numpy\n\ndef test_bare():\n    assert numpy.ones(3).sum() == 3\n"
ROUNDS = 7


def seconds(arguments: list[str], folder: Path) -> float:
    """Time one run of pytest in a process of its own."""
    before = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=folder, capture_output=True, check=False)
    return time.perf_counter() - before


def main() -> None:
    """Time the concept tests on every kata's stub and the bare test in turn, and print the fastest of each."""
    chosen = [kata for kata in ready_katas() if kata.name in sys.argv[1:] or len(sys.argv) == 1]
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "test_bare.py")
        bare.write_text(BARE_TEST, encoding="utf-8")
        commands = {"bare pytest": (["-q", str(bare)], Path(folder))}
        commands |= {kata.folder: ([f"katas/{kata.folder}/{CONCEPT}"], ROOT) for kata in chosen}
        rounds = [{name: seconds(*command) for name, command in commands.items()} for _ in range(ROUNDS)]
    fastest = {name: min(times[name] for times in rounds) for name in commands}
    for name, time_taken in fastest.items():
        print(f"{name:24} {time_taken:6.2f} s  {time_taken / fastest['bare pytest']:5.2f} x")


if __name__ == "__main__":
    main()
