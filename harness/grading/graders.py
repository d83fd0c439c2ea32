"""The graders of a recipe: one function a grader, from a problem and a completion to a verdict.

The stage `grade` calls them on whole pools, and an adaptive draw on samples as they arrive, so
that both stop and count by the same verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from harness.grading.completions import grade_completion
from harness.grading.extraction import extract_answer
from harness.grading.identity import grader_identity
from harness.problems import Problem
from harness.recipe.schema import Answer

# Changes whenever the exact verifier's verdicts can change.
CHAIN_VERIFIER_VERSION = "1"

Row = dict[str, Any]
GradeOne = Callable[[Problem, str], Row]


def graders_of(answer: Answer) -> Iterator[tuple[str, dict[str, Any], GradeOne]]:
    """Every grader that a recipe asks for: its name, its identity, and the function."""
    identity = grader_identity(answer.format)
    if answer.chain_verifier is None:
        yield "answer", identity, answer_grader(answer)
        return
    verifier = {"verifier": answer.chain_verifier, "version": CHAIN_VERIFIER_VERSION}
    yield "answer", {**identity, "settled_by": verifier}, answer_grader(answer)
    yield "chain", {"grader": "chain", **verifier}, _chain_row


def answer_grader(answer: Answer) -> GradeOne:
    """Grades by comparison of answers; with an exact verifier nothing is left undecided."""

    def grade_one(problem: Problem, completion: str) -> Row:
        verdict = grade_completion(problem.gold, completion, answer.format)
        row = asdict(verdict)
        if answer.chain_verifier is not None and verdict.outcome == "undecided":
            row |= _settled(problem, completion)
        return row

    return grade_one


def _settled(problem: Problem, completion: str) -> Row:
    from harness.micro.verifier import verify_chain

    verdict = verify_chain(problem.question, completion)
    outcome = "correct" if verdict.answer_correct else "wrong"
    return {"outcome": outcome, "stage": "exact verifier", "reason": verdict.reason}


def _chain_row(problem: Problem, completion: str) -> Row:
    from harness.micro.verifier import verify_chain

    verdict = verify_chain(problem.question, completion)
    return {
        "outcome": "correct" if verdict.chain_correct else "wrong",
        "answer": extract_answer(completion, "hash").answer,
        "rule": "micro",
        "stage": "chain" if verdict.answer_correct else "answer",
        "reason": verdict.reason,
    }
