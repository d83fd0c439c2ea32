"""Dollars of hosted models: exact, bounded from above, and refused where a price is missing."""

from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget.spending import (
    TokenPrices,
    exact,
    most_prompt_tokens,
    shown_dollars,
    token_prices,
)
from harness.errors import InputError
from harness.recipe import ModelCard, Price

COUNTS = st.integers(0, 10**9)
DOLLARS = st.decimals(0, 1000, places=4).map(float)


def price(day: str, **dollars: Any) -> Price:
    return Price(date=datetime.date.fromisoformat(day), source="a list", **dollars)


def card(*prices: Price) -> ModelCard:
    return ModelCard(id="hosted/model", prices=list(prices))


def test_the_newest_price_counts_and_cached_tokens_have_their_own() -> None:
    prices = token_prices(
        card(
            price("2024-10-01", input=2.5, cached_input=1.25, output=10.0),
            price("2024-01-01", input=5.0, output=15.0),
        )
    )
    # 600,000 uncached at $2.50, 400,000 cached at $1.25 and 200,000 out at $10 a million.
    assert prices.cost(1_000_000, 400_000, 200_000) == Fraction("1.5") + Fraction("0.5") + 2


def test_without_a_price_for_cached_tokens_they_cost_what_others_do() -> None:
    prices = token_prices(card(price("2024-01-01", input=5.0, output=15.0)))
    assert prices.cost(1000, 400, 0) == prices.cost(1000, 0, 0)


@pytest.mark.parametrize(
    ("prices", "missing"),
    [((), "no prices"), ((price("2024-01-01", output=1.0),), "no `input` in its newest price")],
)
def test_what_is_missing_is_said(prices: tuple[Price, ...], missing: str) -> None:
    with pytest.raises(InputError, match=missing) as refusal:
        token_prices(card(*prices))
    assert "hosted/model" in refusal.value.message and "billed: false" in refusal.value.advice


@given(DOLLARS, st.none() | DOLLARS, st.decimals("0.0001", 1000, places=4).map(float),
       st.lists(st.tuples(COUNTS, COUNTS, COUNTS), max_size=30))  # fmt: skip
def test_sums_do_not_drift(
    input_price: float, cached: float | None, output: float, requests: list[tuple[int, int, int]]
) -> None:
    """Against decimal arithmetic on the digits of the price list."""
    prices = token_prices(
        card(price("2024-01-01", input=input_price, cached_input=cached, output=output))
    )
    total = sum((prices.cost(*request) for request in requests), Fraction(0))
    each = [Decimal(str(input_price)), Decimal(str(input_price if cached is None else cached)),
            Decimal(str(output))]  # fmt: skip
    expected = Decimal(0)
    for prompt, hits, completion in requests:
        hits = min(hits, prompt)
        expected += each[0] * (prompt - hits) + each[1] * hits + each[2] * completion
    assert total == Fraction(expected) / 1_000_000


@given(st.text(max_size=60), st.integers(1, 64), st.integers(1, 4096), st.data())
def test_the_worst_case_is_never_passed(
    prompt: str, count: int, max_tokens: int, data: st.DataObject
) -> None:
    """Whatever a byte-level tokenizer makes of the prompt, and however much is cached."""
    prices = TokenPrices(Fraction(3, 10**6), Fraction(1, 10**6), Fraction(15, 10**6))
    tokens = data.draw(st.integers(0, len(prompt.encode(errors="replace")) + 10))
    cached = data.draw(st.integers(0, tokens))
    completion = data.draw(st.integers(0, count * max_tokens))
    worst = prices.worst_cost(prompt, count, max_tokens)
    assert prices.cost(tokens, cached, completion) <= worst


def test_bytes_bound_tokens_where_characters_do_not() -> None:
    assert most_prompt_tokens("€" * 10) >= 30
    assert most_prompt_tokens("\ud800") > 0


def test_amounts_are_the_digits_that_were_given() -> None:
    assert exact(0.1) == Fraction(1, 10) != Fraction(0.1)


@pytest.mark.parametrize(
    ("amount", "down", "up"),
    [
        (Fraction(1, 3), "$0.3333", "$0.3334"),
        (Fraction(1234567, 1), "$1,234,567.0000", "$1,234,567.0000"),
        (Fraction(1, 10**7), "$0.0000", "$0.0001"),
    ],
)
def test_amounts_are_shown_on_the_safe_side(amount: Fraction, down: str, up: str) -> None:
    assert (shown_dollars(amount), shown_dollars(amount, upwards=True)) == (down, up)
