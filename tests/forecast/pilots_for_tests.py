"""Pilots that are simulated, or written out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.forecast.counts import Pilot

Floats = NDArray[np.float64]


def simulated(rates: Floats, samples: int, seed: int, strength: float | None = None) -> Pilot:
    """Samples of problems with these success rates.

    Args:
        rates: (problems,).
        samples: of each problem.
        seed: of the samples.
        strength: of the Chinese restaurant that solutions come from; all different if None.
    """
    source = np.random.default_rng(seed)
    correct = source.random((len(rates), samples)) < rates[:, None]
    solution = np.where(correct, np.arange(samples), -1)
    if strength is not None:
        for row, right in zip(solution, correct, strict=True):
            seen: list[int] = []
            for place in np.flatnonzero(right):
                if seen and source.random() >= strength / (strength + len(seen)):
                    row[place] = seen[source.integers(len(seen))]
                seen.append(int(row[place]))
    return Pilot(
        problem_ids=tuple(f"p{number}" for number in range(len(rates))),
        owner=np.repeat(np.arange(len(rates)), samples),
        correct=correct.ravel(),
        solution=solution.ravel(),
        failed=np.zeros(len(rates), dtype=np.bool_),
    )


def drawn_from(probabilities: Floats, rates: Floats, samples: int, seed: int) -> Pilot:
    """Samples of problems whose correct ones are independent draws from the same solutions.

    Args:
        probabilities: (solutions,) of each solution, up to a factor.
        rates: (problems,) success rates.
        samples: of each problem.
        seed: of the samples.
    """
    source = np.random.default_rng([seed, 2])
    shape = (len(rates), samples)
    correct = source.random(shape) < rates[:, None]
    chosen = source.choice(len(probabilities), shape, p=probabilities / probabilities.sum())
    return Pilot(
        problem_ids=tuple(f"p{number}" for number in range(len(rates))),
        owner=np.repeat(np.arange(len(rates)), samples),
        correct=correct.ravel(),
        solution=np.where(correct, chosen, -1).ravel(),
        failed=np.zeros(len(rates), dtype=np.bool_),
    )


def by_hand(
    problems: Sequence[str], *, failed: Sequence[int] = (), enough: int | None = None
) -> Pilot:
    """One string a problem, one letter a sample: `.` is wrong, any other letter a solution."""
    letters = [letter for problem in problems for letter in problem]
    marks = np.zeros(len(problems), dtype=np.bool_)
    marks[list(failed)] = True
    return Pilot(
        problem_ids=tuple(f"p{number}" for number in range(len(problems))),
        owner=np.repeat(np.arange(len(problems)), [len(problem) for problem in problems]),
        correct=np.array([letter != "." for letter in letters], dtype=np.bool_),
        solution=np.array([-1 if letter == "." else ord(letter) for letter in letters]),
        failed=marks,
        enough=enough,
    )
