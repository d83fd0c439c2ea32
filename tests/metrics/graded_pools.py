"""Pools whose verdicts, answers and completions are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from harness.pool import Failure, Pool, Sample
from harness.problems import Problem


class Row(NamedTuple):
    """A sample with its verdict."""

    outcome: str
    answer: str | None = "1"
    completion: str = ""
    tokens: int | None = 10
    chain: str = "correct"


def problems_of(count: int) -> list[Problem]:
    """Problems with two levels and, but for the first, a subject."""
    return [
        Problem(f"What is {n}?", "1", level=str(n % 2 + 1), subject="algebra" if n else "")
        for n in range(count)
    ]


def graded_pool(
    folder: Path,
    rows: Sequence[Sequence[Row]],
    *,
    refused: Sequence[int] = (),
    identity: Mapping[str, Any] | None = None,
    graders: Sequence[str] = ("answer", "chain"),
) -> Pool:
    """A pool with the rows of each problem; an empty completion is a text of its own."""
    problems = problems_of(len(rows))
    keyed = [
        (problem.id, index, row)
        for problem, of_problem in zip(problems, rows, strict=True)
        for index, row in enumerate(of_problem)
    ]
    with Pool.open_or_create(folder, {"model": folder.name, **(identity or {})}, problems) as pool:
        pool.append(
            [
                Sample(name, index, row.completion or f"{name} {index}", "stop", 7, row.tokens, 0,
                       None, "hand", None)
                for name, index, row in keyed
            ]
        )  # fmt: skip
        for place in refused:
            pool.record_failure(Failure(problems[place].id, 0, 1, "too long"))
        pool.compact()
        for grader in graders:
            pool.write_verdicts(grader, _verdicts(keyed, grader), {"grader": grader})
    return Pool.open(folder)


def _verdicts(keyed: Sequence[tuple[str, int, Row]], grader: str) -> pa.Table:
    table = {
        "problem_id": [name for name, _, _ in keyed],
        "sample_index": [index for _, index, _ in keyed],
        "outcome": [row.outcome if grader == "answer" else row.chain for _, _, row in keyed],
        "answer": pa.array([row.answer for _, _, row in keyed], pa.large_string()),
        **{name: [""] * len(keyed) for name in ("rule", "stage", "reason")},
    }
    return pa.table(table)
