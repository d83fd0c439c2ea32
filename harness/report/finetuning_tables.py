"""Tables of what finetuning did, and of the training sets and cells behind it."""

from __future__ import annotations

from dataclasses import replace

from harness.report.blocks import Cell, Table
from harness.report.numbers import (
    NONE,
    count,
    fixed,
    p_text,
    relative,
    relative_percent,
    signed,
)
from harness.report.quality_tables import difference_cell, percent_cell
from harness.report.results import Comparison, Difference, Evaluations
from harness.report.schema import Report
from harness.report.seeds import difference_of_data, differences_by_seed
from harness.report.wording import resolution

_OTHER_SEEDS = (
    "With several seeds, intervals and p values of WC − SE cover training by other seeds, whose "
    "effect is taken to be as large in all comparisons. "
)


def finetuning_table(evaluations: Evaluations) -> Table:
    """pass@1 of each paradigm: before, after SE data, after WC data, and the difference."""
    covers_seeds = any(one.other_seeds for one in evaluations.comparisons)
    rows = [
        [
            Cell(one.paradigm),
            Cell(one.budget),
            Cell(count(len(one.seeds)), _by_seed(evaluations, one)),
            percent_cell(one.base),
            percent_cell(one.se),
            percent_cell(one.wc),
            difference_cell(difference_of_data(one), 100),
            Cell(relative_percent(one.relative_gain)),
            Cell(resolution(difference_of_data(one))),
            Cell(NONE if one.smallest_detectable is None else _points(one.smallest_detectable)),
            _holm(one, covers_seeds),
        ]
        for one in evaluations.comparisons
    ]
    headers = (
        "paradigm", "budget", "seeds", "base %", "SE data %", "WC data %", "WC − SE, points",
        "WC over SE, relative", "resolution, points", "detectable, points",
        "p (Holm, other seeds)" if covers_seeds else "p (Holm)",
    )  # fmt: skip
    note = (
        f"Greedy pass@1 on {count(evaluations.problems)} test problems (task {evaluations.task}), "
        "with 95 % intervals; WC − SE is paired by test problem. Resolution is half of the "
        "interval: smaller effects could not have been seen. Detectable is the smallest difference "
        "that this design finds with 80 % power. p (Holm) is adjusted for the number of "
        f"comparisons. {_OTHER_SEEDS if covers_seeds else ''}Under several seeds stands WC − SE "
        "of each, in points."
    )
    return Table("WC data against SE data", headers, rows, text_columns=2, note=note)


def _holm(one: Comparison, covers_seeds: bool) -> Cell:
    adjusted = one.other_seeds if covers_seeds else one
    if adjusted is None or adjusted.holm_p_value is None:
        return Cell(NONE)
    return Cell(p_text(adjusted.holm_p_value))


def _points(fraction: float) -> str:
    return fixed(100 * fraction)


def _by_seed(evaluations: Evaluations, one: Comparison) -> str:
    differences = differences_by_seed(evaluations, one) if len(one.seeds) > 1 else []
    return "\n".join(signed(100 * difference) for difference in differences)


def gain_table(evaluations: Evaluations) -> Table:
    """What each arm added to the base model, absolute and relative."""
    rows = [_gain_row(one) for one in evaluations.comparisons if one.gain_over_base]
    headers = (
        "paradigm", "budget", "SE data over base, points", "relative",
        "WC data over base, points", "relative",
    )  # fmt: skip
    return Table("Gains over the base model", headers, rows, text_columns=2)


def _gain_row(one: Comparison) -> list[Cell]:
    gain = one.gain_over_base
    return [
        Cell(one.paradigm),
        Cell(one.budget),
        _gain_cell(gain.se if gain else None),
        Cell(relative(one.se.value, one.base.value)),
        _gain_cell(gain.wc if gain else None),
        Cell(relative(one.wc.value, one.base.value)),
    ]


def _gain_cell(gain: Difference | None) -> Cell:
    # A gain favours neither side, so it takes no side's colour.
    cell = difference_cell(gain, 100)
    return replace(cell, tone="found" if cell.tone in ("wc", "se") else "")


def model_table(evaluations: Evaluations) -> Table:
    """Every evaluated model."""
    rows = [
        [
            Cell(model.model_id),
            Cell(model.role),
            Cell(f"{model.cell.arm}, {model.cell.budget}" if model.cell else "base model"),
            Cell(str(model.cell.seed) if model.cell else NONE),
            Cell(f"{count(model.correct)} of {count(model.problems)}"),
            percent_cell(model.pass_at_1),
            Cell(count(model.undecided)),
        ]
        for model in evaluations.models
    ]
    headers = ("model", "role", "trained on", "seed", "correct", "pass@1 %", "undecided")
    return Table("Every evaluated model", headers, rows, text_columns=3)


def arm_table(report: Report) -> Table:
    """The training sets; empty ones say why."""
    rows = [
        [
            Cell(arm.arm),
            Cell(arm.budget),
            Cell(f"empty: {arm.reason or 'no reason was recorded'}" if arm.empty else "built"),
            Cell(count(arm.rows)),
            Cell(count(arm.problems)),
        ]
        for arm in report.arms
    ]
    headers = ("arm", "budget", "state", "rows", "problems")
    return Table("Arms (training sets)", headers, rows, text_columns=3)


def cell_table(report: Report) -> Table:
    """The finetunings; those without a model say why."""
    rows = [
        [
            Cell(cell.cell),
            Cell(cell.status + (f": {cell.reason}" if cell.reason else "")),
            Cell(count(cell.rows)),
            Cell(count(cell.steps)),
            Cell(NONE if cell.final_loss is None else f"{cell.final_loss:.3f}"),
        ]
        for cell in report.cells
    ]
    headers = ("cell", "state", "rows", "steps", "final loss")
    return Table("Cells (finetuned models)", headers, rows, text_columns=2)
