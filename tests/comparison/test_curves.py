from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.cost_models import SampleCost
from harness.comparison.curves import MOST_POINTS, cost_grid, coverage_on, curve_document
from harness.recipe import Side


def costs(wc: float, se: float, prompt: float = 0.0) -> dict[Side, SampleCost]:
    """A sample's cost on each side, and that of SE's prompt."""
    return {
        "wc": SampleCost(Fraction(wc)),
        "se": SampleCost(Fraction(se), Fraction(prompt)),
    }


def test_a_prompt_that_is_paid_for_once_shifts_a_side() -> None:
    grid = cost_grid(costs(1, 2, prompt=3), {"wc": 9, "se": 2})
    assert grid.costs.tolist() == [5.0, 6.0, 7.0]
    assert grid.samples["wc"].tolist() == [5.0, 6.0, 7.0]
    assert grid.samples["se"].tolist() == [1.0, 1.5, 2.0]


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.integers(1, 400), st.integers(1, 400))
def test_grid_is_paid_for_by_both_pools(wc: float, se: float, n_wc: int, n_se: int) -> None:
    cost, drawn = {"wc": wc, "se": se}, {"wc": n_wc, "se": n_se}
    grid = cost_grid(costs(wc, se), drawn)
    first, last = max(wc, se), min(wc * n_wc, se * n_se)
    if last < first * 0.999:
        first = min(wc, se)
    elif last < first:
        return  # Within rounding of a single point.
    assert len(grid.costs) <= MOST_POINTS
    assert (np.diff(grid.costs) > 0).all()
    assert grid.costs[0] == pytest.approx(first) and grid.costs[-1] == pytest.approx(last)
    for side in ("wc", "se"):
        samples = grid.samples[side]
        assert samples.max() <= drawn[side]
        assert samples.min() >= (1 if first == max(wc, se) else first / cost[side] * 0.999)
        np.testing.assert_allclose(samples * cost[side], grid.costs, rtol=1e-6)


def test_few_points_are_the_whole_samples_of_both_sides() -> None:
    grid = cost_grid(costs(1, 2.5), {"wc": 6, "se": 2})
    assert grid.costs.tolist() == [2.5, 3.0, 4.0, 5.0]
    assert grid.samples["se"].tolist() == [1.0, 1.2, 1.6, 2.0]


def test_crossover_lies_where_straight_curves_meet() -> None:
    grid = cost_grid(costs(1, 1), {"wc": 8, "se": 8})
    rising = np.log2(grid.costs) / 3
    coverage = {"wc": np.tile(rising, (5, 1)), "se": np.full((5, len(rising)), 0.5)}
    document = curve_document(
        grid, coverage_on(grid, {s: lambda _, s=s: coverage[s] for s in coverage})
    )
    (crossing,) = document["crossover"]["crossings"]
    assert crossing["cost"] == pytest.approx(2**1.5)
    assert (crossing["better_below"], crossing["better_above"]) == ("se", "wc")
    assert crossing["low"] == crossing["high"] == pytest.approx(2**1.5)
    first = document["points"][0]
    assert first["coverage"]["se"]["value"] == 0.5
    assert first["difference"]["value"] == -0.5


def test_what_pays_for_no_sample_a_problem_pays_for_a_share_of_them() -> None:
    grid = cost_grid(costs(1, 35), {"wc": 5, "se": 1})
    assert grid.costs.tolist() == [1, 2, 3, 4, 5]
    assert grid.samples["se"].tolist() == pytest.approx([k / 35 for k in range(1, 6)])
    half = {side: lambda ks: np.full((3, len(ks)), 0.5) for side in ("wc", "se")}
    coverage = coverage_on(grid, half)
    assert coverage["wc"][0].tolist() == [0.5] * 5
    assert coverage["se"][0].tolist() == pytest.approx([k / 70 for k in range(1, 6)])
    document = curve_document(grid, coverage)
    assert document["crossover"]["better_throughout"] == "wc"


def test_only_the_problems_with_a_sample_pay_for_a_prompt() -> None:
    grid = cost_grid(costs(1, 2, prompt=30), {"wc": 5, "se": 1})
    assert grid.costs.tolist() == [1, 2, 3, 4, 5]
    assert grid.samples["se"].tolist() == pytest.approx([k / 32 for k in range(1, 6)])
