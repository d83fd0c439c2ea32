"""WC against SE at one budget: every metric with its interval, every difference paired.

All of it comes from one set of resampled problems: a resample weighs the same problems on
both sides, which is what pairs the differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.metrics.adaptive_arrays import AdaptiveArrays
from harness.metrics.estimators import Floats
from harness.metrics.pool_arrays import PoolArrays
from harness.metrics.side_columns import METRICS, Columns, metric_ratio, side_columns
from harness.recipe import SIDES, Side
from harness.statistics import Difference, Interval
from harness.statistics.intervals import difference_of, percentile_interval, ratio_interval
from harness.statistics.paired import ratio_gaps, ratio_test
from harness.statistics.prior_problems import Ratio
from harness.statistics.resampling import resampled_with_prior

__all__ = [
    "CURVE_RESAMPLES",
    "LEVEL_RESAMPLES",
    "RESAMPLES",
    "Columns",
    "Comparison",
    "by_group",
    "compare",
    "coverage_curve",
    "side_columns",
]

RESAMPLES = 10_000
LEVEL_RESAMPLES = 2_000
CURVE_RESAMPLES = 2_000


@dataclass(frozen=True)
class Comparison:
    """Both sides at one budget: (problems,) columns of each, and what resampling made of them.

    Attributes:
        columns: per side, the values of each problem.
        samples_per_problem: of each side, as the columns were made for.
        sums: per side and column, the sum over the problems of each resample; "" counts them.
        weights: (resamples, 2) of the prior problems of each resample.
    """

    columns: Mapping[Side, Columns]
    samples_per_problem: Mapping[Side, float]
    sums: Mapping[Side, Columns]
    weights: Floats

    def metrics(self, side: Side) -> dict[str, Any]:
        """Every metric of a side as {value, low, high}; None where it cannot be estimated, or
        has no denominator.
        """
        found = {name: self._interval(name, side) for name in METRICS}
        return {name: one and one.document() for name, one in found.items()}

    def differences(self) -> dict[str, Any]:
        """WC minus SE of each metric, paired by problem; None where a side has none."""
        found = {name: self._difference(name) for name in METRICS}
        return {name: one and one.document() for name, one in found.items()}

    def _interval(self, name: str, side: Side) -> Interval | None:
        ratio = self._ratio(name, side)
        if ratio is None:
            return None
        return ratio_interval(ratio, self._sums(name, side), self.weights)

    def _difference(self, name: str) -> Difference | None:
        wc, se = (self._ratio(name, side) for side in SIDES)
        if wc is None or se is None:
            return None
        gaps = ratio_gaps((wc, se), [self._sums(name, side) for side in SIDES], self.weights)
        gaps = np.clip(gaps, wc.low - se.high, wc.high - se.low)
        p_value, test = ratio_test((wc, se), gaps)
        value = difference_of(wc.value, se.value)
        return Difference(value, *percentile_interval(gaps, value), p_value, test)

    def _ratio(self, name: str, side: Side) -> Ratio | None:
        return metric_ratio(name, self.columns[side], self.samples_per_problem[side])

    def _sums(self, name: str, side: Side) -> Floats:
        metric, sums = METRICS[name], self.sums[side]
        return np.stack([sums[metric.above], sums[metric.below or ""]], axis=1)


def compare(
    columns: Mapping[Side, Columns],
    resamples: int = RESAMPLES,
    *,
    samples_per_problem: Mapping[Side, float],
) -> Comparison:
    """Resamples both sides' problems together.

    Args:
        columns: of each side, (problems,) each, in the same order of problems.
        resamples: how many times.
        samples_per_problem: of each side, as the columns were made for; no problem shows more
            distinct solutions.
    """
    names = [(side, name) for side in SIDES for name in columns[side]]
    ones = np.ones(len(columns["wc"]["coverage"]))
    stacked = np.stack([*(columns[side][name] for side, name in names), ones], axis=1)
    drawn, weights = resampled_with_prior(stacked, resamples, 0)
    sums: dict[Side, Columns] = {side: {"": drawn[:, -1]} for side in SIDES}
    for position, (side, name) in enumerate(names):
        sums[side][name] = drawn[:, position]
    return Comparison(columns, samples_per_problem, sums, weights)


def by_group(
    columns: Mapping[Side, Columns],
    groups: Sequence[str],
    samples_per_problem: Mapping[Side, float],
) -> dict[str, dict[str, Any]]:
    """Every metric of both sides for each level or subject: {name: {side: …, "problems": n}}.

    Problems without one ("") are in no group.
    """
    names = np.array(groups)
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(set(groups) - {""}):
        chosen = names == name
        part = {side: {n: v[chosen] for n, v in columns[side].items()} for side in SIDES}
        comparison = compare(part, LEVEL_RESAMPLES, samples_per_problem=samples_per_problem)
        found[name] = {side: comparison.metrics(side) for side in SIDES}
        found[name]["problems"] = int(chosen.sum())
    return found


def coverage_curve(
    arrays: PoolArrays | AdaptiveArrays,
    largest: int,
    cost_per_sample: float,
    cost_per_problem: float = 0.0,
) -> list[dict[str, Any]]:
    """coverage@k for k = 1 … `largest`, with the cost of k samples a problem."""
    ks = np.arange(1, largest + 1)
    coverage = arrays.coverage(ks.astype(np.float64))
    ones = np.ones(len(coverage))
    sums, weights = resampled_with_prior(np.column_stack([coverage, ones]), CURVE_RESAMPLES, 0)
    points = []
    for position, k in enumerate(ks.tolist()):
        ratio = Ratio(coverage[:, position], ones, 0.0, 1.0)
        interval = ratio_interval(ratio, sums[:, [position, -1]], weights)
        cost = cost_per_problem + k * cost_per_sample
        points.append({"k": k, "cost": cost, "coverage": interval.document()})
    return points
