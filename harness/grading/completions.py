"""Grading one completion: extraction, then comparison."""

from __future__ import annotations

from typing import Any

from harness.grading.comparison import compare_answers
from harness.grading.conventions import DEFAULT_CONVENTIONS, Conventions
from harness.grading.extraction import OVER_THE_CAP, extract_answer
from harness.grading.verdict import GRADER_VERSION, NO_ANSWER, Verdict


def grade_completion(
    gold: str, completion: str, format: str, options: Conventions = DEFAULT_CONVENTIONS
) -> Verdict:
    """Grades one completion against its gold answer.

    Args:
        gold: the reference answer.
        completion: the model's text; any text is accepted.
        format: how the answer stands in it, a key of `harness.grading.FORMATS`.
        options: conventions on what counts as the same answer.

    Raises:
        InputError: unknown format.
    """
    found = extract_answer(completion, format)
    if found.answer is None:
        if found.rule == OVER_THE_CAP:
            return Verdict(
                "undecided", None, found.rule, "extraction", "the completion is too long"
            )
        return Verdict("wrong", None, found.rule, "extraction", NO_ANSWER)
    compared = compare_answers(gold, found.answer, options)
    return Verdict(compared.outcome, found.answer, found.rule, compared.stage, compared.reason)


def grader_identity(format: str, options: Conventions = DEFAULT_CONVENTIONS) -> dict[str, Any]:
    """What identifies this grader: two graders with equal identities give equal verdicts."""
    return {
        "grader": "answer",
        "version": GRADER_VERSION,
        "format": format,
        "options": options.identity(),
    }
