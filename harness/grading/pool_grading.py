"""Grades a pool: only what has no verdict yet, at constant memory, and not twice when killed."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import InputError, Issues
from harness.grading.conventions import Conventions
from harness.grading.extraction import MAX_CHARACTERS
from harness.grading.gold_answers import faults_of_golds, refuse_without_golds
from harness.grading.pool_graders import GraderSettings, Item, PoolGrader, grader_kind
from harness.grading.shares import shares_of
from harness.grading.verdict import Verdict
from harness.locks import held
from harness.pool import Pool
from harness.pool.samples import storable_text
from harness.pool.verdict_parts import Ungraded, VerdictParts
from harness.problems import Problem
from harness.progress import Progress, Task

# Below this many samples, processes take longer to start than they save.
_FEW_SAMPLES = 5_000
_COUNTED_AT_ONCE = 100


@dataclass(frozen=True)
class GradingRequest:
    """What is asked of a pool.

    Attributes:
        grader: the grader's name, a key of `POOL_GRADERS`.
        format: how answers stand in completions.
        options: conventions on what counts as the same answer.
        verifier: the exact verifier that settles what is undecided, if there is one.
        workers: processes that grade; None: one a core, or this one where samples are few.
        label: what progress lines call the pool.
    """

    grader: str
    format: str
    options: Conventions
    verifier: str | None = None
    workers: int | None = None
    label: str = ""


@dataclass(frozen=True)
class Graded:
    """How a grading went.

    Attributes:
        pool: the pool.
        new: samples that were graded now.
        bad_golds: problems whose gold answers no answer can be compared with.
        seconds: that it took.
    """

    pool: Pool
    new: int
    bad_golds: Issues
    seconds: float

    def document(self, grader: str) -> dict[str, Any]:
        """Counts and shares of all verdicts, as JSON."""
        return {
            **shares_of(self.pool, grader),
            "graded_now": self.new,
            "bad_golds": [asdict(issue) for issue in self.bad_golds],
            "seconds": round(self.seconds, 3),
        }


def grade_pool(folder: Path, request: GradingRequest, progress: Progress) -> Graded:
    """Gives every sample of a pool a verdict; those that it has from this grader are kept.

    Args:
        folder: the pool.
        request: the grader and its settings.
        progress: told what is being done, and which gold answers cannot be used.

    Raises:
        InputError: no pool there, an unknown grader, a pool without gold answers, or another
            process writes to it.
        EnvironmentFailure: a worker does not start, or the disk is full.
    """
    started = time.monotonic()
    kind = grader_kind(request.grader)
    if not (folder / "identity.json").is_file():
        Pool.open(folder)  # Says what is there instead; and nothing is made by looking.
    with held(folder, "the pool"):
        pool = Pool.open(folder)
        faults = Issues()
        if kind.comparison is not None:
            refuse_without_golds(pool)
            faults = faults_of_golds(pool.problems, request.options)
        workers = request.workers or (1 if len(pool) < _FEW_SAMPLES else _cores())
        settings = GraderSettings(workers, request.format, request.options, request.verifier)
        with kind.make(settings) as grader:
            new = _grade(pool, request, grader, faults, progress)
    return Graded(pool, new, faults, time.monotonic() - started)


def _grade(
    pool: Pool, request: GradingRequest, grader: PoolGrader, faults: Issues, progress: Progress
) -> int:
    parts = VerdictParts(pool, request.grader, grader.identity())
    if parts.complete and parts.count == len(pool):
        parts.clear()
        return 0
    _note_faults(faults, progress)
    done, label = parts.count, f"grade {request.label or pool.folder} ({request.grader})"
    with progress.task(label, len(pool), "samples", done=done) as task:
        _grade_rest(pool, grader, parts, task)
    if parts.count != len(pool):
        raise InputError(
            f"{pool.folder} changed while it was graded.", "Give the same command again."
        )
    parts.finish()
    return len(pool) - done


def _grade_rest(pool: Pool, grader: PoolGrader, parts: VerdictParts, task: Task) -> None:
    problems = {problem.id: problem for problem in pool.problems}
    waiting: deque[Ungraded] = deque()
    try:
        with closing(_items(parts, problems, waiting)) as items:
            for verdict in grader.grade(items):
                parts.add(waiting.popleft(), _row(verdict))
                if parts.added % _COUNTED_AT_ONCE == 0:
                    task.advance(_COUNTED_AT_ONCE)
            task.advance(parts.added % _COUNTED_AT_ONCE)
    finally:
        parts.flush()


def _items(
    parts: VerdictParts, problems: dict[str, Problem], waiting: deque[Ungraded]
) -> Generator[Item, None, None]:
    for sample in parts.ungraded():
        waiting.append(sample)
        # What is over the cap is undecided, however long it is; so it need not travel in full.
        yield problems[sample.problem_id], sample.completion[: MAX_CHARACTERS + 1]


def _row(verdict: Verdict) -> dict[str, Any]:
    """The verdict as a row: an answer may spell a lone surrogate, which no file can hold."""
    answer = None if verdict.answer is None else storable_text(verdict.answer)
    return asdict(replace(verdict, answer=answer, reason=storable_text(verdict.reason)))


def _note_faults(faults: Issues, progress: Progress) -> None:
    if not len(faults):
        return
    progress.note(f"{len(faults):,} gold answers that answers cannot be compared with:")
    for issue in faults:
        progress.note(f"  - {issue}")


def _cores() -> int:
    return len(os.sched_getaffinity(0))
