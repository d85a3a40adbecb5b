"""Check the types of the solutions and of what the tests stand on: python -m solutions.type_check

The solutions are given one by one: their folders are no packages, and wrong.py and jobs.py exist in each.
"""

import os
import subprocess
import sys

from fixtures.plugin.syllabus import ROOT, SOLUTIONS, ready_katas
from fixtures.promises.altered import fast_file, solution_file

if __name__ == "__main__":
    katas = ready_katas()
    files = [file for kata in katas for file in (solution_file(kata), fast_file(kata)) if file.exists()]
    files += sorted(SOLUTIONS.glob("[!t]*.py"))
    # a fast solution imports the plain one by its unique name
    path = os.pathsep.join(str(solution_file(kata).parent) for kata in katas)
    sys.exit(subprocess.run([sys.executable, "-m", "mypy", "fixtures", *files], cwd=ROOT, check=False,
                            env={**os.environ, "MYPYPATH": path}).returncode)
