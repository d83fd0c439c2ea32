"""Verdicts: correct, wrong or undecided, and why. Never a bare yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.grading.comparison import Outcome, compare_answers
from harness.grading.extraction import extract_answer

__all__ = ["GRADER_VERSION", "Outcome", "Verdict", "grade_completion", "grader_identity"]

# Changes whenever a verdict can change; recorded with every verdict.
GRADER_VERSION = "1"
NO_ANSWER = "no answer found"


@dataclass(frozen=True)
class Verdict:
    """What a grader says about one sample.

    Attributes:
        outcome: correct, wrong, or undecided (which counts as not solved, and is shown).
        answer: as extracted, or None.
        rule: the extraction rule that found it.
        stage: the comparison that decided.
        reason: why, where the outcome needs one.
    """

    outcome: Outcome
    answer: str | None
    rule: str
    stage: str
    reason: str


def grade_completion(gold: str, completion: str, format: str) -> Verdict:
    """Grades one completion against its gold answer.

    Args:
        gold: the reference answer.
        completion: the model's text; any text is accepted.
        format: how the answer stands in it, a key of `harness.grading.FORMATS`.

    Raises:
        InputError: unknown format.
    """
    found = extract_answer(completion, format)
    if found.answer is None:
        if found.rule == "over the cap":
            return Verdict(
                "undecided", None, found.rule, "extraction", "the completion is too long"
            )
        return Verdict("wrong", None, found.rule, "extraction", NO_ANSWER)
    compared = compare_answers(gold, found.answer)
    return Verdict(compared.outcome, found.answer, found.rule, compared.stage, compared.reason)


def grader_identity(format: str) -> dict[str, Any]:
    """What identifies this grader: two graders with equal identities give equal verdicts."""
    return {"grader": "answer", "version": GRADER_VERSION, "format": format}
