"""The wording rules: never more than the interval says, and always in the right unit."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.report.results import Comparison, Difference, Interval, OtherSeeds, Pooled
from harness.report.wording import (
    TOPICS,
    excluded_beyond,
    finetuning_sentence,
    is_found,
    pooled_sentence,
    quality_sentence,
    verdict_of,
)

CLAIMS = re.compile(r"\b(higher|lower|better|worse|best|wins?|beats?|more accurate)\b")
fractions = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
seeds = st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True)


@st.composite
def differences(draw: st.DrawFn, scale: float = 1.0) -> Difference:
    ends = sorted(draw(st.tuples(*[st.floats(-scale, scale)] * 3)))
    p_value = draw(st.none() | fractions)
    return Difference(value=ends[1], low=ends[0], high=ends[2], p_value=p_value, test="t")


def comparison_of(wc: float, se: float, difference: Difference, seed_list: list[int]) -> Comparison:
    around = {
        name: Interval(value=value, low=value, high=value)
        for name, value in (("wc", wc), ("se", se), ("base", 0.1))
    }
    return Comparison(
        paradigm="student_lm", budget="high", seeds=seed_list, difference=difference,
        relative_gain=(wc - se) / se if se > 0 else None, **around,
    )  # fmt: skip


@given(fractions, fractions, differences(), seeds)
def test_finetuning_never_claims_what_the_interval_does_not(
    wc: float, se: float, difference: Difference, seed_list: list[int]
) -> None:
    text = finetuning_sentence(comparison_of(wc, se, difference, seed_list))
    if is_found(difference):
        assert difference.low > 0 or difference.high < 0
        side = "WC" if difference.low > 0 else "SE"
        assert f"after {side} data: " in text
    else:
        assert not CLAIMS.search(text)
        assert text.startswith(("No difference was found", "Nothing can be said"))
    if len(seed_list) == 1:
        assert "one training seed" in text
        assert "no claim" in text or not is_found(difference)
    assert "equal" not in text.replace("at equal", "")


@given(st.sampled_from(sorted(TOPICS)), fractions, fractions, differences())
def test_data_quality_never_claims_what_the_interval_does_not(
    name: str, wc: float, se: float, difference: Difference
) -> None:
    sides = [Interval(value=value, low=value, high=value) for value in (wc, se)]
    text = quality_sentence(TOPICS[name], sides[0], sides[1], difference)
    if difference.low <= 0 <= difference.high or difference.low == difference.high:
        assert not CLAIMS.search(text)
    else:
        assert text.startswith("WC has" if difference.low > 0 else "SE has")
    # A difference is in points or in solutions, never in per cent.
    unit = "points" if TOPICS[name].scale == 100 else "solutions a problem"
    assert re.search(rf"\([+−]?[\d.]+ {unit}", text)


@given(differences())
def test_what_is_called_excluded_is_outside_the_interval(difference: Difference) -> None:
    limit = float(excluded_beyond(difference, 100).removeprefix("±"))
    assert limit >= 100 * max(abs(difference.low), abs(difference.high)) - 1e-6
    assert limit <= 100 * max(abs(difference.low), abs(difference.high)) + 0.1 + 1e-6


@given(differences())
def test_swapping_the_sides_swaps_the_verdict(difference: Difference) -> None:
    mirrored = Difference(value=-difference.value, low=-difference.high, high=-difference.low)
    opposite = {"wc_higher": "se_higher", "se_higher": "wc_higher"}
    verdict = verdict_of(difference)
    assert verdict_of(mirrored) == opposite.get(verdict, verdict)


@given(st.floats(-1, 1))
def test_an_interval_without_width_carries_no_claim(value: float) -> None:
    assume(value != 0)
    difference = Difference(value=value, low=value, high=value, p_value=0.0)
    assert verdict_of(difference) == "no_interval"
    assert not CLAIMS.search(finetuning_sentence(comparison_of(0.5, 0.4, difference, [1, 2])))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        (
            (0.282, 0.266, -0.021, 0.053, 0.57, [1, 2, 3]),
            "No difference was found for the student (knowledge distillation): pass@1 is 28.2 % "
            "after WC data and 26.6 % after SE data (+1.6 points, 95 % interval −2.1 to +5.3, "
            "p = 0.570; relative +6.0 %; mean over 3 training seeds). Differences of more than "
            "±5.3 points are excluded for these 6 trained models; effects below about ±3.7 points "
            "were too small for this design to see.",
        ),
        (
            (0.358, 0.272, 0.04, 0.132, 0.0003, [1, 2, 3]),
            "The student (knowledge distillation) has the higher pass@1 after WC data: pass@1 is "
            "35.8 % after WC data and 27.2 % after SE data (+8.6 points, 95 % interval +4.0 to "
            "+13.2, p < 0.001; relative +31.6 %; mean over 3 training seeds).",
        ),
        (
            (0.358, 0.272, 0.04, 0.132, 0.0003, [1]),
            "Of the two models trained, the student (knowledge distillation) scored higher after "
            "WC data: pass@1 is 35.8 % after WC data and 27.2 % after SE data (+8.6 points, 95 % "
            "interval +4.0 to +13.2, p < 0.001; relative +31.6 %; one training seed); one "
            "training seed makes no claim about the data.",
        ),
    ],
)
def test_sentences_on_the_papers_numbers(
    numbers: tuple[float, float, float, float, float, list[int]], text: str
) -> None:
    wc, se, low, high, p_value, seed_list = numbers
    difference = Difference(value=wc - se, low=low, high=high, p_value=p_value, test="t")
    assert finetuning_sentence(comparison_of(wc, se, difference, seed_list)) == text


def test_a_disagreeing_test_is_mentioned() -> None:
    difference = Difference(value=0.02, low=0.001, high=0.04, p_value=0.08, test="t")
    assert "borderline" in finetuning_sentence(comparison_of(0.5, 0.48, difference, [1, 2]))


def test_seeds_are_shown_and_their_disagreement_is_mentioned() -> None:
    difference = Difference(value=0.02, low=0.01, high=0.03, p_value=0.01, test="t")
    text = finetuning_sentence(comparison_of(0.5, 0.48, difference, [1, 2]), [0.05, -0.01])
    assert "mean over 2 training seeds: +5.0, −1.0 points)" in text
    assert text.endswith("The seeds do not agree, so the chance of training may explain it.")
    agreeing = finetuning_sentence(comparison_of(0.5, 0.48, difference, [1, 2]), [0.03, 0.01])
    assert "do not agree" not in agreeing


def pooled_of(difference: Difference, *, seeds: bool) -> Pooled:
    return Pooled(
        **difference.model_dump(), cells=6, cells_positive=4, cells_negative=2,
        covers_seeds=seeds, p_value_other_seeds=0.2 if seeds else None, smallest_detectable=0.031,
    )  # fmt: skip


@given(differences(), st.booleans())
def test_the_pooled_effect_never_claims_what_the_interval_does_not(
    difference: Difference, seeds: bool
) -> None:
    text = pooled_sentence(pooled_of(difference, seeds=seeds))
    assert bool(CLAIMS.search(text)) == is_found(difference)
    assert "ahead in 4, SE data in 2" in text
    assert ("is not in the interval" in text) != seeds


def test_the_pooled_effect_says_what_the_design_could_have_found() -> None:
    text = pooled_sentence(
        pooled_of(Difference(value=0.012, low=-0.008, high=0.032, p_value=0.25), seeds=True)
    )
    assert "the smallest difference that this design detects with 80 % power is 3.1 points" in text
    assert "+1.2 points, 95 % interval −0.8 to +3.2, p = 0.200" in text
    assert text.endswith("interval and p value cover training by other seeds.")


def test_a_comparison_says_what_it_could_have_found() -> None:
    difference = Difference(value=0.0, low=-0.04, high=0.04, p_value=1.0)
    comparison = comparison_of(0.4, 0.4, difference, [1]).model_copy(
        update={"smallest_detectable": 0.0561}
    )
    text = finetuning_sentence(comparison)
    assert text.endswith(
        "the smallest difference that this design detects with 80 % power is 5.6 points."
    )


def test_training_by_other_seeds_decides_what_is_found() -> None:
    these = Difference(value=0.03, low=0.01, high=0.05, p_value=0.01, test="t")
    comparison = comparison_of(0.53, 0.5, these, [1, 2])
    assert "other seeds" not in finetuning_sentence(comparison)
    wide = OtherSeeds(low=-0.012, high=0.06, p_value=0.12)
    text = finetuning_sentence(comparison.model_copy(update={"other_seeds": wide}))
    assert text.startswith("No difference was found") and not CLAIMS.search(text)
    assert (
        "(+3.0 points, 95 % interval −1.2 to +6.0, p = 0.120, training by other seeds included;"
        in text
    )
    assert "Differences of more than ±6.0 points are excluded; effects below about ±3.6" in text
    assert text.endswith(
        " These 4 models do differ (+1.0 to +5.0 points, p = 0.010), but training by other seeds "
        "may explain that."
    )
    narrow = OtherSeeds(low=0.004, high=0.056, p_value=0.02)
    text = finetuning_sentence(comparison.model_copy(update={"other_seeds": narrow}))
    assert "has the higher pass@1 after WC data" in text
    assert "95 % interval +0.4 to +5.6, p = 0.020, training by other seeds included;" in text
    assert "borderline" not in text
