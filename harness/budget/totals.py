"""Budgets for the whole problem set, spread over its problems."""

from __future__ import annotations

from fractions import Fraction

from harness.budget.amounts import UNIT_OF_KIND, UNIT_WORDS, BudgetAmount, Kind, parse_budget
from harness.budget.pool_matching import kinds_for
from harness.budget.side_costs import UnitCosts
from harness.errors import InputError
from harness.recipe import Recipe


def amount_of_total(total: str | float) -> BudgetAmount:
    """A total of a recipe, in which a number is SE samples a problem, quoted or not.

    Raises:
        InputError: it is not a number above 0 with a known unit; says what is accepted.
    """
    return parse_budget(str(total))


def total_per_problem(
    total: str | float, kind: Kind, costs: UnitCosts, problems: int | None
) -> Fraction:
    """What a total leaves each problem, in the unit of the costs.

    Args:
        total: as in a recipe, such as "20usd"; a number is SE samples a problem.
        kind: the cost model.
        costs: of both sides.
        problems: size of the problem set; None if not known.

    Raises:
        InputError: the total is in another unit than the match counts, or the size is not known.
    """
    amount = amount_of_total(total)
    if amount.unit == "samples":
        return costs.of("se", amount.value)
    if amount.unit != UNIT_OF_KIND[kind]:
        fitting = " or ".join(kinds_for(amount.unit))
        raise InputError(
            f"the total {total!r} is in {UNIT_WORDS[amount.unit]}, and the match counts "
            f"{UNIT_WORDS[UNIT_OF_KIND[kind]]} (match.kind: {kind}).",
            f"Set match.kind: {fitting}, or give the budget as `se` or `wc`, samples a problem.",
        )
    if problems is None:
        raise InputError(
            f"the total {total!r} is spread over the problems, and how many there are is not "
            "known before they are loaded.",
            "Set problems.train.count, or give the budget as `se` or `wc`, samples a problem.",
        )
    if costs.size is None:
        raise InputError(
            f"the total {total!r} needs the mean length of a completion.",
            "Set decoding.expected_tokens.",
        )
    return amount.value / problems / costs.size


def problem_count(recipe: Recipe) -> int | None:
    """How many problems are sampled; None where the recipe takes a split whole."""
    from harness.micro.problems import SPLIT_SIZES

    split = recipe.problems.train
    if split.count is None and recipe.problems.source == "micro":
        return SPLIT_SIZES.get(split.split)
    return split.count
