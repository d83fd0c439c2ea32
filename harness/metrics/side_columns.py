"""What each problem contributes to each metric, for one side at one number of samples.

A metric is a mean of a column over the problems, or a ratio of two columns' sums: so resampled
problems, levels and subjects are sums of the same columns. `METRICS` says which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.metrics.adaptive_arrays import AdaptiveArrays
from harness.metrics.estimators import Floats
from harness.metrics.majority import MAJORITY_SAMPLES
from harness.metrics.pool_arrays import PoolArrays
from harness.metrics.solution_keys import KEYS, TEXT
from harness.statistics.prior_problems import Ratio

Columns = dict[str, Floats]


@dataclass(frozen=True)
class Metric:
    """A metric made of columns.

    Attributes:
        above: the column whose mean or sum it is.
        below: the column whose sum divides it; None: the number of problems does.
    """

    above: str
    below: str | None = None


def distinct_column(key: str) -> str:
    """The column of distinct correct solutions by a key."""
    return "distinct" if key == TEXT else f"distinct_{key}"


DISTINCT = tuple(distinct_column(key) for key in KEYS)


def _diversity(key: str) -> dict[str, Metric]:
    ending = "" if key == TEXT else f"_{key}"
    column = distinct_column(key)
    return {
        f"diversity_all{ending}": Metric(column),
        f"diversity_solved{ending}": Metric(column, "coverage"),
    }


METRICS: dict[str, Metric] = {
    "pass_at_1": Metric("pass_at_1"),
    "coverage": Metric("coverage"),
    **_diversity(TEXT),
    "false_positive_rate": Metric("false_positives", "correct"),
    **{name: metric for key in KEYS if key != TEXT for name, metric in _diversity(key).items()},
    **{f"majority_at_{k}": Metric(f"majority_at_{k}") for k in MAJORITY_SAMPLES},
    "yield_per_sample": Metric("correct_samples", "samples"),
    "yield_per_token": Metric("correct_samples", "completion_tokens"),
}

# The columns that grow with the samples of a problem; the others are shares of all samples.
_BY_SAMPLES = {"coverage", *map(distinct_column, KEYS)}


def side_columns(arrays: PoolArrays | AdaptiveArrays, k: float) -> Columns:
    """The (problems,) values of one side at k samples a problem, estimated from its whole pool.

    An adaptive pool has no diversity and no majority vote: both depend on samples that nobody
    drew. Its counts of correct samples and false positives stand as unbiased shares of all
    samples, which have the same ratio.

    Args:
        arrays: of the pool.
        k: samples a problem, at least 1; may be real.

    Raises:
        InputError: a problem has fewer samples.
    """
    columns: Columns = {
        "coverage": arrays.coverage(float(k)),
        "correct_samples": arrays.correct.astype(np.float64),
        "samples": arrays.samples.astype(np.float64),
    }
    if not arrays.tokens.uncounted.any():
        columns["completion_tokens"] = arrays.tokens.completion.astype(np.float64)
    if isinstance(arrays, AdaptiveArrays):
        return columns | _adaptive(arrays)
    return columns | _uniform(arrays, float(k))


def mixed_columns(arrays: PoolArrays | AdaptiveArrays, k: float) -> Columns:
    """As `side_columns`, of a mixed allocation with k samples a problem on average.

    A random share of the problems gets ⌈k⌉ samples and the others ⌊k⌋, so what is expected of the
    data set lies on the straight line between the two; no sample covers nothing.

    Args:
        arrays: of the pool.
        k: mean samples a problem, above 0; may be below 1.

    Raises:
        InputError: a problem has fewer than ⌈k⌉ samples.
    """
    floor = math.floor(k)
    share = k - floor
    if not share:
        return side_columns(arrays, floor)
    columns = side_columns(arrays, floor + 1)
    below = side_columns(arrays, floor) if floor else {}
    for name in _BY_SAMPLES & columns.keys():
        columns[name] = share * columns[name] + (1 - share) * below.get(name, 0.0)
    return columns


def _uniform(arrays: PoolArrays, k: float) -> Columns:
    columns: Columns = {
        "pass_at_1": arrays.pass_at_1(),
        "correct": arrays.correct.astype(np.float64),
        **{distinct_column(key): arrays.distinct(k, key) for key in arrays.solutions},
    }
    if arrays.false_positives is not None:
        columns["false_positives"] = arrays.false_positives.astype(np.float64)
    return columns | {f"majority_at_{n}": one for n, one in arrays.majorities.items()}


def _adaptive(arrays: AdaptiveArrays) -> Columns:
    share = arrays.coverage(1.0)
    columns: Columns = {"pass_at_1": share, "correct": share}
    false_positives = arrays.false_positive_share()
    if false_positives is not None:
        columns["false_positives"] = false_positives
    return columns


def metric_ratio(name: str, columns: Columns, k: float) -> Ratio | None:
    """A metric as a ratio of sums over problems, with what a problem may show at k samples.

    Args:
        name: one of `METRICS`.
        columns: of one side.
        k: samples a problem on average; may be below 1.

    Returns:
        None where a column is missing, or has no denominator.
    """
    metric = METRICS[name]
    if metric.above not in columns or (metric.below and metric.below not in columns):
        return None
    above = columns[metric.above]
    below = columns[metric.below] if metric.below else np.ones(len(above))
    if not below.any():
        return None
    shown = above[below > 0] / below[below > 0]
    most = max(_most(metric, columns, k), float(shown.max()))
    return Ratio(above, below, 1.0 if metric.below == "coverage" else 0.0, most)


def _most(metric: Metric, columns: Columns, k: float) -> float:
    """The highest ratio that a problem of usual size can show."""
    if metric.above in DISTINCT:
        return k if metric.below is None else max(1.0, k)
    if metric.above == "coverage":
        return min(1.0, k)
    if metric.below == "completion_tokens":  # All samples correct, at the usual length.
        return float(columns["samples"].sum() / columns[metric.below].sum())
    return 1.0
