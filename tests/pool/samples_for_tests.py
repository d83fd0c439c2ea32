"""Problems and samples that the tests of the pool share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.pool import Pool, Sample
from harness.problems import Problem

IDENTITY = {"model": {"id": "tests/none", "revision": None}, "decoding": {"temperature": 0.7}}


def problems(count: int) -> list[Problem]:
    return [
        Problem(question=f"What is {number} + 1?", gold=str(number + 1)) for number in range(count)
    ]


def sample(problem: Problem, index: int, seconds: float = 0.5) -> Sample:
    """A sample that its key determines, with text that is awkward in files."""
    words = hashlib.sha256(f"{problem.id}{index}".encode()).hexdigest()
    text = f' "{words}"\n\\ü 数学 \u2028\x00' * (1 + index % 3)
    return Sample(problem.id, index, text, "stop", 7, 3 + index, 0, 100 + index, "tests", seconds)


def reference(chosen: Iterable[Problem], counts: dict[str, set[int]]) -> list[tuple[str, int, str]]:
    """What a pool must hold: (problem, index, text) in canonical order."""
    return [
        (problem.id, index, sample(problem, index).completion)
        for problem in chosen
        for index in sorted(counts.get(problem.id, ()))
    ]


def content(pool: Pool) -> list[tuple[str, int, str]]:
    """What a pool holds, in its order."""
    table = pool.samples(["problem_id", "sample_index", "completion"])
    return [tuple(row.values()) for row in table.to_pylist()]


def reopened(pool: Pool) -> Pool:
    """The pool, opened for writing once more, as the next command would."""
    pool.close()
    return Pool.open_or_create(pool.folder, pool.identity, pool.problems)


def new_pool(folder: Path, count: int = 3) -> Pool:
    return Pool.open_or_create(folder, IDENTITY, problems(count))
