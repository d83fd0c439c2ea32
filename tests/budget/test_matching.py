"""Matched budgets: the paper's numbers, and what holds for every pair and budget."""

from __future__ import annotations

import datetime
import math
from fractions import Fraction

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.budget import (
    UnitCosts,
    flops_per_token,
    match_of,
    matched_budget,
    pool_sizes,
    price_in_force,
    training_flops_per_token,
    unit_costs,
)
from harness.errors import InputError
from harness.recipe import SIDES, ModelCard, Recipe
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Budget, Match, Pair

COMPUTE = Match(kind="compute", parameters="nominal")
COUNTS = st.integers(1, 10**12)
AMOUNTS = st.integers(1, 1000).map(float) | st.floats(0.01, 1000)


def pair_of(wc: int, se: int) -> Pair:
    return Pair(
        wc=ModelCard.model_validate({"id": "a", "parameters": {"nominal": wc}}),
        se=ModelCard.model_validate({"id": "b", "parameters": {"nominal": se}}),
    )


def priced(overrides: list[str]) -> Recipe:
    return load_recipe(
        "w2s-math",
        [
            "pair.wc=gemini-1.5-flash", "pair.se=gemini-1.5-pro", "match.kind=price",
            "match.price_date=2024-08-31", *overrides,
        ],
    )  # fmt: skip


# --- the paper's numbers


def test_flops() -> None:
    assert flops_per_token(27_000_000_000) == 54_000_000_000
    assert training_flops_per_token(9) == 54


def test_the_papers_compute_match() -> None:
    matched = match_of(load_recipe("w2s-math"))
    assert matched["low"].ratio == 3.0
    assert matched["low"].samples_per_problem == {"wc": 3, "se": 1}
    assert matched["high"].samples_per_problem == {"wc": 30, "se": 10}
    assert matched["high"].wc_over_se == 1.0
    assert pool_sizes(load_recipe("w2s-math")) == {"wc": 30, "se": 10}


@pytest.mark.parametrize(("count", "ratio"), [("total", 2.946), ("non_embedding", 3.129)])
def test_the_papers_pair_by_its_true_sizes(count: str, ratio: float) -> None:
    recipe = load_recipe("w2s-math", [f"match.parameters={count}"])
    assert match_of(recipe)["low"].ratio == pytest.approx(ratio, abs=5e-4)


def test_the_papers_price_match() -> None:
    matched = match_of(priced([]))
    assert matched["low"].ratio == 35.0
    assert matched["low"].samples_per_problem == {"wc": 35, "se": 1}
    assert matched["low"].cost == {"wc": 10.5, "se": 10.5}


def test_prices_of_another_day_give_another_match() -> None:
    before = match_of(priced(["match.price_date=2024-08-05"]))["low"]
    assert before.samples_per_problem == {"wc": 10, "se": 1}
    after = match_of(priced(["match.price_date=null"]))["low"]
    assert after.ratio == pytest.approx(5 / 0.3)
    with pytest.raises(InputError, match=r"no price for 2024-01-01; its first is of 2024-08-01"):
        priced(["match.price_date=2024-01-01"])


def test_five_samples_of_the_cheap_model_are_a_seventh_of_one() -> None:
    """The paper's cheap variant, 5 Flash for 0.143 Pro samples, has no whole counterpart."""
    with pytest.raises(InputError) as refusal:
        priced(["budgets.cheap={wc: 5}"])
    text = str(refusal.value)
    assert "'cheap' (5 WC samples a problem) leaves 0.143 SE samples" in text
    assert "The least that works is wc: 35." in text
    assert "{se: 1, multiplier: 0.143}" in text


def test_number_match_is_one_to_one() -> None:
    matched = match_of(load_recipe("w2s-micro", ["match.kind=number"]))
    assert matched["high"].samples_per_problem == {"wc": 10, "se": 10}
    assert (matched["high"].ratio, matched["high"].unit) == (1.0, "samples")


def test_micro_reports_what_rounding_leaves() -> None:
    matched = match_of(load_recipe("w2s-micro"))["high"]
    assert matched.ratio == pytest.approx(1_222_560 / 414_048, rel=1e-15)
    assert matched.exact_samples_per_problem["wc"] == pytest.approx(29.527, abs=1e-3)
    assert matched.wc_over_se == pytest.approx(30 * 414_048 / (10 * 1_222_560), rel=1e-12)


# --- for every pair and budget


@given(wc=COUNTS, se=COUNTS, side=st.sampled_from(SIDES), amount=AMOUNTS)
def test_matched_costs_are_equal_up_to_rounding(wc: int, se: int, side: str, amount: float) -> None:
    costs = unit_costs(COMPUTE, pair_of(wc, se))
    budget = Budget.model_validate({side: amount})
    exact_wc = Fraction(str(amount)) * (Fraction(se, wc) if side == "se" else 1)
    exact_se = Fraction(str(amount)) * (Fraction(wc, se) if side == "wc" else 1)
    if min(exact_wc, exact_se) < 1 - Fraction(1, 10**6):
        with pytest.raises(InputError, match="less than one"):
            matched_budget("b", budget, COMPUTE, costs)
        return
    matched = matched_budget("b", budget, COMPUTE, costs)
    samples, exact = matched.samples_per_problem, {"wc": exact_wc, "se": exact_se}
    for name in SIDES:
        assert isinstance(samples[name], int)
        assert samples[name] >= 1
        assert abs(samples[name] - exact[name]) <= Fraction(1, 2) + Fraction(1, 10**5)
        assert matched.exact_samples_per_problem[name] == pytest.approx(float(exact[name]))
    assert exact_wc * wc == exact_se * se
    bound = (0.5 / samples["wc"] + 0.5 / samples["se"]) * 2.1
    assert abs(math.log(matched.wc_over_se)) <= bound + 1e-4


@given(wc=COUNTS, se=COUNTS, amount=st.integers(1, 1000))
def test_the_least_that_is_named_works_and_one_less_does_not(wc: int, se: int, amount: int) -> None:
    costs = unit_costs(COMPUTE, pair_of(wc, se))
    try:
        matched_budget("b", Budget(wc=float(amount)), COMPUTE, costs)
    except InputError as error:
        least = int(error.advice.split("The least that works is wc: ")[1].split(".")[0])
        assert least > amount
        matched_budget("b", Budget(wc=float(least)), COMPUTE, costs)
        with pytest.raises(InputError):
            matched_budget("b", Budget(wc=float(least - 1)), COMPUTE, costs)


@given(wc=COUNTS, se=COUNTS, side=st.sampled_from(SIDES), multiplier=st.sampled_from([1, 0.143, 7]))
def test_the_unequal_budget_that_is_advised_works(
    wc: int, se: int, side: str, multiplier: float
) -> None:
    costs = unit_costs(COMPUTE, pair_of(wc, se))
    try:
        matched_budget(
            "b", Budget.model_validate({side: 2.0, "multiplier": multiplier}), COMPUTE, costs
        )
    except InputError as error:
        advised = yaml.safe_load("{" + error.advice.split("as in {")[1].removesuffix("."))
        budget = Budget(se=float(advised["se"]), multiplier=float(advised["multiplier"]))
        samples = matched_budget("b", budget, COMPUTE, costs).samples_per_problem
        other = "se" if side == "wc" else "wc"
        assert samples[side] == 2 and samples[other] == 1


@given(wc=COUNTS, se=COUNTS, amount=st.integers(1, 100))
def test_a_larger_budget_never_draws_less(wc: int, se: int, amount: int) -> None:
    costs = UnitCosts(wc=Fraction(wc), se=Fraction(se))
    assume(se >= wc)
    small = matched_budget("s", Budget(se=float(amount)), COMPUTE, costs).samples_per_problem
    large = matched_budget("l", Budget(se=float(amount + 1)), COMPUTE, costs).samples_per_problem
    assert all(large[side] >= small[side] for side in SIDES)


@given(wc=COUNTS, se=COUNTS, amount=st.integers(1, 100))
def test_swapped_sides_give_swapped_samples(wc: int, se: int, amount: int) -> None:
    assume(se >= wc)
    there = matched_budget(
        "b", Budget(se=float(amount)), COMPUTE, unit_costs(COMPUTE, pair_of(wc, se))
    )
    back = matched_budget(
        "b", Budget(wc=float(amount)), COMPUTE, unit_costs(COMPUTE, pair_of(se, wc))
    )
    assert there.samples_per_problem["wc"] == back.samples_per_problem["se"]
    assert there.ratio == pytest.approx(1 / back.ratio)


@given(st.lists(st.dates(), min_size=1, max_size=5, unique=True), st.dates())
def test_the_price_in_force_is_the_newest_that_held(
    days: list[datetime.date], day: datetime.date
) -> None:
    prices = [
        {"date": date.isoformat(), "source": "s", "output": float(number + 1)}
        for number, date in enumerate(days)
    ]
    card = ModelCard.model_validate({"id": "x", "prices": prices})
    held = sorted(date for date in days if date <= day)
    assert price_in_force(card, None).date == max(days)
    if held:
        assert price_in_force(card, day).date == held[-1]
    else:
        with pytest.raises(InputError, match="no price for"):
            price_in_force(card, day)


def test_cards_without_what_the_match_counts_are_both_named() -> None:
    bare = Pair(wc=ModelCard(id="a"), se=ModelCard(id="b"))
    for match, words in ((COMPUTE, "nominal parameters"), (Match(kind="price"), "no prices")):
        with pytest.raises(InputError) as refusal:
            unit_costs(match, bare)
        text = str(refusal.value)
        assert text.count(words) == 2
        assert "pair.wc" in text
        assert "pair.se" in text


def test_every_budget_that_is_too_small_is_named() -> None:
    recipe = load_recipe("w2s-micro")
    broken = recipe.model_copy(
        update={"budgets": {"a": Budget(wc=1.0), "b": Budget(se=5.0), "c": Budget(se=0.5)}}
    )
    with pytest.raises(InputError) as refusal:
        match_of(broken)
    assert [issue.where for issue in refusal.value.issues] == ["budgets.a", "budgets.c"]
