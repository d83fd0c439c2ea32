"""Mixed rounding, multipliers, totals and measured lengths, against the paper's numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.budget import match_of, matched_budget, unit_costs
from harness.budget.architecture import architecture_of
from harness.errors import InputError
from harness.recipe import SIDES, ModelCard
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Budget, Match, Pair
from tests.budget.test_matching import AMOUNTS, COUNTS, pair_of, priced

LLAMAS = Pair(
    wc=ModelCard.model_validate({"id": "3b", "parameters": {"total": 3_210_000_000}}),
    se=ModelCard.model_validate({"id": "8b", "parameters": {"total": 8_030_000_000}}),
)


def test_a_ratio_of_8_03_to_3_21_matches_to_within_one_sample_of_the_whole_set() -> None:
    match = Match(kind="compute", rounding="mixed")
    costs = unit_costs(match, LLAMAS)
    ids = [str(number) for number in range(7500)]
    budgets = {name: matched_budget(name, Budget(se=amount), match, costs, seed=3)
               for name, amount in (("low", 1.0), ("high", 10.0))}  # fmt: skip
    counts = {name: {side: budget.samples_of(side, ids) for side in SIDES}
              for name, budget in budgets.items()}  # fmt: skip
    for name, budget in budgets.items():
        assert budget.exact["wc"] == budget.exact["se"] * Fraction(803, 321)
        spent = {side: sum(counts[name][side].values()) * getattr(costs, side) for side in SIDES}
        assert abs(spent["wc"] - spent["se"]) <= costs.wc / 2
        assert budget.wc_over_se == pytest.approx(1, rel=1e-12)
        assert max(counts[name]["wc"].values()) == budget.samples_per_problem["wc"]
    assert budgets["low"].samples_per_problem == {"wc": 3, "se": 1}
    assert all(counts["low"]["wc"][one] <= counts["high"]["wc"][one] for one in ids)
    # Rounded to whole samples for every problem, WC would spend a fifth more.
    nearest = matched_budget("low", Budget(se=1.0), Match(kind="compute"), costs)
    assert nearest.wc_over_se == pytest.approx(3 * 3.21 / 8.03)
    assert nearest.mean_samples_per_problem == {"wc": 3.0, "se": 1.0}


@given(wc=COUNTS, se=COUNTS, side=st.sampled_from(SIDES), amount=AMOUNTS, seed=st.integers(0, 9))
def test_mixed_costs_are_equal_to_half_a_sample_of_each_side(
    wc: int, se: int, side: str, amount: float, seed: int
) -> None:
    match = Match(kind="compute", parameters="nominal", rounding="mixed")
    costs = unit_costs(match, pair_of(wc, se))
    budget = matched_budget("b", Budget.model_validate({side: amount}), match, costs, seed=seed)
    assume(max(budget.exact.values()) < 10**6)
    ids = [str(number) for number in range(17)]
    spent = {one: sum(budget.samples_of(one, ids).values()) * getattr(costs, one) for one in SIDES}
    assert abs(spent["wc"] - spent["se"]) <= (costs.wc + costs.se) / 2


@pytest.mark.parametrize("multiplier", ["0.143", "1/7"])
def test_the_papers_cheap_variant_is_a_budget_with_a_multiplier(multiplier: str) -> None:
    """5 Flash samples against 1 of Pro, at 5/35 = 0.143 of its cost (PAPER.md 1.6, Fig. 10)."""
    matched = match_of(priced([f"budgets.cheap={{se: 1, multiplier: {multiplier}}}"]))
    cheap, low = matched["cheap"], matched["low"]
    assert cheap.samples_per_problem == {"wc": 5, "se": 1}
    assert cheap.wc_over_se == pytest.approx(1 / 7)
    assert cheap.intended_wc_over_se == pytest.approx(1 / 7, abs=2e-4)
    assert low.samples_per_problem == {"wc": 35, "se": 1}
    back = match_of(priced(["budgets.cheap={wc: 5, multiplier: 7}"]))["cheap"]
    assert back.samples_per_problem == {"wc": 5, "se": 1}
    assert back.intended_wc_over_se == pytest.approx(1 / 7)


def test_mixed_rounding_gives_a_seventh_of_a_sample() -> None:
    matched = match_of(priced(["match.rounding=mixed", "budgets.cheap={wc: 5}"]))["cheap"]
    ids = [str(number) for number in range(700)]
    assert matched.samples_per_problem == {"wc": 5, "se": 1}
    assert sum(matched.samples_of("se", ids).values()) == 100
    assert matched.mean_samples_per_problem["se"] == pytest.approx(0.143, abs=5e-4)


def test_totals_are_spread_over_the_problem_set() -> None:
    """7,500 problems, 200 completion tokens each: $15.75 buys one Pro and 35 Flash samples."""
    matched = match_of(priced(["budgets.low={total: 15.75usd}", "budgets.high={total: '10'}"]))
    assert matched["low"].samples_per_problem == {"wc": 35, "se": 1}
    assert matched["low"].given == "total"
    assert matched["high"].samples_per_problem == {"wc": 350, "se": 10}
    flops = 2 * 27 * 10**9 * 200 * 7500
    by_compute = match_of(load_recipe("w2s-math", [f"budgets.low={{total: {flops}flop}}"]))
    assert by_compute["low"].samples_per_problem == {"wc": 3, "se": 1}
    cheap = match_of(priced(["budgets.low={total: 15.75usd, multiplier: 1/7}"]))["low"]
    assert cheap.samples_per_problem == {"wc": 5, "se": 1}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["budgets.low={total: 20eur}"], "there is no unit 'eur'"),
        (["budgets.low={total: 1e18flop}"], "is in FLOPs, and the match counts dollars"),
        (["budgets.low={total: 1usd}"], "leaves 0.0635 SE samples a problem"),
        (["budgets.low={total: 20usd}", "problems.train.count=null"], "problems.train.count"),
        (["budgets.low={total: 20usd, se: 1}"], "exactly one of `se`, `wc` and `total`"),
        (["budgets.low={total: 20eur, se: 1}"], "exactly one of `se`, `wc` and `total`"),
        (["budgets.low={total: 20eur, se: 1}"], "there is no unit 'eur'"),
        (["budgets.low={total: 1e30}"], "1e+30 is beyond 1,000,000,000,000,000"),
        (["budgets.low={total: 1e39usd}"], "more than any pool can hold"),
        (["budgets.low={total: true}"], "expected a text that is not empty or a number above 0"),
        (["budgets.low={total: -2}"], "expected a text that is not empty or a number above 0"),
        (["budgets.low={se: 1, multiplier: 0}"], "budgets.low.multiplier"),
    ],
)
def test_totals_that_cannot_be_spent(settings: list[str], words: str) -> None:
    with pytest.raises(InputError) as refusal:
        priced(settings)
    assert words in str(refusal.value)


def test_prompts_paid_once_give_the_weaker_model_more() -> None:
    """PAPER.md 5.2: 700 prompt and 250 completion tokens make it 8.6 samples for 1, not 3."""
    means = "{prompt_tokens: 700, completion_tokens: 250}"
    recipe = load_recipe(
        "w2s-math",
        [f"match.per_sample={{wc: {means}, se: {means}}}", "match.prompts=once"],
    )
    matched = match_of(recipe)["low"]
    assert matched.exact["wc"] == Fraction("8.6")
    assert matched.samples_per_problem == {"wc": 9, "se": 1}
    assert matched.unit == "FLOPs"
    assert matched.cost_per_problem["wc"] == 2 * 9e9 * 700
    assert matched.cost["wc"] == 2 * 9e9 * (700 + 9 * 250)


def test_a_budget_below_one_sample_pays_for_the_prompts_of_problems_that_get_one() -> None:
    """WC: 100 problems of 700 + 3·250 tokens; SE: a third as many tokens, 950 a problem."""
    means = "{prompt_tokens: 700, completion_tokens: 250}"
    recipe = load_recipe(
        "w2s-math",
        [f"match.per_sample={{wc: {means}, se: {means}}}", "match.prompts=once",
         "match.rounding=mixed", "budgets.low={wc: 1}", "budgets.high={wc: 3}"],
    )  # fmt: skip
    matched = match_of(recipe)
    assert matched["low"].exact["se"] == Fraction(1, 3)
    assert matched["high"].exact["se"] == Fraction(700 + 3 * 250, 3 * 950)
    assert matched["low"].wc_over_se == matched["high"].wc_over_se == 1


def test_a_budget_that_leaves_a_side_no_sample_at_all_is_refused() -> None:
    settings = ["match.rounding=mixed", "problems.train.count=10", "budgets.low={wc: 0.1}"]
    with pytest.raises(InputError, match="no sample at all over 10 problems"):
        load_recipe("w2s-math", settings)
    settings[-1] = "budgets.low={wc: 0.2}"
    matched = match_of(load_recipe("w2s-math", settings))["low"]
    assert sum(matched.samples_of("se", map(str, range(10))).values()) == 1


def test_the_least_budget_that_is_named_works_with_prompts_paid_once() -> None:
    means = "{prompt_tokens: 700, completion_tokens: 250}"
    settings = [f"match.per_sample={{wc: {means}, se: {means}}}", "match.prompts=once"]
    for low, least in (("{wc: 2}", 9), ("{wc: 2, multiplier: 1/7}", 77)):
        with pytest.raises(InputError, match=f"least that works is wc: {least}\\."):
            load_recipe("w2s-math", [*settings, f"budgets.low={low}"])
        works = low.replace("wc: 2", f"wc: {least}")
        assert match_of(load_recipe("w2s-math", [*settings, f"budgets.low={works}"]))["low"]
        below = low.replace("wc: 2", f"wc: {least - 1}")
        with pytest.raises(InputError, match="less than one"):
            load_recipe("w2s-math", [*settings, f"budgets.low={below}"])


def test_the_advice_about_missing_gpu_seconds_can_be_followed() -> None:
    kind = "match.kind=gpu_seconds"
    with pytest.raises(InputError) as refusal:
        load_recipe("w2s-math", [kind])
    for key, values, ratio in (
        ("match.per_sample.{}.gpu_seconds", ("0.002", "0.005"), 2.5),
        ("pair.{}.tokens_per_gpu_second", ("1000", "250"), 4),
    ):
        settings = [kind]
        for side, value, issue in zip(SIDES, values, refusal.value.issues, strict=True):
            assert key.format(side) in issue.advice and "server-seconds" in issue.advice
            settings.append(f"{key.format(side)}={value}")
        assert match_of(load_recipe("w2s-math", settings))["low"].ratio == ratio


def test_a_total_without_a_unit_is_se_samples_quoted_or_not() -> None:
    text = match_of(load_recipe("w2s-math", ["budgets.low={total: '2'}"]))["low"]
    for total in ("2", "2.0", "2e0"):
        assert match_of(load_recipe("w2s-math", [f"budgets.low={{total: {total}}}"]))["low"] == text
    assert text.samples_per_problem == {"wc": 6, "se": 2} and text.given == "total"
    half = match_of(load_recipe("w2s-math", ["budgets.low={total: 2.5}"]))["low"]
    assert half.exact == {"wc": Fraction("7.5"), "se": Fraction("2.5")}


def test_measured_lengths_replace_the_assumption_that_they_are_equal() -> None:
    settings = ["match.per_sample={wc: {completion_tokens: 300}, se: {completion_tokens: 200}}"]
    settings.append("budgets.low={se: 2}")
    assert match_of(load_recipe("w2s-math", settings))["low"].ratio == 2.0
    by_tokens = match_of(load_recipe("w2s-math", [*settings, "match.kind=tokens"]))["high"]
    assert by_tokens.ratio == pytest.approx(2 / 3)
    assert by_tokens.samples_per_problem == {"wc": 7, "se": 10}
    assert by_tokens.unit == "completion tokens"


def test_grading_is_charged_to_each_side() -> None:
    """A judge at $0.001 a sample makes Flash nearly as dear as its samples are cheap."""
    grading = "match.per_sample={wc: {grading: 0.001}, se: {grading: 0.001}}"
    ratio = match_of(priced([grading, "budgets.low={se: 1}"]))["low"].ratio
    assert ratio == pytest.approx((10.5e-6 * 200 + 0.001) / (0.3e-6 * 200 + 0.001))
    with pytest.raises(InputError, match="no cost of grading can be added"):
        priced([grading, "match.kind=number"])


def test_exact_flops_come_from_the_cards_configuration() -> None:
    recipe = load_recipe(
        "w2s-math",
        ["match.kind=compute_exact", "match.per_sample.wc.prompt_tokens=700",
         "match.per_sample.se.prompt_tokens=700"],
    )  # fmt: skip
    matched = match_of(recipe)["low"]
    models = {side: architecture_of(getattr(recipe.pair, side)) for side in SIDES}
    cost = {side: model.prefill_flops(700) + model.decode_flops(700, 200)
            for side, model in models.items()}  # fmt: skip
    assert matched.ratio == cost["se"] / cost["wc"]
    assert matched.cost["se"] == cost["se"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["match.kind=compute_exact"], "match.per_sample.wc.prompt_tokens"),
        (["match.kind=tokens"], "match.per_sample.se.completion_tokens"),
        (["match.kind=gpu_seconds"], "tokens_per_gpu_second"),
        (["match.prompts=every"], "match.per_sample.wc.prompt_tokens"),
        (["match.kind=price"], "the card of google/gemma-2-9b has no prices"),
    ],
)
def test_what_a_match_lacks_is_said_with_where_to_put_it(settings: list[str], words: str) -> None:
    with pytest.raises(InputError) as refusal:
        load_recipe("w2s-math", settings)
    assert words in str(refusal.value)


def test_batches_have_their_own_price() -> None:
    prices = "[{date: 2024-08-12, source: a list, output: 10, batch_discount: 0.5}]"
    settings = [f"pair.{side}.prices={prices}" for side in SIDES]
    batched = match_of(priced([*settings, "match.batch=true"]))["low"]
    assert batched.cost["se"] == 5.0
    assert match_of(priced(settings))["low"].cost["se"] == 10.0
