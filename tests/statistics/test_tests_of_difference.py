"""p values against scipy and statsmodels, and how often they cry wolf."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from harness.metrics import coverage_at_k
from harness.statistics.holm import holm
from harness.statistics.paired import (
    mcnemar_exact,
    mcnemar_mid_p,
    paired_difference,
    paired_ratio_difference,
    sign_flip,
)

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(p_values=PROBABILITIES)
def test_holm_is_the_step_down_rule(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for level in (0.01, 0.05, 0.2):
        rejected, rest = set(), sorted(range(len(p_values)), key=lambda one: p_values[one])
        while rest and p_values[rest[0]] * len(rest) <= level:
            rejected.add(rest.pop(0))
        assert rejected == {place for place, value in enumerate(adjusted) if value <= level}
    assert (adjusted >= np.array(p_values)).all()


def test_holm_agrees_with_statsmodels() -> None:
    multitest = pytest.importorskip(
        "statsmodels.stats.multitest", reason="statsmodels is not installed"
    )
    p_values = np.random.default_rng(0).random(12) ** 3
    p_values[5] = p_values[2]
    assert holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])
    assert holm([]).size == 0
    for wrong in ([0.5, 1.2], [float("nan")], [[0.1]]):
        with pytest.raises(ValueError):
            holm(wrong)


@pytest.mark.parametrize(("both", "first", "second", "neither"), [(30, 12, 4, 54), (0, 3, 3, 1)])
def test_mcnemar_agrees_with_statsmodels(both: int, first: int, second: int, neither: int) -> None:
    tables = pytest.importorskip(
        "statsmodels.stats.contingency_tables", reason="statsmodels is not installed"
    )
    wc = [1] * both + [1] * first + [0] * second + [0] * neither
    se = [1] * both + [0] * first + [1] * second + [0] * neither
    reference = tables.mcnemar([[both, first], [second, neither]], exact=True).pvalue
    assert mcnemar_exact(wc, se) == pytest.approx(reference)
    chance = stats.binom.pmf(first, first + second, 0.5)
    less = chance / 2 if first == second else chance
    assert mcnemar_mid_p(wc, se) == pytest.approx(reference - less)


def test_the_sign_flip_agrees_with_scipys_permutation_test() -> None:
    source = np.random.default_rng(1)
    first, second = source.random(40), source.random(40) + 0.08
    reference = stats.permutation_test(
        (first, second),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).pvalue
    assert sign_flip(first - second, 20_000) == pytest.approx(reference, abs=0.012)


def test_differences_that_cancel_are_no_evidence() -> None:
    """Sums that are 0 but for rounding count as equal to one that is exactly 0."""
    values = np.array([0.1, 0.2, -0.3] * 4)
    assert sign_flip(values, 2000) == 1.0


def _rejections(test: object, simulations: int) -> float:
    return float(np.mean([test(seed) < 0.05 for seed in range(simulations)]))  # type: ignore[operator]


def test_the_sign_flip_rejects_one_in_twenty_where_there_is_no_difference() -> None:
    def p_value(seed: int) -> float:
        source = np.random.default_rng(seed)
        rates = source.beta(0.5, 1, 120)
        first, second = (source.binomial(10, rates) / 10 for _ in range(2))
        return sign_flip(first - second, 600, seed)

    assert 0.03 <= _rejections(p_value, 600) <= 0.07


def test_the_paired_bootstrap_rejects_one_in_twenty_where_there_is_no_difference() -> None:
    def p_value(seed: int) -> float:
        source = np.random.default_rng(seed)
        rates = source.beta(1.5, 1.5, 120)
        correct = [source.binomial(10, rates) for _ in range(2)]
        wrong = source.beta(1, 6, 120)
        sides = [(source.binomial(c, wrong), c) for c in correct]
        return paired_ratio_difference(*sides, resamples=600, seed=seed).p_value

    assert 0.025 <= _rejections(p_value, 400) <= 0.075


def test_mcnemars_exact_test_is_careful_and_its_mid_p_is_not() -> None:
    source = np.random.default_rng(0)
    # 200 problems on which 15 % of the sides disagree by chance.
    draws = source.choice([1, 2, 3], size=(1500, 200), p=[0.075, 0.075, 0.85])
    exact, mid = (
        np.mean([test(row == 1, row == 2) < 0.05 for row in draws])
        for test in (mcnemar_exact, mcnemar_mid_p)
    )
    assert exact < 0.045
    assert 0.035 <= mid <= 0.065
    assert exact < mid


@pytest.mark.parametrize(("rate", "discordant"), [(0.5, 0.2), (0.95, 0.05)])
def test_the_interval_of_a_paired_difference_holds_the_truth(
    rate: float, discordant: float
) -> None:
    source = np.random.default_rng(0)
    shares = [discordant * 0.7, discordant * 0.3, 1 - discordant]
    held = 0
    for seed in range(400):
        kinds = source.choice([1, 2, 3], size=150, p=shares)
        found = paired_difference(kinds == 1, kinds == 2, resamples=600, seed=seed)
        held += found.low <= discordant * 0.4 <= found.high
    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.parametrize("crumb", [0.0, -0.001, 0.001])
def test_whole_differences_are_tested_as_mcnemar_does_without_correction(crumb: float) -> None:
    """Crumbs, all of one sign, do not decide between sums that whole differences leave equal."""
    whole = np.array([1.0] * 9 + [-1.0] * 3)
    reference = stats.chi2.sf((9 - 3) ** 2 / (9 + 3), 1)
    assert sign_flip([*whole, *[crumb] * 15], 5_000) == pytest.approx(reference, abs=0.002)


@pytest.mark.parametrize("problems", [1, 4, 6])
def test_no_p_value_is_below_what_so_many_signs_can_show(problems: int) -> None:
    assert 2 * 0.5**problems <= sign_flip(np.ones(problems)) <= 3 * 0.5**problems
    assert sign_flip(np.ones(1_000), 500) == pytest.approx(1 / 501)


@given(signs=st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=12))
def test_the_p_value_of_signs_is_that_of_the_opposite_signs(signs: list[float]) -> None:
    values = np.array(signs) * np.linspace(0.3, 1.0, len(signs))
    assert sign_flip(values, 200) == sign_flip(-values, 200)
    assert 0.0 < sign_flip(values, 200) <= 1.0


@pytest.mark.parametrize(
    ("problems", "first", "second", "least", "most"),
    [
        # (samples, k) of both sides. The sides are alike, and crumbs of either sign.
        (45, (10, 9.9), (10, 9.9), 0.025, 0.06),
        (100, (10, 9.9), (10, 9.9), 0.03, 0.065),
        # Crumbs of one sign: without regard to them 9 %, 9 % and 5 %.
        (30, (3, 2.95), (3, 3.0), 0.025, 0.065),
        (15, (3, 2.95), (3, 3.0), 0.02, 0.065),
        (60, (30, 28.6), (10, 9.7), 0.03, 0.065),
    ],
)
def test_the_sign_flip_rejects_one_in_twenty_just_below_the_number_of_samples(
    problems: int, first: tuple[int, float], second: tuple[int, float], least: float, most: float
) -> None:
    source = np.random.default_rng(2)
    levels = np.array([0.9, 0.7, 0.45, 0.2, 0.05])

    def rates(size: int) -> NDArray[np.float64]:
        centres = levels[source.integers(0, 5, size)]
        return source.beta(8 * centres, 8 * (1 - centres))

    def mean_coverage(harder: float, k: float) -> float:
        return float(np.mean(1 - (1 - many) ** (harder * k)))  # Up to the bend between whole k.

    def p_value(seed: int) -> float:
        easy = rates(problems)
        sides = [
            coverage_at_k(source.binomial(samples, rate), np.full(problems, samples), k)
            for (samples, k), rate in ((first, 1 - (1 - easy) ** power), (second, easy))
        ]
        return sign_flip(sides[0] - sides[1], 600, seed)

    many = rates(100_000)
    # The first side finds every problem so much harder that its coverage is that of the second.
    power = brentq(lambda one: mean_coverage(one, first[1]) - mean_coverage(1, second[1]), 0.01, 9)
    assert least <= _rejections(p_value, 1_500) <= most


def test_a_ratio_over_equal_denominators_is_tested_as_the_mean_that_it_is() -> None:
    first, second = np.random.default_rng(4).integers(0, 5, (2, 40)).astype(float)
    four = np.full(40, 4.0)
    ratios = paired_ratio_difference((first, four), (second, four))
    means = paired_difference(first / 4, second / 4)
    assert (ratios.test, ratios.p_value) == ("sign-flip permutation", means.p_value)
