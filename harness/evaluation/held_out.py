"""Which problems are held out for validation, and whether problem sets share any: pure functions.

Ids are hashes of question and gold answer, so the smallest ids are a random choice that
anybody can make again, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.errors import InputError, Issues
from harness.problems import Problem
from harness.problems.loading import overlap

_NAMED = 5


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


def refuse_shared(
    name: str, problems: Sequence[Problem], others: Mapping[str, Sequence[Problem]]
) -> None:
    """Checks that a task asks nothing that stands in another split, by id and by question.

    Args:
        name: the task.
        problems: what it asks.
        others: the problems of other splits, by the split's name.

    Raises:
        InputError: names the ids that are shared.
    """
    issues = Issues()
    for split, known in others.items():
        ids = {problem.id for problem in known}
        shared = set(overlap(problems, known)) | {p.id for p in problems if p.id in ids}
        if shared:
            named = ", ".join(sorted(shared)[:_NAMED])
            more = f" and {len(shared) - _NAMED} more" if len(shared) > _NAMED else ""
            issues.add(split, f"{len(shared)} of {len(problems)} problems: {named}{more}.")
    issues.raise_if_any(f"Problems of lm-eval task {name!r} also stand in other splits:")
