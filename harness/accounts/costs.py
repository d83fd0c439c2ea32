"""A pool's books in FLOPs and dollars: pure arithmetic on token counts and a model card."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from harness.budget.costs import TOKENS_PER_PRICE, flops_per_token, price_in_force
from harness.budget.parameters import flop_parameters, nearest_count
from harness.errors import InputError
from harness.pool.books import Tokens
from harness.recipe import ModelCard, Price


@dataclass(frozen=True)
class TokenRates:
    """What one token of a model costs.

    Attributes:
        parameters: P of 2P FLOPs a token (paper, Eq. 1), of a mixture of experts the active
            ones; None if the card has no count.
        price: the price list in force; None if the card has none.
        remarks: what is to be said of the count, one sentence each.
    """

    parameters: int | None
    price: Price | None
    remarks: tuple[str, ...] = ()

    def flops(self, tokens: int) -> int | None:
        """FLOPs of so many tokens."""
        return None if self.parameters is None else flops_per_token(self.parameters) * tokens

    def dollars(self, tokens: Tokens) -> float | None:
        """Dollars for tokens; prompt tokens cost nothing where the list has no price for them."""
        price = self.price
        if price is None:
            return None
        cached = price.input if price.cached_input is None else price.cached_input
        cost = _dollars(price.input, tokens.prompt - tokens.cached) + _dollars(
            cached, tokens.cached
        )
        return float(cost + _dollars(price.output, tokens.completion))

    def price_document(self) -> dict[str, Any] | None:
        """The price list for people, with its date and source."""
        return None if self.price is None else self.price.model_dump(mode="json")


def rates_of(card: ModelCard | None, day: datetime.date | None = None) -> TokenRates:
    """The rates of a card.

    Args:
        card: the model's card, if there is one.
        day: prices in force on this day; the newest if None.
    """
    if card is None:
        return TokenRates(None, None)
    try:
        price = price_in_force(card, day)
    except InputError:
        price = None
    which = nearest_count(card)
    if which is None:
        return TokenRates(None, price)
    counted = flop_parameters(card, which)
    return TokenRates(counted.count, price, counted.sentences)


def _dollars(per_million: float | None, tokens: int) -> Fraction:
    return Fraction(str(per_million or 0)) * tokens / TOKENS_PER_PRICE
