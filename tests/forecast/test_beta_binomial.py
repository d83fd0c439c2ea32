"""The beta-binomial: against scipy's, numerical integrals, and rates that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from harness.forecast.beta_binomial import BetaBinomial, best_fit, fit_beta_binomial


@pytest.mark.parametrize(("a", "b"), [(0.4, 0.8), (2.0, 5.0), (0.15, 3.0)])
def test_shapes_are_recovered(a: float, b: float) -> None:
    source = np.random.default_rng(0)
    samples = source.integers(2, 20, 20_000)
    fit = fit_beta_binomial(source.binomial(samples, source.beta(a, b, 20_000)), samples)
    assert (fit.alpha, fit.beta) == pytest.approx((a, b), rel=0.08)


def test_likelihood_is_scipys_up_to_the_binomial_coefficients() -> None:
    correct, samples = np.array([0, 1, 3, 5, 2]), np.array([5, 5, 5, 5, 9])
    fit = fit_beta_binomial(correct, samples)
    coefficients = np.log(stats.binom(samples, 0.5).pmf(correct) * 2.0**samples).sum()

    def height(a: float, b: float) -> float:
        return float(stats.betabinom(samples, a, b).logpmf(correct).sum())

    assert fit.log_likelihood + coefficients == pytest.approx(height(fit.alpha, fit.beta))
    near = [(fit.alpha * x, fit.beta * y) for x in (0.97, 1.03) for y in (0.97, 1.03)]
    assert max(height(*shape) for shape in near) < height(fit.alpha, fit.beta)


@pytest.mark.parametrize("k", [1, 3.5, 40, 1000])
def test_coverage_is_the_integral(k: float) -> None:
    fit = BetaBinomial(0.6, 1.7, zero_share=0.2)
    density = stats.beta(fit.alpha, fit.beta).pdf
    missed, _ = integrate.quad(lambda p: (1 - p) ** k * density(p), 0, 1)
    assert fit.coverage(k) == pytest.approx(0.8 * (1 - missed), rel=1e-6)


def test_what_is_solved_later_follows_bayes() -> None:
    fit = BetaBinomial(0.6, 1.7, zero_share=0.2)
    density = stats.beta(fit.alpha, fit.beta).pdf
    unsolved = 0.2 + 0.8 * integrate.quad(lambda p: (1 - p) ** 4 * density(p), 0, 1)[0]
    later = 0.8 * integrate.quad(lambda p: (1 - p) ** 4 * (1 - (1 - p) ** 6) * density(p), 0, 1)[0]
    assert fit.solved_later(4, 6) == pytest.approx(later / unsolved, rel=1e-6)
    assert fit.solved_later(4, 0) == 0.0


def test_zeros_are_fitted_where_there_are_clearly_many() -> None:
    source = np.random.default_rng(3)
    rates = source.beta(2.0, 2.0, 2000)
    plain = best_fit(source.binomial(8, rates), np.full(2000, 8))
    assert plain.zero_share == 0.0
    inflated = best_fit(source.binomial(8, np.where(source.random(2000) < 0.3, 0, rates)),
                        np.full(2000, 8))  # fmt: skip
    assert inflated.zero_share == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("solved", [0, 6])
def test_none_and_all_solved_stay_finite(solved: int) -> None:
    fit = best_fit(np.full(30, solved), np.full(30, 6))
    assert np.isfinite([fit.alpha, fit.beta, fit.log_likelihood]).all()
    assert fit.coverage(60) == pytest.approx(float(solved > 0), abs=0.1)


def test_one_sample_a_problem_is_refused() -> None:
    with pytest.raises(ValueError, match="not their spread"):
        fit_beta_binomial(np.array([0, 1, 1, 0]), np.array([1, 1, 0, 1]))


def test_draws_that_stop_early_have_the_same_fit() -> None:
    """Stopping at the first correct sample leaves the kernel p^c (1−p)^(n−c) as it is."""
    source = np.random.default_rng(5)
    rates = source.beta(0.7, 1.2, 20_000)
    waiting = source.geometric(rates)
    samples = np.minimum(waiting, 25)
    fit = fit_beta_binomial((waiting <= 25).astype(int), samples)
    assert (fit.alpha, fit.beta) == pytest.approx((0.7, 1.2), rel=0.08)
