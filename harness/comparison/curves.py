"""Coverage of both sides against what it costs, on one grid of costs.

The paper plots coverage at k SE samples beside coverage at the k of WC samples that cost as much
(Fig. 14). Here the grid runs over all costs that both pools can pay for, whole samples or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.budget.cost_models import SampleCost
from harness.metrics.estimators import Floats
from harness.recipe import SIDES, Side
from harness.statistics import Interval
from harness.statistics.crossover import RESAMPLES, Curve, resampled_crossover
from harness.statistics.intervals import difference_of, percentile_interval, ratio_interval
from harness.statistics.paired import ratio_gaps
from harness.statistics.prior_problems import Ratio
from harness.statistics.resampling import resampled_with_prior

MOST_POINTS = 60
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CostGrid:
    """Costs a problem, ascending, and the samples a problem that each side gets for them.

    Attributes:
        costs: (points,) cost a problem, in the unit of the cost model.
        samples: per side, (points,) samples a problem, real.
    """

    costs: Floats
    samples: Mapping[Side, Floats]


def cost_grid(costs: Mapping[Side, SampleCost], drawn: Mapping[Side, int]) -> CostGrid:
    """Costs from one sample of the dearer side to all that the shorter pool can pay for.

    Where the cheaper pool cannot pay for that, costs begin with one sample of the cheaper side,
    and of the dearer one only a share of the problems gets a sample. The points are the whole
    samples of both sides, thinned evenly in log cost to `MOST_POINTS`.

    Args:
        costs: per side, what samples cost.
        drawn: per side, samples that each problem has at least; one or more.
    """
    once = {side: float(costs[side].per_problem) for side in SIDES}
    each = {side: float(costs[side].per_sample) for side in SIDES}
    ones = sorted(once[side] + each[side] for side in SIDES)
    last = min(once[side] + drawn[side] * each[side] for side in SIDES)
    first = ones[1] if last >= ones[1] * (1 - _ROUNDING) else ones[0]
    whole = np.concatenate(
        [once[side] + np.arange(1, drawn[side] + 1) * each[side] for side in SIDES]
    )
    inside = whole[(whole > first * (1 + _ROUNDING)) & (whole < last * (1 - _ROUNDING))]
    points = _thinned(np.unique(np.concatenate([[first], inside, [last]])))
    return CostGrid(
        points,
        {
            # Rounding must not ask for more than there is, or for a little less than one.
            side: np.minimum(_samples_for(points, once[side], each[side]), drawn[side])
            for side in SIDES
        },
    )


def coverage_on(
    grid: CostGrid, coverage: Mapping[Side, Callable[[Floats], Floats]]
) -> dict[Side, Floats]:
    """(problems, points) coverage of each problem, per side; below one sample, its share of it.

    Args:
        grid: the costs.
        coverage: per side, the estimator of the pool: (ks,) to (problems, ks).
    """
    return {
        side: coverage[side](np.maximum(grid.samples[side], 1.0))
        * np.minimum(grid.samples[side], 1.0)
        for side in SIDES
    }


def _samples_for(costs: Floats, once: float, each: float) -> Floats:
    """`SampleCost.samples_for` over an array, with samples that are one but for rounding as one."""
    one = once + each
    samples = np.where(costs < one, costs / one, (costs - once) / each)
    return np.where(np.abs(samples - 1.0) < _ROUNDING, 1.0, samples)


def _thinned(costs: Floats) -> Floats:
    """At most `MOST_POINTS` of ascending costs, the first and the last among them."""
    if len(costs) <= MOST_POINTS:
        return costs
    wished = np.geomspace(costs[0], costs[-1], MOST_POINTS)
    nearest = np.searchsorted((costs[1:] + costs[:-1]) / 2, wished)
    return costs[np.unique(nearest)]


def curve_document(grid: CostGrid, coverage: Mapping[Side, Floats]) -> dict[str, Any]:
    """The curve with intervals, its crossover, and a sentence on it.

    Args:
        grid: the costs.
        coverage: per side, (problems, points); all problems weigh the same.
    """
    ones = np.ones((len(coverage["wc"]), 1))
    columns = np.concatenate([*(coverage[side] for side in SIDES), ones], axis=1)
    sums, weights = resampled_with_prior(columns, RESAMPLES, 0)
    points = []
    for place, cost in enumerate(grid.costs):
        samples = {side: float(grid.samples[side][place]) for side in SIDES}
        ratios = {
            side: Ratio(coverage[side][:, place], ones[:, 0], 0.0, min(1.0, samples[side]))
            for side in SIDES
        }
        drawn = {
            side: sums[:, [place + number * len(grid.costs), -1]]
            for number, side in enumerate(SIDES)
        }
        value = difference_of(ratios["wc"].value, ratios["se"].value)
        gaps = ratio_gaps((ratios["wc"], ratios["se"]), (drawn["wc"], drawn["se"]), weights)
        points.append(
            {
                "cost": float(cost),
                "samples_per_problem": samples,
                "coverage": {
                    side: ratio_interval(ratios[side], drawn[side], weights).document()
                    for side in SIDES
                },
                "difference": Interval(value, *percentile_interval(gaps, value)).document(),
            }
        )
    return {"points": points, "crossover": _crossover(grid, coverage)}


def _crossover(grid: CostGrid, coverage: Mapping[Side, Floats]) -> dict[str, Any]:
    names: dict[Curve | None, Side | None] = {"first": "wc", "second": "se", None: None}
    found = resampled_crossover(grid.costs, coverage["wc"], coverage["se"])
    return {
        "crossings": [
            {
                "cost": one.crossing.cost,
                "low": one.low,
                "high": one.high,
                "better_below": names[one.crossing.above_before],
                "better_above": names[one.crossing.above_after],
            }
            for one in found.intervals
        ],
        "better_throughout": names[found.crossover.above_throughout],
        "share_of_resamples": {
            "with_crossing": found.share_crossing,
            "wc_throughout": found.share_first_above,
            "se_throughout": found.share_second_above,
        },
    }
