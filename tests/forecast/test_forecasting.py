"""Forecasts: held against simulated samples that came later, and at the edges."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import UnitCosts
from harness.errors import InputError
from harness.forecast.calibration import HeldBack, held_back
from harness.forecast.contest import (
    contest,
    first_crossings,
    forecast_crossover,
    matched_samples,
    usual_budgets,
    whole_samples,
)
from harness.forecast.forecasting import Forecast, forecast, power_law_opinion, usual_samples
from harness.forecast.prediction import Prediction
from harness.statistics.intervals import percentile_interval
from tests.forecast.pilots_for_tests import Floats, by_hand, drawn_from, simulated


def held(prediction: Prediction, came: float) -> bool:
    low, high = percentile_interval(prediction.these[:, -1])
    return bool(low - 1e-9 <= came <= high + 1e-9)


def coverage_held(rates: Floats, seed: int, pilot: int, pool: int) -> tuple[bool, Forecast]:
    full = simulated(rates, pool, seed)
    made = forecast(full.first(pilot), [pool], seed=seed, diversity=False)
    return held(made.coverage, float(full.known_coverage(pool)[0].mean())), made


def test_intervals_hold_where_rates_are_beta() -> None:
    """`benchmarks/forecast.py` counts 1,000 of these."""
    outcomes = [
        coverage_held(np.random.default_rng(seed).beta(0.4, 0.8, 150), seed, 5, 50)[0]
        for seed in range(24)
    ]
    assert sum(outcomes) >= 20  # 95 % of 24 within three standard deviations.


@pytest.mark.parametrize(
    "kind", ["two rates", "logit-normal", "some never", "two betas", "nearly all solved"]
)
def test_intervals_hold_where_rates_are_not_beta(kind: str) -> None:
    """A forecast that took them for Beta would miss most of these."""
    outcomes = []
    for seed in range(8):
        source = np.random.default_rng(seed)
        first = source.random(300) < 0.5
        rates = {
            "two rates": np.where(first, 0.9, 0.05),
            "logit-normal": 1 / (1 + np.exp(-source.normal(-1.5, 2.0, 300))),
            "some never": np.where(source.random(300) < 0.3, 0.0, source.beta(2.0, 2.0, 300)),
            "two betas": np.where(first, source.beta(8, 2, 300), source.beta(1, 20, 300)),
            "nearly all solved": source.beta(6.0, 0.5, 300),
        }[kind]
        good, made = coverage_held(rates, seed, 5, 50)
        outcomes.append(good)
        assert made.any_distribution(50)[0] <= made.any_distribution(50)[1]
    assert sum(outcomes) >= 6


@pytest.mark.parametrize("strength", [2.0, 20.0, None])
def test_distinct_solutions_hold(strength: float | None) -> None:
    outcomes = []
    for seed in range(6):
        rates = np.random.default_rng(seed).beta(0.8, 0.8, 100)
        full = simulated(rates, 40, seed, strength)
        made = forecast(full.first(8), [40], seed=seed)
        assert made.distinct is not None
        outcomes.append(held(made.distinct, float(full.known_distinct(40).mean())))
    assert sum(outcomes) >= 5


@pytest.mark.parametrize("solutions", [1, 3, 8])
def test_draws_of_distinct_solutions_have_the_expectation_at_every_step(solutions: int) -> None:
    rates = np.random.default_rng(solutions).beta(2, 2, 150)
    pilot = drawn_from(np.full(solutions, 1 / solutions), rates, 6, 5)
    found = forecast(pilot, [6, 12, 24, 60, 240], seed=1).distinct
    assert found is not None
    np.testing.assert_allclose(found.these.mean(axis=0), found.value, rtol=0.004)


def test_solved_problems_stay_solved_and_curves_rise() -> None:
    made = forecast(by_hand(["a...", ".b..", "....", "....", "cc.d", "...."]), [4, 8, 16, 400])
    assert (made.coverage.these >= 0.5 - 1e-12).all()
    assert (np.diff(made.coverage.these, axis=1) >= 0).all()
    assert made.coverage.value[0] == 0.5
    assert made.beta_coverage(4) == 0.5


@pytest.mark.parametrize(("letter", "value"), [(".", 0.0), ("a", 1.0)])
def test_none_and_all_solved(letter: str, value: float) -> None:
    made = forecast(by_hand([letter * 5] * 40), [5, 50])
    assert made.coverage.value[0] == value
    low, high = percentile_interval(made.coverage.these[:, 1])
    if letter == ".":
        # 200 failures in a row: the rate of a sample is below 1.5 % (rule of three).
        assert low == 0.0
        assert 0.02 < high < 0.6
        assert made.distinct is None
    else:
        assert (low, high) == (1.0, 1.0)
        assert made.distinct is not None
        assert 1.0 <= made.distinct.value[1] < 3.0


def test_where_nothing_is_left_unsolved_all_may_be() -> None:
    """Of problems such as these, 1 − 10⁻⁷ are solved by 40 samples; an interval below 1 errs."""
    made = forecast(simulated(np.random.default_rng(0).beta(8.0, 0.5, 300), 4, 0), [4, 40])
    low, high = percentile_interval(made.coverage.others[:, 1])
    assert 0.98 < low < high == 1.0
    # Of 300 problems none was unsolved: 1 − 3/300 by the rule of three.
    full = forecast(by_hand(["aaaa"] * 300), [4, 40])
    low, high = percentile_interval(full.coverage.others[:, 1])
    assert low == pytest.approx(0.99, abs=0.003)
    assert high == 1.0


def test_one_sample_a_problem_is_refused_with_advice() -> None:
    with pytest.raises(InputError, match="one sample a problem") as refusal:
        forecast(by_hand(["a", ".", "", "b"]), [10])
    assert "At least 2" in refusal.value.advice
    with pytest.raises(InputError, match="no samples"):
        forecast(by_hand(["", ""]), [10])


def test_failed_problems_stay_unsolved_and_others_without_samples_do_not() -> None:
    source = np.random.default_rng(0)
    rows = ["".join("a" if source.random() < 0.6 else "." for _ in range(4)) for _ in range(60)]
    failed = forecast(by_hand([*rows, *[""] * 60], failed=range(60, 120)), [40])
    undrawn = forecast(by_hand([*rows, *[""] * 60]), [40])
    drawn = forecast(by_hand(rows), [40])
    assert failed.coverage.value[0] == pytest.approx(drawn.coverage.value[0] / 2, abs=0.01)
    assert undrawn.coverage.value[0] == pytest.approx(drawn.coverage.value[0], abs=0.02)


def test_adaptive_pilots_are_forecast_but_for_diversity() -> None:
    source = np.random.default_rng(1)
    full = simulated(source.beta(0.5, 1.0, 300), 60, 1)
    rows = []
    for place in range(300):
        right = full.correct[full.owner == place][:10]
        stop = int(np.argmax(right)) + 1 if right.any() else 10
        rows.append("".join("a" if one else "." for one in right[:stop]))
    made = forecast(by_hand(rows, enough=1), [10, 60])
    assert made.distinct is None
    assert held(made.coverage, float(full.known_coverage(60)[0].mean()))
    checked = held_back(by_hand(rows, enough=1))
    assert isinstance(checked, HeldBack)
    assert (checked.fitted_on, checked.forecast_at) == (5, 10)
    assert checked.came["coverage"] == full.first(10).known_coverage(10)[0].mean()


def test_held_back_needs_three_samples() -> None:
    assert isinstance(held_back(by_hand(["a.", ".b", ".."])), str)
    checked = held_back(by_hand(["a..", ".bc", "..."]))
    assert isinstance(checked, HeldBack)
    assert (checked.fitted_on, checked.forecast_at) == (2, 3)
    assert checked.came == {"coverage": 2 / 3, "diversity_all": 1.0}


def test_the_second_opinion() -> None:
    pilot = simulated(np.random.default_rng(0).beta(0.4, 0.8, 400), 10, 0)
    opinion = power_law_opinion(pilot, [10, 100])
    found, law = opinion.coverage, opinion.law
    assert (opinion.problems, opinion.up_to) == (400, 10)
    assert found[100].low < found[100].value < found[100].high
    assert found[10].value == pytest.approx(pilot.known_coverage(10)[0].mean(), abs=0.01)
    assert law.a < 0 > law.b


def test_the_usual_numbers() -> None:
    assert usual_samples(by_hand(["a...", "...."])) == (1, 4, 8, 12, 40)
    assert usual_budgets(30, 10, 3.0, [1.0, 7.5]) == [1, 2, 5, 7.5, 10, 20, 50, 100]
    assert usual_budgets(35, 1, 35.0, [1.0]) == [1, 2, 5, 10]


# --- two sides


def test_real_numbers_of_samples_lie_between_whole_ones() -> None:
    pilot = simulated(np.random.default_rng(0).beta(1, 1, 80), 6, 0)
    made = forecast(pilot, [1, 2, 3])
    half, third = made.at(0.5), made.at(2.25)
    assert half["coverage"].value[0] == pytest.approx(0.5 * made.coverage.value[0])
    assert half["diversity_solved"].value[0] == pytest.approx(1.0)
    assert third["coverage"].these[:, 0] == pytest.approx(
        0.75 * made.coverage.these[:, 1] + 0.25 * made.coverage.these[:, 2]
    )
    with pytest.raises(ValueError, match="4 samples"):
        made.at(3.5)


def test_a_weak_cheap_side_wins_until_it_is_exhausted() -> None:
    """WC solves half of the problems at once and no others; SE all of them, slowly."""
    source = np.random.default_rng(0)
    easy = source.random(400) < 0.5
    wc = simulated(np.where(easy, 0.7, 0.0), 8, 1)
    se = simulated(np.full(400, 0.25), 4, 2)
    budgets = [1.0, 2.0, 4.0, 8.0]
    samples = matched_samples(budgets, UnitCosts(Fraction(1), Fraction(2)))
    found = contest(
        {"wc": forecast(wc, whole_samples(samples["wc"])),
         "se": forecast(se, whole_samples(samples["se"]), seed=1)}, budgets, samples,
    )  # fmt: skip
    assert samples["wc"] == (2.0, 4.0, 8.0, 16.0)
    wins = [one.wc_wins for one in found.differences["coverage"]]
    assert wins[0] > 0.99 and wins[-1] < 0.01
    crossover = found.crossovers["coverage"]
    # 0.5 · (1 − 0.3^(2b)) = 1 − 0.75^b near b = 2.3.
    assert crossover.value == pytest.approx(2.3, abs=0.5)
    assert crossover.low is not None and crossover.high is not None
    assert crossover.low < 2.3 < crossover.high
    assert crossover.probability > 0.95
    winners = [one.winner for one in found.stretches["coverage"]]
    assert winners[0] == "wc" and winners[-1] == "se"


def test_a_prompt_that_all_samples_share_is_paid_for_once() -> None:
    costs = UnitCosts(Fraction(1), Fraction(4), Fraction(6), Fraction(10))
    # SE: 10 + 4b, and half of both for half of the problems; WC: 6 + w.
    assert matched_samples([0.5, 2.0], costs) == {"wc": (1.0, 12.0), "se": (0.5, 2.0)}
    dear = UnitCosts(Fraction(1), Fraction(4), Fraction(20), Fraction(0))
    assert matched_samples([1.0, 6.0], dear) == {"wc": (4 / 21, 4.0), "se": (1.0, 6.0)}


def test_equal_sides_are_open() -> None:
    rates = np.random.default_rng(0).beta(0.6, 1.0, 200)
    sides = {side: forecast(simulated(rates, 5, seed), [1, 5, 20], seed=seed)
             for seed, side in enumerate(("wc", "se"))}  # fmt: skip
    found = contest(sides, [1.0, 5.0, 20.0], {"wc": (1.0, 5.0, 20.0), "se": (1.0, 5.0, 20.0)})  # type: ignore[arg-type]
    for one in found.differences["coverage"]:
        assert one.low < 0 < one.high
        assert 0.025 < one.wc_wins < 0.975
    assert [one.winner for one in found.stretches["coverage"]] == [None]


def test_first_crossings_of_straight_lines() -> None:
    places = np.array([0.0, 1.0, 2.0, 4.0])
    curves = np.array([places - 3.0, 1.5 - places, places + 1.0, 0.5 - places % 2])
    found = first_crossings(places, curves)
    assert found[:2] == pytest.approx([3.0, 1.5])
    assert np.isnan(found[2])
    assert found[3] == pytest.approx(0.5)


@given(st.integers(0, 10**6))
def test_the_interval_of_a_crossover_holds_the_crossover(seed: int) -> None:
    source = np.random.default_rng(seed)
    drawn = source.normal(size=(40, 4)).cumsum(axis=1)
    found = forecast_crossover([1.0, 3.0, 10.0, 40.0], drawn.mean(axis=0), drawn)
    if found.value is not None and found.low is not None and found.high is not None:
        assert found.low <= found.value <= found.high
