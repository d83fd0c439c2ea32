"""Sequential Monte Carlo against posteriors that are known in closed form, and a lattice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from harness.forecast.families import BetaRates, LatticeFamily, log_logistic
from harness.forecast.mixtures import TwoRates
from harness.forecast.sequential_monte_carlo import sequential_monte_carlo
from harness.metrics.estimators import Floats


def test_a_normal_mean_has_its_normal_posterior() -> None:
    source = np.random.default_rng(0)
    data = source.normal([1.0, -2.0], 0.5, (40, 2))

    def log_likelihood(places: Floats) -> Floats:
        return np.asarray(stats.norm(places[:, None, :], 0.5).logpdf(data[None]).sum(axis=(1, 2)))

    found = sequential_monte_carlo(
        source.normal(0.0, 3.0, (2000, 2)),
        log_likelihood,
        lambda places: np.asarray(stats.norm(0.0, 3.0).logpdf(places).sum(axis=1)),
        source,
    )
    precision = 40 / 0.25 + 1 / 9
    mean = data.sum(axis=0) / 0.25 / precision
    assert found.places.mean(axis=0) == pytest.approx(mean, abs=0.01)
    assert found.places.std(axis=0) == pytest.approx([precision**-0.5] * 2, rel=0.1)
    exact = sum(
        stats.multivariate_normal(np.zeros(40), 0.25 * np.eye(40) + 9.0 * np.ones((40, 40))).logpdf(
            column
        )
        for column in data.T
    )
    assert found.log_evidence == pytest.approx(float(exact), abs=0.4)


def test_both_peaks_are_found_and_impossible_places_left() -> None:
    source = np.random.default_rng(1)
    found = sequential_monte_carlo(
        source.uniform(-10.0, 10.0, (1000, 1)),
        lambda places: np.logaddexp(
            stats.norm(-6.0, 0.2).logpdf(places[:, 0]), stats.norm(6.0, 0.2).logpdf(places[:, 0])
        ),
        lambda places: np.where(np.abs(places[:, 0]) <= 10.0, -np.log(20.0), -np.inf),
        source,
    )
    right = found.places[:, 0] > 0
    assert 0.35 < right.mean() < 0.65
    assert np.abs(np.abs(found.places[:, 0]) - 6.0).max() < 1.2
    assert found.log_evidence == pytest.approx(np.log(2 / 20), abs=0.3)


class TwoRatesOnALattice(LatticeFamily):
    """The same family, summed instead of drawn."""

    name = "two rates"
    box = np.array([[-5.0, 5.0], [-5.0, 5.0], [-5.0, 5.0]])

    def log_prior(self, nodes: Floats) -> Floats:
        return np.asarray(log_logistic(nodes).sum(axis=1))

    def log_moments(self, nodes: Floats, correct: Floats, samples: Floats) -> Floats:
        return TwoRates().log_moments(nodes, correct, samples)

    def weights(self, nodes: Floats) -> Floats:
        return TwoRates().weights(nodes)


def test_evidence_is_that_of_a_lattice() -> None:
    pairs = np.array([[0.0, 3.0], [1.0, 3.0], [2.0, 3.0], [3.0, 3.0]])
    counts = np.array([12.0, 4.0, 5.0, 9.0])
    source = np.random.default_rng(2)
    drawn = TwoRates().posterior(pairs, counts, source)
    summed = TwoRatesOnALattice().posterior(pairs, counts, source)
    assert drawn.log_evidence == pytest.approx(summed.log_evidence, abs=0.3)
    mean = [one.chances @ special.expit(one.nodes[:, :2]).max(axis=1) for one in (drawn, summed)]
    assert mean[0] == pytest.approx(mean[1], abs=0.02)
    # One rate for all is a Beta with a large a + b, and worse here than any spread.
    assert (
        drawn.log_likelihood
        > BetaRates().log_moments(np.array([[0.0, 7.0]]), pairs[:, 0], pairs[:, 1])[0] @ counts
    )
