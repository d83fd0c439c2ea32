"""Crossings of curves, against closed forms and a scan of every stretch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from harness.statistics.crossover import (
    Crossing,
    crossover,
    resampled_crossover,
)

GAPS = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


def test_straight_lines_in_log_cost_cross_where_algebra_says() -> None:
    costs = np.array([1.0, 3.0, 10.0, 200.0])
    found = crossover(costs, 0.1 * np.log(costs), 0.3 * np.log(costs) - 0.5)
    assert [one.above_after for one in found.crossings] == ["second"]
    assert found.crossings[0].cost == pytest.approx(np.exp(2.5))
    assert found.above_throughout is None


@given(gaps=GAPS)
def test_every_change_of_the_lead_is_found_and_no_other(gaps: list[int]) -> None:
    costs = 2.0 ** np.arange(len(gaps))
    found = crossover(costs, np.array(gaps, dtype=float), np.zeros(len(gaps)))
    leads = [np.sign(gap) for gap in gaps if gap]
    changes = [after for before, after in itertools.pairwise(leads) if before != after]
    assert [one.above_after for one in found.crossings] == [
        "first" if after > 0 else "second" for after in changes
    ]
    if not changes:
        expected = {1: "first", -1: "second"}[int(leads[0])] if leads else None
        assert found.above_throughout == expected
    for one in found.crossings:
        assert np.interp(np.log(one.cost), np.log(costs), gaps) == pytest.approx(0, abs=1e-9)
        assert one.above_before != one.above_after
    assert [one.cost for one in found.crossings] == sorted(one.cost for one in found.crossings)


def test_a_crossing_at_a_measured_cost_is_exactly_there() -> None:
    found = crossover([1, 3, 9], [0.1, 0.2, 0.5], [0.2, 0.2, 0.4])
    assert found.crossings == (Crossing(3.0, "second", "first"),)


def _pools(problems: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A side that solves every problem sometimes, and one that solves some always."""
    source = np.random.default_rng(seed)
    rate, talent = source.beta(3, 6, problems), source.beta(0.4, 0.4, problems)
    k = np.arange(1, 17)
    return (
        k.astype(float),
        1 - (1 - rate[:, None]) ** k,
        1 - (1 - talent[:, None]) ** k,
    )


def _true_crossing() -> float:
    costs, first, second = _pools(400_000, 999)
    gap = (first - second).mean(axis=0)
    return float(np.exp(brentq(lambda at: np.interp(at, np.log(costs), gap), 0.0, np.log(16.0))))


def test_the_interval_holds_the_true_crossing_as_often_as_it_says() -> None:
    truth, trials, holds = _true_crossing(), 200, 0
    for trial in range(trials):
        found = resampled_crossover(*_pools(150, trial), resamples=400, seed=trial)
        if found.intervals:
            one = found.intervals[0]
            holds += (one.low or 0.0) <= truth <= (one.high or np.inf)
    assert 0.90 <= holds / trials <= 0.99


def test_a_crossing_near_the_end_of_the_data_leaves_the_interval_open() -> None:
    costs, first, second = _pools(60, 3)
    whole = crossover(costs, first.mean(axis=0), second.mean(axis=0))
    cost = whole.crossings[0].cost
    upto = np.searchsorted(costs, cost) + 1
    found = resampled_crossover(costs[:upto], first[:, :upto], second[:, :upto])
    assert found.intervals[0].high is None
    assert found.share_crossing < 0.9
    total = found.share_crossing + found.share_first_above + found.share_second_above
    assert total == pytest.approx(1.0)


def test_curves_that_never_cross_say_which_is_above_and_how_surely() -> None:
    costs, first, _ = _pools(80, 1)
    found = resampled_crossover(costs, first, first / 2)
    assert not found.crossover.crossings and not found.intervals
    assert found.crossover.above_throughout == "first"
    assert (found.share_first_above, found.share_second_above) == (1.0, 0.0)
    same = resampled_crossover(costs, first, first)
    assert same.crossover.above_throughout is None
    assert (same.share_crossing, same.share_first_above, same.share_second_above) == (0, 0, 0)


def test_resampling_is_by_problem_and_by_seed() -> None:
    pools = _pools(100, 2)
    assert resampled_crossover(*pools, seed=1) == resampled_crossover(*pools, seed=1)
    assert resampled_crossover(*pools, seed=1) != resampled_crossover(*pools, seed=2)


def test_one_problem_has_one_curve_and_so_no_width() -> None:
    found = resampled_crossover([1.0, 4.0], [[0.2, 0.5]], [[0.3, 0.4]])
    crossing = found.crossover.crossings[0]
    assert crossing.cost == pytest.approx(2.0)
    assert found.intervals[0].low == found.intervals[0].high == crossing.cost


@pytest.mark.parametrize(
    ("costs", "first", "second"),
    [
        ([1, 2], [0, 1], [0, 1, 2]),
        ([2, 1], [0, 1], [1, 0]),
        ([0, 1], [0, 1], [1, 0]),
        ([1, 2], [0, float("nan")], [1, 0]),
        ([], [], []),
    ],
)
def test_what_is_no_curve_is_refused(costs: object, first: object, second: object) -> None:
    with pytest.raises(ValueError):
        crossover(costs, first, second)  # type: ignore[arg-type]
