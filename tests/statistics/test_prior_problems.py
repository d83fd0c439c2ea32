"""Where prior problems stand: at the ends for 0/1 outcomes, nearer for values that vary little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.prior_problems import Ratio, difference_prior, ratio_prior
from harness.statistics.resampling import Floats


def shares(values: list[float] | Floats) -> Ratio:
    return Ratio(np.asarray(values, dtype=float), np.ones(len(values)), 0.0, 1.0)


def places(ratio: Ratio) -> list[float]:
    prior = ratio_prior(ratio)
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


def test_the_reach_is_three_of_the_problems_that_the_spread_rests_on() -> None:
    values = np.full(1000, 0.5)
    values[:8] = np.tile([0.51, 0.49], 4)
    assert places(shares(values)) == pytest.approx([0.5 - 0.375 * 0.5, 0.5 + 0.375 * 0.5])


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
    prior = ratio_prior(ratio)
    assert prior[:, 1].tolist() == [1.0, 1.0]
    assert 1.0 <= prior[0, 0] < 3.0 < prior[1, 0] <= 10.0


def test_sides_of_a_difference_lie_at_opposite_ends() -> None:
    first, second = shares([0, 1, 1, 1]), shares([0, 1, 0, 1])
    ours, theirs = difference_prior(first, second)
    assert (ours[:, 0].tolist(), theirs[:, 0].tolist()) == ([0.0, 1.0], [1.0, 0.0])
    finer = shares(np.linspace(0.4, 0.6, 50)), shares(np.linspace(0.6, 0.4, 50))
    ours, theirs = difference_prior(*finer)
    assert 0.0 < ours[0, 0] < 0.5 < ours[1, 0] < 1.0
    assert ours[:, 0].tolist() == pytest.approx(theirs[::-1, 0].tolist())
