"""Draws from a posterior with more parameters than a lattice can hold.

A sequential Monte Carlo sampler (Del Moral, Doucet and Jasra, 2006): particles from the prior meet
the likelihood with a growing exponent. At each exponent they are resampled and moved by steps of
differential evolution (ter Braak, 2006), which take their directions and lengths from the
particles themselves. It finds posteriors with several peaks, as those of mixtures are, and the
marginal likelihood on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.forecast.counts import Ints
from harness.metrics.estimators import Floats

Density = Callable[[Floats], Floats]

_MOVES = 5
_BISECTIONS = 40
_NOISE = 1e-3
_IMPOSSIBLE = -1e300


@dataclass(frozen=True)
class Particles:
    """Draws from a posterior.

    Attributes:
        places: (particles, parameters), equally weighted.
        log_evidence: log marginal likelihood.
        log_likelihood: the highest over the particles.
    """

    places: Floats
    log_evidence: float
    log_likelihood: float


def sequential_monte_carlo(
    places: Floats, log_likelihood: Density, log_prior: Density, source: np.random.Generator
) -> Particles:
    """Moves draws from a prior to the posterior.

    Args:
        places: (particles, parameters) drawn from the prior.
        log_likelihood: of (particles, parameters), (particles,).
        log_prior: the same of the density that `places` were drawn from; −∞ where it is 0.
        source: of chance.
    """
    from scipy.special import logsumexp

    count = len(places)
    likelihood, prior = _finite(log_likelihood(places)), log_prior(places)
    exponent, evidence = 0.0, 0.0
    while exponent < 1.0:
        step = _next_step(likelihood, 1.0 - exponent)
        evidence += float(logsumexp(step * likelihood)) - float(np.log(count))
        exponent = 1.0 if step == 1.0 - exponent else exponent + step
        chosen = _resampled(step * likelihood, source)
        places, likelihood, prior = places[chosen], likelihood[chosen], prior[chosen]
        for number in range(_MOVES):
            # Every other step is a short one, for where the posterior is bent.
            length = 2.38 / np.sqrt(2.0 * places.shape[1]) * (0.5 if number % 2 == 0 else 1.0)
            moved = places + length * _differences(places, source)
            there, density = _finite(log_likelihood(moved)), log_prior(moved)
            with np.errstate(invalid="ignore"):
                gain = exponent * (there - likelihood) + density - prior
            taken = np.log(source.random(count)) < gain
            places = np.where(taken[:, None], moved, places)
            likelihood = np.where(taken, there, likelihood)
            prior = np.where(taken, density, prior)
    return Particles(places, evidence, float(likelihood.max()))


def _next_step(likelihood: Floats, left: float) -> float:
    """The growth of the exponent after which half of the particles still count."""

    def counting(step: float) -> float:
        weights = np.exp(step * (likelihood - likelihood.max()))
        return float(weights.sum() ** 2 / (weights**2).sum())

    half = len(likelihood) / 2.0
    if counting(left) >= half:
        return left
    low, high = 0.0, left
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if counting(middle) >= half else (low, middle)
    return high


def _resampled(logs: Floats, source: np.random.Generator) -> Ints:
    """Positions of the particles that go on, by systematic resampling."""
    weights = np.exp(logs - logs.max())
    count = len(weights)
    picks = (np.arange(count) + source.random()) / count * weights.sum()
    found: Ints = np.minimum(np.searchsorted(np.cumsum(weights), picks), count - 1)
    return found


def _differences(places: Floats, source: np.random.Generator) -> Floats:
    """Differences of random pairs of particles, with a little noise."""
    first, second = source.integers(0, len(places), (2, len(places)))
    found: Floats = places[first] - places[second] + source.normal(0.0, _NOISE, places.shape)
    return found


def _finite(logs: Floats) -> Floats:
    return np.where(np.isfinite(logs), logs, _IMPOSSIBLE)
