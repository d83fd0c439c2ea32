"""Differences of two sides that answered the same problems."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.intervals import Difference, percentile_interval
from harness.statistics.resampling import RESAMPLES, Floats, checked, flipped, resampled

_ROUNDING = 1e-12


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """Mean of `first` minus mean of `second`, paired by problem.

    The interval comes from resampled problems. The p value is McNemar's exact one where both
    sides are single 0/1 outcomes, else that of a sign-flip permutation. Several training seeds
    are averaged within a problem first: the interval then speaks of these models on other
    problems, not of other seeds.

    Args:
        first: (problems,) or (problems, seeds).
        second: the same shape.
        resamples: of the bootstrap, and of the permutation.
        seed: of both.

    Raises:
        ValueError: the shapes differ, or a value is not finite.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim not in (1, 2):
        raise ValueError(f"cannot pair shapes {a.shape} and {b.shape}")
    binary = (a.ndim == 1 or a.shape[1] == 1) and bool(np.isin([a, b], (0.0, 1.0)).all())
    seeds = 1 if a.ndim == 1 else a.shape[1]
    differences = checked((a - b).reshape(len(a), -1).mean(axis=1))
    drawn = resampled(differences[:, None], resamples, seed, lambda sums: sums[:, 0])
    low, high = percentile_interval(drawn / len(differences))
    if binary:
        p_value, test = mcnemar_exact(a.ravel(), b.ravel()), "mcnemar exact"
    else:
        p_value, test = sign_flip(differences, resamples, seed), "sign-flip permutation"
    if seeds > 1:
        test += f" over problems, {seeds} seeds averaged"
    return Difference(float(differences.mean()), low, high, p_value, test)


def paired_ratio_difference(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Difference of two ratios of sums over the same problems.

    Args:
        first: numerators and denominators, each (problems,).
        second: the same for the other side.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        The difference; its p value is the bootstrap's: twice the smaller share of resamples
        on one side of 0.

    Raises:
        ValueError: a value is not finite, or a denominator is 0 over all problems.
    """
    columns = np.stack([checked(part) for side in (first, second) for part in side], axis=1)
    sums = columns.sum(axis=0)
    if sums[1] == 0 or sums[3] == 0:
        raise ValueError("a ratio has no denominator")
    drawn = resampled(columns, resamples, seed, _difference_of_ratios)
    low, high = percentile_interval(drawn)
    value = float(sums[0] / sums[1] - sums[2] / sums[3])
    return Difference(value, low, high, bootstrap_p_value(drawn), "paired bootstrap")


def _difference_of_ratios(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])


def bootstrap_p_value(drawn: Floats) -> float:
    """Twice the smaller share of resampled differences on one side of 0, at most 1, never 0."""
    finite = drawn[np.isfinite(drawn)]
    below = (np.sum(finite <= _ROUNDING) + 1) / (len(finite) + 1)
    above = (np.sum(finite >= -_ROUNDING) + 1) / (len(finite) + 1)
    return float(min(1.0, 2.0 * min(below, above)))


def mcnemar_exact(first: ArrayLike, second: ArrayLike) -> float:
    """McNemar's exact two-sided p value of paired 0/1 outcomes.

    Only problems that one side alone solved count; without any the p value is 1.
    """
    from scipy.stats import binomtest

    a, b = np.asarray(first), np.asarray(second)
    only_first, only_second = int(np.sum((a == 1) & (b == 0))), int(np.sum((a == 0) & (b == 1)))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def sign_flip(differences: ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> float:
    """Two-sided p value of a mean of paired differences under random signs.

    The observed signs count as one of the permutations, so that the p value is never 0.
    """
    values = checked(differences)
    values = values[np.abs(values) > _ROUNDING]  # Zeros keep their sign, whatever it is.
    if values.size == 0:
        return 1.0
    drawn = np.abs(flipped(values[:, None], resamples, seed)[:, 0])
    # Sums that are equal up to rounding count as equally extreme.
    extreme = np.sum(drawn >= abs(values.sum()) - _ROUNDING * np.abs(values).sum())
    return float((extreme + 1) / (resamples + 1))
