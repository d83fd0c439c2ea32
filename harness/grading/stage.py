"""The stage `grade`: verdicts for every sample of both pools.

Two graders: `answer` compares the final answer with the gold answer, and `chain` is the
exact verifier of the reasoning, where the problem set has one. Both can be done again, with
another version, without drawing a sample; and others beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.grading.graded import open_pool
from harness.grading.graders import conventions_of_answer
from harness.grading.pool_grading import Graded, GradingRequest, grade_pool
from harness.pool import Pool
from harness.progress import Progress
from harness.recipe import SIDES, Side
from harness.recipe.schema import Answer
from harness.run_folder import RunFolder

_SUMMED = ("samples", "correct", "wrong", "undecided", "seconds")


def grade(
    run: RunFolder,
    progress: Progress,
    *,
    workers: int | None = None,
    graders: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Grades both pools; verdicts that are there for the same samples are kept.

    Args:
        run: the run; its pools must be sampled.
        progress: told what is being done.
        workers: processes that grade; None: one a core where samples are many.
        graders: by name; the first is the one that is counted. None: those of the recipe.

    Returns:
        Per pool: the counts and shares of the first grader (`shares_of`), false_positives (None
        without an exact verifier), and seconds; and the sums over both pools.

    Raises:
        InputError: a pool is not there, or has no gold answers.
        EnvironmentFailure: a worker does not start, or the disk is full.
    """
    names = list(graders or recipe_graders(run.recipe.answer))
    for side in SIDES:
        open_pool(run, side)
    pools = {side: _grade_side(run, side, names, workers, progress) for side in SIDES}
    totals = {key: sum(pool[key] for pool in pools.values()) for key in _SUMMED}
    return {"grader": names[0], "pools": pools, **totals}


def recipe_graders(answer: Answer) -> list[str]:
    """The graders that a recipe asks for."""
    return ["answer"] if answer.chain_verifier is None else ["answer", "chain"]


def request_of(answer: Answer, grader: str, workers: int | None, label: str) -> GradingRequest:
    """A grading as a recipe asks for it."""
    return GradingRequest(
        grader=grader,
        format=answer.format,
        options=conventions_of_answer(answer),
        verifier=answer.chain_verifier,
        workers=workers,
        label=label,
    )


def _grade_side(
    run: RunFolder, side: Side, names: list[str], workers: int | None, progress: Progress
) -> dict[str, Any]:
    answer = run.recipe.answer
    done: list[Graded] = [
        grade_pool(run.pool(side), request_of(answer, name, workers, side), progress)
        for name in names
    ]
    document = done[0].document(names[0])
    document["seconds"] = round(sum(one.seconds for one in done), 3)
    both = names[:2] == ["answer", "chain"]
    return {**document, "false_positives": _false_positives(done[0].pool) if both else None}


def _false_positives(pool: Pool) -> int:
    """Samples with the right answer and a chain that is not right."""
    outcomes = (pool.verdicts(name).column("outcome").to_pylist() for name in ("answer", "chain"))
    return sum(answer == "correct" != chain for answer, chain in zip(*outcomes, strict=True))
