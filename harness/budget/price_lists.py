"""Dated price lists: which one is in force, and what a token costs under it."""

from __future__ import annotations

import datetime
from fractions import Fraction

from harness.budget.costs import TOKENS_PER_PRICE, price_in_force
from harness.budget.spending import TokenPrices, exact
from harness.errors import InputError
from harness.recipe import ModelCard, Price


def token_rates(
    card: ModelCard, day: datetime.date | None, *, batch: bool = False, prompts: bool = True
) -> TokenPrices:
    """Dollars a token of a model under the price list in force.

    Args:
        card: has the lists.
        day: prices in force on this day; the newest if None.
        batch: whether requests go through the provider's batch interface.
        prompts: whether prompt tokens are paid for; 0 each if not.

    Raises:
        InputError: no list is that old, or it lacks a rate; says which one and where to put it.
    """
    price = price_in_force(card, day)
    if prompts and price.input is None:
        raise InputError(
            f"the price list of {card.id} of {price.date} has no `input`, dollars per million "
            "prompt tokens.",
            "Add it to that list in the card, or leave prompts out with match.prompts: none.",
        )
    share = _batch_share(card, price) if batch else Fraction(1)
    output, paid, cached = price.output, price.input, price.cached_input
    if batch and price.batch_output is not None:
        output, paid, cached, share = price.batch_output, price.batch_input, None, Fraction(1)
        if prompts and paid is None:
            raise InputError(
                f"the price list of {card.id} of {price.date} has `batch_output` and no "
                "`batch_input`, dollars per million prompt tokens of batches.",
                "Add it to that list in the card.",
            )
    if not prompts:
        paid = cached = 0.0
    elif cached is None:
        cached = paid
    rates = (exact(rate or 0) * share / TOKENS_PER_PRICE for rate in (paid, cached, output))
    return TokenPrices(*rates)


def _batch_share(card: ModelCard, price: Price) -> Fraction:
    """What is left of a price in a batch."""
    if price.batch_discount is not None:
        return 1 - exact(price.batch_discount)
    if price.batch_output is None:
        raise InputError(
            f"the price list of {card.id} of {price.date} says nothing of batches.",
            "Add `batch_discount` (0.5 is half the price) or `batch_input` and `batch_output` to "
            "that list in the card, or set match.batch: false.",
        )
    return Fraction(1)
