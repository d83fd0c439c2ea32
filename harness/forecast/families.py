"""Families of distributions of success rates over problems, each with its posterior.

What ten times the samples will solve depends on the small rates of the problems that are still
unsolved, and families that fit a pilot alike differ just there: Beta; Beta with a share of
problems that are never solved; normal in the logit, with fewer rates near 0. Each gets a
posterior over a grid that closes in on it, and its marginal likelihood.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from harness.forecast.grid import RATE_EDGES, RATES
from harness.metrics.estimators import Floats

_NODES = 12_000
_REFINEMENTS = 4
# Nodes that are less likely than the best by this factor, in logarithms, carry nothing.
_NEGLIGIBLE = 14.0


@dataclass(frozen=True)
class FamilyPosterior:
    """Posterior of the parameters of one family.

    Attributes:
        family: the family.
        nodes: (nodes, parameters).
        chances: (nodes,) posterior probabilities.
        steps: (parameters,) distance of the nodes.
        log_evidence: log marginal likelihood of the counts.
        log_likelihood: the highest over the nodes.
    """

    family: Family
    nodes: Floats
    chances: Floats
    steps: Floats
    log_evidence: float
    log_likelihood: float

    def draw(self, count: int, source: np.random.Generator) -> Floats:
        """(count, cells) distributions of the rates over the grid, drawn from the posterior."""
        picks = source.choice(len(self.nodes), count, p=self.chances)
        jitter = source.random((count, len(self.steps))) - 0.5
        return self.family.weights(self.nodes[picks] + jitter * self.steps)


class Family(ABC):
    """A family of distributions of a rate p.

    Attributes:
        name: for people.
        share: its probability before any sample was drawn.
        box: (parameters, 2) where its parameters are looked for.
    """

    name: str
    share: float
    box: Floats

    @abstractmethod
    def log_prior(self, nodes: Floats) -> Floats:
        """(nodes,) log prior density of the parameters, up to the shared constant."""

    @abstractmethod
    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """(nodes, pairs) log E[p^c (1−p)^(n−c)]."""

    @abstractmethod
    def weights(self, nodes: Floats) -> Floats:
        """(nodes, cells) probability of each cell of the grid of rates."""

    def posterior(self, pairs: Floats, counts: Floats) -> FamilyPosterior:
        """Posterior from the counts of all problems.

        Args:
            pairs: (pairs, 2) distinct (c, n).
            counts: (pairs,) problems of each.
        """
        from scipy.special import logsumexp

        box = self.box
        for _ in range(_REFINEMENTS):
            nodes, steps = _lattice(box)
            likelihood = self.log_moments(nodes, pairs[:, 0], pairs[:, 1]) @ counts
            logs = likelihood + self.log_prior(nodes)
            near = nodes[logs > logs.max() - _NEGLIGIBLE]
            low, high = near.min(axis=0) - steps, near.max(axis=0) + steps
            box = np.stack([np.maximum(low, box[:, 0]), np.minimum(high, box[:, 1])], axis=1)
        total = float(logsumexp(logs))
        return FamilyPosterior(
            family=self,
            nodes=nodes,
            chances=np.exp(logs - total),
            steps=steps,
            log_evidence=total + float(np.log(steps).sum()),
            log_likelihood=float(likelihood.max()),
        )


class BetaRates(Family):
    """Beta(a, b), by the logit of its mean and the logarithm of a + b."""

    name = "beta"
    # The usual model of the field; the others are there for where it is wrong.
    share = 0.8
    box = np.array([[-9.0, 9.0], [np.log(0.02), np.log(2000.0)]])

    def log_prior(self, nodes: Floats) -> Floats:
        """The mean uniform; a + b around 2, a uniform distribution, within factors of 4.5."""
        return _log_logistic(nodes[:, 0]) + _log_normal(nodes[:, 1], np.log(2.0), 1.5)

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """Ratios of Beta functions."""
        from scipy.special import betaln

        a, b = _shape(nodes)
        found: Floats = betaln(a + correct, b + samples - correct) - betaln(a, b)
        return found

    def weights(self, nodes: Floats) -> Floats:
        """Differences of the distribution function."""
        from scipy.special import betainc

        a, b = _shape(nodes)
        cells = np.diff(betainc(a, b, RATE_EDGES), axis=1)
        return np.concatenate([np.zeros((len(nodes), 1)), cells], axis=1)


class ZeroInflatedBetaRates(Family):
    """0 with some probability, else Beta(a, b)."""

    name = "zero-inflated beta"
    share = 0.1
    box = np.concatenate([BetaRates.box, [[-7.0, 7.0]]])
    _beta = BetaRates()

    def log_prior(self, nodes: Floats) -> Floats:
        """That of the Beta; the share of zeros is Beta(1, 2)."""
        from scipy.special import log_expit

        shares = np.log(2.0) + _log_logistic(nodes[:, 2]) + log_expit(-nodes[:, 2])
        found: Floats = self._beta.log_prior(nodes) + shares
        return found

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """A mixture of both."""
        from scipy.special import log_expit

        alive = log_expit(-nodes[:, 2:]) + self._beta.log_moments(nodes, correct, samples)
        return np.where(correct == 0, np.logaddexp(alive, log_expit(nodes[:, 2:])), alive)

    def weights(self, nodes: Floats) -> Floats:
        """Those of the Beta, and the zeros in the first cell."""
        from scipy.special import expit

        share = expit(nodes[:, 2:])
        cells = (1.0 - share) * self._beta.weights(nodes)
        cells[:, :1] = share
        return cells


class LogitNormalRates(Family):
    """Normal in the logit, by its mean and the logarithm of its standard deviation."""

    name = "logit-normal"
    share = 0.1
    box = np.array([[-9.0, 9.0], [np.log(0.05), np.log(12.0)]])

    def log_prior(self, nodes: Floats) -> Floats:
        """The median uniform; the deviation around that of a uniform rate, 1.8, as the Beta's."""
        return _log_logistic(nodes[:, 0]) + _log_normal(nodes[:, 1], np.log(1.8), 0.75)

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """Sums over the grid of rates."""
        from scipy.special import xlog1py, xlogy

        rates = RATES[1:, None]
        powers = np.exp(xlogy(correct, rates) + xlog1py(samples - correct, -rates))
        found: Floats = np.log(np.maximum(self.weights(nodes)[:, 1:] @ powers, 1e-300))
        return found

    def weights(self, nodes: Floats) -> Floats:
        """Differences of the distribution function."""
        from scipy.special import logit, ndtr

        scaled = (logit(RATE_EDGES) - nodes[:, :1]) / np.exp(nodes[:, 1:2])
        cells = np.diff(ndtr(scaled), axis=1)
        return np.concatenate([np.zeros((len(nodes), 1)), cells], axis=1)


FAMILIES: tuple[Family, ...] = (BetaRates(), ZeroInflatedBetaRates(), LogitNormalRates())


def _lattice(box: Floats) -> tuple[Floats, Floats]:
    """Nodes that fill a box, and their distances."""
    side = int(_NODES ** (1.0 / len(box))) if len(box) > 2 else 40
    axes = [np.linspace(low, high, side) for low, high in box]
    nodes = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    return nodes, np.array([axis[1] - axis[0] for axis in axes])


def _shape(nodes: Floats) -> tuple[Floats, Floats]:
    from scipy.special import expit

    size = np.exp(nodes[:, 1:2])
    return expit(nodes[:, :1]) * size, expit(-nodes[:, :1]) * size


def _log_logistic(x: Floats) -> Floats:
    from scipy.special import log_expit

    found: Floats = log_expit(x) + log_expit(-x)
    return found


def _log_normal(x: Floats, mean: float, deviation: float) -> Floats:
    scaled = (x - mean) / deviation
    return -0.5 * scaled**2 - float(np.log(deviation * np.sqrt(2.0 * np.pi)))
