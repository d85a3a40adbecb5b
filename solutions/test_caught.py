"""caught: every wrong answer is rejected by an assertion, and named."""

import pytest

from fixtures.plugin.diagnosis import told, wrong_answers
from fixtures.plugin.syllabus import ready_katas
from fixtures.promises.altered import unit_tests_of, with_wrong_answer
from fixtures.promises.outcomes import failures

FEWEST, MOST = 6, 12  # the typical ones: ten more katas are worth more than the thirteenth wrong answer of one


def answers_of(kata):
    return [wrong for answers in wrong_answers(kata).values() for wrong in answers]


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_there_are_enough_wrong_answers_and_each_speaks_to_the_learner(kata):
    answers = answers_of(kata)
    assert FEWEST <= len(answers) <= MOST, (
        f"solutions/{kata.folder}/wrong.py holds {len(answers)} wrong answers; {FEWEST} to {MOST} are wanted")
    silent = [wrong.__name__ for wrong in answers if not told(wrong)]
    assert not silent, f"the docstring is what the learner reads: {silent} have none"


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
@pytest.mark.timeout(600)
def test_every_wrong_answer_is_rejected_and_named(kata):
    missing = [sentence for wrong in answers_of(kata) for sentence in what_is_missing(kata, wrong)]
    assert not missing, "\n".join([f"solutions/{kata.folder}/wrong.py:", *missing])


def what_is_missing(kata, wrong):
    """Say what the tests lack to reject and name a wrong answer: at most one sentence."""
    name = wrong.__name__
    tests = unit_tests_of(kata)
    trial = tests.on(with_wrong_answer(kata, wrong), stop=name, first=tuple(tests.calling[vars(wrong)["answers"]]))
    failed = failures(trial.outcomes)
    if trial.broken:
        return [f"{name} ends the run: {trial.broken}"]
    if not failed:
        return [f"{name} passes every test: add an input on which it differs to test_concept.py or test_production.py"]
    if not any(outcome.kind == "assertion" for outcome in failed):
        return [f"{name} is only rejected by an accident, {failed[0].message}: add an input on which it gives "
                f"another value, or let it return one"]
    named = {outcome.misconception for outcome in failed} - {None}
    if name not in named:
        instead = f" ({', '.join(sorted(named))} is named instead)" if named else ""
        return [f"{name} is rejected but never named{instead}: add an input on which no other wrong answer of "
                f"{vars(wrong)['answers']} gives the same"]
    return []
