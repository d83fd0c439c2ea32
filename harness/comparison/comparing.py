"""Compares two stored pools: opens them, matches a budget, estimates both sides, pairs them.

The samples of both pools are there already, so any match can be worked out from them: another
cost model, price list or budget never draws a sample again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.budget.amounts import UNIT_WORDS, BudgetAmount
from harness.budget.pool_matching import PoolMatch
from harness.comparison.cost_models import cost_models_document
from harness.comparison.costs import CostSettings, SideCosts, costs_of, mixture_notes
from harness.comparison.curves import CostGrid, cost_grid, coverage_on, curve_document
from harness.comparison.estimates import Arrays, at_budget, by_group
from harness.comparison.grouping import group_notes, groups_of
from harness.comparison.matching import check_amounts, chosen_match
from harness.comparison.opening import (
    INCOMPARABLE,
    Grouping,
    OpenedPool,
    check_groups,
    open_pools,
    pairing_of,
)
from harness.comparison.problem_sets import Pairing
from harness.errors import Refusals
from harness.metrics.adaptive_arrays import AdaptiveArrays, arrays_of
from harness.metrics.majority import MAJORITY_SAMPLES
from harness.metrics.side_columns import METRICS, distinct_column
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
    by: Grouping | None
    settings: CostSettings
    grader: str
    keys: tuple[str, ...]
    intersection: bool

    @property
    def all_keys(self) -> tuple[str, ...]:
        """The keys of solutions, text first."""
        return tuple(dict.fromkeys((TEXT, *self.keys)))


def compare_pools(request: ComparisonRequest, refusals: Refusals | None = None) -> dict[str, Any]:
    """Compares two pools.

    Args:
        request: what is compared, and how.
        refusals: what was refused before, which is told with what is wrong with the pools.

    Returns:
        A JSON document: `match` (kind, ratio, samples_per_problem, cost), `sides` and
        `difference` (WC minus SE) with metrics as {value, low, high} in fractions and solutions,
        `by_group`, `curve` (coverage against cost, crossover), `cost_models`, `notes`.

    Raises:
        InputError: a pool cannot be used, the two cannot be paired or matched, or the budget is
            more than they hold; says what is possible.
    """
    refusals = Refusals() if refusals is None else refusals
    opened, pairing = _opened_and_paired(request, refusals)
    arrays = {side: _arrays(opened[side], request, pairing.ids) for side in SIDES}
    drawn: dict[Side, int] = {side: arrays[side].largest_k for side in SIDES}
    costs = costs_of(opened, arrays, request.settings, request.kind)
    with refusals.noted():
        match = chosen_match(
            costs, request.kind, request.budget, drawn, len(pairing.ids), request.settings.grading
        )
    refusals.raise_if_any(INCOMPARABLE)
    counts: dict[Side, float] = {side: float(match.samples_per_problem[side]) for side in SIDES}
    sides, difference = at_budget(arrays, counts)
    groups = groups_of(arrays, request.by) if request.by is not None else None
    return {
        "problems": len(pairing.ids),
        "problems_left_out": dict(pairing.left_out),
        "grader": {"name": request.grader, **opened["wc"].grader},
        "notes": [
            *_notes(request.pools, costs, match, len(pairing.ids)),
            *_ragged_notes(arrays, drawn),
            *(group_notes(opened, pairing.ids, groups) if groups is not None else ()),
            *_grading_note(request.settings.grading),
            *(mixture_notes(opened, request.settings) if "compute" in costs.found else []),
        ],
        "match": _match_document(match, costs),
        "sides": {side: {**_origin(opened[side], drawn[side]), **sides[side]} for side in SIDES},
        "difference": difference,
        "refused": _refused(arrays, request.all_keys),
        "by": request.by,
        "by_group": by_group(arrays, counts, groups.names) if groups is not None else None,
        "curve": _curve(arrays, cost_grid(costs.found[match.kind], drawn)),
        "cost_models": cost_models_document(costs, match, difference["coverage"], arrays, drawn),
    }


def _opened_and_paired(
    request: ComparisonRequest, refusals: Refusals
) -> tuple[dict[Side, OpenedPool], Pairing]:
    """Both pools and the problems that are compared.

    That no problem has a level or subject is only noted: it does not hinder the match, which may
    be refused as well.

    Raises:
        InputError: what was refused before, and what hinders opening or pairing, at once.
    """
    check_amounts(request.kind, request.budget, request.settings.grading, refusals)
    unreadable = len(refusals) > 0
    opened = open_pools(request.pools, request.cards, request.grader, refusals)
    with refusals.noted():
        if request.by is not None:
            check_groups(opened, request.by)
    pairing = pairing_of(opened, request.grader, refusals, intersection=request.intersection)
    if unreadable:
        refusals.raise_if_any(INCOMPARABLE)
    return opened, pairing


def _curve(arrays: Mapping[Side, Arrays], grid: CostGrid) -> dict[str, Any]:
    coverage = {side: arrays[side].coverage for side in SIDES}
    return curve_document(grid, coverage_on(grid, coverage))


def _match_document(match: PoolMatch, costs: SideCosts) -> dict[str, Any]:
    document = match.document()
    return {**document, "cost": {**document["cost"], "unit": costs.unit_of(match.kind)}}


def _origin(opened: OpenedPool, drawn: int) -> dict[str, Any]:
    return {
        "pool": opened.place,
        "model": opened.model,
        "card": opened.card and opened.card.id,
        "samples_drawn_per_problem": drawn,
    }


def _notes(
    pools: Mapping[Side, Path], costs: SideCosts, match: PoolMatch, problems: int
) -> list[str]:
    """What makes the numbers mean something else than they seem to."""
    notes = []
    if pools["wc"].resolve() == pools["se"].resolve():
        notes.append("both sides are one and the same pool.")
    if match.ratio < 1:
        notes.append(
            f"by {match.kind} a sample of WC costs more than one of SE; were the pools given in "
            "the order WC_POOL SE_POOL?"
        )
    few = [one.upper() for one in SIDES if match.samples_per_problem[one] * problems < 1]
    if few:
        notes.append(f"the budget pays for less than one sample of {few[0]} over all problems.")
    if not few and match.samples_per_problem["se"] < 1:
        notes.append(
            "SE gets less than one sample a problem: only that share of the problems gets one. "
            "--match number --budget 1 compares sample for sample."
        )
    if match.kind in costs.relative:
        notes.append(
            "without token counts in both pools, completions of both sides are taken as equally "
            "long, and costs are told in SE samples."
        )
    return notes


def _ragged_notes(arrays: Mapping[Side, Arrays], drawn: Mapping[Side, int]) -> Iterator[str]:
    """Pools with more samples of some problems than of the one that has fewest."""
    for side, one in arrays.items():
        if isinstance(one, AdaptiveArrays):
            continue
        fewest = int((one.tokens.samples == drawn[side]).sum())
        if one.tokens.samples.max() > drawn[side]:
            yield (
                f"budgets reach as far as the {drawn[side]} samples of {fewest:,} problems of "
                f"{side.upper()}, though others have up to {int(one.tokens.samples.max())}."
            )


def _grading_note(cost: BudgetAmount | None) -> list[str]:
    if cost is None:
        return []
    return [
        f"grading is charged: {float(cost.value):.4g} {UNIT_WORDS[cost.unit]} a sample of either "
        "side, by the cost models that count them."
    ]


def _arrays(opened: OpenedPool, request: ComparisonRequest, ids: tuple[str, ...]) -> Arrays:
    arrays = arrays_of(
        opened.pool, grader=request.grader, chain=opened.has_chains, keys=request.all_keys
    )
    places = {problem: place for place, problem in enumerate(arrays.problem_ids)}
    return arrays.chosen([places[problem] for problem in ids])


def _refused(arrays: Mapping[Side, Arrays], keys: Sequence[str]) -> dict[str, str]:
    """The metrics without an unbiased estimate, and why."""
    adaptive = [side.upper() for side in SIDES if isinstance(arrays[side], AdaptiveArrays)]
    if not adaptive:
        return {}
    reason = (
        f"drawn adaptively (allocation.until) was {' and '.join(adaptive)}, and what more samples "
        "would have shown besides correct ones cannot be estimated without bias"
    )
    diversity = [name for name, one in METRICS.items() if one.above in map(distinct_column, keys)]
    return dict.fromkeys([*diversity, *(f"majority_at_{k}" for k in MAJORITY_SAMPLES)], reason)
