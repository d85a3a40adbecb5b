"""red: on the stubs every test fails because nothing is written yet, and trivial stubs solve nothing.

A solution that was sent upstream inside katas/ by mistake is caught here.
"""

import pytest

from fixtures.plugin.selection import SKIPPED
from fixtures.plugin.syllabus import ready_katas
from fixtures.promises import (
    UNIT_TESTS,
    failures,
    public_functions,
    run_katas,
    solution_file,
    with_changed_function,
)

FUNCTIONS = [(kata, function.name) for kata in ready_katas()
             for function in public_functions(solution_file(kata))]

TRIVIAL = {
    "none": "def replacement(*args, **kwargs): return None",
    "first_argument": "def replacement(*args, **kwargs): return args[0] if args else None",
    "empty": "def replacement(*args, **kwargs):\n    import numpy\n    return numpy.zeros(0)",
    "zeros": """
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
}


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(300)
def test_on_the_stubs_every_test_fails_for_want_of_an_implementation(kata):
    outcomes = run_katas(f"katas/{kata.folder}")
    others = [outcome for outcome in outcomes
              if outcome.kind != "not written"
              and not (outcome.result == "skipped" and SKIPPED in outcome.message)]  # a library is not here
    assert not others, (
        f"git checkout katas/{kata.folder} brings the stub back; a solution belongs into solutions/. "
        f"These tests did not fail with \"is not written yet\": {others}")


@pytest.mark.parametrize("trivial", TRIVIAL)
@pytest.mark.parametrize(("kata", "function"), FUNCTIONS, ids=lambda value: getattr(value, "name", value))
@pytest.mark.timeout(300)
def test_a_trivial_function_does_not_pass(kata, function, trivial, tmp_path):
    folder = with_changed_function(kata, tmp_path, function, TRIVIAL[trivial].replace("{function}", function))
    assert failures(run_katas(f"katas/{kata.folder}", "-x", "-m", UNIT_TESTS, impl=folder))
