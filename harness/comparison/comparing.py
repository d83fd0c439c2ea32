"""Compares two stored pools: opens them, matches a budget, estimates both sides, pairs them.

The samples of both pools are there already, so any match can be worked out from them: another
cost model, price list or budget never draws a sample again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.budget.pool_matching import PoolMatch
from harness.comparison.cost_models import cost_models_document
from harness.comparison.costs import CostSettings, SideCosts, costs_of
from harness.comparison.curves import cost_grid, coverage_on, curve_document
from harness.comparison.estimates import Arrays, at_budget, by_group
from harness.comparison.matching import chosen_match, largest_budget, matched
from harness.comparison.opening import OpenedPool, open_pools, pairing_of
from harness.errors import InputError
from harness.metrics.adaptive_arrays import AdaptiveArrays, arrays_of
from harness.metrics.solution_keys import TEXT
from harness.recipe import SIDES, Side


@dataclass(frozen=True)
class ComparisonRequest:
    """What is compared, and how.

    Attributes:
        pools: the folder of each side's pool.
        cards: the card of each side; the pool's own if None.
        kind: the cost model; by the budget's unit, or compute, if None.
        budget: as `harness.budget.amounts.parse_budget` reads it; the largest possible if None.
        by: "level", "subject" or None.
        settings: what the cost models need besides cards and pools.
        grader: whose verdicts.
        keys: what makes two solutions the same, of `solution_keys.KEYS`; text always is one.
        intersection: whether to leave out problems that only one pool answers.
    """

    pools: Mapping[Side, Path]
    cards: Mapping[Side, str | None]
    kind: str | None
    budget: str | None
    by: str | None
    settings: CostSettings
    grader: str
    keys: tuple[str, ...]
    intersection: bool


def compare_pools(request: ComparisonRequest) -> dict[str, Any]:
    """Compares two pools.

    Returns:
        A JSON document: `match` (kind, ratio, samples_per_problem, cost, unit), `sides` and
        `difference` (WC minus SE) with metrics as {value, low, high} in fractions and samples,
        `by_group`, `curve` (coverage against cost, crossover), `cost_models`.

    Raises:
        InputError: a pool cannot be used, the two cannot be paired or matched, or the budget is
            more than they hold; says what is possible.
    """
    opened = open_pools(request.pools, request.cards, request.grader)
    pairing = pairing_of(opened, intersection=request.intersection)
    arrays = {side: _arrays(opened[side], request, pairing.ids) for side in SIDES}
    drawn: dict[Side, int] = {side: arrays[side].largest_k for side in SIDES}
    costs = costs_of(opened, arrays, request.settings, request.kind)
    match = chosen_match(costs, request.kind, request.budget, drawn, len(pairing.ids))
    _refuse_more_than_drawn(costs, match, drawn, len(pairing.ids))
    counts: dict[Side, float] = {side: float(match.samples_per_problem[side]) for side in SIDES}
    sides, difference = at_budget(arrays, counts)
    grid = cost_grid(costs.found[match.kind], drawn)
    coverage = {side: arrays[side].coverage for side in SIDES}
    groups = None
    if request.by is not None:
        names = arrays["wc"].levels if request.by == "level" else arrays["wc"].subjects
        groups = by_group(arrays, counts, names, request.by)
    return {
        "problems": len(pairing.ids),
        "problems_left_out": dict(pairing.left_out),
        "grader": {"name": request.grader, **opened["wc"].grader},
        "match": match.document(),
        "sides": {
            side: {
                "pool": opened[side].place,
                "model": opened[side].model,
                "samples_drawn_per_problem": drawn[side],
                **sides[side],
            }
            for side in SIDES
        },
        "difference": difference,
        "refused": _refused(arrays),
        "by": request.by,
        "by_group": groups,
        "curve": curve_document(grid, coverage_on(grid, coverage)),
        "cost_models": cost_models_document(costs, match.samples_per_problem["se"], arrays, drawn),
    }


def _arrays(opened: OpenedPool, request: ComparisonRequest, ids: tuple[str, ...]) -> Arrays:
    keys = tuple(dict.fromkeys((TEXT, *request.keys)))
    arrays = arrays_of(opened.pool, grader=request.grader, keys=keys)
    places = {problem: place for place, problem in enumerate(arrays.problem_ids)}
    return arrays.chosen([places[problem] for problem in ids])


def _refused(arrays: Mapping[Side, Arrays]) -> dict[str, str]:
    """The metrics without an unbiased estimate, and why."""
    adaptive = [side.upper() for side in SIDES if isinstance(arrays[side], AdaptiveArrays)]
    if not adaptive:
        return {}
    reason = (
        f"the {' and the '.join(adaptive)} pool was drawn adaptively (allocation.until), and how "
        "many distinct solutions more samples would have shown cannot be estimated without bias"
    )
    return {"diversity_all": reason, "diversity_solved": reason}


def _refuse_more_than_drawn(
    costs: SideCosts, match: PoolMatch, drawn: Mapping[Side, int], problems: int
) -> None:
    counts = match.samples_per_problem
    short = [side for side in SIDES if counts[side] > drawn[side]]
    if not short:
        return
    most = matched(costs, match.kind, largest_budget(costs, match.kind, drawn), problems)
    lacks = " and ".join(
        f"{float(counts[side]):.4g} {side.upper()} samples a problem (the pool has {drawn[side]})"
        for side in short
    )
    possible = {side: f"{float(most.samples_per_problem[side]):.4g}" for side in SIDES}
    raise InputError(
        f"the budget asks for {lacks}.",
        f"Possible is a budget of up to {possible['se']} SE samples a problem, against "
        f"{possible['wc']} of WC; for more, draw or import more.",
    )
