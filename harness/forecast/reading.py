"""Reads a graded pool as a pilot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import InputError
from harness.forecast.counts import Bools, Ints, Pilot
from harness.metrics.adaptive_arrays import up_to_stopping_point
from harness.metrics.solution_keys import TEXT, solution_key
from harness.pool import Pool

GRADER = "answer"


def read_pilot(folder: Path, key: str = TEXT) -> tuple[Pool, Pilot]:
    """The pool in a folder, and what a forecast needs of it.

    Args:
        folder: of the pool.
        key: what makes two solutions the same, of `solution_keys.KEYS`.

    Raises:
        InputError: no pool, or samples without a verdict.
    """
    pool = Pool.open(folder)
    verdicts = pool.verdicts(GRADER)
    if verdicts.num_rows != len(pool):
        raise InputError(
            f"{folder} holds {len(pool):,} samples, and {verdicts.num_rows:,} verdicts of the "
            f"grader {GRADER!r}.",
            f"Grade the new samples: harness grade {folder}",
        )
    return pool, pilot_of(pool, verdicts, key)


def pilot_of(pool: Pool, verdicts: pa.Table, key: str = TEXT) -> Pilot:
    """A pool with a verdict on each sample, as a pilot.

    Samples without a decision count as not correct. Of a pool that was drawn adaptively only the
    samples up to each problem's stopping point count.
    """
    ids = [problem.id for problem in pool.problems]
    place = pc.index_in(verdicts["problem_id"].combine_chunks(), value_set=pa.array(ids))
    owner = place.to_numpy(zero_copy_only=False).astype(np.int64)
    outcome = verdicts["outcome"].to_numpy(zero_copy_only=False)
    correct: Bools = np.asarray(outcome == "correct", dtype=np.bool_)
    texts = pool.samples(["completion"])["completion"].filter(pa.array(correct)).to_pylist()
    solution = np.full(len(owner), -1)
    solution[correct] = _numbered([solution_key(text, key) for text in texts])
    refused = {failure.problem_id for failure in pool.failures()}
    drawn = np.bincount(owner, minlength=len(ids))
    enough = _enough(pool.identity)
    kept = np.ones(len(owner), dtype=np.bool_)
    if enough is not None:
        index = verdicts["sample_index"].to_numpy(zero_copy_only=False)
        kept, _ = up_to_stopping_point(owner, index, correct, enough)
    return Pilot(
        problem_ids=tuple(ids),
        owner=owner[kept],
        correct=correct[kept],
        solution=solution[kept],
        failed=np.array([one in refused for one in ids], dtype=np.bool_) & (drawn == 0),
        enough=enough,
        undecided=int(np.sum(outcome[kept] == "undecided")),
    )


def _enough(identity: dict[str, Any]) -> int | None:
    allocation = identity.get("allocation")
    return int(allocation["until"]["correct"]) if isinstance(allocation, dict) else None


def _numbered(texts: list[str]) -> Ints:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)
