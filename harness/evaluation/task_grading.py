"""How a task grades: by the same section `answer` that recipes have.

A task names its format as `metadata.answer_format`. `metadata.grading` changes it, or the
conventions on what counts as the same answer; it has the keys of a recipe's `answer`, and comes
from the task's YAML, from lm-eval's `--metadata`, or from a recipe whose models are evaluated.
So a finetuned model is graded as the pools were that it learned from.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from harness.errors import EnvironmentFailure, InputError, Issues
from harness.grading.grader import Grader
from harness.grading.graders import conventions_of_answer, settled
from harness.grading.verdict import Verdict
from harness.problems import Problem
from harness.recipe.schema import Answer

# Keys of a task's metadata. The last one holds metadata that count when the harness evaluates.
ANSWER_FORMAT, GRADING, HARNESS_EVALUATE = "answer_format", "grading", "harness_evaluate"


def answer_of_task(metadata: Mapping[str, Any]) -> Answer:
    """What a task's metadata say about answers.

    Args:
        metadata: with `answer_format`, and with `grading` where something else is asked for.

    Raises:
        InputError: an unknown format or convention, or a value of another type; all at once.

    Example:
        >>> answer_of_task({"answer_format": "minerva", "grading": {"format": "boxed"}}).format
        'boxed'
    """
    asked = metadata.get(GRADING)
    if not isinstance(asked, Mapping | None):
        raise InputError(
            f"metadata.{GRADING} is {asked!r}; expected the keys of a recipe's `answer`.",
            f'For example: --metadata \'{{"{GRADING}": {{"options": {{"decimals": 2}}}}}}\'',
        )
    try:
        return Answer.model_validate({"format": metadata.get(ANSWER_FORMAT), **(asked or {})})
    except ValidationError as error:
        issues = Issues()
        for found in error.errors(include_url=False):
            place = ".".join(map(str, (GRADING, *found["loc"])))
            advice = f"A task names its format as metadata.{ANSWER_FORMAT}." * ("format" in place)
            issues.add(place, f"{found['input']!r} was given. {found['msg']}.", advice)
        issues.raise_if_any("The task cannot be graded like this:")
        raise


class TaskGrader:
    """Grades the completions of one task; keeps what it compared, for the next ones.

    Args:
        answer: format, conventions, and the exact verifier if there is one.

    Raises:
        EnvironmentFailure: math-verify cannot be imported.
    """

    def __init__(self, answer: Answer) -> None:
        _check_symbolic_comparison()
        self._answer = answer
        self._grader = Grader(answer.format, conventions_of_answer(answer), memo=False)

    def verdicts(self, document: Mapping[str, Any], completions: Sequence[str]) -> list[Verdict]:
        """The verdict on each completion, in their order.

        Args:
            document: with `question` and `gold`.
            completions: of one document; any texts.
        """
        gold = str(document["gold"])
        found = list(self._grader.grade([(gold, text) for text in completions]))
        if self._answer.chain_verifier is None:
            return found
        problem = Problem(str(document["question"]), gold)
        pairs = zip(found, completions, strict=True)
        return [settled(verdict, problem, text) for verdict, text in pairs]


def _check_symbolic_comparison() -> None:
    """Imports math-verify as the worker will, before any completion is generated for it.

    lm-eval grades when all generations are done, which may be hours later.

    Raises:
        EnvironmentFailure: it is missing, or a package that it needs is.
    """
    try:
        importlib.import_module("math_verify")
    except ImportError as error:
        raise EnvironmentFailure(
            f"answers cannot be compared: math-verify cannot be imported ({error}).",
            "Install it where lm-eval runs: pip install --force-reinstall math-verify sympy",
        ) from error
