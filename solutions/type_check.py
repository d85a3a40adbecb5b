"""Check the types of the solutions and of what the tests stand on: python -m solutions.type_check

The solutions are given one by one: their folders are no packages, and wrong.py and jobs.py exist in each.
"""

import subprocess
import sys

from fixtures.plugin.syllabus import ROOT, SOLUTIONS, ready_katas
from fixtures.promises import solution_file

if __name__ == "__main__":
    files = [solution_file(kata) for kata in ready_katas()] + sorted(SOLUTIONS.glob("[!t]*.py"))
    sys.exit(subprocess.run([sys.executable, "-m", "mypy", "fixtures", *files], cwd=ROOT, check=False).returncode)
