"""Graded pools: what is measured and built from is drawn to the budget and graded throughout.

A pool that is half drawn would pass for a weak model, so it is refused, not measured.
"""

from __future__ import annotations

from harness.budget import pool_sizes, stopping_rule
from harness.budget.allocation import next_block, stopping_words
from harness.errors import InputError
from harness.pool import Pool
from harness.recipe import Side
from harness.run_folder import RunFolder


def open_pool(run: RunFolder, side: Side) -> Pool:
    """The pool of a side.

    Raises:
        InputError: it was not sampled yet.
    """
    if not run.pool(side).is_dir():
        raise InputError(
            f"{run.pool(side)} is not there: the {side} side was not sampled.",
            f"Sample it first: harness sample {run.path}",
        )
    return Pool.open(run.pool(side))


def open_graded_pool(run: RunFolder, side: Side) -> Pool:
    """The pool of a side, complete and with a verdict on each of its samples.

    Problems that the engine refused for good count as complete, without samples.

    Raises:
        InputError: samples are missing, or were not graded.
    """
    pool = open_pool(run, side)
    if stopping_rule(run.recipe) is None:
        _check_drawn(run, side, pool)
        _check_graded(run, pool)
    else:  # What an adaptive pool lacks is known by the verdicts.
        _check_graded(run, pool)
        _check_drawn(run, side, pool)
    return pool


def verdicts_by_problem(pool: Pool, grader: str) -> dict[str, list[bool]]:
    """Whether each sample of a problem is correct, from sample 0 on as far as there is no gap.

    In the pool's order of problems; one without samples has an empty list.

    Raises:
        InputError: the pool was not graded.
    """
    found: dict[str, list[bool]] = {problem.id: [] for problem in pool.problems}
    table = pool.verdicts(grader).select(["problem_id", "sample_index", "outcome"])
    for batch in table.to_batches():
        columns = (column.to_pylist() for column in batch.columns)
        for problem_id, index, outcome in zip(*columns, strict=True):
            if index == len(found[problem_id]):
                found[problem_id].append(outcome == "correct")
    return found


def _check_drawn(run: RunFolder, side: Side, pool: Pool) -> None:
    size, until = pool_sizes(run.recipe)[side], stopping_rule(run.recipe)
    if until is None:
        missing = sum(len(indices) for _, indices in pool.missing(size))
        lack = f"{missing:,} samples of the largest budget"
    else:
        failed = {failure.problem_id for failure in pool.failures()}
        missing = sum(
            next_block(correct, until.correct, size) is not None
            for problem_id, correct in verdicts_by_problem(pool, "answer").items()
            if problem_id not in failed
        )
        lack = (
            f"samples of {missing:,} problems, which have neither {stopping_words(until)} nor "
            f"{size} samples in all"
        )
    if missing:
        raise InputError(
            f"{pool.folder} lacks {lack}.",
            f"Draw what is missing: harness sample {run.path}",
        )


def _check_graded(run: RunFolder, pool: Pool) -> None:
    graders = ["answer"] if run.recipe.answer.chain_verifier is None else ["answer", "chain"]
    for grader in graders:
        graded = pool.verdicts(grader).num_rows
        if graded != len(pool):
            raise InputError(
                f"{pool.folder} holds {len(pool):,} samples, and {graded:,} verdicts of the "
                f"grader {grader!r}.",
                f"Grade the new samples: harness grade {run.path}",
            )
