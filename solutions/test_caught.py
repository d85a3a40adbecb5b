"""caught: every wrong answer is rejected by an assertion, and named."""

import inspect

import pytest

from fixtures.plugin.diagnosis import told, wrong_answers
from fixtures.plugin.syllabus import ready_katas
from fixtures.promises import UNIT_TESTS, failures, run_katas, with_changed_function

FEWEST_WRONG_ANSWERS = 8
WRONG = [(kata, wrong) for kata in ready_katas() for answers in wrong_answers(kata).values() for wrong in answers]


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_there_are_enough_wrong_answers(kata):
    answers = [wrong for answers in wrong_answers(kata).values() for wrong in answers]
    assert len(answers) >= FEWEST_WRONG_ANSWERS, f"solutions/{kata.folder}/wrong.py"
    assert all(told(wrong) for wrong in answers), "the docstring is what the learner reads"


@pytest.mark.parametrize(("kata", "wrong"), WRONG, ids=lambda value: getattr(value, "__name__", None) or value.name)
@pytest.mark.timeout(300)
def test_the_wrong_answer_is_rejected_and_named(kata, wrong, tmp_path):
    name = wrong.__name__
    replacement = inspect.cleandoc(f"""
        from fixtures.plugin.diagnosis import wrong_answers as _wrong_answers
        from fixtures.plugin.syllabus import ready_katas as _ready_katas
        _kata = next(kata for kata in _ready_katas() if kata.name == {kata.name!r})
        _wrong = next(wrong for wrong in _wrong_answers(_kata)[{wrong.answers!r}] if wrong.__name__ == {name!r})
        def replacement(*args, **kwargs): return _wrong(*args, **kwargs)
    """)
    folder = with_changed_function(kata, tmp_path, wrong.answers, replacement)
    failed = failures(run_katas(f"katas/{kata.folder}", "-m", UNIT_TESTS, impl=folder))
    assert any(outcome.kind == "assertion" for outcome in failed), (
        f"no test of katas/{kata.folder} rejects {name} by an assertion: add an input on which it differs")
    assert name in {outcome.misconception for outcome in failed}, (
        f"{name} is rejected but never named: on every input that rejects it another wrong answer gives the same; "
        f"add an input that tells them apart")
