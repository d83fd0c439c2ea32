"""Whether the problem sets of tasks share problems, by id and by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import Issues
from harness.problems import Problem
from harness.problems.held_out import held_out, overlap

__all__ = ["held_out", "refuse_shared"]

_NAMED = 5


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
