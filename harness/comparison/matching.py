"""The budget that two pools are compared at, and its cost model."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from harness.budget.amounts import KINDS, BudgetAmount, Kind, parse_budget
from harness.budget.pool_matching import PoolMatch, kinds_for, match_budgets
from harness.comparison.costs import SideCosts
from harness.errors import InputError
from harness.recipe import SIDES, Side

USUAL_KIND: Kind = "compute"


def chosen_match(
    costs: SideCosts,
    kind: str | None,
    budget: str | None,
    drawn: Mapping[Side, int],
    problems: int,
) -> PoolMatch:
    """The match that was asked for.

    Args:
        costs: what a sample costs.
        kind: the cost model; that of the budget's unit, or `compute`, if None.
        budget: as `parse_budget` reads it; the largest that both pools can pay for if None.
        drawn: samples that each problem of a side has at least.
        problems: that are compared.

    Raises:
        InputError: the budget cannot be read or does not fit the cost model, or what the cost
            model needs is missing; says which cost models are possible.
    """
    amount = None if budget is None else parse_budget(budget)
    chosen = _kind(costs, kind, amount)
    if amount is not None and amount.unit != "samples" and chosen in costs.relative:
        raise InputError(
            f"the budget {budget} needs the mean length of completions, and the pools have no "
            "token counts.",
            "Give the budget as SE samples a problem, or import the samples with "
            "`completion_tokens`.",
        )
    return matched(costs, chosen, amount or largest_budget(costs, chosen, drawn), problems)


def matched(costs: SideCosts, kind: Kind, amount: BudgetAmount, problems: int) -> PoolMatch:
    """Both sides at one budget under one cost model."""
    both = costs.found[kind]
    return match_budgets(
        kind,
        {side: both[side].per_sample for side in SIDES},
        amount,
        problems,
        {side: both[side].per_problem for side in SIDES},
    )


def largest_budget(costs: SideCosts, kind: Kind, drawn: Mapping[Side, int]) -> BudgetAmount:
    """SE samples a problem that both pools can pay for.

    Raises:
        InputError: all samples of the WC pool cost less than a prompt of SE.
    """
    both = costs.found[kind]
    affordable = both["wc"].of(Fraction(drawn["wc"])) - both["se"].per_problem
    if affordable <= 0:
        raise InputError("all samples of the WC pool together cost less than one prompt of SE.")
    return BudgetAmount(min(Fraction(drawn["se"]), affordable / both["se"].per_sample), "samples")


def _kind(costs: SideCosts, kind: str | None, amount: BudgetAmount | None) -> Kind:
    named = next((one for one in KINDS if one == kind), None)
    if named is not None:
        wished: tuple[Kind, ...] = (named,)
    elif amount is None or amount.unit == "samples":
        wished = (USUAL_KIND,)
    else:
        wished = kinds_for(amount.unit)
    for one in wished:
        if one in costs.found:
            return one
    error = costs.refused[wished[0]]
    possible = ", ".join(f"--match {one}" for one in costs.found)
    raise InputError(error.message, f"Possible as they are: {possible}.", error.issues)
