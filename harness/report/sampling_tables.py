"""Tables of the pair, the match, and the verdicts on what was sampled."""

from __future__ import annotations

from collections.abc import Mapping

from harness.recipe import SIDES, Side
from harness.report.blocks import Cell, Table
from harness.report.numbers import NONE, count, percent, quantity, relative_percent
from harness.report.results import BudgetQuality
from harness.report.schema import Report


def pair_table(report: Report) -> Table:
    """The two generators and the models that are finetuned."""
    roles = [*((side.upper(), report.pair[side]) for side in SIDES), *report.students.items()]
    counts = {"total": "parameters", "non_embedding": "non-embedding"}
    if any(model.parameters.get("active") for _, model in roles):
        counts["active"] = "active"
    rows = [
        [
            Cell(role),
            Cell(model.id),
            Cell(model.revision or NONE),
            *(Cell(count(model.parameters.get(kind))) for kind in counts),
        ]
        for role, model in roles
    ]
    headers = ("role", "model", "revision", *counts.values())
    return Table("The pair and the finetuned models", headers, rows, text_columns=3)


def of_mixtures(report: Report) -> str:
    """Which parameters FLOPs count where a generator is a mixture of experts; else nothing."""
    mixtures = any(report.pair[side].parameters.get("active") for side in SIDES)
    return ", of mixtures of experts those that a token meets" if mixtures else ""


def match_table(report: Report) -> Table:
    """Samples a problem and costs at each budget, as they were realised."""
    rows = []
    for name, quality in report.budgets.items():
        cost = quality.cost
        tokens = {side: _tokens_a_sample(quality, side) for side in SIDES}
        rows.append(
            [
                Cell(name),
                *(Cell(quality.samples_text(side)) for side in SIDES),
                Cell(quantity(cost.wc)),
                Cell(quantity(cost.se)),
                Cell(f"{cost.wc_over_se:.4f}", f"{relative_percent(cost.wc_over_se - 1)} relative"),
                *(Cell(_tokens(tokens[side])) for side in SIDES),
                Cell(_tokens(_by_tokens(quality, tokens), 4)),
            ]
        )
    unit = next((quality.cost.unit for quality in report.budgets.values()), "")
    headers = (
        "budget", "WC samples", "SE samples", "WC cost", "SE cost", "WC / SE cost",
        "tokens a WC sample", "tokens a SE sample", "WC / SE cost by tokens",
    )  # fmt: skip
    note = (
        f"Samples and costs are per problem; costs in {unit}, for samples of equal length. Tokens "
        "are the measured mean length of a completion; the last column is the cost ratio that "
        "these lengths make."
    )
    return Table("The match", headers, rows, note=note)


def _tokens_a_sample(quality: BudgetQuality, side: Side) -> float | None:
    total = quality.tokens.get(side, {}).get("completion")
    samples = quality.sides[side].samples if side in quality.sides else 0
    return total / samples if total and samples else None


def _by_tokens(quality: BudgetQuality, tokens: Mapping[Side, float | None]) -> float | None:
    wc, se = tokens["wc"], tokens["se"]
    return quality.cost.wc_over_se * wc / se if wc and se else None


def _tokens(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def verdict_table(report: Report) -> Table:
    """Shares of verdicts among the samples, per budget and side."""
    rows = []
    for name, quality in report.budgets.items():
        for side in SIDES:
            numbers = quality.sides.get(side)
            if numbers is None or not numbers.samples:
                continue
            wrong = numbers.samples - numbers.correct - numbers.undecided
            shares = (numbers.correct, wrong, numbers.undecided, numbers.unparsed)
            rows.append(
                [
                    Cell(name),
                    Cell(side.upper()),
                    Cell(count(numbers.samples)),
                    *(Cell(percent(part / numbers.samples)) for part in shares),
                ]
            )
    headers = ("budget", "side", "samples", "correct", "wrong", "undecided", "unparsed")
    note = (
        "By final answer. Undecided samples (time-outs, over a cap) count as not correct; "
        "unparsed ones, in which no answer was found, are part of the others."
    )
    return Table("Samples by verdict", headers, rows, text_columns=2, note=note)


def pool_table(report: Report) -> Table:
    """The whole pools: how answers were found, and why verdicts stayed undecided."""
    rows = [
        [
            Cell(side.upper()),
            Cell(count(pool.samples)),
            Cell(_counts(pool.rules)),
            Cell(_counts(pool.outcomes.get("chain", {}))),
            Cell(_counts(pool.reasons)),
        ]
        for side, pool in report.pools.items()
    ]
    headers = (
        "pool", "samples", "rule that found the answer", "reasoning checked", "why undecided",
    )  # fmt: skip
    return Table("The whole pools", headers, rows, text_columns=1)


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count(number)}" for name, number in counted.items()) or NONE
