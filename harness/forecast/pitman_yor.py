"""Solutions that keep coming: the Pitman–Yor process of one problem.

Given c correct samples with d distinct solutions, the next correct one is new with probability
(θ + d·σ) / (θ + c): θ large where every sample is another text, as in the paper; small where a
few solutions come back; σ above 0 where new ones keep coming at a power of the number drawn.
Expected numbers of new solutions are closed (Favaro, Lijoi, Mena and Prünster, 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.forecast.counts import Ints
from harness.metrics.estimators import Floats

_STRENGTHS = np.geomspace(0.05, 1e5, 37)


@dataclass(frozen=True)
class PitmanYor:
    """A process with this discount, at each strength θ of a grid.

    Attributes:
        discount: σ, in [0, 1).
    """

    discount: float

    @property
    def cells(self) -> Floats:
        """(cells,) the grid of θ."""
        return _STRENGTHS

    def log_partitions(self, pairs: Ints) -> Floats:
        """(pairs, cells) log probability of c samples with d solutions, as far as θ enters.

        Π_{j<d} (θ + jσ) / (θ+1)_{c−1}, both products over one factor fewer than samples
        (Pitman 2006, Theorem 3.2).

        Args:
            pairs: (pairs, 2) c and d.
        """
        from scipy.special import gammaln

        c, d = pairs[:, :1].astype(np.float64), pairs[:, 1:].astype(np.float64)
        theta = _STRENGTHS
        if self.discount == 0.0:
            opened = np.maximum(d - 1.0, 0.0) * np.log(theta)
        else:
            first = theta / self.discount
            opened = np.maximum(d - 1.0, 0.0) * np.log(self.discount) + (
                gammaln(first + np.maximum(d, 1.0)) - gammaln(first + 1.0)
            )
        found: Floats = opened - (gammaln(theta + np.maximum(c, 1.0)) - gammaln(theta + 1.0))
        return found

    def log_blocks(self, multiplicity: Ints) -> float:
        """The rest of that log probability, Π (1−σ)_{n−1} over the multiplicities n."""
        from scipy.special import gammaln

        return float((gammaln(multiplicity - self.discount) - gammaln(1 - self.discount)).sum())

    def unseen(self, strength: ArrayLike, distinct: ArrayLike) -> Floats:
        """How many solutions are left to be found: no end of them."""
        return np.full(np.broadcast(strength, distinct).shape, np.inf)

    def expected_new(
        self, strength: ArrayLike, correct: ArrayLike, distinct: ArrayLike, more: ArrayLike
    ) -> Floats:
        """Expected new distinct solutions among further correct samples.

        (d + θ/σ)·((θ+c+σ)_m / (θ+c)_m − 1) with rising factorials; θ·(ψ(θ+c+m) − ψ(θ+c)) for
        σ = 0.

        Args:
            strength: θ, positive.
            correct: c so far.
            distinct: d among them.
            more: m further correct samples.
        """
        from scipy.special import digamma, gammaln

        theta, c = np.asarray(strength, dtype=np.float64), np.asarray(correct, dtype=np.float64)
        m = np.asarray(more, dtype=np.float64)
        before, discount = theta + c, self.discount
        if discount == 0.0:
            found = theta * (digamma(before + m) - digamma(before))
        else:
            growth = (gammaln(before + discount + m) - gammaln(before + m)) - (
                gammaln(before + discount) - gammaln(before)
            )
            found = (np.asarray(distinct) + theta / discount) * np.expm1(growth)
        # Rounding may leave the possible range where nearly every sample is new.
        clipped: Floats = np.clip(found, 0.0, m)
        return clipped
