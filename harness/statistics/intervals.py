"""Intervals: Wilson's for a proportion, the bootstrap over problems for everything else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.resampling import RESAMPLES, Floats, checked, resampled

__all__ = [
    "CONFIDENCE",
    "Difference",
    "Floats",
    "Interval",
    "bootstrap_mean",
    "bootstrap_ratio",
    "percentile_interval",
    "resampled",
    "wilson",
]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval, as fractions."""

    value: float
    low: float
    high: float

    def document(self) -> dict[str, float]:
        """As it stands in the documents of a run."""
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """A difference with its 95 % interval and the test behind its p value."""

    value: float
    low: float
    high: float
    p_value: float
    test: str

    def document(self) -> dict[str, float | str]:
        """As it stands in the documents of a run."""
        return asdict(self)


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a proportion of independent trials.

    Raises:
        ValueError: no trials, or more successes than trials.
    """
    from scipy.stats import binomtest

    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} successes of {n} trials is not a proportion")
    result = binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / n, float(result.low), float(result.high))


def bootstrap_mean(values: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The mean over problems, with a percentile interval from resampled problems.

    Args:
        values: (problems,).
        resamples: how many times to resample.
        seed: of the resampling.

    Raises:
        ValueError: no problems, or a value that is not a finite number.
    """
    return bootstrap_ratio(values, np.ones(np.shape(values)), resamples=resamples, seed=seed)


def bootstrap_ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """A ratio of sums over problems, with a percentile interval from resampled problems.

    Resamples whose denominator is 0 say nothing and are left out.

    Args:
        numerators: (problems,).
        denominators: (problems,); their sum must not be 0.
        resamples: how many times to resample.
        seed: of the resampling.

    Raises:
        ValueError: no problems, a value that is not finite, or a denominator of 0 in all.
    """
    above, below = checked(numerators), checked(denominators)
    if below.sum() == 0:
        raise ValueError("the ratio has no denominator")
    drawn = resampled(np.stack([above, below], axis=1), resamples, seed, _ratio)
    low, high = percentile_interval(drawn)
    return Interval(float(above.sum() / below.sum()), low, high)


def _ratio(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1])


def percentile_interval(drawn: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled values."""
    tail = (1.0 - CONFIDENCE) / 2.0
    finite: Any = drawn[np.isfinite(drawn)]
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return float(low), float(high)
