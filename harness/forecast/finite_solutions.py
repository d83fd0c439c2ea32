"""Solutions of which there are only so many: a symmetric Dirichlet–multinomial in each problem.

A problem has s solutions, whose probabilities are drawn from a Dirichlet distribution with the
same concentration α for each: α infinite where all are equally likely, small where a few come
most of the time. It is the Pitman–Yor process with σ = −α and θ = s·α (Pitman 2006, section 3.2;
Gnedin 2010), so the number of distinct solutions levels off at s, which no σ ≥ 0 does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.forecast.counts import Ints
from harness.metrics.estimators import Floats

# Every small number, and steps of 8 % after that.
_SOLUTIONS = np.unique(np.rint(np.append(np.arange(1, 13), np.geomspace(13, 3000, 70))))


@dataclass(frozen=True)
class FiniteSolutions:
    """Solutions with this concentration, at each number s of a grid.

    Attributes:
        concentration: α, positive; infinite if all solutions are equally likely.
    """

    concentration: float

    @property
    def cells(self) -> Floats:
        """(cells,) the grid of s."""
        return _SOLUTIONS

    def log_partitions(self, pairs: Ints) -> Floats:
        """(pairs, cells) log probability of c samples with d solutions, as far as s enters.

        Π_{j<d} (s − j)·α / (sα)_c, and Π_{j<d} (s − j) / s^c for α infinite; −∞ where d exceeds s.

        Args:
            pairs: (pairs, 2) c and d.
        """
        from scipy.special import gammaln

        c, d = pairs[:, :1].astype(np.float64), pairs[:, 1:].astype(np.float64)
        s, alpha = _SOLUTIONS, self.concentration
        chosen = gammaln(s + 1.0) - gammaln(np.maximum(s - d, 0.0) + 1.0)
        if np.isinf(alpha):
            logs = chosen - c * np.log(s)
        else:
            logs = chosen + d * np.log(alpha) - (gammaln(s * alpha + c) - gammaln(s * alpha))
        found: Floats = np.where(d > s, -np.inf, logs)
        return found

    def log_blocks(self, multiplicity: Ints) -> float:
        """The rest of that log probability, Π (α+1)_{n−1} over the multiplicities n."""
        from scipy.special import gammaln

        alpha = self.concentration
        if np.isinf(alpha):
            return 0.0
        return float((gammaln(multiplicity + alpha) - gammaln(1.0 + alpha)).sum())

    def unseen(self, solutions: ArrayLike, distinct: ArrayLike) -> Floats:
        """How many solutions are left to be found."""
        s, d = np.asarray(solutions, dtype=np.float64), np.asarray(distinct, dtype=np.float64)
        left: Floats = np.maximum(s - d, 0.0)
        return left

    def expected_new(
        self, solutions: ArrayLike, correct: ArrayLike, distinct: ArrayLike, more: ArrayLike
    ) -> Floats:
        """Expected new distinct solutions among further correct samples.

        (s − d)·(1 − (sα+c−α)_m / (sα+c)_m) with rising factorials; (s − d)·(1 − (1 − 1/s)^m) for
        α infinite.

        Args:
            solutions: s, at least d.
            correct: c so far.
            distinct: d among them.
            more: m further correct samples.
        """
        from scipy.special import betaln

        s, m = np.asarray(solutions, dtype=np.float64), np.asarray(more, dtype=np.float64)
        alpha = self.concentration
        if np.isinf(alpha):
            missed = (1.0 - 1.0 / s) ** m
        else:
            # The chance that one unseen solution stays away: B(α, rest + m) / B(α, rest).
            rest = np.maximum((s - 1.0) * alpha + np.asarray(correct), 1e-12)
            missed = np.exp(betaln(alpha, rest + m) - betaln(alpha, rest))
        clipped: Floats = np.clip(self.unseen(s, distinct) * (1.0 - missed), 0.0, m)
        return clipped
