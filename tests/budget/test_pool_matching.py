"""Two pools at equal cost: the paper's numbers, and what holds for all costs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.amounts import KINDS, UNIT_OF_KIND, BudgetAmount, parse_budget
from harness.budget.pool_matching import kinds_for, match_budgets
from harness.errors import InputError
from harness.recipe import Side

COSTS = st.fractions("1/1000000", 10**15)


def costs(wc: Any, se: Any) -> dict[Side, Any]:
    return {"wc": wc, "se": se}


def test_the_papers_compute_match() -> None:
    """27B against 9B, 250 tokens each: 3 WC samples for 1 SE sample (Eq. 1)."""
    match = match_budgets("compute", costs(2 * 9e9 * 250, 2 * 27e9 * 250), parse_budget("1"), 7500)
    assert match.ratio == 3
    assert match.samples_per_problem == {"wc": 3, "se": 1}
    assert match.cost == {"wc": 7500 * 54 * 10**9 * 250, "se": 7500 * 54 * 10**9 * 250}
    assert match.unit == "flop"


def test_the_papers_price_match_and_its_cheap_variant() -> None:
    flash, pro = Fraction("0.3"), Fraction("10.5")
    assert match_budgets("price", costs(flash, pro), parse_budget("1"), 500).ratio == 35
    # A seventh of the cost: 5 Flash samples for 0.143 Pro samples.
    cheap = match_budgets("price", costs(flash, pro), BudgetAmount(Fraction(1, 7), "samples"), 500)
    assert cheap.samples_per_problem["wc"] == 5
    assert float(cheap.samples_per_problem["se"]) == pytest.approx(0.143, abs=5e-4)


def test_below_one_sample_only_the_problems_that_get_one_pay_for_a_prompt() -> None:
    """100 problems and 20 dollars: a quarter of them gets an SE sample, whoever counts."""
    once = costs(Fraction("0.1"), Fraction("0.6"))
    match = match_budgets(
        "price", costs(Fraction("0.02"), Fraction("0.2")), parse_budget("20usd"), 100, once
    )
    assert match.samples_per_problem == {"wc": 5, "se": Fraction(1, 4)}
    problems_with_a_sample = 25
    assert problems_with_a_sample * (Fraction("0.6") + Fraction("0.2")) == 20
    assert match.cost["se"] == match.cost["wc"] == 20


@given(COSTS, COSTS, COSTS, COSTS, st.fractions("1/1000", 10**6), st.integers(1, 10**4))
def test_prompts_paid_once_leave_costs_equal_and_budgets_that_fit(
    wc: Fraction,
    se: Fraction,
    wc_once: Fraction,
    se_once: Fraction,
    amount: Fraction,
    problems: int,
) -> None:
    once, each = costs(wc_once, se_once), costs(wc, se)
    match = match_budgets("tokens", each, BudgetAmount(amount, "samples"), problems, once)
    for side, samples in match.samples_per_problem.items():
        with_samples = min(samples, 1)
        assert problems * (with_samples * once[side] + samples * each[side]) == match.cost[side]
    total = BudgetAmount(match.cost["se"], "tok")
    again = match_budgets("tokens", each, total, problems, once)
    assert again.samples_per_problem == match.samples_per_problem


def test_a_bare_number_with_number_gives_both_sides_that_many() -> None:
    match = match_budgets("number", costs(1e9, 7e12), parse_budget("4"), 10)
    assert match.samples_per_problem == {"wc": 4, "se": 4}
    assert match.ratio == 1
    assert match.unit == "samples"
    assert match.cost == {"wc": 40, "se": 40}


def test_dollars_are_spread_over_the_problems() -> None:
    match = match_budgets("price", costs(Fraction("0.002"), 0.04), parse_budget("20usd"), 100)
    assert match.samples_per_problem == {"wc": 100, "se": 5}
    assert match.document()["cost"] == {"wc": 20.0, "se": 20.0, "unit": "usd"}


@given(COSTS, COSTS, st.fractions("1/1000", 10**20), st.integers(1, 10**6), st.sampled_from(KINDS))
def test_both_sides_spend_the_same_and_the_amount(
    wc: Fraction, se: Fraction, value: Fraction, problems: int, kind: Any
) -> None:
    given_costs = costs(wc, se) if kind != "number" else costs(Fraction(1), Fraction(1))
    for unit in {"samples", UNIT_OF_KIND[kind]}:
        match = match_budgets(kind, given_costs, BudgetAmount(value, unit), problems)
        for side in ("wc", "se"):
            spent = match.samples_per_problem[side] * given_costs[side] * problems
            assert spent == match.cost[side]
        assert match.cost["wc"] == match.cost["se"]
        if unit == "samples":
            assert match.samples_per_problem["se"] == value
        else:
            assert match.cost["se"] == value


@pytest.mark.parametrize(
    ("kind", "text", "fitting"),
    [
        ("compute", "20usd", "price"),
        ("price", "1e18flop", "compute or compute_exact"),
        ("number", "2Mtok", "tokens"),
        ("tokens", "3gpu_s", "gpu_seconds"),
    ],
)
def test_an_amount_in_another_unit_is_refused(kind: Any, text: str, fitting: str) -> None:
    with pytest.raises(InputError) as refusal:
        match_budgets(kind, costs(1, 2), parse_budget(text), 5)
    assert f"a match by {kind} counts" in refusal.value.message
    assert refusal.value.advice.startswith(f"Match by {fitting}, or")


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan"), float("inf"), Fraction(0)])
def test_samples_that_cost_nothing_are_refused(cost: Any) -> None:
    with pytest.raises(InputError, match="a match by price is not possible") as refusal:
        match_budgets("price", costs(cost, cost), parse_budget("1"), 5)
    assert len(refusal.value.issues) == 2


def test_no_problems() -> None:
    with pytest.raises(InputError, match="there are no problems"):
        match_budgets("price", costs(1, 2), parse_budget("1"), 0)


def test_kinds_for_units() -> None:
    assert kinds_for("flop") == ("compute", "compute_exact")
    assert kinds_for("samples") == KINDS
