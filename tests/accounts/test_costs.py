"""Tokens in FLOPs and dollars, by hand."""

from __future__ import annotations

import datetime

import pytest

from harness.accounts.costs import TokenRates, rates_of
from harness.pool.books import Tokens
from harness.recipe import ModelCard
from harness.recipe.cards import Parameters, Price

OLD = Price(date=datetime.date(2024, 1, 1), source="list", input=10.0, output=30.0)
NEW = Price(
    date=datetime.date(2024, 8, 1), source="list", input=2.5, cached_input=1.25, output=10.0
)
CARD = ModelCard(id="x", parameters=Parameters(total=9_000_000_000), prices=[NEW, OLD])
TOKENS = Tokens(prompt=1_000_000, cached=400_000, completion=250_000)


def test_dollars_are_those_of_the_list_in_force() -> None:
    # 0.6 M · 2.5 + 0.4 M · 1.25 + 0.25 M · 10 = 1.5 + 0.5 + 2.5
    assert rates_of(CARD).dollars(TOKENS) == 4.5
    # Cached tokens cost as much as others where the list has no price of their own: 10 + 7.5.
    assert rates_of(CARD, datetime.date(2024, 7, 31)).dollars(TOKENS) == 17.5
    assert rates_of(CARD, datetime.date(2023, 7, 31)).dollars(TOKENS) is None


def test_flops_are_two_a_parameter_and_token() -> None:
    assert rates_of(CARD).flops(250_000) == 2 * 9_000_000_000 * 250_000


def test_what_is_not_known_is_none() -> None:
    assert rates_of(None) == TokenRates(None, None)
    assert rates_of(ModelCard(id="x")).flops(3) is None
    assert rates_of(ModelCard(id="x")).price_document() is None


def test_no_drift_over_many_small_amounts() -> None:
    each = rates_of(CARD).dollars(Tokens(completion=1))
    assert each == pytest.approx(1e-5)
    assert rates_of(CARD).dollars(Tokens(completion=123_456_789)) == 1234.56789
