"""The same comparison under every cost model that the pools and cards allow.

Which model's data is better value depends on what is counted: the paper's own pair changed its
price ratio from 10 to 35 to 16.7 within a year. So the winner under one cost model is shown
beside the winners under the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from harness.budget.amounts import BudgetAmount
from harness.comparison.costs import SideCosts
from harness.comparison.estimates import Arrays, columns_at
from harness.comparison.matching import largest_budget, matched
from harness.errors import InputError
from harness.recipe import SIDES, Side
from harness.statistics import paired_difference

Document = dict[str, Any]


def cost_models_document(
    costs: SideCosts,
    se_samples: Fraction,
    arrays: Mapping[Side, Arrays],
    drawn: Mapping[Side, int],
) -> Document:
    """Coverage of both sides under each cost model, at the same SE samples a problem.

    Where the WC pool is too small for that, both sides get what it can pay for.

    Args:
        costs: what a sample costs under each.
        se_samples: SE samples a problem of the budget.
        arrays: both sides, over the same problems.
        drawn: samples that each problem of a side has at least.

    Returns:
        `models`, one for each cost model; `refused`, the others with the reason; `winner_changes`
        and `verdict`, the same in words. A winner is the side with the higher coverage,
        significant where the interval of the difference leaves 0 out.
    """
    models = []
    for kind in costs.found:
        most = largest_budget(costs, kind, drawn)
        amount = min(BudgetAmount(se_samples, "samples"), most, key=lambda one: one.value)
        match = matched(costs, kind, amount, len(arrays["wc"].problem_ids))
        models.append(
            {
                "kind": kind,
                "ratio": float(match.ratio),
                "limited_by_pool": amount == most and most.value < se_samples,
                **_at(arrays, {side: float(match.samples_per_problem[side]) for side in SIDES}),
            }
        )
    return {
        "models": models,
        "refused": {kind: _reason(error) for kind, error in costs.refused.items()},
        "winner_changes": len({one["winner"] for one in models} - {None}) > 1,
        "verdict": _verdict(models),
    }


def _at(arrays: Mapping[Side, Arrays], samples_per_problem: Mapping[Side, float]) -> Document:
    wc, se = (columns_at(arrays[side], samples_per_problem[side])["coverage"] for side in SIDES)
    difference = paired_difference(wc, se)
    winner = None if difference.value == 0 else "wc" if difference.value > 0 else "se"
    return {
        "samples_per_problem": dict(samples_per_problem),
        "difference": {"coverage": difference.document()},
        "winner": winner,
        "significant": bool(difference.low > 0 or difference.high < 0),
    }


def _reason(error: InputError) -> str:
    """Why a cost model cannot be worked out, on one line and without the ways out."""
    return " ".join(f"{issue.where}: {issue.message}" for issue in error.issues) or error.message


def _verdict(models: Sequence[Document]) -> str:
    winners: dict[str | None, list[str]] = {}
    for one in models:
        name = one["kind"] if one["significant"] else f"{one['kind']} (not significant)"
        winners.setdefault(one["winner"], []).append(name)
    parts = [
        f"{side.upper()} by {', '.join(winners[side])}" if side else f"equal by {', '.join(names)}"
        for side, names in winners.items()
    ]
    if len(models) == 1:
        return f"Higher coverage: {parts[0]}; no other cost model can be worked out."
    if len(winners) == 1:
        return f"The winner is the same under every cost model. Higher coverage: {parts[0]}."
    return f"The winner changes with the cost model. Higher coverage: {'; '.join(parts)}."
