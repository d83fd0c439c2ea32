"""What becomes of a total: what the limit is, what is spent of it, and what the pools take.

Counts are whole, so a total is rarely spent to the last sample; and a pool holds the larger count
of every problem where rounding is mixed, because the estimators need it, so it takes more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from harness.budget.amounts import UNIT_OF_KIND, Unit, amount_text
from harness.budget.matching import MatchedBudget, match_of
from harness.budget.side_costs import UnitCosts, unit_costs
from harness.budget.totals import problem_count
from harness.recipe import SIDES, Recipe, Side


@dataclass(frozen=True)
class SpentTotal:
    """A total of each side over the whole problem set, at the expected lengths.

    Attributes:
        unit: of all amounts; `samples` are those of each side.
        limit: what may be spent.
        spent: what the budget's samples cost.
        pools: what pools cost that hold this budget and no larger one.
    """

    unit: Unit
    limit: Mapping[Side, float]
    spent: Mapping[Side, float]
    pools: Mapping[Side, float]

    @property
    def beyond(self) -> dict[Side, float]:
        """What the pools cost beyond the limit, of the sides that go beyond it."""
        over = {side: self.pools[side] - self.limit[side] for side in SIDES}
        return {side: amount for side, amount in over.items() if amount > 0}


def beyond_texts(total: SpentTotal) -> list[str]:
    """What the pools take beyond the limit: `SE takes $30.00, $10.00 beyond the total`."""
    return [
        f"{side.upper()} takes {amount_text(total.pools[side], total.unit)}, "
        f"{amount_text(amount, total.unit)} beyond the total"
        for side, amount in total.beyond.items()
    ]


def spent_totals(recipe: Recipe) -> dict[str, SpentTotal]:
    """The budgets of a recipe that are totals, by name.

    Those that depend on what is not known here (how many problems, how long completions are) are
    left out.

    Raises:
        InputError: a budget cannot be matched.
    """
    costs = unit_costs(recipe.match, recipe.pair, recipe.decoding.planned_tokens)
    problems = problem_count(recipe)
    if problems is None or costs.size is None:
        return {}
    return {
        name: _spent(matched, costs, costs.size, problems)
        for name, matched in match_of(recipe).items()
        if matched.given == "total"
    }


def _spent(matched: MatchedBudget, costs: UnitCosts, size: Fraction, problems: int) -> SpentTotal:
    def amounts(samples: Mapping[Side, Fraction]) -> dict[Side, float]:
        return {side: float(costs.of(side, samples[side]) * size * problems) for side in SIDES}

    pools = {side: Fraction(matched.samples_per_problem[side]) for side in SIDES}
    taken = pools
    if matched.rounding == "mixed":
        taken = {
            side: Fraction(math.floor(matched.exact[side] * problems), problems) for side in SIDES
        }
    return SpentTotal(
        unit=UNIT_OF_KIND[matched.kind],  # type: ignore[index]
        limit=amounts(matched.exact),
        spent=amounts(taken),
        pools=amounts(pools),
    )
