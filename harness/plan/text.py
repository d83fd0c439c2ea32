"""A plan as text: tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.plan.values import Plan, PlannedCell
from harness.quantities import short_number


def plan_text(plan: Plan) -> str:
    """The whole plan."""
    name = plan.recipe + (f", profile {plan.profile}" if plan.profile else "")
    problems = ", ".join(
        f"{'all' if count is None else f'{count:,}'} {split}"
        for split, count in plan.problems.items()
        if count != 0
    )
    parts = [
        f"Plan of {name}\nproblems: {problems}",
        _budgets(plan),
        _pools(plan),
        _cells(plan),
        _evaluation(plan),
        "It takes for granted:\n" + "\n".join(f"  - {text}" for text in plan.assumptions),
    ]
    return "\n\n".join(parts)


def _budgets(plan: Plan) -> str:
    kind = plan.match["kind"]
    by = f"{kind} ({plan.match['parameters']} parameters)" if kind == "compute" else kind
    heading = f"Budgets, matched by {by}: an SE sample costs as much as {plan.ratio:.4g} WC samples"
    rows = [
        [
            name,
            f"{budget.exact_samples_per_problem['wc']:.4g}",
            f"{budget.exact_samples_per_problem['se']:.4g}",
            budget.samples_per_problem["wc"],
            budget.samples_per_problem["se"],
            f"{budget.wc_over_se:.4f}",
        ]
        for name, budget in plan.budgets.items()
    ]
    headers = ["budget", "WC exact", "SE exact", "WC drawn", "SE drawn", "cost WC/SE"]
    return (
        f"{heading}\n{_table(rows, headers)}\nsamples a problem; the cost ratio is after rounding"
    )


def _pools(plan: Plan) -> str:
    rows = [
        [
            side.upper(),
            pool.model,
            pool.samples_per_problem,
            _shown(pool.samples, lambda count: f"{count:,}"),
            _range(pool.expected_tokens, pool.largest_tokens),
            _range(pool.flops, pool.largest_flops),
            "-" if pool.dollars is None else f"{pool.dollars:,.2f} to {pool.largest_dollars:,.2f}",
            _shown(pool.disk_bytes, _bytes),
        ]
        for side, pool in plan.pools.items()
    ]
    headers = ["side", "model", "a problem", "samples", "tokens", "FLOPs", "dollars", "disk"]
    text = "Pools (each holds the largest budget; expected, and at most)\n" + _table(rows, headers)
    dates = {side: pool.price_date for side, pool in plan.pools.items() if pool.price_date}
    if dates:
        text += "\nprices of " + ", ".join(f"{day} ({side.upper()})" for side, day in dates.items())
    return text


def _cells(plan: Plan) -> str:
    if not plan.cells:
        return "Training: none"
    groups: dict[tuple[Any, ...], list[PlannedCell]] = {}
    for cell in plan.cells:
        key = (cell.paradigm, cell.budget, cell.steps, cell.batch_size)
        groups.setdefault(key, []).append(cell)
    rows = [
        [
            paradigm,
            cells[0].model,
            budget,
            ", ".join(dict.fromkeys(cell.arm for cell in cells)),
            len(cells),
            f"{steps:,}",
            batch,
            f"{cells[0].learning_rate:g}",
            _range(cells[0].flops, cells[0].largest_flops),
            _epochs(cells),
        ]
        for (paradigm, budget, steps, batch), cells in groups.items()
    ]
    headers = ["paradigm", "model", "budget", "arms", "cells", "steps", "batch", "rate",
               "FLOPs a cell", "epochs, at least"]  # fmt: skip
    disk = plan.document()["totals"]["disk_bytes"]
    return (
        f"Training: {len(plan.cells)} cells\n{_table(rows, headers)}\n"
        f"disk in all, with the pools: {_shown(disk, _bytes)}"
    )


def _epochs(cells: Sequence[PlannedCell]) -> str:
    by_arm = {cell.arm: cell.least_epochs for cell in cells}
    return ", ".join(
        f"{arm} {_shown(epochs, lambda number: f'{number:.2g}')}" for arm, epochs in by_arm.items()
    )


def _evaluation(plan: Plan) -> str:
    evaluation = plan.evaluation
    models = f"{evaluation.base_models} base and {evaluation.cells} finetuned models"
    problems = _shown(evaluation.problems, lambda count: f"{count:,}", "all")
    total = _shown(evaluation.completions, lambda count: f", {count:,} greedy completions", "")
    return f"Evaluation: {models} on {problems} test problems of {evaluation.task}{total}"


def _table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True)


def _shown(value: Any, show: Callable[[Any], str], unknown: str = "?") -> str:
    return unknown if value is None else show(value)


def _range(expected: float | None, largest: float | None) -> str:
    if expected is None or largest is None:
        return "?"
    return f"{short_number(expected)} to {short_number(largest)}"


def _bytes(count: float) -> str:
    return f"{short_number(count)}B"
