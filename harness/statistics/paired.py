"""Differences of two sides that answered the same problems."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.intervals import (
    Difference,
    is_binary,
    percentile_interval,
    ratio_ends,
    widened,
)
from harness.statistics.resampling import (
    RESAMPLES,
    Floats,
    PriorProblems,
    checked,
    flipped,
    prior_problems,
    resampled,
)

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
    seeds = 1 if a.ndim == 1 else a.shape[1]
    differences = checked((a - b).reshape(len(a), -1).mean(axis=1))
    drawn = resampled_mean(differences, resamples, seed)
    value = float(differences.mean())
    low, high = percentile_interval(drawn, value)
    if seeds == 1:
        p_value, test = paired_test(a.ravel(), b.ravel(), resamples=resamples, seed=seed)
    else:
        p_value = sign_flip(differences, resamples, seed)
        test = f"sign-flip permutation over problems, {seeds} seeds averaged"
    return Difference(value, low, high, p_value, test)


def resampled_mean(differences: Floats, resamples: int, seed: int) -> Floats:
    """The mean of paired differences under resampling of problems.

    Args:
        differences: (problems,), of the range −1 to 1 or wider where they are.
        resamples: how many times to resample.
        seed: of the resampling.

    Returns:
        (resamples,).
    """
    problems = len(differences)
    end = max(1.0, float(np.abs(differences).max()))
    binary = bool(np.isin(differences, (-1.0, 0.0, 1.0)).all())
    both = prior_problems(np.zeros(2), np.full(2, end), (0, 1), binary=binary)
    prior = PriorProblems(both.rows[:, :1] - both.rows[:, 1:], both.weight)
    drawn = resampled(differences[:, None], resamples, seed, lambda sums: sums[:, 0], prior)
    return widened(drawn / problems, float(differences.mean()), problems, (-end, end))


def paired_test(
    first: Floats, second: Floats, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, str]:
    """The p value of a mean difference, and the test: McNemar's exact one for 0/1 outcomes.

    Args:
        first: (problems,).
        second: (problems,).
        resamples: of the sign-flip permutation, for outcomes that are not 0/1.
        seed: of the permutation.
    """
    if np.isin([first, second], (0.0, 1.0)).all():
        return mcnemar_exact(first, second), "mcnemar exact"
    return sign_flip(first - second, resamples, seed), "sign-flip permutation"


def paired_ratio_difference(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    least: float = 0.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Difference of two ratios of sums over the same problems.

    Args:
        first: numerators and denominators, each (problems,), denominators not negative.
        second: the same for the other side.
        least: the lowest ratio that a problem can show, as in `bootstrap_ratio`.
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
    ends = [ratio_ends(columns[:, one], columns[:, one + 1], least) for one in (0, 2)]
    low, high = (np.concatenate([side[end] for side in ends]) for end in (0, 1))
    binary = all(is_binary(columns[:, one], columns[:, one + 1]) for one in (0, 2))
    prior = prior_problems(low, high, (0, 0, 1, 1), binary=binary)
    drawn = resampled(columns, resamples, seed, _difference_of_ratios, prior)
    value = float(sums[0] / sums[1] - sums[2] / sums[3])
    lowest, highest = (
        min(side[0][0] / side[0][1] for side in ends),
        max(side[1][0] / side[1][1] for side in ends),
    )
    drawn = widened(drawn, value, len(columns), (lowest - highest, highest - lowest))
    low_end, high_end = percentile_interval(drawn, value)
    return Difference(value, low_end, high_end, bootstrap_p_value(drawn), "paired bootstrap")


def _difference_of_ratios(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])


def bootstrap_p_value(drawn: Floats) -> float:
    """Twice the smaller share of resampled differences on one side of 0, at most 1, never 0."""
    finite = drawn[np.isfinite(drawn)]
    below = (np.sum(finite <= _ROUNDING) + 1) / (len(finite) + 1)
    above = (np.sum(finite >= -_ROUNDING) + 1) / (len(finite) + 1)
    return float(min(1.0, 2.0 * min(below, above)))


def mcnemar_exact(first: ArrayLike, second: ArrayLike) -> float:
    """McNemar's exact two-sided p value of paired 0/1 outcomes.

    Only problems that one side alone solved count; without any the p value is 1. Where there is
    no difference it lies below 0.05 less often than 1 in 20: p values of counts are coarse, and
    exact ones err on the safe side. `mcnemar_mid_p` keeps closer to 1 in 20.
    """
    return mcnemar(first, second, "exact")


def mcnemar_mid_p(first: ArrayLike, second: ArrayLike) -> float:
    """McNemar's mid-p value of paired 0/1 outcomes.

    The exact one less half of the probability of what was seen (Fagerland, Lydersen, Laake,
    BMC Medical Research Methodology 13:91, 2013).
    """
    return mcnemar(first, second, "mid-p")


def mcnemar(
    first: ArrayLike, second: ArrayLike, kind: Literal["exact", "mid-p"] = "exact"
) -> float:
    """McNemar's two-sided p value of paired 0/1 outcomes, exact or mid-p."""
    from scipy.stats import binom, binomtest

    a, b = np.asarray(first), np.asarray(second)
    only_first, only_second = int(np.sum((a == 1) & (b == 0))), int(np.sum((a == 0) & (b == 1)))
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    exact = float(binomtest(only_first, discordant, 0.5).pvalue)
    if kind == "exact":
        return exact
    if only_first == only_second:  # Both tails meet in the middle, which counts once.
        return exact - 0.5 * float(binom.pmf(only_first, discordant, 0.5))
    return exact - float(binom.pmf(only_first, discordant, 0.5))


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
