"""Why a verdict came out as it did: what was extracted, how it was read, each stage's word."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import InputError, unknown_name
from harness.grading.comparison import MAX_ANSWER_CHARACTERS, compare
from harness.grading.completions import grade_completion
from harness.grading.conventions import Conventions, conventions_of_format
from harness.grading.extraction import FORMATS, own_part
from harness.grading.normalisation import plain_latex
from harness.grading.reader import read_answer
from harness.grading.symbolic import symbolic_stage
from harness.grading.verdict import Verdict


@dataclass(frozen=True)
class Explanation:
    """What led to a verdict.

    Attributes:
        verdict: the verdict itself.
        found: what each rule of the format finds, in the order of the rules; None: nothing.
        cut: characters behind the model's own part, which were not read.
        plain: gold and answer without dress.
        readings: what kind of thing gold and answer were read as.
        stages: each stage and its word.
    """

    verdict: Verdict
    found: dict[str, str | None]
    cut: int
    plain: tuple[str, str]
    readings: tuple[str, str]
    stages: tuple[tuple[str, str], ...]


def explain(
    gold: str, completion: str, format: str, options: Conventions | None = None
) -> Explanation:
    """Grades one completion and tells how.

    Args:
        gold: the reference answer.
        completion: the model's text.
        format: how the answer stands in it, a key of `FORMATS`.
        options: conventions on what counts as the same answer; None: those of the format.

    Raises:
        InputError: unknown format.
    """
    if format not in FORMATS:
        raise InputError(unknown_name("answer format", format, FORMATS))
    options = options or conventions_of_format(format)
    verdict = grade_completion(gold, completion, format, options)
    own = own_part(completion, FORMATS[format].sign)
    found = found_by_rules(own, format)
    answer = verdict.answer or ""
    sides = (gold[:MAX_ANSWER_CHARACTERS], answer[:MAX_ANSWER_CHARACTERS])
    plain = (plain_latex(sides[0], options), plain_latex(sides[1], options))
    readings = tuple(type(read_answer(side, options)).__name__.lower() for side in sides)
    return Explanation(
        verdict,
        found,
        len(completion) - len(own),
        plain,
        (readings[0], readings[1]),
        _stages(gold, answer, options) if verdict.answer is not None else (),
    )


def found_by_rules(own: str, format: str) -> dict[str, str | None]:
    """What each rule of a format finds in the model's own part; None: nothing."""
    found = {name: rule(own) for name, rule in FORMATS[format].rules}
    return {name: None if text is None else text.strip() for name, text in found.items()}


def _stages(gold: str, answer: str, options: Conventions) -> tuple[tuple[str, str], ...]:
    """The word of the exact stages, and of the symbolic one where it is asked at all."""
    exact = compare(gold, answer, options)
    said = [(exact.stage, f"{exact.outcome} {exact.reason}".strip())]
    asked = symbolic_stage(options)(gold, answer)
    said.append((asked.stage, f"{asked.outcome} {asked.reason}".strip()))
    return tuple(said)
