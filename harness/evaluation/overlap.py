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

    A problem counts as the same if its id is, or if its question is word for word (the same
    question with its gold answer written differently has another id).

    Raises:
        InputError: how many test problems were trained on, and the first few.
    """
    trained = training_problems(run)
    ids = {problem.id for problem in trained}
    questions = {_words(problem.question) for problem in trained}
    shared = [
        document
        for document in documents
        if document.problem.id in ids or _words(document.question) in questions
    ]
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


def _words(question: str) -> str:
    return " ".join(question.split())


def _short(question: str) -> str:
    text = _words(question)
    return text if len(text) <= _QUESTION_SHOWN else text[: _QUESTION_SHOWN - 1] + "…"


def _and_more(count: int) -> str:
    return f" (The first {_SHOWN} are listed.)" if count > _SHOWN else ""
