"""A total is a limit: no side's samples cost more, and what the pools take beyond it is said."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import UnitCosts, match_of, matched_budget, spent_totals
from harness.budget.allocation import mixed_allocation
from harness.budget.spent_totals import beyond_texts
from harness.errors import InputError
from harness.plan.planning import plan_of
from harness.plan.text import plan_text
from harness.recipe import SIDES
from harness.recipe.lint import lint
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Budget, Match

# Dollars: 7,500 problems, 200 completion tokens each, $10.5 and $0.3 per million tokens.
PRO, FLASH = Fraction("15.75"), Fraction("0.45")
PAIR = ["pair.wc=gemini-1.5-flash", "pair.se=gemini-1.5-pro", "match.kind=price",
        "match.price_date=2024-08-31"]  # fmt: skip


def settings(total: str, *more: str) -> list[str]:
    return [*PAIR, f"budgets.low={{total: {total}}}", "budgets.high={se: 1}", *more]


@pytest.mark.parametrize(
    ("total", "wc", "se"), [("15.75usd", 35, 1), ("31usd", 68, 1), ("31.5usd", 70, 2)]
)
def test_a_total_rounds_down(total: str, wc: int, se: int) -> None:
    recipe = load_recipe("w2s-math", settings(total))
    matched = match_of(recipe)["low"]
    assert matched.samples_per_problem == {"wc": wc, "se": se}
    found, limit = spent_totals(recipe)["low"], float(total.removesuffix("usd"))
    assert found.limit == {"wc": limit, "se": limit}
    assert found.spent == found.pools == {"wc": float(wc * FLASH), "se": float(se * PRO)}
    assert found.beyond == {}
    assert matched.wc_over_se == pytest.approx(float(wc * FLASH / (se * PRO)))


def test_a_count_of_one_side_still_rounds_to_the_nearest() -> None:
    """9.5 is 332.5 Flash samples; both halves are rounded up, and no total is in the way."""
    recipe = load_recipe("w2s-math", [*PAIR, "budgets.low={se: 9.5}"])
    assert match_of(recipe)["low"].samples_per_problem == {"wc": 333, "se": 10}
    assert spent_totals(recipe) == {}


@given(
    wc=st.integers(1, 10**6),
    ratio=st.fractions(1, 100),
    prompt=st.integers(0, 10**6),
    total=st.integers(1, 10**12),
    problems=st.integers(1, 10_000),
    multiplier=st.sampled_from(["1/7", 0.143, 1.0, 3.0]),
    rounding=st.sampled_from(["nearest", "mixed"]),
)
def test_no_side_spends_more_than_the_total(
    wc: int,
    ratio: Fraction,
    prompt: int,
    total: int,
    problems: int,
    multiplier: str | float,
    rounding: str,
) -> None:
    costs = UnitCosts(Fraction(wc), wc * ratio, wc_problem=Fraction(prompt))
    match = Match.model_validate({"kind": "compute", "rounding": rounding})
    budget = Budget(total=f"{total}flop", multiplier=multiplier)
    try:
        matched = matched_budget("b", budget, match, costs, problems=problems)
    except InputError:
        return
    share = Fraction(str(multiplier))
    for side, limit in (("wc", total * share), ("se", Fraction(total))):
        drawn = matched.samples_of(side, map(str, range(problems)))
        shared = Fraction(prompt if side == "wc" else 0)
        each = Fraction(wc) if side == "wc" else wc * ratio
        spent = sum(shared * (count > 0) + each * count for count in drawn.values())
        assert spent <= limit
        if not prompt:  # Nothing is left that another sample (of every problem) would fit into.
            step = each * (problems if rounding == "nearest" else 1)
            assert limit < spent + step


@given(mean=st.fractions(0, 50, max_denominator=999), problems=st.integers(1, 200))
def test_a_mixed_allocation_can_stay_below_its_mean(mean: Fraction, problems: int) -> None:
    ids = [str(number) for number in range(problems)]
    below = mixed_allocation(ids, mean, 3, round_down=True)
    assert mean * problems - 1 < sum(below.values()) <= mean * problems
    near = mixed_allocation(ids, mean, 3)
    assert all(0 <= near[one] - below[one] <= 1 for one in ids)


def test_what_pools_of_a_mixed_total_take_is_said() -> None:
    mixed = settings("20usd", "match.rounding=mixed")
    recipe = load_recipe("w2s-math", mixed)
    found = spent_totals(recipe)["low"]
    assert found.pools == {"wc": float(45 * FLASH), "se": float(2 * PRO)}
    # As many whole samples as fit into $20.
    assert found.spent["wc"] == pytest.approx(float(20 // (FLASH / 7500) * FLASH / 7500))
    wc, se = beyond_texts(found)
    assert wc == "WC takes $20.25, $0.25 beyond the total"
    assert se == "SE takes $31.50, $11.50 beyond the total"
    text = plan_text(plan_of(recipe))
    assert f"low, overspent by the pool: {wc}\nlow, overspent by the pool: {se}" in text
    warned = {one.where.split()[-1]: one for one in lint("w2s-math", mixed, DAY).warnings}
    assert f"{wc} and {se}" in warned["budgets.low.total"].message
    assert "nearest" in warned["budgets.low.total"].advice


def test_the_imbalance_of_a_total_is_shown() -> None:
    """$31: one Pro sample and 68 of Flash, where 35 cost as much."""
    text = plan_text(plan_of(load_recipe("w2s-math", settings("31usd"))))
    assert "low, a total that rounds down: WC spends $30.60 of $31.00\n" in text
    assert "low, a total that rounds down: SE spends $15.75 of $31.00\n" in text
    assert max(map(len, text.split("It takes for granted")[0].splitlines())) <= 100
    assert "overspent" not in text and "leave prompts out" in text
    (warning,) = (
        one for one in lint("w2s-math", settings("31usd"), DAY).warnings if "low" in one.where
    )
    assert "68 WC and 1 SE samples leaves WC at 1.94 of the cost" in warning.message


def test_what_depends_on_the_unknown_is_left_out() -> None:
    """SE samples a problem, over a split whose size only its source knows."""
    recipe = load_recipe("w2s-math", ["problems.train.count=null", "budgets.low={total: 2.5}"])
    assert match_of(recipe)["low"].samples_per_problem == {"wc": 7, "se": 2}
    assert spent_totals(recipe) == {}
    assert plan_of(recipe).document()["budgets"]["low"]["total"] is None
    known = load_recipe("w2s-math", ["budgets.low={total: 2.5}", "match.kind=number"])
    found = spent_totals(known)["low"]
    assert (found.unit, found.limit["se"], found.spent["se"]) == ("samples", 18750, 15000)
    assert set(found.limit) == set(SIDES)


DAY = datetime.date(2024, 9, 1)
