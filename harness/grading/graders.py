"""Graders of recipes, one completion at a time: for an adaptive draw, as samples arrive.

`harness.grading.pool_graders` gives the same verdicts on whole pools.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from harness.grading.completions import grade_completion
from harness.grading.conventions import Conventions, conventions_for
from harness.grading.extraction import extract_answer
from harness.grading.verdict import Outcome, Verdict
from harness.problems import Problem
from harness.recipe.schema import Answer

# Changes whenever the exact verifier's verdicts can change.
CHAIN_VERIFIER_VERSION = "1"

Row = dict[str, Any]
GradeOne = Callable[[Problem, str], Row]


def conventions_of_answer(answer: Answer) -> Conventions:
    """The conventions that a recipe asks for."""
    return conventions_for(answer.format, answer.options.problem_set, answer.options.changes())


def answer_grader(answer: Answer) -> GradeOne:
    """Grades by comparison of answers; with an exact verifier nothing is left undecided."""
    options = conventions_of_answer(answer)

    def grade_one(problem: Problem, completion: str) -> Row:
        verdict = grade_completion(problem.gold, completion, answer.format, options)
        if answer.chain_verifier is not None:
            verdict = settled(verdict, problem, completion)
        return asdict(verdict)

    return grade_one


def settled(verdict: Verdict, problem: Problem, completion: str) -> Verdict:
    """The verdict, or where it is undecided that of the exact verifier on the answer."""
    from harness.micro.verifier import verify_chain

    if verdict.outcome != "undecided":
        return verdict
    found = verify_chain(problem.question, completion)
    outcome: Outcome = "correct" if found.answer_correct else "wrong"
    return replace(verdict, outcome=outcome, stage="exact verifier", reason=found.reason)


def chain_verdict(problem: Problem, completion: str) -> Verdict:
    """What the exact verifier says about the reasoning."""
    from harness.micro.verifier import verify_chain

    found = verify_chain(problem.question, completion)
    return Verdict(
        outcome="correct" if found.chain_correct else "wrong",
        answer=extract_answer(completion, "hash").answer,
        rule="micro",
        stage="chain" if found.answer_correct else "answer",
        reason=found.reason,
    )
