"""Intervals: Wilson's for a proportion, the bootstrap over problems for everything else.

What an interval speaks of: other problems from where these came from, each sampled anew as
often as these were. A problem's own value is an unbiased estimate from its samples, so that its
spread over problems holds both the difference between problems and the chance of sampling.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.prior_problems import Ratio
from harness.statistics.resampling import (
    RESAMPLES,
    Floats,
    checked,
    resampled,
    resampled_with_prior,
)

__all__ = [
    "CONFIDENCE",
    "Difference",
    "Floats",
    "Interval",
    "bootstrap_mean",
    "bootstrap_ratio",
    "difference_of",
    "percentile_interval",
    "resampled",
    "widened",
    "wilson",
]

CONFIDENCE = 0.95
_ROUNDING = 1e-12


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


def difference_of(first: float, second: float) -> float:
    """`first` minus `second`, and 0 where rounding alone tells them apart."""
    return 0.0 if math.isclose(first, second, rel_tol=_ROUNDING) else first - second


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
    """The mean over problems, with an interval from resampled problems.

    Args:
        values: (problems,). Their range is taken as 0 to 1, or wider where they are.
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
    least: float = 0.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """A ratio of sums over problems, with an interval from resampled problems.

    Args:
        numerators: (problems,).
        denominators: (problems,), not negative; their sum must not be 0.
        least: the lowest ratio that a problem can show: 0 for a share, 1 for solutions per
            solved problem. The highest is taken as 1, or as the highest that one shows.
        resamples: how many times to resample.
        seed: of the resampling.

    Raises:
        ValueError: no problems, a value that is not finite, or a denominator of 0 in all.
    """
    above, below = checked(numerators), checked(denominators)
    if below.sum() == 0:
        raise ValueError("the ratio has no denominator")
    ratio = ratio_between(above, below, least)
    sums, weights = resampled_with_prior(np.stack([above, below], axis=1), resamples, seed)
    return ratio_interval(ratio, sums, weights)


def ratio_between(above: Floats, below: Floats, least: float = 0.0) -> Ratio:
    """The ratio, with the range of `bootstrap_ratio`."""
    shown = above[below > 0] / below[below > 0]
    return Ratio(above, below, min(least, float(shown.min())), max(1.0, float(shown.max())))


def ratio_interval(ratio: Ratio, sums: Floats, weights: Floats) -> Interval:
    """The interval of a ratio by its resamples.

    Args:
        ratio: over all problems.
        sums: (resamples, 2) of numerators and denominators, from `resampled_with_prior`.
        weights: (resamples, 2) of the prior problems.
    """
    drawn = ratio.resampled(sums, weights, ratio.prior(ratio.reach))
    ends = ratio.low, ratio.high
    drawn = widened(drawn, ratio.value, len(ratio.numerators), ratio.reach, ends)
    # Between the ends but for rounding, which shows where both are the same.
    drawn = np.clip(drawn, *ends)
    return Interval(ratio.value, *percentile_interval(drawn, ratio.value))


def widened(
    drawn: Floats, value: float, problems: int, reach: float, ends: tuple[float, float]
) -> Floats:
    """Resampled values, spread as those of a sample of this size should be.

    The weights of n problems and of the prior ones add up, and so spread a mean with a variance
    of n (n − 1) / (n + 1) / (n + 2) of what it should be; and few problems say little about
    their own spread, for which Student's t makes up. Without any reach of the prior problems the
    interval of normal values is Student's. Prior problems that reach far have spread the mean
    already, with a variance in proportion to the square of the reach: where it is 1, Jeffreys'
    interval is right as it is.

    Args:
        drawn: (resamples,) values.
        value: the estimate that they lie around.
        problems: that were resampled.
        reach: of the prior problems that were resampled with them.
        ends: of the range of values, which are not left.
    """
    from scipy.stats import norm, t

    if reach == 1.0:
        return drawn
    tail = (1.0 + CONFIDENCE) / 2.0
    spread = (problems + 1) * (problems + 2) / (problems * (problems - 1))
    factor = spread**0.5 * float(t.ppf(tail, problems - 1) / norm.ppf(tail))
    factor = 1.0 + (factor - 1.0) * (1.0 - reach**2)
    return np.asarray(np.clip(value + factor * (drawn - value), *ends))


def percentile_interval(drawn: Floats, value: float | None = None) -> tuple[float, float]:
    """The middle 95 % of resampled values, widened to the estimate where that lies outside."""
    tail = (1.0 - CONFIDENCE) / 2.0
    finite: Any = drawn[np.isfinite(drawn)]
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    if value is None:
        return float(low), float(high)
    return float(min(low, value)), float(max(high, value))
