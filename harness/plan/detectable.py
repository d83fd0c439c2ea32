"""The smallest difference that the test set of a recipe can show, with what that assumes.

A recipe compares WC data with SE data once a paradigm and budget, with the same training seeds on
both sides. The seeds share the test problems: they take off what is chance in a model's answers,
and leave what is chance in the problems. Holm's correction over the comparisons asks the clearest
of them for the level over their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.cells import Cell
from harness.plan.amounts import Range
from harness.power import (
    LEVEL,
    POWER,
    design_effect,
    smallest_detectable_difference,
    smallest_detectable_effect,
)

RATE = 0.5
# An assumption: how often two finetuned models disagree is known only afterwards. Two that
# answer independently and solve half would disagree on half of the problems.
DISCORDANT = Range(0.15, 0.35)
# An assumption: of the disagreement of WC and SE models, two that differ in the training seed
# alone have the rest, 75 % to 25 %.
SEED_CORRELATION = Range(0.25, 0.75)
# An assumption: standard deviation of a model's pass@1 over trainings, in points, beyond the
# chance of single answers. The order of the rows alone has moved results by points.
SEED_SPREAD = Range(0.5, 2.0)


@dataclass(frozen=True)
class DetectableDifference:
    """Differences of two finetuned models' pass@1, in points; None where none is found at all.

    Attributes:
        problems: of the test set.
        rate: success rate of the weaker model, for the unpaired test.
        discordant: share of problems that exactly one model solves, for the paired tests.
        power: probability of finding the difference where it exists.
        level: of one two-sided test.
        unpaired_points: smallest difference that a test of two proportions finds.
        paired_points: the same for McNemar's test on the same problems, with one training seed.
        training_seeds: of the recipe.
        comparisons: of the recipe: WC data against SE data, once a paradigm and budget.
        holm_level: what Holm's correction asks of the clearest of them, the worst case.
        seed_correlation: of a problem's difference between two training seeds.
        seed_spread_points: standard deviation of a model's pass@1 over training seeds.
        over_seeds_points: as `paired_points`, of the mean over the training seeds.
        holm_points: the same at `holm_level`.
        holm_unpaired_points: as `unpaired_points`, at `holm_level`.
        other_seeds_points: as `over_seeds_points`, of models trained by any other seeds too; None
            with one seed, which cannot tell.
        holm_other_seeds_points: the same at `holm_level`.
    """

    problems: int
    rate: float
    discordant: Range
    power: float
    level: float
    unpaired_points: float | None
    paired_points: Range | None
    training_seeds: int
    comparisons: int
    holm_level: float
    seed_correlation: Range
    seed_spread_points: Range
    over_seeds_points: Range | None
    holm_points: Range | None
    holm_unpaired_points: float | None
    other_seeds_points: Range | None
    holm_other_seeds_points: Range | None


def comparisons_of(cells: Sequence[Cell]) -> int:
    """How many comparisons of WC data with SE data the cells of a recipe allow."""
    sides = {
        arm: {(cell.paradigm, cell.budget, cell.seed) for cell in cells if cell.arm == arm}
        for arm in ("wc", "se")
    }
    return len({(paradigm, budget) for paradigm, budget, _ in sides["wc"] & sides["se"]})


def detectable_difference(
    problems: int, seeds: int = 1, comparisons: int = 1
) -> DetectableDifference:
    """What a test set of `problems` can show.

    Unpaired: Fleiss, Statistical Methods for Rates and Proportions, 1981, equation 3.14, without
    the correction for continuity. Paired: Connor, Biometrics 43, 1987; a difference of δ needs
    at least the share δ of discordant problems. Several seeds: that with Kish's design effect.
    Other seeds: two crossed random effects, problems and trainings, as `pooled_difference` has
    them, with Student's t for the trainings.

    Args:
        problems: of the test set.
        seeds: training seeds of each side.
        comparisons: that Holm's correction is over.
    """
    holm_level = LEVEL / max(comparisons, 1)
    return DetectableDifference(
        problems=problems,
        rate=RATE,
        discordant=DISCORDANT,
        power=POWER,
        level=LEVEL,
        unpaired_points=_points(_difference(problems, LEVEL)),
        paired_points=_paired(problems, 1, LEVEL),
        training_seeds=seeds,
        comparisons=comparisons,
        holm_level=holm_level,
        seed_correlation=SEED_CORRELATION,
        seed_spread_points=SEED_SPREAD,
        over_seeds_points=_paired(problems, seeds, LEVEL),
        holm_points=_paired(problems, seeds, holm_level),
        holm_unpaired_points=_points(_difference(problems, holm_level)),
        other_seeds_points=_other_seeds(problems, seeds, LEVEL),
        holm_other_seeds_points=_other_seeds(problems, seeds, holm_level),
    )


def _difference(
    problems: int, level: float, discordant: float | None = None, effect: float = 1.0
) -> float:
    return smallest_detectable_difference(
        problems, RATE, discordant=discordant, variance_factor=effect, power=POWER, level=level
    )


def _paired(problems: int, seeds: int, level: float) -> Range | None:
    return _range(
        lambda discordant, correlation, _: _difference(
            problems, level, discordant, design_effect(seeds, correlation)
        )
    )


def _other_seeds(problems: int, seeds: int, level: float) -> Range | None:
    if seeds < 2:
        return None

    def found(discordant: float, correlation: float, spread: float) -> float:
        answers = discordant * design_effect(seeds, correlation) / problems
        trainings = 2 * (spread / 100) ** 2 / seeds  # Both sides are trained.
        effect = smallest_detectable_effect(
            math.sqrt(answers),
            run_error=math.sqrt(trainings),
            run_freedom=seeds - 1,
            power=POWER,
            level=level,
        )
        return effect if effect <= 1 else math.inf

    return _range(found)


def _range(found: Callable[[float, float, float], float]) -> Range | None:
    """Between the kindest and the harshest of what is assumed."""
    low = _points(found(DISCORDANT.low, SEED_CORRELATION.low, SEED_SPREAD.low))
    high = _points(found(DISCORDANT.high, SEED_CORRELATION.high, SEED_SPREAD.high))
    return None if low is None or high is None else Range(low, high)


def _points(difference: float) -> float | None:
    return 100 * difference if math.isfinite(difference) else None
