"""Refuses an evaluation on problems that were trained on."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import InputError, Issue
from harness.evaluation.requests import Document
from harness.problems import Problem
from harness.recipe import SIDES
from harness.run_folder import RunFolder

_SHOWN = 5
_QUESTION_SHOWN = 80


def refuse_overlap(run: RunFolder, documents: Sequence[Document]) -> None:
    """Checks that no test problem is among the run's training problems.

    Questions are compared, not ids: the same question with its gold answer written differently
    has another id.

    Raises:
        InputError: how many test problems were trained on, and the first few.
    """
    from harness.problems.loading import overlap

    trained = training_problems(run)
    asked = {Problem(one.question, one.problem.gold).id: one for one in documents}
    found = set(
        overlap([Problem(one.question, one.problem.gold) for one in asked.values()], trained)
    )
    shared = [document for problem_id, document in asked.items() if problem_id in found]
    if shared:
        raise InputError(
            f"{len(shared)} of {len(documents)} test problems of task "
            f"{run.recipe.evaluation.task!r} are among the {len(trained)} training problems:",
            "Choose `problems.train` and `evaluation.task` so that they share none; a score on "
            "problems that were trained on says nothing." + _and_more(len(shared)),
            [Issue(document.problem.id, _short(document.question)) for document in shared[:_SHOWN]],
        )


def training_problems(run: RunFolder) -> list[Problem]:
    """The problems that solutions were sampled for: the pools', else the recipe's."""
    from harness.pool import Pool
    from harness.problems.loading import load_problems

    for side in SIDES:
        if run.pool(side).is_dir():
            problems: list[Problem] = Pool.open(run.pool(side)).problems
            return problems
    return load_problems(run.recipe.problems, "train")


def _short(question: str) -> str:
    text = " ".join(question.split())
    return text if len(text) <= _QUESTION_SHOWN else text[: _QUESTION_SHOWN - 1] + "…"


def _and_more(count: int) -> str:
    return f" (The first {_SHOWN} are listed.)" if count > _SHOWN else ""
