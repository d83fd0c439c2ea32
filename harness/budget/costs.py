"""What a sample costs: FLOPs by parameter count, dollars by price list.

Pure functions. Costs are exact fractions, so that a ratio of two of them is the ratio that the
model cards say and not one rounded on the way.
"""

from __future__ import annotations

import datetime
from fractions import Fraction

from harness.budget.parameters import flop_parameters
from harness.errors import InputError
from harness.recipe import ModelCard, Price
from harness.recipe.schema import Match

TOKENS_PER_PRICE = 1_000_000

UNITS = {
    "number": "samples",
    "compute": "FLOPs per token",
    "price": "dollars per million tokens",
}


def flops_per_token(parameters: int) -> int:
    """FLOPs of inference per token, 2P (paper, Eq. 1, after Kaplan et al. 2020).

    P of a mixture of experts is its active parameters (`flop_parameters`).
    Attention over the context and the prompt's own pass are left out, as in the paper.
    """
    return 2 * parameters


def training_flops_per_token(parameters: int) -> int:
    """FLOPs of a forward and a backward pass per token, 6P (Kaplan et al. 2020)."""
    return 6 * parameters


def price_in_force(card: ModelCard, day: datetime.date | None) -> Price:
    """The newest price of a card, or the newest that held on `day`.

    Raises:
        InputError: the card has no price, or none that old.
    """
    if not card.prices:
        raise InputError(
            f"the match counts dollars, and the card of {card.id} has no prices.",
            "Add prices to the card, each with date, source, and output in dollars per million "
            "tokens.",
        )
    held = [price for price in card.prices if day is None or price.date <= day]
    if not held:
        first = min(price.date for price in card.prices)
        raise InputError(
            f"the card of {card.id} has no price for {day}; its first is of {first}.",
            "Choose a later match.price_date, or add the older price.",
        )
    return max(held, key=lambda price: price.date)


def unit_cost(match: Match, card: ModelCard) -> Fraction:
    """The cost of one completion token of a model, in the unit of the match.

    `number`: 1; `compute`: FLOPs a token; `price`: dollars per million completion tokens.

    Raises:
        InputError: the card lacks what the match counts.
    """
    if match.kind == "number":
        return Fraction(1)
    if match.kind == "compute":
        return Fraction(flops_per_token(flop_parameters(card, match.parameters).count))
    # Here, since price lists build on this module.
    from harness.budget.price_lists import token_rates

    rates = token_rates(card, match.price_date, batch=match.batch, prompts=False)
    return rates.output * TOKENS_PER_PRICE
