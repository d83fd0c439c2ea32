"""Differences of two sides that answered the same problems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.intervals import (
    Difference,
    percentile_interval,
    ratio_between,
    widened,
)
from harness.statistics.prior_problems import Ratio, difference_reach
from harness.statistics.resampling import (
    RESAMPLES,
    Floats,
    checked,
    flipped,
    resampled_with_prior,
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
    ratio = Ratio(differences, np.ones(problems), -end, end)
    single = bool(np.isin(differences, (-1.0, 0.0, 1.0)).all())
    reach = 1.0 if single else ratio.reach
    sums, weights = resampled_with_prior(
        np.stack([differences, ratio.denominators], axis=1), resamples, seed
    )
    drawn = ratio.resampled(sums, weights, ratio.prior(reach))
    return widened(drawn, ratio.value, problems, reach, (-end, end))


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
    ratios = [ratio_between(columns[:, one], columns[:, one + 1], least) for one in (0, 2)]
    drawn = resampled_with_prior(columns, resamples, seed)
    gaps = ratio_gaps((ratios[0], ratios[1]), np.split(drawn[0], 2, axis=1), drawn[1])
    value = ratios[0].value - ratios[1].value
    p_value, test = ratio_test((ratios[0], ratios[1]), gaps, seed=seed)
    return Difference(value, *percentile_interval(gaps, value), p_value, test)


def ratio_test(ratios: tuple[Ratio, Ratio], gaps: Floats, *, seed: int = 0) -> tuple[float, str]:
    """The p value of a difference of ratios, and the test: that of means where they are means.

    Args:
        ratios: of both sides, over the same problems.
        gaps: (resamples,) from `ratio_gaps`.
        seed: of the sign-flip permutation.
    """
    means = [one.values for one in ratios if one.is_mean]
    if len(means) == 2:
        return paired_test(means[0], means[1], resamples=len(gaps), seed=seed)
    return bootstrap_p_value(gaps), "paired bootstrap"


def ratio_gaps(ratios: tuple[Ratio, Ratio], sums: Sequence[Floats], weights: Floats) -> Floats:
    """(resamples,) differences of two ratios, spread as those of a sample of this size should be.

    Args:
        ratios: of both sides, over the same problems.
        sums: of each side, (resamples, 2) of numerators and denominators, from
            `resampled_with_prior`.
        weights: (resamples, 2) of the prior problems.
    """
    first, second = ratios
    reach = difference_reach(first, second)
    drawn = first.resampled(sums[0], weights, first.prior(reach))
    drawn -= second.resampled(sums[1], weights, second.prior(reach)[::-1])
    ends = first.low - second.high, first.high - second.low
    return widened(drawn, first.value - second.value, len(first.numerators), reach, ends)


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

    The observed signs count as one of the permutations, so that the p value is never 0. As far
    as the differences are whole, the normal distribution of the same variance stands in for
    their few sums; for 0/1 outcomes that is McNemar's test without continuity correction
    (Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13:91, 2013).

    Args:
        differences: (problems,), zeros included.
        resamples: how many times to draw the signs.
        seed: of the signs.
    """
    values = checked(differences)
    problems = len(values)
    values = values[np.abs(values) > _ROUNDING]  # Zeros keep their sign, whatever it is.
    if values.size == 0:
        return 1.0
    sizes, total = np.abs(values), abs(float(values.sum()))
    drawn = np.abs(flipped(values[:, None], resamples, seed)[:, 0])
    # Sums that are equal up to rounding count as equally extreme.
    extreme = int(np.sum(drawn >= total - _ROUNDING * sizes.sum()))
    permuted = (extreme + 1) / (resamples + 1)
    normal = math.erfc(total / math.sqrt(2.0 * float((sizes**2).sum())))
    coarse = _coarseness(sizes)
    # No test by signs says more than that all problems agree, or than its permutations can show.
    least = max(2.0 ** (1 - problems), 1.0 / (resamples + 1))
    return max(coarse * normal + (1.0 - coarse) * permuted, least)


def _coarseness(sizes: Floats) -> float:
    """How far apart the sums of differences lie under random signs: 1 where all are whole.

    Whole differences, as k near the number of samples leaves them, have few sums, which lie two
    differences apart. Which of equal ones is the more extreme is then up to the crumbs: the
    differences of problems that both sides solved. Where k or the samples of the sides differ,
    crumbs have one sign whoever is better, and tell nothing. Other differences close the gap, as
    far as they spread a sum as much as an even distribution over all of the gap would.

    Args:
        sizes: (problems,) of the differences, above 0.
    """
    whole = float(sizes.max())
    from_whole = np.minimum(sizes, whole - sizes) / whole
    evenly = 1.0 / 3.0  # The variance between −1 and 1.
    return max(0.0, 1.0 - float((from_whole**2).sum()) / evenly)
