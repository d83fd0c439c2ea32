"""A plan as text: tables for people."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.budget.amounts import amount_text
from harness.budget.spent_totals import beyond_texts
from harness.plan.estimate_text import estimate_parts
from harness.plan.values import Plan, PlannedCell
from harness.quantities import mean_count, short_number
from harness.recipe import SIDES


def plan_text(plan: Plan, width: int | None = None) -> str:
    """The whole plan.

    Args:
        plan: the plan.
        width: at which sentences are broken into lines; None leaves each on one line.
    """
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
        *([] if plan.estimate is None else estimate_parts(plan.estimate)),
        _assumptions(plan, width),
    ]
    return "\n\n".join(parts)


def _assumptions(plan: Plan, width: int | None) -> str:
    said = plan.assumptions + (() if plan.estimate is None else plan.estimate.assumptions)
    lines = [f"  - {sentence}" for sentence in said]
    if width is not None:
        lines = [
            textwrap.fill(line, width, subsequent_indent="    ", break_long_words=False,
                          break_on_hyphens=False)
            for line in lines
        ]  # fmt: skip
    return "It takes for granted:\n" + "\n".join(lines)


def _budgets(plan: Plan) -> str:
    kind = plan.match["kind"]
    by = f"{kind} ({plan.match['parameters']} parameters)" if kind == "compute" else kind
    ratio, mixed = f"{plan.ratio:.4g}", plan.match["rounding"] == "mixed"
    worth = f"{ratio} WC sample{'' if ratio == '1' else 's'}"
    heading = f"Budgets, matched by {by}: an SE sample costs as much as {worth}"
    rows = [
        [
            name,
            *(f"{budget.exact_samples_per_problem[side]:.4g}" for side in SIDES if not mixed),
            *(mean_count(budget.mean_samples_per_problem[side]) for side in SIDES if mixed),
            *(budget.samples_per_problem[side] for side in SIDES),
            f"{budget.wc_over_se:.4f}",
        ]
        for name, budget in plan.budgets.items()
    ]
    if mixed:
        headers = ["budget", "WC in mean", "SE in mean", "WC at most", "SE at most", "cost WC/SE"]
        note = "samples a problem: some have one fewer than others; the cost ratio is of the means"
    else:
        headers = ["budget", "WC exact", "SE exact", "WC drawn", "SE drawn", "cost WC/SE"]
        note = "samples a problem; the cost ratio is after rounding"
    return "\n".join([heading, _table(rows, headers), note, *_total_lines(plan)])


def _total_lines(plan: Plan) -> list[str]:
    """What each total leaves unspent, and what pools of the larger counts take beyond it."""
    lines = []
    for name, budget in plan.budgets.items():
        if (total := budget.total) is None:
            continue
        lines += [
            f"{name}, a total that rounds down: {side.upper()} spends "
            f"{amount_text(total.spent[side], total.unit)} of "
            f"{amount_text(total.limit[side], total.unit)}"
            for side in SIDES
        ]
        lines += [f"{name}, overspent by the pool: {words}" for words in beyond_texts(total)]
    return lines


def _pools(plan: Plan) -> str:
    rows = [
        [
            side.upper(),
            pool.model,
            pool.samples_per_problem,
            _shown(pool.samples, lambda count: f"{count:,}"),
            _range(pool.expected_tokens, pool.largest_tokens),
            _range(pool.flops, pool.largest_flops),
        ]
        for side, pool in plan.pools.items()
    ]
    headers = ["side", "model", "a problem", "samples", "completion tokens", "FLOPs"]
    heading = "Pools (each holds the largest budget; completions as expected, and at most)"
    return "\n".join([heading, _table(rows, headers), *_pool_disk(plan), *_pool_dollars(plan)])


def _pool_disk(plan: Plan) -> list[str]:
    return [
        f"{side.upper()} on the disk: {_disk(pool.least_disk_bytes, pool.disk_bytes)}"
        for side, pool in plan.pools.items()
        if pool.disk_bytes is not None
    ]


def _pool_dollars(plan: Plan) -> list[str]:
    return [
        f"{side.upper()} completions: {pool.dollars:,.2f} to {pool.largest_dollars:,.2f} dollars, "
        f"by the price of {pool.price_date}"
        for side, pool in plan.pools.items()
        if pool.dollars is not None
    ]


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
            cells[0].model.rstrip("/").rsplit("/", 1)[-1],
            budget,
            len(cells),
            f"{steps:,}",
            batch,
            f"{cells[0].learning_rate:g}",
            _range(cells[0].flops, cells[0].largest_flops),
            _shown(cells[0].disk_bytes, _bytes),
        ]
        for (paradigm, budget, steps, batch), cells in groups.items()
    ]
    headers = ["paradigm", "model", "budget", "cells", "steps", "batch", "rate",
               "FLOPs a cell", "disk"]  # fmt: skip
    totals = plan.document()["totals"]
    return (
        f"Training: {len(plan.cells)} cells\n{_table(rows, headers)}\n"
        f"{_epochs(groups)}\n"
        f"disk in all, with the pools: {_disk(totals['least_disk_bytes'], totals['disk_bytes'])}"
    )


def _epochs(groups: Mapping[tuple[Any, ...], Sequence[PlannedCell]]) -> str:
    """The epochs of each arm, at least, by budget; alike for all paradigms if that is so."""
    by_budget: dict[str, dict[str, list[str]]] = {}
    for cells in groups.values():
        for cell in cells:
            shown = _shown(cell.least_epochs, _two_digits)
            by_arm = by_budget.setdefault(cell.budget, {})
            by_arm.setdefault(cell.arm, []).append(shown)
    rows = [
        [budget, *(", ".join(dict.fromkeys(shown)) for shown in by_arm.values())]
        for budget, by_arm in by_budget.items()
    ]
    arms = next(iter(by_budget.values()))
    return _table(rows, ["epochs, at least", *arms])


def _two_digits(number: float) -> str:
    return f"{number:.2g}" if number < 100 else f"{number:,.0f}"


def _evaluation(plan: Plan) -> str:
    evaluation = plan.evaluation
    models = f"{evaluation.base_models} base and {evaluation.cells} finetuned models"
    problems = _shown(evaluation.problems, lambda count: f"{count:,}", "all")
    total = _shown(evaluation.completions, lambda count: f"\n{count:,} greedy completions", "")
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


def _disk(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return "?"
    low, high = short_number(least), short_number(most)
    return f"{high}B" if low == high else f"{low} to {high}B"


def _bytes(count: float) -> str:
    return f"{short_number(count)}B"
