"""Which parameter count, which price and which lengths a plan counts with."""

from __future__ import annotations

from harness.budget import price_in_force
from harness.budget.parameters import FlopParameters, flop_parameters, nearest_count
from harness.budget.price_lists import token_rates
from harness.budget.spending import TokenPrices
from harness.errors import InputError
from harness.recipe import ModelCard, Price, Recipe


def parameters_for_flops(recipe: Recipe, card: ModelCard) -> FlopParameters | None:
    """By the count that the match uses; by the first known one where the card lacks it."""
    chosen = getattr(card.parameters, recipe.match.parameters)
    which = recipe.match.parameters if chosen else nearest_count(card)
    return None if which is None else flop_parameters(card, which)


def stored_parameters(card: ModelCard) -> int | None:
    """All parameters of a model, or the nearest to them that the card has."""
    which = nearest_count(card)
    return None if which is None else getattr(card.parameters, which)


def price_of(recipe: Recipe, card: ModelCard) -> Price | None:
    """The price that the match counts with; None without one."""
    try:
        return price_in_force(card, recipe.match.price_date)
    except InputError:
        return None  # A match by price has been refused by now; others do not need one.


def token_rates_of(recipe: Recipe, card: ModelCard) -> TokenPrices | None:
    """Dollars a token by the price that the match counts with; None without one.

    Prompts cost nothing here where the price list does not say what they cost.
    """
    price = price_of(recipe, card)
    if price is None:
        return None
    day, prompts = recipe.match.price_date, price.input is not None
    try:
        return token_rates(card, day, batch=recipe.match.batch, prompts=prompts)
    except InputError:
        return token_rates(card, day, prompts=prompts)  # the list says nothing of batches


def completion_length(recipe: Recipe, arm: str) -> float:
    """Mean tokens of a completion of a side: as measured, else as decoding expects of both.

    Args:
        recipe: the recipe.
        arm: "wc" or "se"; other arms have what decoding expects.
    """
    measured = getattr(recipe.match.per_sample, arm, None)
    given = None if measured is None else measured.completion_tokens
    # A mean that was measured under another limit cannot be above this one.
    expected = recipe.decoding.planned_tokens if given is None else given
    return min(float(expected), float(recipe.decoding.max_tokens))
