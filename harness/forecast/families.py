"""Families of distributions of success rates over problems, each with its posterior.

What ten times the samples will solve depends on the small rates of the problems that are still
unsolved, and families that fit a pilot alike differ just there: Beta; normal in the logit, with
fewer rates near 0; either with a share of problems that are never solved; and the mixtures of
`mixtures`. Each gets its posterior and its marginal likelihood; the families here over a lattice
of parameters that closes in on it.
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
    """

    name: str

    @abstractmethod
    def log_prior(self, nodes: Floats) -> Floats:
        """(nodes,) log prior density of the parameters."""

    @abstractmethod
    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """(nodes, pairs) log E[p^c (1−p)^(n−c)]."""

    @abstractmethod
    def weights(self, nodes: Floats) -> Floats:
        """(nodes, cells) probability of each cell of the grid of rates."""

    @abstractmethod
    def posterior(
        self, pairs: Floats, counts: Floats, source: np.random.Generator
    ) -> FamilyPosterior:
        """Posterior from the counts of all problems.

        Args:
            pairs: (pairs, 2) distinct (c, n).
            counts: (pairs,) problems of each.
            source: of what is drawn, where the posterior is found by drawing.
        """


class LatticeFamily(Family):
    """A family with few enough parameters for a lattice.

    Attributes:
        box: (parameters, 2) where its parameters are looked for.
    """

    box: Floats

    def posterior(
        self, pairs: Floats, counts: Floats, source: np.random.Generator
    ) -> FamilyPosterior:
        """Over a lattice in the box, which shrinks to where the posterior is."""
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


class BetaRates(LatticeFamily):
    """Beta(a, b), by the logit of its mean and the logarithm of a + b."""

    name = "beta"
    box = np.array([[-9.0, 9.0], [np.log(0.02), np.log(2000.0)]])

    def log_prior(self, nodes: Floats) -> Floats:
        """The mean uniform; a + b around 2, a uniform distribution, within factors of 4.5."""
        return log_logistic(nodes[:, 0]) + log_normal(nodes[:, 1], np.log(2.0), 1.5)

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


class LogitNormalRates(LatticeFamily):
    """Normal in the logit, by its mean and the logarithm of its standard deviation."""

    name = "logit-normal"
    box = np.array([[-9.0, 9.0], [np.log(0.05), np.log(12.0)]])

    def log_prior(self, nodes: Floats) -> Floats:
        """The median uniform; the deviation around that of a uniform rate, 1.8, as the Beta's."""
        return log_logistic(nodes[:, 0]) + log_normal(nodes[:, 1], np.log(1.8), 0.75)

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


class ZeroInflated(LatticeFamily):
    """0 with some probability, else as another family says.

    Args:
        others: the family of the rates that are not 0.
    """

    def __init__(self, others: LatticeFamily) -> None:
        self.name = f"zero-inflated {others.name}"
        self.box = np.concatenate([others.box, [[-7.0, 7.0]]])
        self._others = others

    def log_prior(self, nodes: Floats) -> Floats:
        """That of the others; the share of zeros is uniform."""
        found: Floats = self._others.log_prior(nodes[:, :-1]) + log_logistic(nodes[:, -1])
        return found

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        """A mixture of both."""
        from scipy.special import log_expit

        share = nodes[:, -1:]
        # In a lattice the same others follow each other, with every share of zeros.
        changed = (np.diff(nodes[:, :-1], axis=0) != 0).any(axis=1)
        starts = np.append(True, changed)
        moments = self._others.log_moments(nodes[starts, :-1], correct, samples)
        alive = log_expit(-share) + moments[np.cumsum(starts) - 1]
        found: Floats = np.where(correct == 0, np.logaddexp(alive, log_expit(share)), alive)
        return found

    def weights(self, nodes: Floats) -> Floats:
        """Those of the others, and the zeros in the first cell."""
        from scipy.special import expit

        share = expit(nodes[:, -1:])
        cells = (1.0 - share) * self._others.weights(nodes[:, :-1])
        cells[:, :1] += share
        return cells


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


def log_logistic(x: Floats) -> Floats:
    """Log density of the logit of a uniform number."""
    from scipy.special import log_expit

    found: Floats = log_expit(x) + log_expit(-x)
    return found


def log_normal(x: Floats, mean: float, deviation: float) -> Floats:
    """Log density of a normal number."""
    scaled = (x - mean) / deviation
    return -0.5 * scaled**2 - float(np.log(deviation * np.sqrt(2.0 * np.pi)))
