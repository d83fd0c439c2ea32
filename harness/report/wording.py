"""Turns differences into sentences, and never says more than the interval does.

The rules, in one place so that they can be tested:

* A difference is *found* when its 95 % interval excludes 0. Only then do the words "higher"
  and "lower" appear.
* Otherwise "no difference was found", together with what is excluded: differences beyond the
  farther end of the interval. "Equal" is never said.
* An interval without width (one problem, or the same outcome everywhere) carries no claim.
* Interval and test are two methods. Where only one of them sees a difference, it is *borderline*,
  and said to be.
* Half the interval's width says about how small an effect the design could have seen.
* Of one training seed it is said that it makes no claim about the data: the interval is over test
  problems, for the models that were trained. Of several it is said what each of them shows, and
  a difference is found when the interval that covers training by other seeds excludes 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.numbers import (
    Ends,
    digits_for,
    half_width,
    interval_signed,
    p_text,
    percent,
    relative_percent,
    signed,
)
from harness.report.results import Comparison, Difference, Interval, Pooled
from harness.report.schema import Finding, Verdict
from harness.report.seeds import difference_of_data

SIGNIFICANCE = 0.05
PARADIGM_NAMES = {
    "student_lm": "student (knowledge distillation)",
    "wc_lm": "WC model (self-improvement on WC data)",
    "se_lm": "SE model (weak-to-strong improvement on WC data)",
}


@dataclass(frozen=True)
class Topic:
    """A measure of data quality and how to speak of it.

    Attributes:
        noun: as in "the higher NOUN" and "no difference in NOUN".
        scale: 100 for fractions, 1 for counts.
        unit: of a difference, after scaling.
    """

    noun: str
    scale: float
    unit: str

    def value(self, interval: Interval) -> str:
        """One side's value, with its unit."""
        return percent(interval.value) if self.scale == 100 else f"{interval.value:.2f}"


TOPICS = {
    "coverage": Topic("coverage", 100, "points"),
    "diversity_all": Topic("diversity over all problems", 1, "solutions a problem"),
    "diversity_solved": Topic("diversity over solved problems", 1, "solutions a problem"),
    "false_positive_rate": Topic("false-positive rate", 100, "points"),
}


def verdict_of(difference: Ends) -> Verdict:
    """What a difference WC minus SE says by its 95 % interval."""
    if difference.low == difference.high:
        return "no_interval"
    if difference.low > 0:
        return "wc_higher"
    if difference.high < 0:
        return "se_higher"
    return "no_difference"


def is_found(difference: Interval) -> bool:
    """Whether the interval excludes 0, and has a width."""
    return verdict_of(difference) in ("wc_higher", "se_higher")


def is_borderline(difference: Interval) -> bool:
    """Whether interval and test disagree about a difference."""
    p_value: float | None = getattr(difference, "p_value", None)
    if p_value is None or verdict_of(difference) == "no_interval":
        return False
    return is_found(difference) != (p_value < SIGNIFICANCE)


def excluded_beyond(difference: Interval, scale: float) -> str:
    """The smallest ±x, rounded up, so that the interval lies within it."""
    step = 10 if scale == 100 else 100
    limit = max(abs(difference.low), abs(difference.high)) * scale
    return f"±{math.ceil(limit * step - 1e-9) / step:.{1 if step == 10 else 2}f}"


def effect_text(difference: Difference, scale: float, unit: str) -> str:
    """`+3.2 points, 95 % interval +1.1 to +5.3, p = 0.003`."""
    digits = max(1 if scale == 100 else 2, digits_for(difference, scale))
    parts = [f"{signed(scale * difference.value, digits)} {unit}"]
    if difference.low != difference.high:
        parts.append(f"95 % interval {interval_signed(difference, scale, digits)}")
    if p := p_text(difference.p_value):
        parts.append(p)
    return ", ".join(parts)


def borderline(difference: Difference) -> str:
    """A warning where interval and test disagree."""
    if not is_borderline(difference):
        return ""
    test = "is less sure" if is_found(difference) else "sees one"
    return f" The test {test} ({p_text(difference.p_value)}), so read this as borderline."


def quality_sentence(topic: Topic, wc: Interval, se: Interval, difference: Difference) -> str:
    """What one measure of data quality says about WC and SE at one budget."""
    values = f"WC {topic.value(wc)}, SE {topic.value(se)}"
    effect = effect_text(difference, topic.scale, topic.unit)
    verdict = verdict_of(difference)
    if verdict == "no_interval":
        return (
            f"Nothing can be said about {topic.noun}: {values} ({effect}), but every problem "
            "shows the same difference, so there is no interval."
        )
    if verdict == "no_difference":
        limit = excluded_beyond(difference, topic.scale)
        return (
            f"No difference in {topic.noun} was found: {values} ({effect}); differences of more "
            f"than {limit} {topic.unit} are excluded.{borderline(difference)}"
        )
    side = "WC" if verdict == "wc_higher" else "SE"
    return f"{side} has the higher {topic.noun}: {values} ({effect}).{borderline(difference)}"


def finetuning_sentence(comparison: Comparison, by_seed: Sequence[float] = ()) -> str:
    """What finetuning on WC data instead of SE data did to one paradigm at one budget.

    Args:
        comparison: means over the training seeds.
        by_seed: WC minus SE of each seed, where known.
    """
    difference = difference_of_data(comparison)
    covered = ", training by other seeds included" if comparison.other_seeds else ""
    who = PARADIGM_NAMES.get(comparison.paradigm, comparison.paradigm)
    numbers = (
        f"pass@1 is {percent(comparison.wc.value)} after WC data and "
        f"{percent(comparison.se.value)} after SE data ({effect_text(difference, 100, 'points')}"
        f"{covered}; relative {relative_percent(comparison.relative_gain)}; "
        f"{seeds_text(comparison.seeds, by_seed)})"
    )
    verdict = verdict_of(difference)
    if verdict == "no_interval":
        return (
            f"Nothing can be said about the {who}: {numbers}; every test problem shows the same "
            "difference, so there is no interval."
        )
    seeds = len(comparison.seeds)
    if verdict == "no_difference":
        limit = excluded_beyond(difference, 100)
        models = (
            "" if covered else f" for these {'two' if seeds == 1 else 2 * seeds} trained models"
        )
        return (
            f"No difference was found for the {who}: {numbers}. Differences of more than {limit} "
            f"points are excluded{models}; effects below about {resolution(difference)} points "
            "were too small for this design to see"
            f"{detectable_text(comparison.smallest_detectable)}."
            f"{these_models_text(comparison)}{borderline(difference)}"
        )
    side = "WC" if verdict == "wc_higher" else "SE"
    if seeds == 1:
        text = (
            f"Of the two models trained, the {who} scored higher after {side} data: {numbers}; "
            "one training seed makes no claim about the data."
        )
    else:
        text = f"The {who} has the higher pass@1 after {side} data: {numbers}."
        if any(one * difference.value <= 0 for one in by_seed):
            text += " The seeds do not agree, so the chance of training may explain it."
    return text + borderline(difference)


def these_models_text(comparison: Comparison) -> str:
    """What is left to say where these models differ, but others might not."""
    difference = comparison.difference
    if comparison.other_seeds is None or not is_found(difference):
        return ""
    return (
        f" These {2 * len(comparison.seeds)} models do differ "
        f"({interval_signed(difference, 100)} points, {p_text(difference.p_value)}), but training "
        "by other seeds may explain that."
    )


def correction_text(findings: Sequence[Finding]) -> str:
    """How many of the differences that were found remain when corrected for each other."""
    found = [one for one in findings if is_found(one.difference)]
    adjusted = [one.holm_p_value for one in found if one.holm_p_value is not None]
    if len(findings) == 1 or not found or len(adjusted) < len(found):
        return ""
    remain = sum(p_value < SIGNIFICANCE for p_value in adjusted)
    return (
        f" Corrected for {len(findings)} comparisons (Holm), {remain or 'none'} of {len(found)} "
        f"remain{'s' if remain == 1 else ''}."
    )


def detectable_text(smallest: float | None) -> str:
    """`; the smallest difference that it finds with 80 % power is 8.1 points`, or nothing."""
    if smallest is None:
        return ""
    return (
        "; the smallest difference that this design detects with 80 % power is "
        f"{100 * smallest:.1f} points"
    )


def pooled_sentence(pooled: Pooled) -> str:
    """What all comparisons of finetuned models say together.

    With several training seeds the interval and the p value cover training by other seeds.
    """
    if pooled.covers_seeds:
        pooled = pooled.model_copy(update={"p_value": pooled.p_value_other_seeds})
    cells = f"{pooled.cells} comparisons"
    signs = f"WC data are ahead in {pooled.cells_positive}, SE data in {pooled.cells_negative}"
    effect = effect_text(pooled, 100, "points")
    if not is_found(pooled):
        limit = excluded_beyond(pooled, 100)
        said = (
            f"Over all {cells} together no difference was found: WC data minus SE data is "
            f"{effect} ({signs}). Mean differences of more than {limit} points are excluded"
            f"{detectable_text(pooled.smallest_detectable)}.{borderline(pooled)}"
        )
    else:
        side = "WC" if verdict_of(pooled) == "wc_higher" else "SE"
        said = (
            f"Over all {cells} together pass@1 is higher after {side} data: WC data minus SE data "
            f"is {effect} ({signs}).{borderline(pooled)}"
        )
    if pooled.covers_seeds:
        return (
            f"{said} Problems are resampled for all comparisons at once; interval and p value "
            "cover training by other seeds."
        )
    return (
        f"{said} Problems are resampled for all comparisons at once; how much training by another "
        "seed would change is not in the interval."
    )


def resolution(difference: Interval) -> str:
    """Half the interval in points: about the smallest effect that could have been seen."""
    return f"±{100 * half_width(difference):.1f}"


def seeds_text(seeds: Sequence[int], by_seed: Sequence[float] = ()) -> str:
    """`one training seed`, or `mean over 2 training seeds: +1.2, −0.4 points`."""
    if len(seeds) == 1:
        return "one training seed"
    each = f": {seed_points(by_seed)} points" if by_seed else ""
    return f"mean over {len(seeds)} training seeds{each}"


def seed_points(by_seed: Sequence[float]) -> str:
    """Differences in points, one a seed: `+1.2, −0.4`."""
    return ", ".join(signed(100 * one) for one in by_seed)
