"""The stage `grade`: verdicts for every sample of both pools.

Two graders: `answer` compares the final answer with the gold answer, and `chain` is the
exact verifier of the reasoning, where the problem set has one. Both can be done again, with
another version, without drawing a sample.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from harness.grading.graded import open_pool
from harness.grading.graders import GradeOne, Row, graders_of
from harness.pool import Pool
from harness.progress import Progress, Task
from harness.recipe import SIDES, Side
from harness.run_folder import RunFolder

_COUNTED_AT_ONCE = 500


def grade(run: RunFolder, progress: Progress) -> dict[str, Any]:
    """Grades both pools; verdicts that are there for the same samples are kept.

    Args:
        run: the run; its pools must be sampled.
        progress: told what is being done.

    Returns:
        Per pool: samples, correct, wrong, undecided, unparsed, false_positives (None without
        an exact verifier), and seconds.

    Raises:
        InputError: a pool is not there.
    """
    return {"pools": {side: _grade_pool(run, side, progress) for side in SIDES}}


def _grade_pool(run: RunFolder, side: Side, progress: Progress) -> dict[str, Any]:
    started = time.monotonic()
    pool = open_pool(run, side)
    for grader, identity, grade_one in graders_of(run.recipe.answer):
        complete = {**identity, "samples": pool.digest()}
        if pool.grader_identity(grader) == complete:
            continue
        with progress.task(f"grade {side} ({grader})", len(pool), "samples") as task:
            rows = list(_rows(pool, grade_one, task))
        pool.write_verdicts(grader, _table(rows), complete)
    return {**_shares(pool, run), "seconds": round(time.monotonic() - started, 3)}


def _rows(pool: Pool, grade_one: GradeOne, task: Task) -> Iterator[Row]:
    problems = {problem.id: problem for problem in pool.problems}
    memo: dict[tuple[str, str], Row] = {}
    table = pool.samples(["problem_id", "sample_index", "completion"])
    columns = [table.column(name).to_pylist() for name in table.column_names]
    for number, (problem_id, index, completion) in enumerate(zip(*columns, strict=True), start=1):
        key = (problem_id, completion)
        if key not in memo:
            memo[key] = grade_one(problems[problem_id], completion)
        yield {"problem_id": problem_id, "sample_index": index, **memo[key]}
        if number % _COUNTED_AT_ONCE == 0:
            task.advance(_COUNTED_AT_ONCE)
    task.advance(table.num_rows % _COUNTED_AT_ONCE)


def _table(rows: list[Row]) -> Any:
    import pyarrow as pa

    from harness.pool.verdicts import VERDICT_SCHEMA

    return pa.Table.from_pylist(rows, schema=VERDICT_SCHEMA)


def _shares(pool: Pool, run: RunFolder) -> dict[str, Any]:
    verdicts = pool.verdicts("answer")
    outcomes = verdicts.column("outcome").to_pylist()
    shares: dict[str, Any] = {"samples": len(outcomes)}
    shares.update({name: outcomes.count(name) for name in ("correct", "wrong", "undecided")})
    shares["unparsed"] = sum(answer is None for answer in verdicts.column("answer").to_pylist())
    shares["false_positives"] = None
    if run.recipe.answer.chain_verifier is not None:
        chains = pool.verdicts("chain").column("outcome").to_pylist()
        shares["false_positives"] = sum(
            answer == "correct" and chain != "correct"
            for answer, chain in zip(outcomes, chains, strict=True)
        )
    return shares
