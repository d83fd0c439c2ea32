"""The answer to what ten times the money brings, as a document and as one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.forecast.counts import Pilot

Document = dict[str, Any]
TIMES = 10


def ten_times_document(pilot: Pilot, row: Document) -> Document:
    """What the pilot shows now and what ten times its samples will.

    Args:
        pilot: the pilot.
        row: the forecast for ten times its samples, as `harness.forecast.documents` has it.

    Returns:
        {k, times, samples, dollars, gpu_hours, gpu_dollars, coverage, diversity_all, sentence};
        each metric with `now`, what all samples drawn so far show.
    """
    owner, _ = pilot.multiplicities()
    now = {
        "coverage": float(np.mean(pilot.correct_of > 0)),
        "diversity_all": len(owner) / pilot.problems,
    }
    cost = ("k", "times", "samples", "dollars", "gpu_hours", "gpu_dollars")
    found: Document = {name: row[name] for name in cost}
    for name, value in now.items():
        one = row[name]
        metric = ("value", "low", "high", "other_problems")
        found[name] = one and {"now": value, **{key: one[key] for key in metric}}
    return {**found, "sentence": _sentence(found)}


def money(dollars: float) -> str:
    """Dollars, with cents, or two digits where there are none."""
    return f"${dollars:,.2f}" if dollars >= 0.01 or dollars == 0 else f"${dollars:.2g}"


def span(one: Document) -> str:
    """A range of {low, high} hours or dollars."""
    low, high = (_two_digits(one[end]) for end in ("low", "high"))
    return low if low == high else f"{low} to {high}"


def _two_digits(value: float) -> str:
    """Two digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "<0.01"


def _sentence(found: Document) -> str:
    coverage, distinct = found["coverage"], found["diversity_all"]
    others = coverage["other_problems"]
    text = (
        f"{found['times']:.3g} times the samples ({found['k']:,} a problem, "
        f"{found['samples']:,} in all; {_cost(found)}) would bring coverage from "
        f"{_percent(coverage['now'])} % to {_percent(coverage['value'])} % (95 %: "
        f"{_percent(coverage['low'])} to {_percent(coverage['high'])} % of these problems, "
        f"{_percent(others['low'])} to {_percent(others['high'])} % of others of their kind)"
    )
    if distinct is not None:
        text += (
            f", and distinct correct solutions a problem from {distinct['now']:.2f} to "
            f"{distinct['value']:.2f} ({distinct['low']:.2f} to {distinct['high']:.2f})"
        )
    return f"{text}."


def _cost(found: Document) -> str:
    parts = []
    if found["dollars"] is not None:
        parts.append(money(found["dollars"]))
    if found["gpu_hours"] is not None:
        parts.append(f"{span(found['gpu_hours'])} GPU-hours")
    if found["gpu_dollars"] is not None:
        parts.append(f"{span(found['gpu_dollars'])} dollars for GPUs")
    return ", ".join(parts) or "dollars unknown without a price"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
