"""The smallest difference that a test set can show, before any money is spent on it.

An experiment that finds nothing says something only if it could have found something. All
formulas are the usual normal approximations of a two-sided test; with fewer than about 30
problems, or 10 on which the sides disagree, they promise somewhat too much.

Without numpy, and scipy only for Student's t, since a plan has to answer at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from statistics import NormalDist

POWER = 0.8
LEVEL = 0.05
_HALVINGS = 60


def smallest_detectable_difference(
    problems: int,
    rate: float,
    *,
    discordant: float | None = None,
    variance_factor: float = 1.0,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """The smallest difference of two success rates that a test finds with the given power.

    Unpaired (`discordant` is None), each side answers `problems` problems of its own: the test
    of two proportions, with one side at `rate` and the other nearer to one half (Fleiss,
    Statistical Methods for Rates and Proportions, 1981, equation 3.14 without the correction
    for continuity). Paired, both sides answer the same problems and differ on the share
    `discordant` of them: McNemar's test (Connor, Biometrics 43, 1987); `rate` then does not
    matter. A difference of δ needs at least the share δ of problems on which the sides differ,
    so a smaller `discordant` is raised to it.

    Args:
        problems: of the test set.
        rate: success rate of one side, in [0, 1].
        discordant: share of problems that exactly one side solves, in [0, 1].
        variance_factor: variance of what is tested over that of one pair of models; for a mean
            over several, their `design_effect`.
        power: probability of finding the difference where it exists.
        level: of the two-sided test.

    Returns:
        An absolute difference, as a fraction (multiply by 100 for points); infinite where even
        the largest possible one would not be found, as with fewer than four paired problems.

    Raises:
        ValueError: no problems, or a share outside its range.
    """
    _check_design(problems, rate, discordant)
    quantiles, effective = _quantiles(power, level), problems / variance_factor
    if discordant is None:
        low = min(rate, 1 - rate)
        return _smallest(partial(_unpaired_noise, low, quantiles), effective, 1 - low)
    return _smallest(partial(_paired_noise, discordant, quantiles), effective, 1.0)


def design_effect(seeds: int, correlation: float) -> float:
    """Variance of a problem's mean over training seeds, over that with one seed.

    (1 + (s - 1)ρ) / s: Kish, Survey Sampling, 1965, for clusters of s. With ρ = 1 the models of
    all seeds answer alike, and more seeds tell nothing; with ρ = 0 each is as good as new problems.

    Args:
        seeds: s, at least 1.
        correlation: ρ, of a problem's difference between two seeds, in [0, 1].

    Raises:
        ValueError: no seed, or a correlation outside its range.
    """
    if seeds < 1 or not 0 <= correlation <= 1:
        raise ValueError(f"expected seeds and a correlation, found {seeds} and {correlation}")
    return (1 + (seeds - 1) * correlation) / seeds


def _check_design(problems: int, rate: float, discordant: float | None) -> None:
    if problems < 1:
        raise ValueError(f"expected at least one problem, found {problems}")
    if not 0 <= rate <= 1:
        raise ValueError(f"a success rate lies in [0, 1], found {rate}")
    if discordant is not None and not 0 <= discordant <= 1:
        raise ValueError(f"a discordant share lies in [0, 1], found {discordant}")


def smallest_detectable_effect(
    standard_error: float,
    *,
    run_error: float = 0.0,
    run_freedom: float = math.inf,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """The smallest effect that a test finds with the given power, by its standard error.

    For what is not a difference of single 0/1 outcomes, as means over training seeds or cells.
    A second, independent error that was itself estimated from few runs enters the test with
    Student's t, as in `pooled_difference`. The sum of the two is approximated: with one degree
    of freedom it promises up to 15 % too much, with two or more up to 2 %.

    Args:
        standard_error: of the estimate; 0 where nothing varied.
        run_error: standard error that few runs add, in the same unit.
        run_freedom: degrees of freedom of `run_error`.
        power: probability of finding the effect where it exists.
        level: of the two-sided test.

    Returns:
        In the unit of `standard_error`.

    Raises:
        ValueError: a negative standard error, or a share outside its range.
    """
    if not (0 <= standard_error < math.inf and 0 <= run_error < math.inf):
        raise ValueError(f"expected standard errors, found {standard_error} and {run_error}")
    false_alarm, miss = _quantiles(power, level)
    of_runs = false_alarm
    if run_error and run_freedom < math.inf:
        from scipy.special import stdtrit

        of_runs = float(stdtrit(run_freedom, 1 - level / 2))
    threshold = math.hypot(false_alarm * standard_error, of_runs * run_error)
    return threshold + miss * math.hypot(standard_error, run_error)


def _quantiles(power: float, level: float) -> tuple[float, float]:
    """Standard normal quantiles of the test and of its power."""
    if not 0 < level < 1 or not level <= power < 1:
        raise ValueError(f"expected 0 < level ≤ power < 1, found level {level}, power {power}")
    normal = NormalDist()
    return normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)


def _unpaired_noise(low: float, quantiles: tuple[float, float], difference: float) -> float:
    """What a difference · √problems must exceed, of two proportions from `low` on."""
    false_alarm, miss = quantiles
    other = low + difference
    middle = (low + other) / 2
    return false_alarm * math.sqrt(2 * middle * (1 - middle)) + miss * math.sqrt(
        low * (1 - low) + other * (1 - other)
    )


def _paired_noise(discordant: float, quantiles: tuple[float, float], difference: float) -> float:
    """The same of paired outcomes, which differ on the share `discordant` at least."""
    false_alarm, miss = quantiles
    share = max(discordant, difference)
    return false_alarm * math.sqrt(share) + miss * math.sqrt(share - difference**2)


def _smallest(noise: Callable[[float], float], problems: float, largest: float) -> float:
    """Where difference · √problems begins to exceed the noise, by halving."""
    root = math.sqrt(problems)
    if largest * root < noise(largest):
        return math.inf
    low, high = 0.0, largest
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle * root < noise(middle):
            low = middle
        else:
            high = middle
    return high
