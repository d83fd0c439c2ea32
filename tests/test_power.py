"""The smallest detectable difference, against statsmodels, simulation and the paper's digest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.power import (
    smallest_detectable_difference,
    smallest_detectable_effect,
)
from harness.statistics.paired import mcnemar_exact


def test_the_papers_test_set_shows_about_eight_points_and_ten_times_it_about_three() -> None:
    """PAPER.md, 3.6, at the rates of the MATH cells."""
    for rate in (0.25, 0.3, 0.4):
        assert smallest_detectable_difference(500, rate) == pytest.approx(0.083, abs=0.005)
        assert smallest_detectable_difference(5000, rate) == pytest.approx(0.026, abs=0.002)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("problems", [200, 1000])
def test_two_proportions_have_the_power_that_statsmodels_says(problems: int, rate: float) -> None:
    proportion = pytest.importorskip(
        "statsmodels.stats.proportion", reason="statsmodels is not installed"
    )
    difference = smallest_detectable_difference(problems, rate, power=0.8)
    found = proportion.power_proportions_2indep(difference, rate, problems, return_results=False)
    assert float(found) == pytest.approx(0.8, abs=0.003)


@pytest.mark.parametrize(("problems", "discordant"), [(500, 0.1), (500, 0.3), (2000, 0.15)])
def test_mcnemar_finds_the_paired_difference_as_often_as_promised(
    problems: int, discordant: float
) -> None:
    difference = smallest_detectable_difference(problems, 0.4, discordant=discordant)
    source = np.random.default_rng(0)
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    found = 0
    for only_first, only_second, _ in source.multinomial(problems, shares, size=2000):
        n = only_first + only_second
        # The uncorrected test, which the formula describes.
        found += abs(int(only_first) - int(only_second)) > 1.96 * math.sqrt(n)
    assert found / 2000 == pytest.approx(0.8, abs=0.04)


def test_few_discordant_problems_bound_the_difference_from_below() -> None:
    """A difference of δ needs at least the share δ of problems on which the sides differ."""
    none = smallest_detectable_difference(500, 0.4, discordant=0.0)
    half = smallest_detectable_difference(500, 0.4, discordant=none / 2)
    assert half == pytest.approx(none)
    lost = round(none * 500)
    first = np.array([1] * lost + [0] * (500 - lost))
    assert 0.001 < mcnemar_exact(first, np.zeros(500)) < 0.05


def test_a_design_that_can_find_nothing_says_so() -> None:
    assert smallest_detectable_difference(3, 0.5, discordant=0.2) == math.inf
    assert smallest_detectable_difference(2, 0.5) == math.inf


@settings(max_examples=40, deadline=None)
@given(
    problems=st.integers(20, 20_000),
    rate=st.floats(0, 1),
    discordant=st.one_of(st.none(), st.floats(0, 1)),
)
def test_more_problems_show_less_and_sides_are_alike(
    problems: int, rate: float, discordant: float | None
) -> None:
    here = smallest_detectable_difference(problems, rate, discordant=discordant)
    assert 0 < smallest_detectable_difference(4 * problems, rate, discordant=discordant) < here
    mirrored = smallest_detectable_difference(problems, 1 - rate, discordant=discordant)
    assert mirrored == pytest.approx(here, rel=1e-6)
    assert smallest_detectable_difference(problems, rate, discordant=discordant, power=0.9) > here


def test_effects_need_the_sum_of_both_quantiles() -> None:
    found = smallest_detectable_effect(0.5 / 20)
    assert found == pytest.approx((1.959964 + 0.841621) * 0.5 / 20, rel=1e-5)
    binary = smallest_detectable_difference(10_000, 0.4, discordant=0.25)
    assert smallest_detectable_effect(0.5 / 100) == pytest.approx(binary, rel=0.01)


@pytest.mark.parametrize(
    "call",
    [
        lambda: smallest_detectable_difference(0, 0.5),
        lambda: smallest_detectable_difference(10, 1.5),
        lambda: smallest_detectable_difference(10, 0.5, discordant=-0.1),
        lambda: smallest_detectable_difference(10, 0.5, power=1.0),
        lambda: smallest_detectable_difference(10, 0.5, level=0.0),
        lambda: smallest_detectable_effect(-0.5),
        lambda: smallest_detectable_effect(float("nan")),
    ],
)
def test_impossible_designs_are_refused(call: object) -> None:
    with pytest.raises(ValueError):
        call()  # type: ignore[operator]
