"""Gold answers that no answer can be compared with, found before anything is graded."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import InputError, Issues
from harness.grading.conventions import Conventions
from harness.grading.grader import gold_fault
from harness.pool import Pool
from harness.problems import Problem


def faults_of_golds(problems: Iterable[Problem], options: Conventions) -> Issues:
    """Every gold answer that is empty, too long or not understood, with its problem's id.

    Args:
        problems: in any number.
        options: the conventions by which gold answers are read.
    """
    issues = Issues()
    for problem in problems:
        if fault := gold_fault(problem.gold, options):
            name = f" ({problem.external_id})" if problem.external_id else ""
            issues.add(f"problem {problem.id}{name}", f"gold answer: {fault}")
    return issues


def refuse_without_golds(pool: Pool) -> None:
    """Refuses a pool that has nothing to compare answers with.

    Raises:
        InputError: no problem of the pool has a gold answer.
    """
    if pool.problems and not any(problem.gold.strip() for problem in pool.problems):
        raise InputError(
            f"none of the {len(pool.problems):,} problems of {pool.folder} has a gold answer, so "
            "there is nothing to compare answers with.",
            "Import the samples again with problems that have `gold`: harness pool import "
            "SAMPLES --problems PROBLEMS --out POOL",
        )
