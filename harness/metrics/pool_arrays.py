"""A graded pool as arrays: counts per problem, and multiplicities of distinct solutions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.budget.allocation import stopping_point
from harness.errors import InputError
from harness.grading.graded import verdicts_by_problem
from harness.metrics.estimators import (
    Floats,
    coverage_at_k,
    distinct_at_k,
    multiplicities,
)
from harness.metrics.sequential import sequential_coverage_at_k, sequential_share
from harness.pool import Pool

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class PoolArrays:
    """What every metric of a pool is made of; problems in the pool's order.

    Attributes:
        problem_ids: of each problem.
        levels: of each problem, "" where there is none.
        samples: (problems,) samples drawn; of failed problems 0.
        correct: (problems,) samples with the right answer.
        false_positives: (problems,) right answers with a wrong chain; None without a verifier.
        undecided: samples without a verdict, in all.
        unparsed: samples without an answer, in all.
        owners: (solutions,) the problem of each distinct correct solution.
        multiplicity: (solutions,) how many samples are that solution.
    """

    problem_ids: tuple[str, ...]
    levels: tuple[str, ...]
    samples: Ints
    correct: Ints
    false_positives: Ints | None
    undecided: int
    unparsed: int
    owners: Ints
    multiplicity: Ints

    def coverage(self, k: float | Floats) -> Floats:
        """(problems,) or (problems, ks); a problem without samples is not covered."""
        return coverage_at_k(self.correct, self._drawn(float(np.max(k))), k)

    def distinct(self, k: float) -> Floats:
        """(problems,) expected distinct correct solutions among k samples."""
        return distinct_at_k(self.owners, self.multiplicity, self._drawn(k), k)

    def _drawn(self, k: float) -> Ints:
        """Samples per problem; a problem that the engine refused counts as k wrong ones.

        Raises:
            InputError: a problem has some samples, but fewer than k.
        """
        short = int(np.sum((self.samples > 0) & (self.samples < k)))
        if short:
            raise InputError(
                f"{short} problems have fewer than {k:g} samples.",
                "Draw what is missing: harness sample RUN",
            )
        return np.where(self.samples == 0, int(np.ceil(k)), self.samples)


def pool_arrays(pool: Pool, *, chain: bool) -> PoolArrays:
    """Reads a pool's verdicts into arrays.

    Args:
        pool: a pool with a verdict on every sample.
        chain: whether it has verdicts of the exact verifier.

    Raises:
        InputError: the pool was not graded.
    """
    order = {problem.id: place for place, problem in enumerate(pool.problems)}
    verdicts = pool.verdicts("answer")
    samples = pool.samples(["problem_id", "completion"])
    owner = np.array([order[p] for p in samples.column("problem_id").to_pylist()], dtype=np.int64)
    outcome = np.array(verdicts.column("outcome").to_pylist(), dtype=object)
    right = outcome == "correct"
    texts = samples.column("completion").to_pylist()
    owners, multiplicity = multiplicities(
        owner[right], [texts[row].strip() for row in np.flatnonzero(right)]
    )
    count = len(order)
    false_positives = None
    if chain:
        wrong_chain = np.array(pool.verdicts("chain").column("outcome").to_pylist()) != "correct"
        false_positives = np.bincount(owner[right & wrong_chain], minlength=count)
    return PoolArrays(
        problem_ids=tuple(order),
        levels=tuple(problem.level for problem in pool.problems),
        samples=np.bincount(owner, minlength=count),
        correct=np.bincount(owner[right], minlength=count),
        false_positives=false_positives,
        undecided=int(np.sum(outcome == "undecided")),
        unparsed=sum(answer is None for answer in verdicts.column("answer").to_pylist()),
        owners=owners,
        multiplicity=multiplicity,
    )


@dataclass(frozen=True)
class AdaptiveArrays:
    """What can be estimated of a pool whose problems were drawn until they had enough.

    Only samples up to the stopping point count; that a draw went on behind it changes nothing.

    Attributes:
        problem_ids: of each problem.
        levels: of each problem, "" where there is none.
        samples: (problems,) up to the stopping point; `largest` where it was not reached, so
            that samples which the engine refused count as wrong ones.
        correct: (problems,) samples with the right answer among them.
        stopped: (problems,) whether there were enough correct ones.
        false_positives: (problems,) right answers with a wrong chain among them; None without a
            verifier.
        last_false: (problems,) whether the sample at the stopping point is one of those.
    """

    problem_ids: tuple[str, ...]
    levels: tuple[str, ...]
    samples: Ints
    correct: Ints
    stopped: Bools
    false_positives: Ints | None
    last_false: Bools

    def coverage(self, k: float | Floats) -> Floats:
        """(problems,) or (problems, ks)."""
        return sequential_coverage_at_k(self.correct, self.samples, self.stopped, k)

    def false_positive_share(self) -> Floats | None:
        """(problems,) share of all samples; None without a verifier."""
        if self.false_positives is None:
            return None
        return sequential_share(self.false_positives, self.last_false, self.samples, self.stopped)


def adaptive_arrays(pool: Pool, *, chain: bool, enough: int, largest: int) -> AdaptiveArrays:
    """Reads an adaptive pool's verdicts into arrays.

    Args:
        pool: a pool with a verdict on every sample.
        chain: whether it has verdicts of the exact verifier.
        enough: correct samples at which a problem was stopped.
        largest: samples of a problem at most.

    Raises:
        InputError: the pool was not graded.
    """
    answers = [rights[:largest] for rights in verdicts_by_problem(pool, "answer").values()]
    points = [stopping_point(rights, enough) for rights in answers]
    counted = [
        rights[: len(rights) if point is None else point]
        for rights, point in zip(answers, points, strict=True)
    ]
    false: list[list[bool]] = [[] for _ in counted]
    if chain:
        chains = verdicts_by_problem(pool, "chain").values()
        false = [
            [right and not sound for right, sound in zip(rights, sounds, strict=False)]
            for rights, sounds in zip(counted, chains, strict=True)
        ]
    return AdaptiveArrays(
        problem_ids=tuple(problem.id for problem in pool.problems),
        levels=tuple(problem.level for problem in pool.problems),
        samples=np.array([largest if point is None else point for point in points], np.int64),
        correct=np.array([sum(rights) for rights in counted], np.int64),
        stopped=np.array([point is not None for point in points], np.bool_),
        false_positives=np.array([sum(one) for one in false], np.int64) if chain else None,
        last_false=np.array([bool(one) and one[-1] for one in false], np.bool_),
    )
