"""Families of rates, and what the likelihood allows without one: against integrals and EM."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from harness.forecast.beta_binomial import patterns
from harness.forecast.families import BetaRates, Family, LogitNormalRates, ZeroInflated
from harness.forecast.grid import RATES, likelihoods
from harness.forecast.mixtures import TwoBetas, TwoRates
from harness.forecast.rates import FAMILIES, draw_rates, rate_posterior, solved_later
from harness.forecast.region import likelihood_region


@pytest.mark.parametrize(("correct", "samples"), [(0, 5), (2, 7), (12, 12)])
def test_moments_are_integrals(correct: int, samples: int) -> None:
    c, n = np.array([float(correct)]), np.array([float(samples)])

    def moment(density: object) -> float:
        return float(integrate.quad(
            lambda x: special.expit(x) ** correct * special.expit(-x) ** (samples - correct)
            * density(x), -30, 30, limit=200)[0])  # type: ignore[operator]  # fmt: skip

    beta = BetaRates().log_moments(np.array([[-0.5, 0.7]]), c, n)[0, 0]
    a, b = special.expit(-0.5) * np.exp(0.7), special.expit(0.5) * np.exp(0.7)
    pdf = stats.beta(a, b).pdf
    assert np.exp(beta) == pytest.approx(
        moment(lambda x: pdf(special.expit(x)) * special.expit(x) * special.expit(-x)), rel=1e-6
    )
    inflated = ZeroInflated(BetaRates()).log_moments(np.array([[-0.5, 0.7, -1.0]]), c, n)[0, 0]
    share = special.expit(-1.0)
    expected = (1 - share) * np.exp(beta) + share * (correct == 0)
    assert np.exp(inflated) == pytest.approx(expected)
    normal = LogitNormalRates().log_moments(np.array([[-0.5, 0.2]]), c, n)[0, 0]
    assert np.exp(normal) == pytest.approx(moment(stats.norm(-0.5, np.exp(0.2)).pdf), rel=0.01)


@pytest.mark.parametrize(("correct", "samples"), [(0, 5), (2, 7), (12, 12)])
def test_moments_of_mixtures_are_those_of_their_parts(correct: int, samples: int) -> None:
    c, n = np.array([float(correct)]), np.array([float(samples)])
    share = special.expit(0.8)
    point = np.array([[-0.5, 0.7, 1.2, 3.0, 0.8]])
    beta = np.exp(
        [BetaRates().log_moments(point[:, part], c, n)[0, 0] for part in ([0, 1], [2, 3])]
    )
    two = np.exp(TwoBetas().log_moments(point, c, n)[0, 0])
    assert two == pytest.approx(share * beta[0] + (1 - share) * beta[1])
    low, high = special.expit(-2.0), special.expit(1.5)
    expected = share * low**correct * (1 - low) ** (samples - correct)
    expected += (1 - share) * high**correct * (1 - high) ** (samples - correct)
    found = np.exp(TwoRates().log_moments(np.array([[-2.0, 1.5, 0.8]]), c, n)[0, 0])
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("family", [one for one, _ in FAMILIES], ids=lambda one: str(one.name))
def test_weights_are_the_distribution_on_the_grid(family: Family) -> None:
    nodes = family.posterior(
        np.array([[0.0, 4.0], [2.0, 4.0]]), np.array([2.0, 3.0]), np.random.default_rng(0)
    ).nodes[::97]
    weights = family.weights(nodes)
    assert (weights >= 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(nodes)))
    moments = np.exp(family.log_moments(nodes, np.array([1.0]), np.array([4.0])))
    assert weights @ (RATES * (1 - RATES) ** 3) == pytest.approx(moments[:, 0], rel=0.02, abs=1e-6)


def test_a_posterior_lies_around_the_truth() -> None:
    source = np.random.default_rng(0)
    correct = source.binomial(6, source.beta(0.5, 1.0, 3000))
    pairs, counts = patterns(correct, np.full(3000, 6))
    weights = BetaRates().posterior(pairs, counts, source).draw(400, source)
    mean = weights @ RATES
    assert abs(mean.mean() - 1 / 3) < 0.02
    assert 0.004 < mean.std() < 0.012  # √(Var p + E p(1−p)/6) / √3000 = 0.0067


def test_the_maximum_is_that_of_expectation_maximisation() -> None:
    pairs = np.array([[0.0, 5.0], [1.0, 5.0], [3.0, 5.0], [5.0, 5.0]])
    counts = np.array([50.0, 20.0, 10.0, 30.0])
    table = likelihoods(pairs)
    weights = np.full(len(RATES), 1 / len(RATES))
    for _ in range(20_000):
        shares = table * weights
        weights = counts @ (shares / shares.sum(axis=1, keepdims=True)) / counts.sum()
    region = likelihood_region(pairs, counts, 50)
    found = counts @ np.log(table @ region.best)
    assert found >= counts @ np.log(table @ weights) - 1e-3


def test_the_ends_of_the_region_bound_every_distribution_in_it() -> None:
    pairs = np.array([[0.0, 4.0], [1.0, 4.0], [2.0, 4.0], [4.0, 4.0]])
    counts = np.array([60.0, 20.0, 10.0, 10.0])
    table = likelihoods(pairs)
    region = likelihood_region(pairs, counts, 40)
    highest = counts @ np.log(table @ region.best)

    def coverage(weights: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(1 - weights @ (1 - RATES) ** 40)

    low, high = coverage(region.fewest), coverage(region.most)
    assert low < coverage(region.best) < high
    for end in (region.fewest, region.most):
        assert end.sum() == pytest.approx(1.0)
        assert counts @ np.log(table @ end) >= highest - 1.93
    source = np.random.default_rng(1)
    inside = 0
    for _ in range(4000):
        few = source.choice(len(RATES), 4)
        mixed = np.zeros(len(RATES))
        mixed[few] = source.dirichlet(np.ones(4))
        near = source.random() * 0.3
        mixed = (1 - near) * region.best + near * mixed
        if counts @ np.log(table @ mixed) >= highest - 1.92:
            inside += 1
            assert low - 0.01 <= coverage(mixed) <= high + 0.01
    assert inside > 50


def test_drawn_rates_follow_bayes() -> None:
    weights = np.zeros((2, len(RATES)))
    weights[0, [20, 80]] = 0.5
    weights[1, 60] = 1.0
    drawn = draw_rates(weights, 1, 3, 20_000, np.random.default_rng(0))
    likelihood = RATES * (1 - RATES) ** 2
    share = likelihood[80] / (likelihood[20] + likelihood[80])
    assert np.mean(drawn[0] == RATES[80]) == pytest.approx(share, abs=0.01)
    assert (drawn[1] == RATES[60]).all()


def test_counts_that_no_family_fits_leave_the_families() -> None:
    source = np.random.default_rng(0)
    samples = np.full(600, 12)
    rates = source.choice([0.03, 0.35, 0.65, 0.97], 600)
    away = rate_posterior(source.binomial(12, rates), samples, [120], seed=0, draws=300)
    near = rate_posterior(source.binomial(12, source.beta(0.5, 1, 600)), samples, [120], seed=0)
    assert away.families["any distribution"] > 0.8
    assert near.families["any distribution"] < 0.2
    later = solved_later(away.weights, 12, 108)
    assert later.min() < 1 - 0.97**108 < later.max()


def test_a_few_samples_do_not_tell_two_rates_from_betas_and_many_do() -> None:
    source = np.random.default_rng(1)
    rates = np.where(source.random(400) < 0.5, 0.9, 0.05)
    few = rate_posterior(source.binomial(3, rates), np.full(400, 3), [30], seed=0)
    many = rate_posterior(source.binomial(16, rates), np.full(400, 16), [160], seed=0)
    assert few.families["two rates"] > 0.1
    assert few.families["zero-inflated beta"] > 0.1
    assert many.families["two rates"] > 0.5
    low, high = np.percentile(solved_later(few.weights, 3, 27), [2.5, 97.5])
    assert low < 0.2 and high > 1 - 0.95**27


def test_whatever_fits_another_distribution_is_thought_possible() -> None:
    source = np.random.default_rng(0)
    found = rate_posterior(
        source.binomial(5, source.beta(1, 1, 300)), np.full(300, 5), [50], seed=0
    )
    assert found.families["any distribution"] >= 0.03
    assert sum(found.families.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("samples", [16, 300])
def test_many_samples_do_not_leave_a_family_that_is_right(samples: int) -> None:
    source = np.random.default_rng(4)
    correct = source.binomial(samples, source.beta(0.4, 0.8, 200))
    found = rate_posterior(correct, np.full(200, samples), [10 * samples], seed=0, draws=10)
    assert found.families["any distribution"] < 0.3


def test_one_sample_a_problem_is_refused() -> None:
    with pytest.raises(ValueError, match="not their spread"):
        rate_posterior(np.array([1, 0]), np.array([1, 1]), [10], seed=0)
