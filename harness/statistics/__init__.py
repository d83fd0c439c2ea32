"""Intervals and differences that a reviewer would accept: pure functions over arrays.

Samples of one problem are not independent, so whatever is not a plain proportion is resampled
by problem. WC and SE answer the same problems, so their difference is paired by problem.
"""

from __future__ import annotations

from harness.power import (
    smallest_detectable_difference,
    smallest_detectable_effect,
)
from harness.statistics.intervals import (
    CONFIDENCE,
    Difference,
    Interval,
    bootstrap_mean,
    bootstrap_ratio,
    wilson,
)
from harness.statistics.paired import mcnemar_exact, paired_difference, paired_ratio_difference
from harness.statistics.pooled import PooledDifference, pooled_difference

__all__ = [
    "CONFIDENCE",
    "Difference",
    "Interval",
    "PooledDifference",
    "bootstrap_mean",
    "bootstrap_ratio",
    "mcnemar_exact",
    "paired_difference",
    "paired_ratio_difference",
    "pooled_difference",
    "smallest_detectable_difference",
    "smallest_detectable_effect",
    "wilson",
]
