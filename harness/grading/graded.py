"""Graded pools: what is measured and built from is drawn to the budget and graded throughout.

A pool that is half drawn would pass for a weak model, so it is refused, not measured.
"""

from __future__ import annotations

from harness.budget import pool_sizes
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
    missing = sum(len(indices) for _, indices in pool.missing(pool_sizes(run.recipe)[side]))
    if missing:
        raise InputError(
            f"{pool.folder} lacks {missing:,} samples of the largest budget.",
            f"Draw what is missing: harness sample {run.path}",
        )
    graders = ["answer"] if run.recipe.answer.chain_verifier is None else ["answer", "chain"]
    for grader in graders:
        graded = pool.verdicts(grader).num_rows
        if graded != len(pool):
            raise InputError(
                f"{pool.folder} holds {len(pool):,} samples, and {graded:,} verdicts of the "
                f"grader {grader!r}.",
                f"Grade the new samples: harness grade {run.path}",
            )
    return pool
