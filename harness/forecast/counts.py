"""The pilot as arrays: what was drawn of each problem, in the order in which it was drawn.

A forecast needs no more of a pool than this, so everything behind it is pure. The order counts:
an earlier state of the pilot is a prefix of it, and a forecast from that prefix can be held
against what the rest brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.metrics.estimators import Floats, coverage_at_k, distinct_at_k
from harness.metrics.sequential import sequential_coverage_at_k

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# Fewer problems say nothing about how rates differ between problems.
_FEWEST_PROBLEMS = 10


@dataclass(frozen=True)
class Pilot:
    """Samples of a small pool.

    Attributes:
        problem_ids: of each problem.
        owner: (samples,) position of each sample's problem, ascending; a problem's samples stand
            in the order in which they were drawn.
        correct: (samples,) whether the verdict is `correct`.
        solution: (samples,) a number for each distinct solution of a problem; −1 where the sample
            is not correct.
        failed: (problems,) whether the engine refused the problem for good.
        enough: correct samples at which the draw of a problem stopped; None for a uniform draw.
            What was drawn beyond the stopping point is not in here.
        undecided: samples without a decision, among `owner` as not correct.
    """

    problem_ids: tuple[str, ...]
    owner: Ints
    correct: Bools
    solution: Ints
    failed: Bools
    enough: int | None = None
    undecided: int = 0

    @property
    def problems(self) -> int:
        """How many problems there are, failed ones and those without samples included."""
        return len(self.problem_ids)

    @property
    def samples_of(self) -> Ints:
        """(problems,) samples n."""
        return np.bincount(self.owner, minlength=self.problems)

    @property
    def correct_of(self) -> Ints:
        """(problems,) correct samples c."""
        return np.bincount(self.owner[self.correct], minlength=self.problems)

    @property
    def stopped(self) -> Bools:
        """(problems,) whether the c-th correct sample ended the draw."""
        if self.enough is None:
            return np.zeros(self.problems, dtype=np.bool_)
        return self.correct_of >= self.enough

    @property
    def measured_up_to(self) -> int:
        """The largest k at which every problem's own samples give its coverage@k.

        Problems that failed are 0 at any k, and those whose draw stopped are known at any k.
        """
        bound = self.samples_of[~self.failed & ~self.stopped]
        if bound.size:
            return int(bound.min())
        return int(self.samples_of.max(initial=0))

    @property
    def drawable(self) -> int:
        """How many problems more samples can be drawn of: all that the engine did not refuse."""
        return int((~self.failed).sum())

    @property
    def mean_samples(self) -> float:
        """Samples a problem in mean, those that the engine refused left out; 0 without any."""
        return len(self.owner) / max(self.drawable, 1)

    @property
    def drawn(self) -> Pilot:
        """Without the problems that nobody has asked for yet."""
        asked = np.flatnonzero((self.samples_of > 0) | self.failed)
        if len(asked) == self.problems:
            return self
        return self.of_problems([self.problem_ids[place] for place in asked])

    def known_coverage(self, k: int) -> tuple[Floats, Bools]:
        """coverage@k of each problem, as far as its own samples say it.

        Returns:
            (problems,) the unbiased estimate where a problem has k samples or stopped before,
            1 where it is solved, 0 where it failed; and whether that is known, false for the
            problems without a correct sample among fewer than k.
        """
        n, c, stopped = self.samples_of, self.correct_of, self.stopped
        drawn = np.where(stopped, k, np.minimum(k, n))
        value = np.where(c > 0, 1.0, 0.0)
        enough = (n >= k) | (stopped & (n > 0))
        if self.enough is None:
            value[enough] = coverage_at_k(c[enough], n[enough], k)
        else:
            for number in np.unique(drawn[enough]):
                rows = enough & (drawn == number)
                value[rows] = sequential_coverage_at_k(c[rows], n[rows], stopped[rows], number)
        return value, (enough | (c > 0) | self.failed)

    def known_distinct(self, k: int) -> Floats:
        """(problems,) expected distinct correct solutions among k of a problem's own samples.

        Of a problem with fewer, what all of them show.
        """
        owner, multiplicity = self.multiplicities()
        n = self.samples_of
        shown = np.bincount(owner, minlength=self.problems).astype(np.float64)
        enough = n >= k
        if enough.any():
            inside = enough[owner]
            drawn = np.where(enough, n, k)
            counted = distinct_at_k(owner[inside], multiplicity[inside], drawn, k)
            shown = np.where(enough, counted, shown)
        return shown

    def multiplicities(self) -> tuple[Ints, Ints]:
        """(solutions,) problem of each distinct correct solution, and how many samples are it."""
        pairs = np.stack([self.owner[self.correct], self.solution[self.correct]], axis=1)
        found, counts = np.unique(pairs, axis=0, return_counts=True)
        return found[:, 0], counts

    def first(self, samples: int) -> Pilot:
        """The pilot as it was when no problem had more than so many samples."""
        starts = np.searchsorted(self.owner, np.arange(self.problems))
        kept = np.arange(len(self.owner)) - starts[self.owner] < samples
        return replace(
            self,
            owner=self.owner[kept],
            correct=self.correct[kept],
            solution=self.solution[kept],
        )

    def evenly_drawn(self, least: int) -> Pilot | None:
        """The problems with at least some number of samples, and of each the first so many.

        The number is the one that keeps the most samples, from `least` on, of at least 10 problems
        (or all). An adaptive pilot keeps all its problems, for how many samples one has depends on
        what they showed.

        Args:
            least: samples a problem.

        Returns:
            None if no number keeps enough problems.
        """
        pilot = self.drawn
        if pilot.enough is not None:
            number = pilot.measured_up_to
            return pilot.first(number) if number >= least else None
        sizes = pilot.samples_of[~pilot.failed]
        kept = {int(size): int((sizes >= size).sum()) for size in np.unique(sizes[sizes >= least])}
        fewest = min(_FEWEST_PROBLEMS, len(sizes))
        possible = [size for size, problems in kept.items() if problems >= fewest]
        if not possible:
            return None
        number = max(possible, key=lambda size: size * kept[size])
        chosen = np.flatnonzero(pilot.failed | (pilot.samples_of >= number))
        if len(chosen) < pilot.problems:
            pilot = pilot.of_problems([pilot.problem_ids[place] for place in chosen])
        return pilot.first(number)

    def of_problems(self, problem_ids: Sequence[str]) -> Pilot:
        """The same of some problems, in the order given.

        Raises:
            KeyError: a problem is not in the pilot.
        """
        place = {problem: position for position, problem in enumerate(self.problem_ids)}
        chosen = np.array([place[problem] for problem in problem_ids], dtype=np.int64)
        starts = np.searchsorted(self.owner, np.arange(self.problems + 1))
        rows = [np.arange(starts[p], starts[p + 1]) for p in chosen]
        kept = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        return replace(
            self,
            problem_ids=tuple(problem_ids),
            owner=np.repeat(np.arange(len(chosen)), [len(part) for part in rows]),
            correct=self.correct[kept],
            solution=self.solution[kept],
            failed=self.failed[chosen],
        )
