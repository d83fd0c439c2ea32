"""Grading one completion: extraction, then comparison."""

from __future__ import annotations

from harness.grading.comparison import compare
from harness.grading.conventions import DEFAULT_CONVENTIONS, Conventions, conventions_of_format
from harness.grading.extraction import OVER_THE_CAP, extract_answer
from harness.grading.symbolic import symbolic_stage
from harness.grading.verdict import NO_ANSWER, Verdict


def compare_answers(gold: str, answer: str, options: Conventions = DEFAULT_CONVENTIONS) -> Verdict:
    """Compares an answer with the gold answer; accepts any two texts.

    The symbolic stage runs in a process of its own, started when it is first needed.

    Args:
        gold: the reference answer.
        answer: as extracted from a completion.
        options: conventions on what counts as the same answer.

    Raises:
        EnvironmentFailure: the symbolic stage is needed and its worker does not start.

    Example:
        >>> compare_answers("\\\\frac{1}{2}", "0.5").outcome
        'correct'
    """
    found = compare(gold, answer, options, symbolic_stage(options))
    return Verdict(found.outcome, answer, "given", found.stage, found.reason)


def grade_completion(
    gold: str, completion: str, format: str, options: Conventions | None = None
) -> Verdict:
    """Grades one completion against its gold answer.

    Args:
        gold: the reference answer.
        completion: the model's text; any text is accepted.
        format: how the answer stands in it, a key of `harness.grading.FORMATS`.
        options: conventions on what counts as the same answer; None: those of the format.

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
    compared = compare_answers(gold, found.answer, options or conventions_of_format(format))
    return Verdict(compared.outcome, found.answer, found.rule, compared.stage, compared.reason)
