"""Where prior problems stand: at the ends for 0/1 outcomes, nearer for values that vary little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.metrics import coverage_at_k
from harness.statistics import bootstrap_mean, paired_difference
from harness.statistics.intervals import percentile_interval, widened
from harness.statistics.prior_problems import Ratio, difference_reach
from harness.statistics.resampling import Floats, resampled_with_prior


def shares(values: list[float] | Floats) -> Ratio:
    return Ratio(np.asarray(values, dtype=float), np.ones(len(values)), 0.0, 1.0)


def places(ratio: Ratio) -> list[float]:
    prior = ratio.prior(ratio.reach)
    return [float(place) for place in prior[:, 0] / prior[:, 1]]


@pytest.mark.parametrize("values", [[0, 1, 1], [0, 0, 0], [1, 1], [0.3, 0.3, 0.3], [1, 1, 0.9]])
def test_outcomes_and_values_that_tell_nothing_of_others_reach_to_the_ends(
    values: list[float],
) -> None:
    assert places(shares(values)) == pytest.approx([0.0, 1.0])


def test_the_reach_is_the_standard_deviation_by_that_of_outcomes_of_this_mean() -> None:
    values = np.tile([0.4, 0.6], 50)
    # A standard deviation of 0.1 where outcomes would have 0.5.
    assert places(shares(values)) == pytest.approx([0.5 - 0.2 * 0.5, 0.5 + 0.2 * 0.5])


def test_the_reach_is_five_of_the_problems_that_the_spread_rests_on() -> None:
    values = np.full(1000, 0.5)
    values[:8] = np.tile([0.51, 0.49], 4)
    assert places(shares(values)) == pytest.approx([0.5 - 0.625 * 0.5, 0.5 + 0.625 * 0.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.1, 100), st.floats(0.1, 100))
def test_the_unit_of_values_and_of_denominators_does_not_matter(
    values: list[float], unit: float, size: float
) -> None:
    plain = np.array(places(shares(values)))
    assert (plain[0] <= np.mean(values) + 1e-12) and (plain[1] >= np.mean(values) - 1e-12)
    assert (plain >= -1e-12).all() and (plain <= 1.0 + 1e-12).all()
    scaled = Ratio(unit * np.asarray(values) * size, np.full(len(values), size), 0.0, unit)
    assert places(scaled) == pytest.approx((unit * plain).tolist(), abs=1e-6 * unit)


def test_a_prior_problem_of_a_ratio_is_as_large_as_those_that_count() -> None:
    """Solved problems are few: a prior one is solved, not a hundredth of it."""
    solved = np.zeros(100)
    solved[:3] = 1.0
    ratio = Ratio(np.array([2.0, 5.0, 2.0, *np.zeros(97)]), solved, 1.0, 10.0)
    prior = ratio.prior(ratio.reach)
    assert prior[:, 1].tolist() == [1.0, 1.0]
    assert 1.0 <= prior[0, 0] < 3.0 < prior[1, 0] <= 10.0


def test_the_reach_of_a_difference_is_that_of_its_spread() -> None:
    first, second = shares([0, 1, 1, 1]), shares([0, 1, 0, 1])
    assert difference_reach(first, second) == 1.0
    finer = shares(np.linspace(0.4, 0.6, 100)), shares(np.linspace(0.6, 0.4, 100))
    spread = float(np.std(np.linspace(-0.2, 0.2, 100)))
    assert difference_reach(*finer) == pytest.approx(spread)
    assert difference_reach(finer[0], finer[0]) == 1.0  # No difference tells nothing of others.


@pytest.mark.parametrize("problems", [6, 20, 200])
def test_without_reach_the_interval_of_normal_values_is_students(problems: int) -> None:
    values = np.random.default_rng(problems).normal(0.5, 0.01, problems)
    columns = np.stack([values, np.ones(problems)], axis=1)
    ratio = Ratio(*columns.T, 0.0, 1.0)
    drawn = ratio.resampled(*resampled_with_prior(columns, 40_000, 0), ratio.prior(0.0))
    spread = widened(drawn, ratio.value, problems, 0.0, (0.0, 1.0))
    low, high = percentile_interval(spread, ratio.value)
    half = stats.sem(values) * stats.t.ppf(0.975, problems - 1)
    assert (high - low) / 2 == pytest.approx(half, rel=0.03)


@pytest.mark.parametrize("problems", [3, 6, 20])
def test_few_problems_are_neither_certain_nor_know_nothing(problems: int) -> None:
    """Shares of ten samples: the interval holds the truth, and leaves out half of the range."""
    holds, widths, trials = 0, [], 200
    for trial in range(trials):
        source = np.random.default_rng(trial)
        shares_seen = source.binomial(10, source.beta(5, 5, problems)) / 10
        found = bootstrap_mean(shares_seen, resamples=400, seed=trial)
        holds += found.low <= 0.5 <= found.high
        widths.append(found.high - found.low)
    assert holds / trials > 0.88
    assert np.mean(widths) < (0.75 if problems == 3 else 0.5)


def test_very_hard_and_very_easy_pools_are_not_held_too_often() -> None:
    """Over 100 problems of rates Beta(0.3, 6) and Beta(8, 0.5), 10 samples each."""
    for a, b in ((0.3, 6.0), (8.0, 0.5)):
        holds, trials = 0, 600
        for trial in range(trials):
            source = np.random.default_rng(trial)
            seen = source.binomial(10, source.beta(a, b, 100)) / 10
            found = bootstrap_mean(seen, resamples=500, seed=trial)
            holds += found.low <= a / (a + b) <= found.high
        assert 0.93 <= holds / trials <= 0.975


def test_a_pool_without_an_unsolved_problem_does_not_rule_them_out() -> None:
    """coverage@9 of 10 samples of rate 0.3: values of 0.9 and 1 hide that some would be 0."""
    truth, holds, trials = 1 - 0.7**9, 0, 400
    for trial in range(trials):
        correct = np.random.default_rng(trial).binomial(10, np.full(50, 0.3))
        values = coverage_at_k(correct, np.full(50, 10), 9)
        found = bootstrap_mean(values, resamples=500, seed=trial)
        holds += found.low <= truth <= found.high
    assert holds / trials > 0.9  # 0.78 with a reach of 3 in place of 5


def test_a_difference_of_few_problems_leaves_room() -> None:
    found = paired_difference([0.5, 0.4, 0.6], [0.4, 0.4, 0.5])
    assert -1.0 < found.low < 0.0 < found.high < 1.0
