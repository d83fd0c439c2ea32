"""How many distinct solutions more correct samples bring: a Pitman–Yor process in each problem.

Given c correct samples with d distinct solutions, the next correct one is new with probability
(θ + d·σ) / (θ + c): θ large where every sample is another text, as in the paper; small where a
few solutions come back; σ above 0 where new ones keep coming at a power of the number drawn.
Expected numbers of new solutions are closed (Favaro, Lijoi, Mena and Prünster, 2009). θ differs
between problems, as a normal distribution of its logarithm; σ is shared. Good and Toulmin's
series needs no model but explodes beyond twice the pilot, and forecasts go to ten times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.forecast.counts import Ints
from harness.metrics.estimators import Floats

_STRENGTHS = np.geomspace(0.05, 1e5, 37)
_DISCOUNTS = np.arange(0.0, 0.95, 0.1)
_DEVIATIONS = np.array([0.1, 0.25, 0.5, 1.0, 2.0])
# Half for σ = 0, as a parameter that may not be there; the rest even.
_DISCOUNT_PRIOR = np.where(_DISCOUNTS == 0.0, 0.5, 0.5 / (len(_DISCOUNTS) - 1))


@dataclass(frozen=True)
class SolutionPosterior:
    """Posterior draws of how solutions repeat.

    Attributes:
        discounts: (draws,) σ.
        strengths: (draws, cells) share of problems at each θ of the grid.
    """

    discounts: Floats
    strengths: Floats

    def draw_strengths(self, correct: Ints, distinct: Ints, source: np.random.Generator) -> Floats:
        """θ of problems, given what each has shown.

        Args:
            correct: (problems,) correct samples c.
            distinct: (problems,) distinct solutions d among them.
            source: of the draws.

        Returns:
            (draws, problems).
        """
        pairs, which = np.unique(np.stack([correct, distinct], 1), axis=0, return_inverse=True)
        found = np.empty((len(self.discounts), len(correct)))
        tables = {float(s): _log_partitions(pairs, float(s)) for s in np.unique(self.discounts)}
        for row, discount in enumerate(self.discounts):
            logs = tables[float(discount)]
            shares = self.strengths[row] * np.exp(logs - logs.max(axis=1, keepdims=True))
            cumulated = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
            picks = source.random((len(correct), 1))
            cells = (cumulated[which.ravel()] < picks).sum(axis=1)
            found[row] = _STRENGTHS[np.minimum(cells, len(_STRENGTHS) - 1)]
        return found


def solution_posterior(
    owner: Ints, multiplicity: Ints, *, seed: int, draws: int
) -> SolutionPosterior:
    """How solutions repeat, from the multiplicities in all problems.

    Args:
        owner: (solutions,) problem of each distinct correct solution.
        multiplicity: (solutions,) how many samples are that solution.
        seed: of the draws.
        draws: how many.
    """
    correct = np.bincount(owner, multiplicity).astype(np.int64)
    distinct = np.bincount(owner)
    shown = correct >= 2  # A single correct sample repeats nothing, whatever θ and σ.
    pairs, counts = np.unique(
        np.stack([correct[shown], distinct[shown]], axis=1), axis=0, return_counts=True
    )
    centres, deviations = (
        axis.ravel() for axis in np.meshgrid(np.log(_STRENGTHS), _DEVIATIONS, indexing="ij")
    )
    scaled = (np.log(_STRENGTHS) - centres[:, None]) / deviations[:, None]
    strengths = np.exp(-0.5 * scaled**2)
    strengths /= strengths.sum(axis=1, keepdims=True)
    logs = np.stack(
        [_log_likelihoods(pairs, counts, multiplicity, float(s), strengths) for s in _DISCOUNTS]
    )
    chances = (np.exp(logs - logs.max()) * _DISCOUNT_PRIOR[:, None]).ravel()
    source = np.random.default_rng(seed)
    picks = source.choice(chances.size, draws, p=chances / chances.sum())
    return SolutionPosterior(
        discounts=_DISCOUNTS[picks // len(strengths)],
        strengths=strengths[picks % len(strengths)],
    )


def expected_new(
    strength: ArrayLike,
    discount: float,
    correct: ArrayLike,
    distinct: ArrayLike,
    more: ArrayLike,
) -> Floats:
    """Expected new distinct solutions among further correct samples.

    (d + θ/σ)·((θ+c+σ)_m / (θ+c)_m − 1) with rising factorials; θ·(ψ(θ+c+m) − ψ(θ+c)) for σ = 0.

    Args:
        strength: θ, positive.
        discount: σ, in [0, 1).
        correct: c so far.
        distinct: d among them.
        more: m further correct samples.
    """
    from scipy.special import digamma, gammaln

    theta, c = np.asarray(strength, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    m = np.asarray(more, dtype=np.float64)
    before = theta + c
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


def _log_likelihoods(
    pairs: Ints, counts: Ints, multiplicity: Ints, discount: float, strengths: Floats
) -> Floats:
    """(hyperparameters,) log probability of all partitions under one σ."""
    from scipy.special import gammaln

    blocks = float((gammaln(multiplicity - discount) - gammaln(1.0 - discount)).sum())
    logs = _log_partitions(pairs, discount)
    peaks = logs.max(axis=1)
    mixed = np.log(np.maximum(strengths @ np.exp(logs - peaks[:, None]).T, 1e-300))
    found: Floats = (mixed + peaks) @ counts + blocks
    return found


def _log_partitions(pairs: Ints, discount: float) -> Floats:
    """(pairs, cells) log probability of c samples with d solutions, as far as θ enters.

    Π_{j<d} (θ + jσ) / (θ+1)_{c−1}, both products over one factor fewer than samples.
    """
    from scipy.special import gammaln

    c, d = pairs[:, :1].astype(np.float64), pairs[:, 1:].astype(np.float64)
    theta = _STRENGTHS
    if discount == 0.0:
        opened = np.maximum(d - 1.0, 0.0) * np.log(theta)
    else:
        first = theta / discount
        opened = np.maximum(d - 1.0, 0.0) * np.log(discount) + (
            gammaln(first + np.maximum(d, 1.0)) - gammaln(first + 1.0)
        )
    found: Floats = opened - (gammaln(theta + np.maximum(c, 1.0)) - gammaln(theta + 1.0))
    return found
