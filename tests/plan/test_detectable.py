"""Detectable differences against closed forms, the paper's number, and the statistics proper."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from harness.cells import cells_of
from harness.plan.detectable import (
    DISCORDANT,
    RATE,
    SEED_CORRELATION,
    SEED_SPREAD,
    comparisons_of,
    detectable_difference,
)
from harness.plan.estimate_text import estimate_parts
from harness.power import design_effect, smallest_detectable_difference
from harness.recipe.loading import load_recipe
from harness.statistics import pooled_difference
from tests.plan.reference_estimates import estimate

ALARM, MISS = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)


@pytest.mark.parametrize("problems", [1, 3, 7, 30, 60, 500, 1319, 5000, 100_000])
def test_as_the_statistics_say(problems: int) -> None:
    found = detectable_difference(problems)
    unpaired = smallest_detectable_difference(problems, RATE)
    low, high = (
        smallest_detectable_difference(problems, RATE, discordant=share)
        for share in (DISCORDANT.low, DISCORDANT.high)
    )
    if math.isinf(unpaired):
        assert found.unpaired_points is None
    else:
        assert found.unpaired_points == pytest.approx(100 * unpaired, rel=1e-9)
    if math.isinf(low) or math.isinf(high):
        assert found.paired_points is None
    else:
        assert found.paired_points is not None
        assert found.paired_points.low == pytest.approx(100 * low, rel=1e-9)
        assert found.paired_points.high == pytest.approx(100 * high, rel=1e-9)


def test_paired_in_closed_form() -> None:
    """δ√n = z₁√ψ + z₂√(ψ - δ²), solved for δ."""
    found = detectable_difference(1319).paired_points
    assert found is not None
    for value, share in ((found.low, DISCORDANT.low), (found.high, DISCORDANT.high)):
        b = ALARM * math.sqrt(1319 * share)
        root = math.sqrt(b * b - (1319 + MISS**2) * (ALARM**2 - MISS**2) * share)
        assert value == pytest.approx(100 * (b + root) / (1319 + MISS**2), rel=1e-9)


def test_the_papers_test_set_cannot_show_its_gaps() -> None:
    """PAPER.md 3.6: about 8 points unpaired at n = 500, about 2.6 at n = 5,000."""
    few, many = (detectable_difference(problems).unpaired_points for problems in (500, 5000))
    assert few == pytest.approx(8, abs=1)
    assert many == pytest.approx(2.6, abs=0.3)


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_the_mean_over_seeds_is_found_as_often_as_promised(seeds: int) -> None:
    """Problems that suit one side whatever the seed, and problems on which models toss coins.

    A tenth of the first kind and a fifth of the second: models disagree on 0.1 + 0.2 / 2 of the
    problems, and half of that variance is the same for every seed.
    """
    problems, stable, tossed, repetitions = 500, 0.1, 0.2, 1500
    discordant, correlation = stable + tossed / 2, stable / (stable + tossed / 2)
    difference = smallest_detectable_difference(
        problems, RATE, discordant=discordant, variance_factor=design_effect(seeds, correlation)
    )
    source, found = np.random.default_rng(seeds), 0
    better = (1 + difference / stable) / 2
    for _ in range(repetitions):
        kind = source.random(problems)
        signs = np.where(source.random(problems) < better, 1, -1)
        tosses = source.integers(0, 2, (2, problems, seeds))
        once = np.where(kind < stable, signs, 0)[:, None]
        outcomes = np.where(
            ((kind >= stable) & (kind < stable + tossed))[:, None], tosses[0] - tosses[1], once
        )
        means = outcomes.mean(axis=1)
        found += abs(means.sum()) > 1.96 * math.sqrt(float((means**2).sum()))
    assert found / repetitions == pytest.approx(0.8, abs=0.04)


def test_more_seeds_help_less_than_more_problems_would() -> None:
    one, three, many = (detectable_difference(500, seeds, 6) for seeds in (1, 3, 1000))
    more = detectable_difference(1500, 1, 6).paired_points
    for found in (one, three, many):
        assert found.paired_points == one.paired_points  # Of one seed, as ever.
        assert found.over_seeds_points is not None
    assert one.over_seeds_points == one.paired_points
    assert one.over_seeds_points and three.over_seeds_points and many.over_seeds_points and more
    assert more.high < three.over_seeds_points.high < one.over_seeds_points.high
    # However many seeds: the problems' own part stays.
    for end in ("low", "high"):
        floor = smallest_detectable_difference(
            500, RATE, discordant=getattr(DISCORDANT, end),
            variance_factor=getattr(SEED_CORRELATION, end),
        )  # fmt: skip
        assert getattr(many.over_seeds_points, end) == pytest.approx(100 * floor, rel=0.01)


def test_holm_asks_the_clearest_of_six_for_a_sixth_of_the_level() -> None:
    found = detectable_difference(500, 1, 6)
    assert (found.comparisons, found.holm_level) == (6, 0.05 / 6)
    alarm = NormalDist().inv_cdf(1 - 0.05 / 12)
    assert found.holm_points is not None and found.paired_points is not None
    for end in ("low", "high"):
        share, value = getattr(DISCORDANT, end), getattr(found.holm_points, end) / 100
        noise = alarm * math.sqrt(share) + MISS * math.sqrt(share - value**2)
        assert value * math.sqrt(500) == pytest.approx(noise, rel=1e-9)
    assert found.holm_unpaired_points and found.unpaired_points
    assert found.holm_unpaired_points > found.unpaired_points
    assert detectable_difference(500).holm_points == detectable_difference(500).paired_points


@pytest.mark.parametrize("seeds", [3, 5])
def test_other_seeds_are_tested_about_as_often_as_promised(seeds: int) -> None:
    """By the harness's own test, with the harshest of what is assumed."""
    promised = detectable_difference(500, seeds).other_seeds_points
    assert promised is not None
    source = np.random.default_rng(seeds)
    share, repetitions, found = SEED_CORRELATION.high, 300, 0
    deviations = [math.sqrt(DISCORDANT.high * part) for part in (share, 1 - share)]
    for number in range(repetitions):
        problems = source.normal(promised.high / 100, deviations[0], (500, 1))
        answers = source.normal(0, deviations[1], (500, seeds))
        runs = source.normal(0, math.sqrt(2) * SEED_SPREAD.high / 100, seeds)
        test = pooled_difference([problems + answers + runs], resamples=500, seed=number)
        assert test.p_value_other_seeds is not None
        found += test.p_value_other_seeds < 0.05
    assert found / repetitions == pytest.approx(0.8, abs=0.07)


def test_other_seeds_need_more_and_one_seed_cannot_tell() -> None:
    one, two, three = (detectable_difference(500, seeds) for seeds in (1, 2, 3))
    assert one.other_seeds_points is one.holm_other_seeds_points is None
    for found in (two, three):
        assert found.other_seeds_points is not None and found.over_seeds_points is not None
        assert found.other_seeds_points.low > found.over_seeds_points.low
        assert found.other_seeds_points.high > found.over_seeds_points.high
    # By hand: variance of answers and of trainings, the latter by Student's t.
    answers = 0.35 * (1 + 2 * 0.75) / 3 / 500
    trainings = 2 * 0.02**2 / 3
    student = stats.t(2).ppf(0.975)
    threshold = math.sqrt(ALARM**2 * answers + student**2 * trainings)
    expected = threshold + MISS * math.sqrt(answers + trainings)
    assert three.other_seeds_points is not None
    assert three.other_seeds_points.high == pytest.approx(100 * expected)


@pytest.mark.parametrize(
    ("settings", "seeds", "comparisons"),
    [
        ([], 1, 6),
        (["seeds.training=[1,2,3]"], 3, 6),
        (["paradigms=[wc_lm]", "seeds.training=[4,5]"], 2, 2),
        (["training.arms=[wc,ground_truth]", "seeds.training=[4,5]"], 1, 0),
    ],
)
def test_the_recipes_own_design_counts(settings: list[str], seeds: int, comparisons: int) -> None:
    recipe = load_recipe("w2s-math", settings)
    assert comparisons_of(cells_of(recipe)) == comparisons
    found = estimate(recipe).detectable
    assert found is not None
    assert (found.training_seeds, found.comparisons) == (seeds, comparisons)


def test_the_text_names_seeds_and_level() -> None:
    """What three seeds show is not said of one, and the level is that of the results."""
    parts = estimate_parts(estimate(load_recipe("w2s-math", ["seeds.training=[1,2,3]"])))
    (text,) = (part for part in parts if part.startswith("Smallest difference"))
    assert "(one comparison, one training seed)" in text
    assert "mean over 3 training seeds" in text
    assert "3 training seeds, worst of 6 comparisons (Holm, level 0.0083)" in text
    assert "for models of other training seeds too" in text
    assert max(map(len, text.splitlines())) <= 100
    single = estimate(load_recipe("w2s-math"))
    assert "other training seeds" not in "".join(estimate_parts(single))
    assert any("One training seed: what is found" in said for said in single.assumptions)
