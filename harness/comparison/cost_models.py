"""The same comparison under every cost model that the pools and cards allow.

Which model's data is better value depends on what is counted: the paper's own pair changed its
price ratio from 10 to 35 to 16.7 within a year. So the winner under one cost model is shown
beside the winners under the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.budget.amounts import BudgetAmount, Kind
from harness.budget.pool_matching import PoolMatch
from harness.comparison.costs import SideCosts
from harness.comparison.estimates import Arrays, coverage_difference
from harness.comparison.matching import largest_budget, matched
from harness.errors import InputError
from harness.recipe import SIDES, Side
from harness.statistics import CONFIDENCE

Document = dict[str, Any]


def cost_models_document(
    costs: SideCosts,
    match: PoolMatch,
    difference: Document,
    arrays: Mapping[Side, Arrays],
    drawn: Mapping[Side, int],
) -> Document:
    """Coverage of both sides under each cost model, at the same SE samples a problem.

    Where the WC pool is too small for that, both sides get what it can pay for.

    Args:
        costs: what a sample costs under each.
        match: of the comparison.
        difference: in coverage at that match.
        arrays: both sides, over the same problems.
        drawn: samples that each problem of a side has at least.

    Returns:
        `models`, one for each cost model; `refused`, the others with the reason; `winner_changes`
        and `verdict`, the same in words. A winner is the side with the higher coverage,
        significant where the interval of the difference leaves 0 out and the test rejects too.
    """
    models = []
    for kind in costs.found:
        found = _match_by(kind, costs, match, drawn, len(arrays["wc"].problem_ids))
        counts: dict[Side, float] = {side: float(found.samples_per_problem[side]) for side in SIDES}
        same = found.samples_per_problem == match.samples_per_problem
        models.append(
            {
                "kind": kind,
                "ratio": float(found.ratio),
                "limited_by_pool": found.samples_per_problem["se"]
                < match.samples_per_problem["se"],
                "samples_per_problem": counts,
                **_winner(difference if same else coverage_difference(arrays, counts)),
            }
        )
    return {
        "models": models,
        "refused": {kind: _reason(error) for kind, error in costs.refused.items()},
        "winner_changes": len({one["winner"] for one in models} - {None}) > 1,
        "verdict": _verdict(models),
    }


def _match_by(
    kind: Kind, costs: SideCosts, match: PoolMatch, drawn: Mapping[Side, int], problems: int
) -> PoolMatch:
    """As many SE samples as in `match`, or as both pools can pay for under another cost model."""
    wished = BudgetAmount(match.samples_per_problem["se"], "samples")
    most = largest_budget(costs, kind, drawn)
    return matched(costs, kind, min(wished, most, key=lambda one: one.value), problems)


def _winner(difference: Document) -> Document:
    value = difference["value"]
    return {
        "difference": {"coverage": difference},
        "winner": None if value == 0 else "wc" if value > 0 else "se",
        "significant": all(_signs_of_a_difference(difference)),
    }


def _signs_of_a_difference(difference: Document) -> tuple[bool, bool]:
    """Whether the interval leaves 0 out, and whether the test rejects."""
    outside = difference["low"] > 0 or difference["high"] < 0
    return outside, difference["p_value"] < 1 - CONFIDENCE


def _named(model: Document) -> str:
    """A cost model with how sure its winner is."""
    signs = _signs_of_a_difference(model["difference"]["coverage"])
    if model["winner"] is None or all(signs):
        return str(model["kind"])
    return f"{model['kind']} ({'borderline' if any(signs) else 'not significant'})"


def _reason(error: InputError) -> str:
    """Why a cost model cannot be worked out, on one line and without the ways out."""
    return " ".join(f"{issue.where}: {issue.message}" for issue in error.issues) or error.message


def _verdict(models: Sequence[Document]) -> str:
    winners: dict[str | None, list[str]] = {}
    for one in models:
        winners.setdefault(one["winner"], []).append(_named(one))
    parts = [
        f"{side.upper()} by {', '.join(winners[side])}" if side else f"equal by {', '.join(names)}"
        for side, names in winners.items()
    ]
    if len(models) == 1:
        return f"Higher coverage: {parts[0]}; no other cost model can be worked out."
    if len(winners) == 1:
        return f"The winner is the same under every cost model. Higher coverage: {parts[0]}."
    return f"The winner changes with the cost model. Higher coverage: {'; '.join(parts)}."
