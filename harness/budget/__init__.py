"""Budgets: what a sample costs, and how many each side may draw for the same cost.

from harness.budget import match_of
match_of(recipe)["high"].samples_per_problem      # {"wc": 30, "se": 10}
"""

from __future__ import annotations

from harness.budget.allocation import stopping_rule
from harness.budget.costs import (
    flops_per_token,
    price_in_force,
    training_flops_per_token,
    unit_cost,
)
from harness.budget.matching import MatchedBudget, match_of, matched_budget, pool_sizes
from harness.budget.parameters import flop_parameters, parameters_of
from harness.budget.side_costs import UnitCosts, cost_of_side, unit_costs
from harness.budget.spent_totals import SpentTotal, spent_totals
from harness.budget.totals import problem_count

__all__ = [
    "MatchedBudget",
    "SpentTotal",
    "UnitCosts",
    "cost_of_side",
    "flop_parameters",
    "flops_per_token",
    "match_of",
    "matched_budget",
    "parameters_of",
    "pool_sizes",
    "price_in_force",
    "problem_count",
    "spent_totals",
    "stopping_rule",
    "training_flops_per_token",
    "unit_cost",
    "unit_costs",
]
