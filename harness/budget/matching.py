"""Matched budgets: how many samples a problem each side may draw for the same cost.

With equal mean lengths, equal cost means S_WC = (c_SE / c_WC) · S_SE with c the cost of a
token (paper, Eq. 1 and section on price). Counts of samples are whole, so the exact number is
rounded to the nearest, halves up, and the cost ratio that this leaves is kept with the result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from harness.budget.costs import UNITS, unit_cost
from harness.errors import InputError, Issues
from harness.recipe import SIDES, Recipe, Side
from harness.recipe.schema import Budget, Match, Pair

# A count such as 0.9999999996 is 1 that was written with too few digits.
_TOLERANCE = Fraction(1, 10**6)


@dataclass(frozen=True)
class MatchedBudget:
    """One budget, matched.

    Attributes:
        budget: its name.
        kind: the cost model, "number", "compute" or "price".
        ratio: cost of an SE sample over cost of a WC sample, exact before rounding.
        samples_per_problem: samples that each side draws for a problem, whole.
        cost: what they cost a problem, in `unit` (per expected completion token).
        unit: unit of `cost`.
        exact_samples_per_problem: the counts before rounding.
        given: the side whose count the recipe gives.
    """

    budget: str
    kind: str
    ratio: float
    samples_per_problem: Mapping[Side, int]
    cost: Mapping[Side, float]
    unit: str
    exact_samples_per_problem: Mapping[Side, float]
    given: Side

    @property
    def wc_over_se(self) -> float:
        """The cost ratio that rounding leaves; 1 is a perfect match."""
        return self.cost["wc"] / self.cost["se"]


@dataclass(frozen=True)
class UnitCosts:
    """The cost of a completion token of each side, in the unit of the match."""

    wc: Fraction
    se: Fraction

    @property
    def ratio(self) -> Fraction:
        """SE over WC: how many WC samples one SE sample is worth."""
        return self.se / self.wc


def unit_costs(match: Match, pair: Pair) -> UnitCosts:
    """The costs of both sides.

    Raises:
        InputError: a card lacks what the match counts; both sides are reported.
    """
    issues, costs = Issues(), {}
    for side in SIDES:
        try:
            costs[side] = unit_cost(match, getattr(pair, side))
        except InputError as error:
            issues.add(f"pair.{side}", error.message, error.advice)
    issues.raise_if_any(f"a match by {match.kind} is not possible with this pair:")
    return UnitCosts(**costs)


def matched_budget(name: str, budget: Budget, match: Match, costs: UnitCosts) -> MatchedBudget:
    """Matches one budget.

    Raises:
        InputError: a side would get less than one sample a problem.
    """
    given: Side = "se" if budget.se is not None else "wc"
    amount = Fraction(str(budget.se if budget.se is not None else budget.wc))
    factor = costs.ratio if given == "se" else 1 / costs.ratio
    exact: dict[Side, Fraction] = {
        given: amount,
        "wc" if given == "se" else "se": amount * factor,
    }
    _refuse_less_than_one(name, given, exact, factor)
    samples: dict[Side, int] = {side: _nearest(exact[side]) for side in SIDES}
    return MatchedBudget(
        budget=name,
        kind=match.kind,
        ratio=float(costs.ratio),
        samples_per_problem=samples,
        cost={side: float(samples[side] * getattr(costs, side)) for side in SIDES},
        unit=UNITS[match.kind],
        exact_samples_per_problem={side: float(exact[side]) for side in SIDES},
        given=given,
    )


def match_of(recipe: Recipe) -> dict[str, MatchedBudget]:
    """Every budget of a recipe, matched, by name.

    Raises:
        InputError: a card lacks what the match counts, or a budget gives a side less than one
            sample a problem; all of them are reported.
    """
    costs = unit_costs(recipe.match, recipe.pair)
    issues, matched = Issues(), {}
    for name, budget in recipe.budgets.items():
        try:
            matched[name] = matched_budget(name, budget, recipe.match, costs)
        except InputError as error:
            issues.add(f"budgets.{name}", error.message, error.advice)
    issues.raise_if_any("the budgets cannot be matched:")
    return matched


def pool_sizes(recipe: Recipe) -> dict[Side, int]:
    """Samples a problem that each pool must hold: the largest budget's, of which the others
    are parts.
    """
    budgets = match_of(recipe).values()
    return {side: max(budget.samples_per_problem[side] for budget in budgets) for side in SIDES}


def _nearest(count: Fraction) -> int:
    return max(1, math.floor(count + Fraction(1, 2)))


def _refuse_less_than_one(
    name: str, given: Side, exact: Mapping[Side, Fraction], factor: Fraction
) -> None:
    """Refuses a budget, with the least count of the given side that works for both."""
    short = [side for side in SIDES if exact[side] < 1 - _TOLERANCE]
    if not short:
        return
    least = math.ceil(max(Fraction(1), (1 - _TOLERANCE) / factor))
    counts = " and ".join(f"{float(exact[side]):.3g} {side.upper()} samples" for side in short)
    raise InputError(
        f"the budget {name!r} ({float(exact[given]):g} {given.upper()} samples a problem) leaves "
        f"{counts} a problem, less than one.",
        f"The least that works is {given}: {least}.",
    )
