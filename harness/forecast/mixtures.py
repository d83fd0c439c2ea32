"""Mixtures of two kinds of problems: two Betas, or two rates.

Problems often come in kinds, easy and hard ones, and a pilot of a few samples that such a mixture
explains is explained by a Beta nearly as well. Two rates are the extreme: all unsolved problems
are then alike, and more samples solve them nearly all, where a Beta keeps many of them near 0.
Without these families the forecast would rule out what the pilot cannot.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from harness.forecast.families import (
    BetaRates,
    Family,
    FamilyPosterior,
    log_logistic,
    log_normal,
)
from harness.forecast.grid import RATES
from harness.forecast.sequential_monte_carlo import sequential_monte_carlo
from harness.metrics.estimators import Floats

_PARTICLES = 600


class MixtureFamily(Family):
    """A family whose posterior is found by drawing."""

    @abstractmethod
    def draw_prior(self, count: int, source: np.random.Generator) -> Floats:
        """(count, parameters) drawn from the prior."""

    def posterior(
        self, pairs: Floats, counts: Floats, source: np.random.Generator
    ) -> FamilyPosterior:
        """By sequential Monte Carlo."""
        found = sequential_monte_carlo(
            self.draw_prior(_PARTICLES, source),
            lambda nodes: self.log_moments(nodes, pairs[:, 0], pairs[:, 1]) @ counts,
            self.log_prior,
            source,
        )
        return FamilyPosterior(
            family=self,
            nodes=found.places,
            chances=np.full(_PARTICLES, 1.0 / _PARTICLES),
            steps=np.zeros(found.places.shape[1]),
            log_evidence=found.log_evidence,
            log_likelihood=found.log_likelihood,
        )


class TwoBetas(MixtureFamily):
    """Beta with some probability, else another Beta; logit of the probability last."""

    name = "two betas"
    _beta = BetaRates()
    # Of the logarithm of a + b: from nearly 0 and 1 alone to nearly one rate.
    _size = (float(np.log(10.0)), 2.5)
    # Beyond these a Beta is two points, or one.
    _bounds = (float(np.log(1e-3)), float(np.log(1e6)))

    def draw_prior(self, count: int, source: np.random.Generator) -> Floats:
        """Means and probability uniform, sizes log-normal."""
        means = source.logistic(size=(3, count))
        sizes = np.clip(source.normal(*self._size, (2, count)), *self._bounds)
        return np.stack([means[0], sizes[0], means[1], sizes[1], means[2]], axis=1)

    def log_prior(self, nodes: Floats) -> Floats:
        """Means and probability uniform, sizes log-normal."""
        means, sizes = nodes[:, [0, 2, 4]], nodes[:, [1, 3]]
        inside = ((sizes >= self._bounds[0]) & (sizes <= self._bounds[1])).all(axis=1)
        logs = log_logistic(means).sum(axis=1) + log_normal(sizes, *self._size).sum(axis=1)
        return np.where(inside, logs, -np.inf)

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """The mixture of both Betas'."""
        first, second = (
            self._beta.log_moments(nodes[:, columns], correct, samples)
            for columns in ([0, 1], [2, 3])
        )
        return _mixed_logs(nodes[:, 4:], first, second)

    def weights(self, nodes: Floats) -> Floats:
        """The mixture of both Betas'."""
        from scipy.special import expit

        share = expit(nodes[:, 4:])
        first, second = (self._beta.weights(nodes[:, columns]) for columns in ([0, 1], [2, 3]))
        return share * first + (1.0 - share) * second


class TwoRates(MixtureFamily):
    """One rate with some probability, else another; logits of both, and of the probability."""

    name = "two rates"

    def draw_prior(self, count: int, source: np.random.Generator) -> Floats:
        """Rates and probability uniform."""
        return source.logistic(size=(count, 3))

    def log_prior(self, nodes: Floats) -> Floats:
        """Rates and probability uniform."""
        found: Floats = log_logistic(nodes).sum(axis=1)
        return found

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """The mixture of both rates' likelihoods."""
        from scipy.special import log_expit

        first, second = (
            correct * log_expit(rate) + (samples - correct) * log_expit(-rate)
            for rate in (nodes[:, :1], nodes[:, 1:2])
        )
        return _mixed_logs(nodes[:, 2:], first, second)

    def weights(self, nodes: Floats) -> Floats:
        """Each rate split between the two cells around it."""
        from scipy.special import expit

        share = expit(nodes[:, 2])
        return _at_rates(nodes[:, 0], share) + _at_rates(nodes[:, 1], 1.0 - share)


def _mixed_logs(share: Floats, first: Floats, second: Floats) -> Floats:
    from scipy.special import log_expit

    found: Floats = np.logaddexp(log_expit(share) + first, log_expit(-share) + second)
    return found


def _at_rates(logits: Floats, mass: Floats) -> Floats:
    """(nodes, cells) with a mass at one rate a row, linear in the logit between cells."""
    from scipy.special import logit

    cells = logit(RATES[1:])
    inside = np.clip(logits, cells[0], cells[-1])
    left = np.clip(np.searchsorted(cells, inside, side="right") - 1, 0, len(cells) - 2)
    part = (inside - cells[left]) / (cells[left + 1] - cells[left])
    found = np.zeros((len(logits), len(RATES)))
    rows = np.arange(len(logits))
    found[rows, left + 1] = mass * (1.0 - part)
    found[rows, left + 2] = mass * part
    return found
