"""Resampled sums against exact distributions, and equal problems counted together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from harness.statistics.intervals import bootstrap_mean, bootstrap_ratio
from harness.statistics.resampling import Floats, flipped, resampled, resampled_with_prior


def _sums(sums: Floats) -> Floats:
    return sums


def test_a_resampled_proportion_is_beta_distributed() -> None:
    """Exponential weights of 30 solved and 70 unsolved problems: Beta(30, 70)."""
    solved = np.array([1.0] * 30 + [0.0] * 70)
    drawn = resampled(solved[:, None], 20_000, 0, _sums)[:, 0] / 100
    assert stats.kstest(drawn, stats.beta(30, 70).cdf).pvalue > 0.001


@pytest.mark.parametrize("solved", [0, 1, 7, 50, 99, 100])
def test_single_outcomes_have_jeffreys_interval(solved: int) -> None:
    proportion = pytest.importorskip(
        "statsmodels.stats.proportion", reason="statsmodels is not installed"
    )
    found = bootstrap_mean(np.arange(100) < solved, resamples=40_000)
    low, high = proportion.proportion_confint(solved, 100, method="jeffreys")
    # At the ends the interval reaches to the estimate, as Brown, Cai and DasGupta advise.
    assert found.low == pytest.approx(min(low, solved / 100), abs=0.003)
    assert found.high == pytest.approx(max(high, solved / 100), abs=0.003)


def test_equal_problems_counted_together_are_the_same_distribution() -> None:
    """Means of few different values, and the same values made different by a hair."""
    source = np.random.default_rng(0)
    values = source.integers(0, 11, (2000, 2)) / 10
    together = resampled(values, 4000, 1, _sums)
    apart = resampled(values + 1e-9 * source.random(values.shape), 4000, 2, _sums)
    for column in range(2):
        assert stats.ks_2samp(together[:, column], apart[:, column]).pvalue > 0.001
    assert np.cov(together.T)[0, 1] == pytest.approx(np.cov(apart.T)[0, 1], abs=25)


def test_the_interval_of_a_mean_agrees_with_scipys_bootstrap() -> None:
    values = np.random.default_rng(3).beta(1, 3, size=300)
    reference = stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=4000, rng=np.random.default_rng(0)
    ).confidence_interval
    found = bootstrap_mean(values)
    width = reference.high - reference.low
    assert found.low == pytest.approx(reference.low, abs=0.07 * width)
    assert found.high == pytest.approx(reference.high, abs=0.07 * width)


def test_random_signs_give_all_sums_equally_often() -> None:
    values = np.array([[1.0], [2.0], [4.0], [8.0]])
    drawn = flipped(values, 32_000, 0)[:, 0]
    every = sorted(
        float(np.dot(signs, values[:, 0])) for signs in itertools.product((-1, 1), repeat=4)
    )
    found, times = np.unique(drawn, return_counts=True)
    assert found.tolist() == every
    assert stats.chisquare(times).pvalue > 0.001


def test_signs_of_equal_differences_are_binomial_and_joint_over_columns() -> None:
    differences = np.tile([[1.0, -2.0]], (600, 1))
    drawn = flipped(differences, 5000, 0)
    assert (drawn[:, 1] == -2 * drawn[:, 0]).all()
    positive = (drawn[:, 0] + 600) / 2
    assert positive.std() == pytest.approx(np.sqrt(150), rel=0.05)
    assert (positive % 1 == 0).all()


def test_prior_problems_weigh_one_problem_among_the_others() -> None:
    values = np.random.default_rng(0).random((30, 2))
    sums, weights = resampled_with_prior(np.column_stack([values, np.ones(30)]), 20_000, 0)
    assert sums.shape == (20_000, 3)
    assert weights.shape == (20_000, 2)
    np.testing.assert_allclose(sums[:, 2] + weights.sum(axis=1), 30)
    # Weights of a Dirichlet distribution: two of a half beside thirty of one.
    assert stats.kstest(weights[:, 0] / 30, stats.beta(0.5, 30.5).cdf).pvalue > 0.001
    assert stats.kstest(weights.sum(axis=1) / 30, stats.beta(1, 30).cdf).pvalue > 0.001


def test_all_or_none_solved_still_leave_doubt() -> None:
    """About what the rule of three says: 3.7 of n for both sides, Jeffreys' 2.5 of n."""
    for problems in (50, 1000):
        none = bootstrap_mean(np.zeros(problems))
        assert (none.value, none.low) == (0.0, 0.0)
        assert 2.0 / problems < none.high < 3.7 / problems
        every = bootstrap_mean(np.ones(problems))
        assert (every.value, every.high) == (1.0, 1.0)
        assert 1 - every.low == pytest.approx(none.high, rel=0.2)


@pytest.mark.parametrize("values", [[0.5], [1.0], [0.0], [0.0, 1.0], [0.3, 0.3]])
def test_one_or_two_problems_say_little(values: list[float]) -> None:
    found = bootstrap_mean(values)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.high - found.low > 0.5


def test_no_false_positive_among_few_problems_is_no_proof() -> None:
    correct = np.full(20, 30.0)
    found = bootstrap_ratio(np.zeros(20), correct)
    # By problems, not by samples: 600 samples of 20 problems are not 600 trials.
    assert found.low == 0.0
    assert 0.05 < found.high < 0.2


def test_solutions_per_solved_problem_never_fall_below_one() -> None:
    solved = np.random.default_rng(0).random(40)
    found = bootstrap_ratio(solved, solved, least=1.0)
    assert found.value == found.low == found.high == pytest.approx(1.0)
