"""The distribution of success rates over problems, as far as a pilot knows it.

Draws from the posteriors of several families, in proportion to their marginal likelihoods, which
are tempered: no family is exact, and a few nats do not decide between families that differ only
where the pilot saw nothing. At least a few draws are from everything that the likelihood allows,
and most are where no family fits the counts: in proportion to exp(−BIC/2) with two parameters
counted for leaving the families, the least that another component would need, and with what the
best of all distributions gains by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.forecast.beta_binomial import patterns
from harness.forecast.families import (
    BetaRates,
    Family,
    FamilyPosterior,
    LogitNormalRates,
    ZeroInflated,
)
from harness.forecast.grid import RATES, likelihoods
from harness.forecast.mixtures import TwoBetas, TwoRates
from harness.forecast.region import LikelihoodRegion, likelihood_region
from harness.metrics.estimators import Floats

DRAWS = 1000
ANY = "any distribution"
# Each with its probability before any sample was drawn, up to a factor. Beta is the usual model of
# the field; whether some problems are never solved is even odds; two rates stand alone at their end
# of what a few samples allow, several at the other.
FAMILIES: tuple[tuple[Family, float], ...] = (
    (BetaRates(), 2.0),
    (ZeroInflated(BetaRates()), 2.0),
    (LogitNormalRates(), 1.0),
    (ZeroInflated(LogitNormalRates()), 1.0),
    (TwoBetas(), 1.0),
    (TwoRates(), 5.0),
)
# These two and the shares were chosen by simulation (docs/statistics.md, Forecasts).
_TEMPER = 0.5
_LEAST_DOUBT_OF_FAMILIES = 0.03
_PARAMETERS_TO_LEAVE_THE_FAMILIES = 2.0
# Where a family is right, the best of all distributions still gains about √n in log-likelihood
# from n samples a problem, as simulations with n from 3 to 500 show. Up to 5 that is too little
# to matter.
_HARMLESS_SAMPLES = 5.0


@dataclass(frozen=True)
class RatePosterior:
    """What is known of the success rates.

    Attributes:
        weights: (draws, cells) draws of the share of problems at each rate of the grid.
        families: per family and for `any distribution` its share of the draws.
        regions: per horizon k, what the likelihood allows without any family.
    """

    weights: Floats
    families: dict[str, float]
    regions: dict[int, LikelihoodRegion]


def rate_posterior(
    correct: ArrayLike,
    samples: ArrayLike,
    horizons: Sequence[int],
    *,
    seed: int,
    draws: int = DRAWS,
) -> RatePosterior:
    """The distribution of success rates, from the counts of all problems.

    Args:
        correct: (problems,) correct samples c.
        samples: (problems,) samples n; problems without samples say nothing.
        horizons: the k for which the ends of what the likelihood allows are sought.
        seed: of the draws.
        draws: how many.

    Raises:
        ValueError: no problem has two samples.
    """
    pairs, counts = patterns(correct, samples)
    if pairs[:, 1].max(initial=0) < 2:
        raise ValueError("one sample a problem shows the mean of the rates, not their spread")
    source = np.random.default_rng(seed)
    posteriors = [family.posterior(pairs, counts, source) for family, _ in FAMILIES]
    regions = {k: likelihood_region(pairs, counts, k) for k in sorted(set(horizons))}
    shares = _shares(posteriors, regions, pairs, counts)
    numbers = source.multinomial(draws, list(shares.values()))
    parts = [
        posterior.draw(number, source)
        for posterior, number in zip(posteriors, numbers[:-1], strict=True)
    ]
    parts.append(_between_ends(list(regions.values()), int(numbers[-1]), source))
    return RatePosterior(np.concatenate(parts), shares, regions)


def solved_later(weights: Floats, samples: float, more: float) -> Floats:
    """Probability that a problem whose n samples are all wrong gets a correct one.

    Args:
        weights: (draws, cells) share of problems at each rate of the grid.
        samples: n so far.
        more: how many follow.

    Returns:
        (draws,).
    """
    still = weights @ (1.0 - RATES) ** samples
    return 1.0 - (weights @ (1.0 - RATES) ** (samples + more)) / still


def draw_rates(
    weights: Floats, correct: float, samples: float, count: int, source: np.random.Generator
) -> Floats:
    """Rates of problems that showed c of n correct, in each draw of their distribution.

    Returns:
        (draws, count).
    """
    likelihood = likelihoods(np.array([[correct, samples]], dtype=np.float64))[0]
    cumulated = np.cumsum(weights * likelihood, axis=1)
    cumulated /= cumulated[:, -1:]
    # One search over all draws: each draw's part of the axis starts at its number.
    starts = np.arange(len(weights))[:, None]
    picks = source.random((len(weights), count)) + starts
    cells = np.searchsorted((cumulated + starts).ravel(), picks.ravel())
    cells = cells.reshape(picks.shape) - starts * len(RATES)
    return RATES[np.clip(cells, 0, len(RATES) - 1)]


def _shares(
    posteriors: list[FamilyPosterior],
    regions: dict[int, LikelihoodRegion],
    pairs: Floats,
    counts: Floats,
) -> dict[str, float]:
    from scipy.special import expit, softmax

    prior = np.log([share for _, share in FAMILIES])
    evidence = softmax(_TEMPER * np.array([one.log_evidence for one in posteriors]) + prior)
    highest = next(iter(regions.values())).log_likelihood
    gain = highest - max(one.log_likelihood for one in posteriors)
    samples = float(counts @ pairs[:, 1] / counts.sum())
    gain -= max(0.0, np.sqrt(samples) - np.sqrt(_HARMLESS_SAMPLES))
    fitting = expit(gain - _PARAMETERS_TO_LEAVE_THE_FAMILIES * np.log(counts.sum()) / 2.0)
    leaving = max(float(fitting), _LEAST_DOUBT_OF_FAMILIES)
    shares = {
        one.family.name: float(share) * (1.0 - leaving)
        for one, share in zip(posteriors, evidence, strict=True)
    }
    return {**shares, ANY: leaving}


def _between_ends(
    regions: list[LikelihoodRegion], count: int, source: np.random.Generator
) -> Floats:
    """Mixtures of the two ends of a region, all of them in it because it is convex.

    The ends are as likely as the middle is not (arcsine law), so that 95 % of the draws span
    nearly all of the region.
    """
    part = source.beta(0.5, 0.5, (count, 1))
    which = source.integers(0, len(regions), count)
    fewest = np.stack([region.fewest for region in regions])[which]
    most = np.stack([region.most for region in regions])[which]
    return part * fewest + (1.0 - part) * most
