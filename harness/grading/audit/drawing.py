"""Draws the samples of an audit: stratified at random, by a seed.

Half of them where graders disagree, a quarter near misses, a quarter of the rest: an error that
all graders share shows up nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.grading.audit.strata import Stratum, audited_graders, strata_of
from harness.pool import Pool
from harness.problems import Problem

_LEAST = 5  # Of each stratum, or all that it has.
_DISAGREEMENTS, _NEAR_MISSES, _OTHERS = 0.5, 0.25, 0.25


@dataclass(frozen=True)
class AuditRow:
    """A sample for a person to look at.

    Attributes:
        problem: its problem.
        sample_index: its number.
        completion: its text.
        extracted: the answers as the graders extracted them.
        stratum: where it was drawn from.
        drawn: how many samples were drawn there.
    """

    problem: Problem
    sample_index: int
    completion: str
    extracted: tuple[str, ...]
    stratum: Stratum
    drawn: int

    @property
    def weight(self) -> float:
        """How many samples of the pool it stands for."""
        return len(self.stratum.rows) / self.drawn


def draw_audit(pool: Pool, size: int, seed: int) -> list[AuditRow]:
    """Draws samples for a person to look at.

    Args:
        pool: graded by two graders or more.
        size: how many samples; more where strata are many (5 of each at least).
        seed: of the draw.

    Returns:
        The samples in an order at random, so that a stratum is not judged in one go.

    Raises:
        InputError: fewer than two graders have graded all of the pool's samples.
    """
    strata = strata_of(pool)
    source = np.random.default_rng(seed)
    chosen: dict[int, tuple[Stratum, int]] = {}
    for stratum, count in zip(strata, allocation(strata, size), strict=True):
        for row in source.choice(stratum.rows, size=count, replace=False):
            chosen[int(row)] = (stratum, count)
    rows = _read(pool, chosen)
    return [rows[place] for place in source.permutation(len(rows))]


def allocation(strata: Sequence[Stratum], size: int) -> list[int]:
    """How many samples to draw from each stratum; never more than it has."""
    sizes = np.array([len(stratum.rows) for stratum in strata], dtype=np.int64)
    kinds = [
        _DISAGREEMENTS if one.disagreement else _NEAR_MISSES if one.near_miss else _OTHERS
        for one in strata
    ]
    shares = np.array([kind / kinds.count(kind) for kind in kinds])
    drawn = np.minimum(sizes, _LEAST)
    while (left := min(size, int(sizes.sum())) - int(drawn.sum())) > 0:
        room = sizes > drawn
        wanted = np.where(room, shares, 0.0)
        extra = np.floor(left * wanted / wanted.sum()).astype(np.int64)
        if not extra.any():
            extra[np.argmax(wanted)] = 1
        drawn = np.minimum(sizes, drawn + extra)
    return [int(count) for count in drawn]


def _read(pool: Pool, chosen: dict[int, tuple[Stratum, int]]) -> list[AuditRow]:
    """The chosen samples in canonical order."""
    problems = {problem.id: problem for problem in pool.problems}
    places = np.array(sorted(chosen), dtype=np.int64)
    answers = _answers(pool, places)
    rows, start = [], 0
    for table in pool.batches(["problem_id", "sample_index", "completion"]):
        inside = places[(places >= start) & (places < start + table.num_rows)]
        for place, row in zip(inside, table.take(inside - start).to_pylist(), strict=True):
            stratum, drawn = chosen[int(place)]
            rows.append(
                AuditRow(
                    problems[row["problem_id"]],
                    row["sample_index"],
                    row["completion"],
                    answers[int(place)],
                    stratum,
                    drawn,
                )
            )
        start += table.num_rows
    return rows


def _answers(pool: Pool, places: NDArray[np.int64]) -> dict[int, tuple[str, ...]]:
    """The distinct answers that graders have extracted from the samples at some places."""
    found: dict[int, dict[str, None]] = {int(place): {} for place in places}
    for grader in audited_graders(pool):
        start = 0
        for table in pool.verdict_batches(grader):
            inside = places[(places >= start) & (places < start + table.num_rows)]
            answers = table["answer"].take(inside - start).to_pylist()
            for place, answer in zip(inside, answers, strict=True):
                if answer is not None:
                    found[int(place)][answer] = None
            start += table.num_rows
    return {place: tuple(answers) for place, answers in found.items()}
