"""What two pools may spend for the same cost: real numbers of samples a problem for each side.

Nothing is rounded here. The estimators of `harness.metrics.estimators` hold for real k, so two
pools are compared at exactly equal cost; who draws samples rounds (`harness.budget.matching`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from harness.budget.amounts import UNIT_OF_KIND, UNIT_WORDS, BudgetAmount, Kind, Unit
from harness.budget.cost_models import SampleCost
from harness.budget.spending import exact
from harness.errors import InputError, Issues
from harness.recipe import SIDES, Side

Costs = Mapping[Side, Fraction]


@dataclass(frozen=True)
class PoolMatch:
    """Both sides at one budget, at exactly equal cost.

    Attributes:
        kind: the cost model.
        ratio: cost of an SE sample over cost of a WC sample, without what a problem costs once.
        samples_per_problem: samples a problem of each side; real numbers.
        cost: what they cost each side over the whole problem set, in `unit`.
        unit: "samples", "usd", "flop", "tok" or "gpu_s".
    """

    kind: Kind
    ratio: Fraction
    samples_per_problem: Costs
    cost: Costs
    unit: Unit

    def document(self) -> dict[str, Any]:
        """As JSON-like values."""
        return {
            "kind": self.kind,
            "ratio": float(self.ratio),
            "samples_per_problem": {s: float(self.samples_per_problem[s]) for s in SIDES},
            "cost": {**{s: float(self.cost[s]) for s in SIDES}, "unit": self.unit},
        }


def match_budgets(
    kind: Kind,
    cost_per_sample: Mapping[Side, Fraction | float],
    amount: BudgetAmount,
    problems: int,
    cost_per_problem: Mapping[Side, Fraction | float] | None = None,
) -> PoolMatch:
    """Samples a problem of both sides for equal cost: S_WC = (c_SE / c_WC) · S_SE (paper, Eq. 1).

    Args:
        kind: the cost model. With "number" a sample costs 1 on either side, whatever the costs.
        cost_per_sample: mean cost of one sample of each side, in the unit of the kind
            (`UNIT_OF_KIND`): FLOPs, dollars, completion tokens or GPU-seconds.
        amount: "samples" are SE samples a problem; every other unit is what each side may spend
            over all problems.
        problems: size of the problem set, at least 1.
        cost_per_problem: what each side pays once for a problem that gets samples, whatever
            their number: a prompt that they share; nothing if None.

    Raises:
        InputError: the amount is in a unit that the cost model does not count, or a side's
            samples cost nothing.
    """
    if problems < 1:
        raise InputError("there are no problems, so nothing to spread a budget over.")
    costs = _exact_costs(kind, cost_per_sample)
    check_unit(kind, amount)
    once = (cost_per_problem if kind != "number" else None) or {}
    both = {side: SampleCost(costs[side], _exact(once.get(side, 0))) for side in SIDES}
    if amount.unit == "samples":
        per_problem = both["se"].of(amount.value)
    else:
        per_problem = amount.value / problems
    return PoolMatch(
        kind=kind,
        ratio=costs["se"] / costs["wc"],
        samples_per_problem={side: both[side].samples_for(per_problem) for side in SIDES},
        cost=dict.fromkeys(SIDES, per_problem * problems),
        unit=UNIT_OF_KIND[kind],
    )


def check_unit(kind: Kind, amount: BudgetAmount) -> None:
    """Refuses a budget in a unit that the cost model does not count.

    Raises:
        InputError: it is neither in samples nor in the unit of the kind; says what fits.
    """
    if amount.unit in ("samples", UNIT_OF_KIND[kind]):
        return
    fitting = " or ".join(kinds_for(amount.unit))
    counted = "samples" if kind == "number" else UNIT_WORDS[UNIT_OF_KIND[kind]]
    raise InputError(
        f"the budget is in {UNIT_WORDS[amount.unit]}, and a match by {kind} counts {counted}.",
        f"Match by {fitting}, or give the budget in {counted} or as SE samples a problem.",
    )


def kinds_for(unit: Unit) -> tuple[Kind, ...]:
    """The cost models that a budget in this unit can be matched by; the usual one first."""
    return tuple(
        kind for kind, counted in UNIT_OF_KIND.items() if unit == "samples" or counted == unit
    )


def _exact_costs(kind: Kind, given: Mapping[Side, Fraction | float]) -> dict[Side, Fraction]:
    if kind == "number":
        return dict.fromkeys(SIDES, Fraction(1))
    issues, costs = Issues(), {}
    for side in SIDES:
        cost = given[side]
        if math.isfinite(cost) and cost > 0:
            costs[side] = _exact(cost)
        else:
            issues.add(
                side.upper(),
                f"a sample costs {float(cost):g} {UNIT_WORDS[UNIT_OF_KIND[kind]]};",
                "a match needs a cost above 0: choose another cost model.",
            )
    issues.raise_if_any(f"a match by {kind} is not possible with these costs:")
    return costs


def _exact(cost: Fraction | float) -> Fraction:
    return cost if isinstance(cost, Fraction) else exact(cost)
