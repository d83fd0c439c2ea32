"""Which problems are held out of a split: a choice that anybody can make again.

Ids are hashes of question and gold answer, so the smallest ids are a random choice, whatever the
order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import InputError
from harness.problems import Problem


def held_out(
    problems: Iterable[Problem], others: Iterable[Problem], count: int
) -> tuple[Problem, ...]:
    """The `count` problems with the smallest ids, of those whose question is not in `others`.

    Args:
        problems: to choose from; one that stands twice counts once.
        others: problems of other splits.
        count: how many.

    Returns:
        By ascending id.

    Raises:
        InputError: there are fewer.
    """
    candidates = {problem.id: problem for problem in problems}
    for problem_id in overlap(candidates.values(), others):
        del candidates[problem_id]
    if len(candidates) < count:
        raise InputError(
            f"{count} problems are to be held out, and {len(candidates)} are in no other split."
        )
    return tuple(candidates[problem_id] for problem_id in sorted(candidates)[:count])


def overlap(first: Iterable[Problem], second: Iterable[Problem]) -> list[str]:
    """Ids of the problems of `first` whose question also stands in `second`, in order.

    Questions are compared without regard to white space, so a problem is found again even
    where the other file writes its gold answer in another way.
    """
    questions = {_folded(problem.question) for problem in second}
    return [problem.id for problem in first if _folded(problem.question) in questions]


def _folded(question: str) -> str:
    return " ".join(question.split())
