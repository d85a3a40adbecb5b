"""red: on the stubs every test fails because nothing is written yet, and trivial functions solve nothing.

A solution that was sent upstream inside katas/ by mistake is caught here.
"""

import pytest

from fixtures.plugin.selection import SKIPPED
from fixtures.plugin.syllabus import ready_katas
from fixtures.promises.altered import public_functions, solution_file, unit_tests_of, with_function
from fixtures.promises.forks import warm_process

TRIVIAL = {
    "None": "def replacement(*args, **kwargs): return None",
    "its first argument": "def replacement(*args, **kwargs): return args[0] if args else None",
    "an empty array": "def replacement(*args, **kwargs):\n    import numpy\n    return numpy.zeros(0)",
    "zeros of the right shape": """
def _zeros(value):
    import numpy
    if isinstance(value, (tuple, list)):
        return type(value)(map(_zeros, value))
    if isinstance(value, numpy.ndarray):
        return numpy.zeros_like(value)
    return type(value)() if isinstance(value, (int, float, str, bytes, dict)) else None
_right = {function}
def replacement(*args, **kwargs): return _zeros(_right(*args, **kwargs))
""",
    "its first result, whatever comes": """
_right = {function}
_first = []
def replacement(*args, **kwargs):
    if not _first:
        _first.append(_right(*args, **kwargs))
    return _first[0]
""",
}


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(300)
def test_on_the_stubs_every_test_fails_for_want_of_an_implementation(kata):
    trial = warm_process().run(f"katas/{kata.folder}", impl="katas")
    assert trial.outcomes and not trial.broken, trial.broken
    others = [f"{outcome.test} {outcome.result}: {outcome.message}" for outcome in trial.outcomes
              if outcome.kind != "not written"
              and not (outcome.result == "skipped" and SKIPPED in outcome.message)]  # a library is not here
    assert not others, "\n".join([
        f"git checkout katas/{kata.folder} brings the stub back; a solution belongs into solutions/. "
        f"These tests did not fail with \"is not written yet\":", *others])


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(600)
def test_trivial_functions_solve_nothing(kata):
    tests = unit_tests_of(kata)
    passing = [f"{function.name} that returns {told}" for function in public_functions(solution_file(kata))
               for told, source in TRIVIAL.items()
               if tests.accept(with_function(kata, function.name, source.replace("{function}", function.name)),
                               function.name)]
    assert not passing, f"concept and production tests of katas/{kata.folder} pass with: {'; '.join(passing)}"
