"""An adaptive pool as arrays: only the samples up to each problem's stopping point count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.errors import InputError
from harness.metrics.estimators import Floats
from harness.metrics.pool_arrays import PoolArrays, pool_arrays
from harness.metrics.pool_rows import PoolRows, TokenSums
from harness.metrics.sequential import sequential_coverage_at_k, sequential_share
from harness.metrics.solution_keys import TEXT
from harness.metrics.solutions import Bools, Ints
from harness.pool import Pool
from harness.recipe.schema import Until


@dataclass(frozen=True)
class AdaptiveArrays:
    """What can be estimated of a pool whose problems were drawn until they had enough.

    Only samples up to the stopping point count; that a draw went on behind it changes nothing.

    Attributes:
        problem_ids: of each problem.
        levels: of each problem, "" where there is none.
        subjects: of each problem, "" where there is none.
        samples: (problems,) up to the stopping point; `largest` where it was not reached, so
            that samples which the engine refused count as wrong ones.
        correct: (problems,) samples with the right answer among them.
        stopped: (problems,) whether there were enough correct ones.
        undecided_by_problem: (problems,) samples among them that the grader could not decide.
        false_positives: (problems,) right answers with a wrong chain among them; None without a
            verifier.
        last_false: (problems,) whether the sample at the stopping point is one of those.
        tokens: of the samples up to the stopping point.
        largest_k: samples of a problem at most.
        bound: the pool as it would be if every undecided sample were correct; None where there
            is none. Problems would have stopped sooner, so all of it was drawn.
    """

    problem_ids: tuple[str, ...]
    levels: tuple[str, ...]
    subjects: tuple[str, ...]
    samples: Ints
    correct: Ints
    stopped: Bools
    undecided_by_problem: Ints
    false_positives: Ints | None
    last_false: Bools
    tokens: TokenSums
    largest_k: int
    bound: AdaptiveArrays | None = None

    @property
    def undecided(self) -> int:
        """Samples up to the stopping points that the grader could not decide, in all."""
        return int(self.undecided_by_problem.sum())

    def chosen(self, places: Ints | Sequence[int]) -> AdaptiveArrays:
        """Some of the problems, in the order of `places`, which are their positions here."""
        picked = np.asarray(places, dtype=np.int64)
        return AdaptiveArrays(
            problem_ids=tuple(self.problem_ids[place] for place in picked),
            levels=tuple(self.levels[place] for place in picked),
            subjects=tuple(self.subjects[place] for place in picked),
            samples=self.samples[picked],
            correct=self.correct[picked],
            stopped=self.stopped[picked],
            undecided_by_problem=self.undecided_by_problem[picked],
            false_positives=None if self.false_positives is None else self.false_positives[picked],
            last_false=self.last_false[picked],
            tokens=self.tokens.chosen(picked),
            largest_k=self.largest_k,
            bound=self.bound and self.bound.chosen(picked),
        )

    def undecided_as_correct(self) -> AdaptiveArrays:
        """The pool as it would be if every undecided sample were correct: the upper bound."""
        return self.bound or self

    def coverage(self, k: float | Floats) -> Floats:
        """(problems,) or (problems, ks); k may be real.

        Raises:
            InputError: k is more than a problem gets at most.
        """
        if float(np.max(k)) > self.largest_k:
            raise InputError(
                f"k = {np.max(k):g} is more than the {self.largest_k} samples that a problem of "
                "this adaptive pool gets at most.",
                "A larger `max` of the allocation needs a pool of its own.",
            )
        return sequential_coverage_at_k(self.correct, self.samples, self.stopped, k)

    def false_positive_share(self) -> Floats | None:
        """(problems,) share of all samples; None without a verifier."""
        if self.false_positives is None:
            return None
        return sequential_share(self.false_positives, self.last_false, self.samples, self.stopped)


def adaptive_arrays(
    pool: Pool, *, enough: int, largest: int, grader: str = "answer", chain: bool = False
) -> AdaptiveArrays:
    """Reads an adaptive pool's verdicts into arrays.

    Args:
        pool: a pool with a verdict on every sample.
        enough: correct samples at which a problem was stopped.
        largest: samples of a problem at most.
        grader: whose verdicts.
        chain: whether to read those of the exact verifier too, for false positives.

    Raises:
        InputError: the pool was not graded, or not drawn to its stopping points.
    """
    return _arrays_of_rows(pool, PoolRows(pool, grader), (enough, largest), chain=chain)


def _arrays_of_rows(
    pool: Pool, rows: PoolRows, limits: tuple[int, int], *, chain: bool
) -> AdaptiveArrays:
    right, undecided = rows.outcomes == "correct", rows.outcomes == "undecided"
    sound = rows.outcomes_of("chain") == "correct" if chain else None
    found = _up_to_stopping_points(pool, rows, right, sound, limits)
    _check_drawn(pool, found)
    if not found.undecided:
        return found
    bound = _up_to_stopping_points(pool, rows, right | undecided, sound, limits)
    return replace(found, bound=bound)


def arrays_of(
    pool: Pool, *, grader: str = "answer", chain: bool = False, keys: Sequence[str] = (TEXT,)
) -> PoolArrays | AdaptiveArrays:
    """Reads any pool into arrays: adaptive ones are known by the allocation in their identity.

    Args and Raises as for `pool_arrays`.
    """
    allocation = pool.identity.get("allocation")
    if not isinstance(allocation, Mapping):
        return pool_arrays(pool, grader=grader, chain=chain, keys=keys)
    until = Until.model_validate(allocation["until"])
    rows = PoolRows(pool, grader)
    limits = until.correct, _drawn_to(pool, rows, until)
    return _arrays_of_rows(pool, rows, limits, chain=chain)


def _drawn_to(pool: Pool, rows: PoolRows, until: Until) -> int:
    """Samples at which the draw gave a problem up: a budget below `max` ends it before."""
    right = rows.outcomes == "correct"
    _, last = up_to_stopping_point(rows.owners, rows.indices(), right, until.correct, until.max)
    stopped = np.bincount(rows.owners[last], minlength=len(pool.problems)) > 0
    failed = {failure.problem_id for failure in pool.failures()}
    drawn = pool.counts()
    ends = {
        drawn[problem.id]
        for problem, enough in zip(pool.problems, stopped, strict=True)
        if not enough and problem.id not in failed
    }
    # Of a draw that was interrupted, problems have come to different ends.
    return min(ends.pop(), until.max) if len(ends) == 1 and 0 not in ends else until.max


def _check_drawn(pool: Pool, arrays: AdaptiveArrays) -> None:
    failed = {failure.problem_id for failure in pool.failures()}
    drawn = pool.counts()
    missing = sum(
        not stopped and drawn[name] < arrays.largest_k and name not in failed
        for name, stopped in zip(arrays.problem_ids, arrays.stopped, strict=True)
    )
    if missing:
        raise InputError(
            f"{pool.folder} was drawn adaptively and not to its end: {missing:,} problems have "
            "neither enough correct samples nor all of theirs.",
            f"Draw what is missing: harness pool extend {pool.folder} --samples {arrays.largest_k}",
        )


def _up_to_stopping_points(
    pool: Pool, rows: PoolRows, right: Bools, sound: Bools | None, limits: tuple[int, int]
) -> AdaptiveArrays:
    """The arrays, with `right` of the samples correct.

    Args:
        pool: the pool.
        rows: its samples.
        right: (samples,).
        sound: (samples,) whether the chain is; None without a verifier.
        limits: correct samples at which a problem stops, and samples of it at most.
    """
    enough, largest = limits
    counted, last = up_to_stopping_point(rows.owners, rows.indices(), right, enough, largest)
    count = len(pool.problems)

    def per_problem(marked: Bools) -> Ints:
        return np.bincount(rows.owners[marked], minlength=count)

    false = np.zeros_like(right) if sound is None else right & ~sound
    stopped = per_problem(last) > 0
    return AdaptiveArrays(
        problem_ids=tuple(problem.id for problem in pool.problems),
        levels=tuple(problem.level for problem in pool.problems),
        subjects=tuple(problem.subject for problem in pool.problems),
        samples=np.where(stopped, per_problem(counted), largest),
        correct=per_problem(counted & right),
        stopped=stopped,
        undecided_by_problem=per_problem(counted & (rows.outcomes == "undecided") & ~right),
        false_positives=None if sound is None else per_problem(counted & false),
        last_false=per_problem(last & false) > 0,
        tokens=rows.token_sums(counted),
        largest_k=largest,
    )


def up_to_stopping_point(
    owners: Ints, indices: Ints, right: Bools, enough: int, largest: int | None = None
) -> tuple[Bools, Bools]:
    """Which samples count, and which are at a stopping point; none counts behind a gap.

    Args:
        owners: (samples,) the problem of each, as its position; ascending.
        indices: (samples,) index of each within its problem; ascending there.
        right: (samples,) whether each is correct.
        enough: correct samples at which a problem stops.
        largest: samples of a problem at most; no limit if None.
    """
    starts = np.searchsorted(owners, owners)
    position = np.arange(len(right)) - starts
    there = indices == position
    if largest is not None:
        there &= position < largest
    found = np.concatenate([[0], np.cumsum(right & there)])
    before = found[:-1] - found[starts]  # Correct samples before each.
    counted = there & (before < enough)
    return counted, counted & right & (before + 1 == enough)
