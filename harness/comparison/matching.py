"""Which cost models two pools can be matched by, and the budget that is compared at."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from harness.budget.amounts import KINDS, BudgetAmount, Kind, parse_budget
from harness.budget.pool_matching import PoolMatch, kinds_for, match_budgets
from harness.comparison.opening import OpenedPool
from harness.errors import InputError
from harness.recipe import SIDES, Side

USUAL_KIND: Kind = "compute"


@dataclass(frozen=True)
class CostSettings:
    """What cost models need besides cards and pools.

    Attributes:
        parameters: which count of the cards is P; the first that both have if None.
        price_date: prices in force on this day; the newest if None.
    """

    parameters: str | None = None
    price_date: datetime.date | None = None


@dataclass(frozen=True)
class SideCosts:
    """What a sample costs, by cost model.

    Attributes:
        found: per cost model and side, in its unit (`UNIT_OF_KIND`).
        refused: the cost models that cannot be worked out, with the reason.
    """

    found: Mapping[Kind, Mapping[Side, Fraction]]
    refused: Mapping[Kind, str]


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
    per_sample = costs.found[chosen]
    if amount is None:
        ratio = per_sample["se"] / per_sample["wc"]
        amount = BudgetAmount(min(Fraction(drawn["se"]), drawn["wc"] / ratio), "samples")
    return match_budgets(chosen, per_sample, amount, problems)


def _kind(costs: SideCosts, kind: str | None, amount: BudgetAmount | None) -> Kind:
    named = next((one for one in KINDS if one == kind), None)
    wished = (named,) if named else (USUAL_KIND,) if amount is None else kinds_for(amount.unit)
    if amount is not None and amount.unit == "samples" and named is None:
        wished = (USUAL_KIND,)
    for one in wished:
        if one in costs.found:
            return one
    possible = " or ".join(f"--match {one}" for one in costs.found)
    raise InputError(
        f"a match by {wished[0]} is not possible: {costs.refused[wished[0]]}",
        f"Possible with these pools and cards: {possible}.",
    )


def costs_of(opened: Mapping[Side, OpenedPool], settings: CostSettings) -> SideCosts:
    """What a sample of each side costs under every cost model that can be worked out."""
    found: dict[Kind, Mapping[Side, Fraction]] = {}
    refused: dict[Kind, str] = {}
    for kind in KINDS:
        try:
            found[kind] = _cost_per_sample(kind, opened, settings)
        except InputError as error:
            refused[kind] = " ".join(str(error).split())
    return SideCosts(found, refused)


def _cost_per_sample(
    kind: Kind, opened: Mapping[Side, OpenedPool], settings: CostSettings
) -> Mapping[Side, Fraction]:
    if kind == "number":
        return dict.fromkeys(SIDES, Fraction(1))
    raise InputError("not there yet")
