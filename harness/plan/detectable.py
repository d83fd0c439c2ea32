"""The smallest difference that the test set of a recipe can show, with what that assumes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.plan.amounts import Range
from harness.power import LEVEL, POWER, smallest_detectable_difference

RATE = 0.5
# An assumption: how often two finetuned models disagree is known only afterwards. Two that
# answer independently and solve half would disagree on half of the problems.
DISCORDANT = Range(0.15, 0.35)


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
    low, high = (_points(problems, share) for share in (DISCORDANT.low, DISCORDANT.high))
    return DetectableDifference(
        problems=problems,
        rate=RATE,
        discordant=DISCORDANT,
        power=POWER,
        level=LEVEL,
        unpaired_points=_points(problems),
        paired_points=None if low is None or high is None else Range(low, high),
    )


def _points(problems: int, discordant: float | None = None) -> float | None:
    found = smallest_detectable_difference(
        problems, RATE, discordant=discordant, power=POWER, level=LEVEL
    )
    return 100 * found if math.isfinite(found) else None
