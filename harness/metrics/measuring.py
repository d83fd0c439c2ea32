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
from harness.metrics.side_columns import (
    DISTINCT,
    METRICS,
    Columns,
    ends_of,
    range_of,
    side_columns,
)
from harness.recipe import SIDES, Side
from harness.statistics import Difference, Interval
from harness.statistics.intervals import percentile_interval, widened
from harness.statistics.paired import bootstrap_p_value, paired_test
from harness.statistics.resampling import PriorProblems, prior_problems, resampled

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
        sums: per side and column, the sum over the problems of each resample.
        resamples: how many resamples there are.
    """

    columns: Mapping[Side, Columns]
    sums: Mapping[Side, Columns]
    resamples: int

    @property
    def problems(self) -> int:
        """How many problems both sides answer."""
        return len(self.columns["wc"]["coverage"])

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
        value, drawn = self._value(name, side), self._drawn(name, side)
        if value is None or drawn is None or not np.isfinite(drawn).any():
            return None
        drawn = widened(drawn, value, self.problems, range_of(name, self.columns[side]))
        return Interval(value, *percentile_interval(drawn, value))

    def _difference(self, name: str) -> Difference | None:
        values = [self._value(name, side) for side in SIDES]
        drawn = [self._drawn(name, side) for side in SIDES]
        if values[0] is None or values[1] is None or drawn[0] is None or drawn[1] is None:
            return None
        value = values[0] - values[1]
        gaps = widened(drawn[0] - drawn[1], value, self.problems)
        if not np.isfinite(gaps).any():
            return None
        if METRICS[name].below is None:
            column = METRICS[name].above
            wc, se = (self.columns[side][column] for side in SIDES)
            p_value, test = paired_test(wc, se, resamples=self.resamples)
        else:
            p_value, test = bootstrap_p_value(gaps), "paired bootstrap"
        return Difference(value, *percentile_interval(gaps, value), p_value, test)

    def _value(self, name: str, side: Side) -> float | None:
        metric, columns = METRICS[name], self.columns[side]
        if metric.above not in columns:
            return None
        if metric.below is None:
            return float(columns[metric.above].mean())
        if metric.below not in columns or columns[metric.below].sum() == 0:
            return None
        return float(columns[metric.above].sum() / columns[metric.below].sum())

    def _drawn(self, name: str, side: Side) -> Floats | None:
        metric, sums = METRICS[name], self.sums[side]
        if metric.above not in sums:
            return None
        if metric.below is None:
            return sums[metric.above] / self.problems
        if metric.below not in sums:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(sums[metric.above] / sums[metric.below])


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
    stacked = np.stack([columns[side][name] for side, name in names], axis=1)
    drawn = resampled(
        stacked, resamples, 0, lambda sums: sums, _prior(columns, samples_per_problem)
    )
    sums: dict[Side, Columns] = {"wc": {}, "se": {}}
    for position, (side, name) in enumerate(names):
        sums[side][name] = drawn[:, position]
    return Comparison(columns, sums, resamples)


def _prior(
    columns: Mapping[Side, Columns], samples_per_problem: Mapping[Side, float]
) -> PriorProblems:
    """Prior problems at the ends of what a problem may show, in the order of the columns.

    Those that are solved show one solution by half, and as many as they can by half: so the
    interval of solutions a solved problem has a width where only a few problems are solved.
    """
    names = [(side, name) for side in SIDES for name in columns[side]]
    low, high = zip(*(ends_of(name, columns[side]) for side, name in names), strict=True)
    few, many = list(high), list(high)
    for place, (side, name) in enumerate(names):
        if name in DISTINCT:
            few[place], many[place] = 1.0, max(1.0, samples_per_problem[side])
    binary = all(np.isin(columns[side]["coverage"], (0.0, 1.0)).all() for side in SIDES)
    owners = [side for side, _ in names]
    priors = [prior_problems(low, ends, owners, binary=binary) for ends in (few, many)]
    return PriorProblems(np.concatenate([one.rows for one in priors]), priors[0].weight)


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
    prior = prior_problems(np.zeros(largest), np.ones(largest), binary=False)
    drawn = resampled(coverage, CURVE_RESAMPLES, 0, lambda sums: sums, prior) / len(coverage)
    points = []
    for position, k in enumerate(ks.tolist()):
        value = float(coverage[:, position].mean())
        interval = Interval(value, *percentile_interval(drawn[:, position], value))
        cost = cost_per_problem + k * cost_per_sample
        points.append({"k": k, "cost": cost, "coverage": interval.document()})
    return points
