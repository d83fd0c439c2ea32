"""WC against SE at one budget: every metric with its interval, every difference paired.

All of it comes from one set of resampled problems: a resample weighs the same problems on
both sides, which is what pairs the differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.metrics.adaptive_arrays import AdaptiveArrays
from harness.metrics.estimators import Floats
from harness.metrics.pool_arrays import PoolArrays
from harness.recipe import SIDES, Side
from harness.statistics import Difference, Interval, wilson
from harness.statistics.intervals import percentile_interval, resampled
from harness.statistics.paired import bootstrap_p_value, sign_flip

RESAMPLES = 10_000
LEVEL_RESAMPLES = 2_000
CURVE_RESAMPLES = 2_000

MEANS = {"pass_at_1": "pass_at_1", "coverage": "coverage", "diversity_all": "distinct"}
RATIOS = {
    "diversity_solved": ("distinct", "coverage"),
    "false_positive_rate": ("false_positives", "correct"),
}
DIFFERENCES = ("coverage", "diversity_all", "diversity_solved", "false_positive_rate")

Columns = dict[str, Floats]


@dataclass(frozen=True)
class Comparison:
    """Both sides at one budget: (problems,) columns of each, and what resampling made of them.

    Attributes:
        columns: per side, the values of each problem.
        sums: per side and column, the sum over the problems of each resample.
    """

    columns: Mapping[Side, Columns]
    sums: Mapping[Side, Columns]

    def metrics(self, side: Side) -> dict[str, Any]:
        """Every metric of a side as {value, low, high}; None where it has no denominator."""
        found: dict[str, Any] = {}
        for name in (*MEANS, *RATIOS):
            value = self._value(name, side)
            drawn = self._drawn(name, side)
            if value is None or drawn is None or not np.isfinite(drawn).any():
                found[name] = None
            elif name == "false_positive_rate" and value in (0.0, 1.0):
                # Resampling nothing but zeros would claim certainty; Wilson's interval does not.
                _, below = RATIOS[name]
                columns = self.columns[side]
                trials = int(columns[below].sum())
                marked = trials if value else 0
                found[name] = wilson(marked, trials).document() if trials else None
            else:
                found[name] = Interval(value, *percentile_interval(drawn)).document()
        return found

    def differences(self) -> dict[str, Any]:
        """WC minus SE of each metric, paired by problem; None where a side has none."""
        return {name: self._difference(name) for name in DIFFERENCES}

    def _difference(self, name: str) -> dict[str, Any] | None:
        values = [self._value(name, side) for side in SIDES]
        drawn = [self._drawn(name, side) for side in SIDES]
        if values[0] is None or values[1] is None or drawn[0] is None or drawn[1] is None:
            return None
        gaps = drawn[0] - drawn[1]
        if name in MEANS:
            column = MEANS[name]
            p_value = sign_flip(self.columns["wc"][column] - self.columns["se"][column], RESAMPLES)
            test = "sign-flip permutation"
        else:
            p_value, test = bootstrap_p_value(gaps), "paired bootstrap"
        interval = percentile_interval(gaps)
        return Difference(values[0] - values[1], *interval, p_value, test).document()

    def _value(self, name: str, side: Side) -> float | None:
        columns = self.columns[side]
        if name in MEANS:
            column = columns.get(MEANS[name])
            return None if column is None else float(column.mean())
        above, below = RATIOS[name]
        if above not in columns or columns[below].sum() == 0:
            return None
        return float(columns[above].sum() / columns[below].sum())

    def _drawn(self, name: str, side: Side) -> Floats | None:
        sums = self.sums[side]
        if name in MEANS:
            column = sums.get(MEANS[name])
            return None if column is None else column / len(self.columns[side]["coverage"])
        above, below = RATIOS[name]
        if above not in sums:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(sums[above] / sums[below])


def side_columns(arrays: PoolArrays | AdaptiveArrays, k: int) -> Columns:
    """The (problems,) values of one side at k samples a problem, estimated from its whole pool.

    An adaptive pool has no diversity. Its counts of correct samples and false positives stand
    as unbiased shares of all samples, which have the same ratio.
    """
    if isinstance(arrays, AdaptiveArrays):
        return _adaptive_columns(arrays, k)
    columns: Columns = {
        "coverage": arrays.coverage(k),
        "distinct": arrays.distinct(k),
        "pass_at_1": arrays.pass_at_1(),
        "correct": arrays.correct.astype(np.float64),
    }
    if arrays.false_positives is not None:
        columns["false_positives"] = arrays.false_positives.astype(np.float64)
    return columns


def _adaptive_columns(arrays: AdaptiveArrays, k: int) -> Columns:
    share = arrays.coverage(1.0)
    columns: Columns = {"coverage": arrays.coverage(k), "pass_at_1": share, "correct": share}
    false_positives = arrays.false_positive_share()
    if false_positives is not None:
        columns["false_positives"] = false_positives
    return columns


def compare(columns: Mapping[Side, Columns], resamples: int = RESAMPLES) -> Comparison:
    """Resamples both sides' problems together.

    Args:
        columns: of each side, (problems,) each, in the same order of problems.
        resamples: how many times.
    """
    names = [(side, name) for side in SIDES for name in columns[side]]
    stacked = np.stack([columns[side][name] for side, name in names], axis=1)
    drawn = resampled(stacked, resamples, 0, lambda sums: sums)
    sums: dict[Side, Columns] = {"wc": {}, "se": {}}
    for position, (side, name) in enumerate(names):
        sums[side][name] = drawn[:, position]
    return Comparison(columns, sums)


def by_level(columns: Mapping[Side, Columns], levels: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Every metric of both sides for each level: {level: {side: metrics, "problems": n}}."""
    names = np.array(levels)
    found: dict[str, dict[str, Any]] = {}
    for level in sorted(set(levels) - {""}):
        chosen = names == level
        part = {side: {n: v[chosen] for n, v in columns[side].items()} for side in SIDES}
        comparison = compare(part, LEVEL_RESAMPLES)
        found[level] = {side: comparison.metrics(side) for side in SIDES}
        found[level]["problems"] = int(chosen.sum())
    return found


def coverage_curve(
    arrays: PoolArrays | AdaptiveArrays, largest: int, cost_per_sample: float
) -> list[dict[str, Any]]:
    """coverage@k for k = 1 … `largest`, with the cost of k samples a problem."""
    ks = np.arange(1, largest + 1)
    coverage = arrays.coverage(ks.astype(np.float64))
    drawn = resampled(coverage, CURVE_RESAMPLES, 0, lambda sums: sums) / len(coverage)
    points = []
    for position, k in enumerate(ks.tolist()):
        low, high = percentile_interval(drawn[:, position])
        value = float(coverage[:, position].mean())
        points.append(
            {"k": k, "cost": k * cost_per_sample, "coverage": Interval(value, low, high).document()}
        )
    return points
