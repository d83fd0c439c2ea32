"""Prior problems: what resampling knows of problems that were not seen.

Resampling only what was seen knows nothing of what was not: had all of 100 problems been solved,
every resample would be certain of all others. So two imaginary *prior problems*, which weigh
half a problem each, are resampled with the others, on either side of the estimate. With single
0/1 outcomes they lie at 0 and 1, and the interval is Jeffreys', exactly (Brown, Cai, DasGupta,
Statistical Science 16, 2001).

Finer values, such as the share of ten samples, seldom reach the ends of their range, and prior
problems there would make the interval too wide. Their way from the estimate to the ends is
therefore shortened by the *reach*: the standard deviation of the values, relative to the largest
that is possible with this mean, which is that of 0/1 outcomes. A few problems say little about a
standard deviation, so the reach is at least 5 of the number of problems that it rests on, and 1
where all values are the same. benchmarks/simulations.py shows what this is worth.

A mean over problems is the ratio of two sums here, with denominators of 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.statistics.resampling import Floats

# A standard deviation that rests on so many problems, or fewer, says nothing of others.
_TOO_FEW = 5.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Ratio:
    """A ratio of sums over problems, and between what ends a problem may show it.

    Attributes:
        numerators: (problems,).
        denominators: (problems,), not negative; their sum must not be 0.
        low: the least ratio that a problem can show.
        high: the highest.
    """

    numerators: Floats
    denominators: Floats
    low: float
    high: float

    @cached_property
    def value(self) -> float:
        """The ratio over all problems."""
        return float(self.numerators.sum() / self.denominators.sum())

    @cached_property
    def is_mean(self) -> bool:
        """Whether all problems weigh the same."""
        return bool((self.denominators == self.denominators[0]).all())

    @property
    def values(self) -> Floats:
        """(problems,) the ratio of each; not finite where there is no denominator."""
        return np.asarray(self.numerators / self.denominators)

    @cached_property
    def deviations(self) -> Floats:
        """(problems,) how far each problem moves the ratio, times the number of problems."""
        size = float(self.denominators.mean())
        return np.asarray((self.numerators - self.value * self.denominators) / size)

    @cached_property
    def is_binary(self) -> bool:
        """Whether each problem shows one of the two ends."""
        ends = [end * self.denominators for end in (self.low, self.high)]
        return bool(((self.numerators == ends[0]) | (self.numerators == ends[1])).all())

    @cached_property
    def size(self) -> float:
        """The denominator of a prior problem: of the problem that a mean part of the sum is of."""
        return float((self.denominators**2).sum() / self.denominators.sum())

    @cached_property
    def unevenness(self) -> float:
        """Mean square of the denominators by the square of their mean; 1 if all are the same."""
        return self.size / float(self.denominators.mean())

    def prior(self, reach: float) -> Floats:
        """The prior problems as (numerator, denominator), that of the low side first.

        Args:
            reach: how far they lie, 1 for the ends.
        """
        ends = [self.value + reach * (end - self.value) for end in (self.low, self.high)]
        return np.array([[end * self.size, self.size] for end in ends])

    @cached_property
    def reach(self) -> float:
        """How far the prior problems of its interval lie, 1 for the ends."""
        room = (self.value - self.low) * (self.high - self.value) * self.unevenness
        return _reach(self.deviations, room, self.high - self.low)

    def resampled(self, sums: Floats, weights: Floats, prior: Floats) -> Floats:
        """(resamples,) ratios.

        Args:
            sums: (resamples, 2) of numerators and denominators.
            weights: (resamples, 2) of the prior problems.
            prior: (2, 2) from `prior`.
        """
        whole = sums + weights @ prior
        return np.asarray(whole[:, 0] / whole[:, 1])


def difference_reach(first: Ratio, second: Ratio) -> float:
    """How far the prior problems of a difference lie, at opposite ends of the two sides.

    Those of single 0/1 outcomes reach to the ends, whatever the spread of their differences.
    """
    if first.is_binary and second.is_binary:
        return 1.0
    value = first.value - second.value
    least, most = first.low - second.high, first.high - second.low
    room = (value - least) * (most - value) * max(first.unevenness, second.unevenness)
    return _reach(first.deviations - second.deviations, room, most - least)


def _reach(deviations: Floats, room: float, width: float) -> float:
    """How far prior problems lie from the estimate, 1 for the ends of the range.

    Args:
        deviations: (problems,).
        room: the largest variance that deviations can have.
        width: of the range of values.
    """
    squares = deviations**2
    total = float(squares.sum())
    if room <= 0.0 or float(np.abs(deviations).max()) <= _ROUNDING * width:
        return 1.0
    spread = math.sqrt(total / len(deviations) / room)
    # So many problems, all equally far off, would have the same second and fourth moment.
    resting_on = total**2 / float((squares**2).sum())
    return min(1.0, max(spread, _TOO_FEW / resting_on))
