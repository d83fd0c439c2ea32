"""Costs of a sample: the paper's numbers, bills by hand, and what is said when a rate lacks."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.budget.amounts import KINDS, parse_budget
from harness.budget.architecture import Architecture, architecture_of
from harness.budget.cost_models import (
    CostModel,
    Prompts,
    SampleCost,
    TokenMeans,
    sample_cost,
)
from harness.budget.measured_flops import SampleLengths, measured_flops
from harness.budget.pool_matching import match_budgets
from harness.errors import InputError
from harness.recipe import ModelCard, Price, Side
from tests.budget.shipped_cards import load_card

MEANS = TokenMeans(prompt=700, completion=250)
WC, SE = load_card("gemma-2-9b"), load_card("gemma-2-27b")


def listed(**rates: Any) -> ModelCard:
    price = {"date": "2024-08-12", "source": "a list", **rates}
    return ModelCard.model_validate({"id": "hosted/model", "prices": [price]})


# --- the paper


def test_compute_is_two_flops_a_parameter_and_completion_token() -> None:
    """Eq. 1: 2 · P · W, prompts left out; 27 over 9 is 3."""
    model = CostModel("compute", parameters="nominal")
    costs = {name: sample_cost(model, card, MEANS).per_sample for name, card in
             (("wc", WC), ("se", SE))}  # fmt: skip
    assert costs == {"wc": 2 * 9 * 10**9 * 250, "se": 2 * 27 * 10**9 * 250}
    assert costs["se"] / costs["wc"] == 3


def test_the_prompt_paid_once_makes_it_8_6_and_not_3() -> None:
    """PAPER.md 5.2: L = 700, W = 250, r = 3, one SE sample; (3 · 950 − 700) / 250 = 8.6."""
    cards: dict[Side, ModelCard] = {"wc": WC, "se": SE}

    def matched(prompts: Any) -> Fraction:
        model = CostModel("compute", parameters="nominal", prompts=prompts)
        costs = {side: sample_cost(model, card, MEANS) for side, card in cards.items()}
        match = match_budgets(
            "compute",
            {side: cost.per_sample for side, cost in costs.items()},
            parse_budget("1"),
            7500,
            {side: cost.per_problem for side, cost in costs.items()},
        )
        for side, cost in costs.items():
            assert cost.of(match.samples_per_problem[side]) * 7500 == match.cost[side]
        return match.samples_per_problem["wc"]

    assert matched("once") == Fraction("8.6")
    assert matched("every") == 3
    assert matched("none") == 3


@pytest.mark.parametrize(
    ("day", "ratio"), [("2024-08-05", 10), ("2024-08-31", 35), (None, Fraction(50, 3))]
)
def test_the_price_ratio_of_three_days(day: str | None, ratio: Fraction) -> None:
    """Pro over Flash was 10, then 35, then 16.7 within a year (PAPER.md 1.6)."""
    model = CostModel("price", price_date=datetime.date.fromisoformat(day) if day else None)
    cost = {name: sample_cost(model, load_card(f"gemini-1.5-{name}"), MEANS).per_sample
            for name in ("flash", "pro")}  # fmt: skip
    assert cost["pro"] / cost["flash"] == ratio


# --- exact FLOPs


def test_exact_flops_are_prompt_and_completion() -> None:
    model = architecture_of(WC)
    cost = sample_cost(CostModel("compute_exact"), WC, MEANS, architecture=model)
    assert cost == SampleCost(Fraction(model.prefill_flops(700) + model.decode_flops(700, 250)))
    shared = CostModel("compute_exact", prompts="once")
    cost = sample_cost(shared, WC, MEANS, architecture=model)
    assert cost == SampleCost(
        Fraction(model.decode_flops(700, 250)), Fraction(model.prefill_flops(700))
    )
    cached = TokenMeans(prompt=700, completion=250, cached=699)
    cost = sample_cost(CostModel("compute_exact"), WC, cached, architecture=model)
    # One prompt token is left, and its step is that of a completion token.
    assert cost.per_sample == model.decode_flops(699, 1) + model.decode_flops(700, 250)


def test_means_between_whole_numbers_lie_between_their_costs() -> None:
    model = architecture_of(WC)
    half = TokenMeans(prompt=10, completion=Fraction(5, 2))
    cost = sample_cost(CostModel("compute_exact", prompts="none"), WC, half, architecture=model)
    assert cost.per_sample == Fraction(model.decode_flops(10, 2) + model.decode_flops(10, 3), 2)


@given(
    st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 9000)), min_size=1, max_size=20),
    st.sampled_from(["gemma-2-9b", "micro-wc"]),
)
def test_measured_flops_are_the_mean_over_samples(
    lengths: list[tuple[int, int]], name: str
) -> None:
    model = architecture_of(load_card(name))
    prompts, completions = np.array(lengths, dtype=np.int64).T
    cached = Fraction(7, 2)
    measured = SampleLengths(np.arange(len(lengths)), prompts, completions, cached)
    decoded = Fraction(sum(model.decode_flops(*one) for one in lengths), len(lengths))
    assert measured_flops(model, measured, "none") == SampleCost(decoded)
    read = Fraction(
        sum(model.prefill_flops(one, held) for one, _ in lengths for held in (3, 4)),
        2 * len(lengths),
    )
    assert measured_flops(model, measured, "every") == SampleCost(decoded + read)
    shared = Fraction(sum(model.prefill_flops(one) for one, _ in lengths), len(lengths))
    assert measured_flops(model, measured, "once") == SampleCost(decoded, shared)


def test_a_shared_prompt_counts_once_a_problem() -> None:
    model = architecture_of(WC)
    lengths = SampleLengths(
        np.array([0, 0, 0, 1]), np.array([700, 700, 700, 100]), np.array([250, 10, 90, 250])
    )
    cost = measured_flops(model, lengths, "once")
    assert cost.per_problem == Fraction(model.prefill_flops(700) + model.prefill_flops(100), 2)


def test_a_problem_with_many_samples_counts_no_more_than_another() -> None:
    model = architecture_of(WC)
    lengths = SampleLengths(np.array([0, 0, 0, 1]), np.full(4, 700), np.array([9, 10, 11, 250]))
    decoded = (
        Fraction(sum(model.decode_flops(700, one) for one in (9, 10, 11)), 3)
        + model.decode_flops(700, 250)
    ) / 2
    assert measured_flops(model, lengths, "none") == SampleCost(decoded)


@given(st.integers(1, 9000), st.integers(0, 9000), st.integers(1, 5))
def test_alike_samples_cost_what_their_means_do(prompt: int, completion: int, count: int) -> None:
    model = architecture_of(WC)
    alike = SampleLengths(np.arange(count), np.full(count, prompt), np.full(count, completion))
    means = TokenMeans(prompt=prompt, completion=completion)
    for prompts in get_args(Prompts):
        at_means = sample_cost(CostModel("compute_exact", prompts=prompts), WC, means,
                               architecture=model)  # fmt: skip
        assert measured_flops(model, alike, prompts) == at_means


@given(st.integers(1, 9000), st.integers(0, 9000))
def test_a_cached_prefix_saves_its_own_pass(tokens: int, cached: int) -> None:
    model = architecture_of(WC)
    cached = min(cached, tokens)
    saved = model.prefill_flops(tokens) - model.prefill_flops(tokens, cached)
    head = 2 * model.head_weights
    assert saved == (model.prefill_flops(cached) - head if cached else 0)


# --- dollars


def test_a_bill_by_hand() -> None:
    card = listed(input=2.5, cached_input=1.25, output=10.0, batch_discount=0.5)
    means = TokenMeans(prompt=1000, cached=400, completion=300)
    every = CostModel("price", prompts="every")
    bill = Fraction(600 * 250 + 400 * 125 + 300 * 1000, 100 * 10**6)
    assert sample_cost(every, card, means) == SampleCost(bill)
    batched = CostModel("price", prompts="every", batch=True)
    assert sample_cost(batched, card, means) == SampleCost(bill / 2)
    once = sample_cost(CostModel("price", prompts="once"), card, means)
    assert once == SampleCost(Fraction(3, 1000), Fraction(25, 10000))
    assert sample_cost(CostModel("price"), card, means) == SampleCost(Fraction(3, 1000))


def test_batches_may_have_rates_of_their_own() -> None:
    card = listed(input=2.0, output=10.0, batch_input=1.0, batch_output=4.0)
    means = TokenMeans(prompt=1000, cached=500, completion=100)
    batched = CostModel("price", prompts="every", batch=True)
    assert sample_cost(batched, card, means).per_sample == Fraction(1000 + 400, 10**6)
    assert sample_cost(CostModel("price", prompts="every"), card, means).per_sample == Fraction(
        3000, 10**6
    )


@pytest.mark.parametrize(
    ("card", "model", "words"),
    [
        (ModelCard(id="x"), CostModel("price"), "the card of x has no prices"),
        (listed(output=1.0), CostModel("price", prompts="every"), "has no `input`"),
        (listed(output=1.0), CostModel("price", batch=True), "says nothing of batches"),
        (listed(output=1.0, input=1.0, batch_output=0.5),
         CostModel("price", batch=True, prompts="every"), "no `batch_input`"),
        (ModelCard(id="x"), CostModel("compute"), "does not say how many it has"),
        (ModelCard(id="x"), CostModel("compute_exact"), "need the architecture"),
        (listed(output=1.0), CostModel("price", price_date=datetime.date(2020, 1, 1)),
         "no price for 2020-01-01; its first is of 2024-08-12"),
    ],
)  # fmt: skip
def test_what_a_card_lacks_is_said(card: ModelCard, model: CostModel, words: str) -> None:
    with pytest.raises(InputError) as refusal:
        sample_cost(model, card, MEANS)
    assert words in refusal.value.message
    assert card.id in refusal.value.message
    assert refusal.value.advice


@pytest.mark.parametrize(
    ("kind", "prompts", "key"),
    [
        ("compute", None, "completion_tokens"),
        ("tokens", None, "completion_tokens"),
        ("price", None, "completion_tokens"),
        ("compute", "every", "completion_tokens"),
        ("compute_exact", None, "prompt_tokens"),
        ("gpu_seconds", None, "gpu_seconds"),
    ],
)
def test_what_was_not_measured_is_said(kind: Any, prompts: Any, key: str) -> None:
    card = listed(input=1.0, output=1.0).model_copy(update={"parameters": WC.parameters})
    with pytest.raises(InputError) as refusal:
        sample_cost(
            CostModel(kind, prompts=prompts), card, TokenMeans(), architecture=architecture_of(WC)
        )
    assert f"match.per_sample.SIDE.{key}" in refusal.value.advice


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ({"source": "a list", "output": 1.0}, "date"),
        ({"date": "2024-08-12", "output": 1.0}, "source"),
        ({"date": "2024-08-12", "source": "s", "output": 1.0, "batch_input": 1.0}, "batch_output"),
        ({"date": "2024-08-12", "source": "s", "output": 1.0, "batch_discount": 0.5,
          "batch_output": 1.0}, "not both"),
    ],
)  # fmt: skip
def test_price_lists_that_do_not_say_enough_are_refused(price: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Price.model_validate(price)


# --- tokens, GPU-seconds, grading


def test_tokens_and_gpu_seconds() -> None:
    card = ModelCard(id="x", tokens_per_gpu_second=100.0)
    assert sample_cost(CostModel("tokens"), card, MEANS).per_sample == 250
    assert sample_cost(CostModel("tokens", prompts="every"), card, MEANS).per_sample == 950
    assert sample_cost(CostModel("gpu_seconds"), card, MEANS).per_sample == Fraction(5, 2)
    measured = TokenMeans(seconds=0.3)
    assert sample_cost(CostModel("gpu_seconds"), card, measured).per_sample == Fraction(3, 10)


@given(st.sampled_from(KINDS), st.decimals("0", "1000", places=3))
def test_grading_is_charged_to_every_sample(kind: Any, grading: Any) -> None:
    card = listed(input=1.0, output=1.0).model_copy(update={"parameters": WC.parameters})
    means = TokenMeans(prompt=700, completion=250, seconds=2)
    model = Architecture.from_config(WC.config or {})
    plain = sample_cost(CostModel(kind), card, means, architecture=model)
    charged = sample_cost(CostModel(kind), card, means, architecture=model, grading=float(grading))
    assert charged.per_sample - plain.per_sample == Fraction(str(float(grading)))
    assert charged.per_problem == plain.per_problem


def test_two_prices_of_one_day_are_refused() -> None:
    price = {"date": "2024-05-01", "source": "a list", "output": 1.0}
    with pytest.raises(ValueError, match="several prices of 2024-05-01"):
        ModelCard.model_validate({"id": "a", "prices": [price, {**price, "output": 2.0}]})
