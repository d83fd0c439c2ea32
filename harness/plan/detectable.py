"""The smallest difference that the test set of a recipe can show.

A plan has to answer at once, so this is worked out without numpy and scipy, which
`harness.statistics.power` has them for; the tests hold the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from harness.plan.amounts import Range

RATE = 0.5
# An assumption: how often two finetuned models disagree is known only afterwards. Two that
# answer independently and solve half would disagree on half of the problems.
DISCORDANT = Range(0.15, 0.35)
POWER, LEVEL = 0.8, 0.05
_HALVINGS = 60


@dataclass(frozen=True)
class DetectableDifference:
    """Differences of two finetuned models' pass@1, in points.

    Attributes:
        problems: of the test set.
        rate: success rate of the weaker model, for the unpaired test.
        discordant: share of problems that exactly one model solves, for the paired test.
        power: probability of finding the difference where it exists.
        level: of the two-sided tests.
        unpaired_points: smallest difference that a test of two proportions finds; None where
            it finds none at all.
        paired_points: the same for McNemar's test on the same problems.
    """

    problems: int
    rate: float
    discordant: Range
    power: float
    level: float
    unpaired_points: float | None
    paired_points: Range | None


def detectable_difference(problems: int) -> DetectableDifference:
    """What a test set of `problems` can show, for one seed and one pair of models.

    Unpaired: Fleiss, Statistical Methods for Rates and Proportions, 1981, equation 3.14, without
    the correction for continuity. Paired: Connor, Biometrics 43, 1987; a difference of δ needs
    at least the share δ of discordant problems.
    """
    low, high = (_paired(problems, share) for share in (DISCORDANT.low, DISCORDANT.high))
    unpaired = _unpaired(problems, RATE)
    return DetectableDifference(
        problems=problems,
        rate=RATE,
        discordant=DISCORDANT,
        power=POWER,
        level=LEVEL,
        unpaired_points=None if unpaired is None else 100 * unpaired,
        paired_points=None if low is None or high is None else Range(100 * low, 100 * high),
    )


def _unpaired(problems: int, rate: float) -> float | None:
    alarm, miss = _quantiles()
    low = min(rate, 1 - rate)

    def noise(difference: float) -> float:
        other = low + difference
        middle = (low + other) / 2
        return alarm * math.sqrt(2 * middle * (1 - middle)) + miss * math.sqrt(
            low * (1 - low) + other * (1 - other)
        )

    return _smallest(noise, problems, 1 - low)


def _paired(problems: int, discordant: float) -> float | None:
    alarm, miss = _quantiles()

    def noise(difference: float) -> float:
        share = max(discordant, difference)
        return alarm * math.sqrt(share) + miss * math.sqrt(share - difference**2)

    return _smallest(noise, problems, 1.0)


def _quantiles() -> tuple[float, float]:
    normal = NormalDist()
    return normal.inv_cdf(1 - LEVEL / 2), normal.inv_cdf(POWER)


def _smallest(noise: Callable[[float], float], problems: int, largest: float) -> float | None:
    """Where difference · √problems begins to exceed the noise, by halving."""
    root = math.sqrt(problems)
    if largest * root < noise(largest):
        return None
    low, high = 0.0, largest
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle * root < noise(middle):
            low = middle
        else:
            high = middle
    return high
