"""Accounts as text, for people: what was planned stands beside what was measured."""

from __future__ import annotations

import json
from typing import Any

from tabulate import tabulate

from harness.quantities import short_number

Document = dict[str, Any]


def account_text(account: Document) -> str:
    """One pool's account."""
    parts = [_holds(account), _spent(account)]
    for grader, outcomes in account["verdicts"].items():
        shares = ", ".join(f"{count:,} {name}" for name, count in outcomes.items())
        parts.append(f"verdicts of {grader!r}: {shares}")
    identity = {key: value for key, value in account["identity"].items() if key != "model_card"}
    lines = [f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in identity.items()]
    parts.append("identity\n" + "\n".join(lines))
    return "\n".join(parts)


def total_text(total: Document) -> str:
    """The sum over several pools."""
    dollars = "" if total["dollars"] is None else f", ${total['dollars']:,.4f}"
    reason = " (not of imported pools)" if total["server_seconds"] is None else ""
    return (
        f"in all: {total['samples']:,} samples, {total['completion_tokens']:,} completion tokens, "
        f"{total['prompt_tokens']:,} prompt tokens, {total['wasted_tokens']:,} wasted"
        f"{dollars}, {_seconds(total['server_seconds'])} server-seconds{reason}"
    )


def _holds(account: Document) -> str:
    per_problem = account["samples_per_problem"]
    lines = [
        f"{account['pool']}: {account['samples']:,} samples of {account['problems']:,} problems "
        f"({per_problem['least']} to {per_problem['most']} a problem, "
        f"median {per_problem['median']:g})"
    ]
    if account["problems_without_samples"]:
        lines.append(
            f"{account['problems_without_samples']:,} problems have none; the engine refused "
            f"{account['refused']:,}"
        )
    if account["allocation"] not in (None, "uniform"):
        lines.append(f"drawn adaptively: {json.dumps(account['allocation'])}")
    return "\n".join(lines)


def _spent(account: Document) -> str:
    spent, planned = account["spent"], account["planned"] or {}
    wasted = spent["wasted"]
    counted = account["samples"] - account["samples_without_token_counts"]
    mean = spent["completion_tokens"] / counted if counted else None
    rows = [
        ["samples", _whole(planned.get("samples")), _whole(account["samples"]), ""],
        ["requests", "", _whole(spent["requests"]), _whole(wasted["requests"])],
        ["prompt tokens", "", _whole(spent["prompt_tokens"]), _whole(wasted["prompt_tokens"])],
        ["of these cached", "", _whole(spent["cached_tokens"]), _whole(wasted["cached_tokens"])],
        [
            "completion tokens",
            _whole(planned.get("completion_tokens")),
            _whole(spent["completion_tokens"]),
            _whole(wasted["completion_tokens"]),
        ],
        ["tokens a sample", _mean(planned.get("tokens_per_sample")), _mean(mean), ""],
        [
            "FLOPs (2P a token)",
            _large(planned.get("flops")),
            _large(spent["flops"]["completion"]),
            _large(spent["flops"]["wasted"]),
        ],
        [
            "dollars",
            _money(planned.get("dollars")),
            _money(spent["dollars"]),
            _money(wasted["dollars"]),
        ],
        ["server-seconds", "", _seconds(spent["server_seconds"]), ""],
    ]
    bound = " (at most)" if planned.get("upper_bound") else ""
    table = tabulate(
        rows,
        headers=["", f"planned{bound}", "measured", "wasted"],
        disable_numparse=True,
        colalign=("left", "right", "right", "right"),
    )
    return "\n".join([table, *_remarks(account, spent)])


def _remarks(account: Document, spent: Document) -> list[str]:
    remarks = ["FLOPs are those of completion tokens; measured dollars include the wasted ones."]
    remarks += spent["flops"].get("remarks", [])
    if spent["server_seconds"] is None:
        remarks.append(
            "The samples were imported: what they took was spent elsewhere, and nobody knows which "
            "requests ran side by side, so there are no server-seconds."
        )
    if uncounted := account["samples_without_token_counts"]:
        remarks.append(f"{uncounted:,} samples came without token counts; sums leave them out.")
    if price := spent["price"]:
        unpriced = "" if price["input"] is not None else "; it has no price for prompt tokens"
        remarks.append(f"prices of {price['date']} ({price['source']}){unpriced}")
    if estimated := spent["wasted"]["estimated_requests"]:
        remarks.append(
            f"{estimated:,} wasted requests count as the most that they can have taken, because "
            "no answer said it"
        )
    return remarks


def _whole(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _large(value: float | None) -> str:
    return "" if value is None else short_number(value)


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:,.4f}"
