"""Cells of the tables beside a paper: the same units for ours and theirs, changes labelled."""

from __future__ import annotations

from harness.report.blocks import Cell
from harness.report.numbers import fixed, signed
from harness.report.reference.schema import Beside

_COUNTED = "diversity"  # Quantities of solutions; all others are fractions.


def number(quantity: str, value: float) -> str:
    """A value without its unit: per cent, or solutions."""
    return fixed(value, 2) if quantity.startswith(_COUNTED) else fixed(100 * value)


def signed_number(quantity: str, value: float) -> str:
    """A difference with its unit: points, or solutions."""
    if quantity.startswith(_COUNTED):
        return f"{signed(value, 2)} solutions"
    return f"{signed(100 * value)} points"


def interval_cell(one: Beside) -> Cell:
    """Our value with its interval."""
    if one.low is None or one.high is None:
        return Cell(_shown(one, one.ours))
    return Cell(_shown(one, one.ours), f"{_end(one, one.low)} to {_end(one, one.high)}")


def paper_cell(one: Beside) -> Cell:
    """The paper's value, its read-off error, how it is known, and its sampling error."""
    paper = one.paper
    error = f" ± {_error(one, paper.read_off_error)}" if paper.read_off_error else ""
    size = f", {paper.size:,} {paper.size_of}" if paper.size else ""
    notes = [f"[{paper.provenance}] {paper.source}{size}"]
    if paper.sampling:
        low, high = paper.sampling.low, paper.sampling.high
        notes.append(f"sampling error {_end(one, low)} to {_end(one, high)}")
    if paper.printed:
        notes.append(f"printed {paper.printed}")
    return Cell(_shown(one, paper.value) + error, "\n".join(notes))


def minus_cell(one: Beside) -> Cell:
    """Ours minus the paper's, with its unit."""
    if one.kind == "relative_gain":
        return Cell(f"{signed(100 * one.ours_minus_paper)} points of relative gain")
    return Cell(signed_number(one.quantity, one.ours_minus_paper))


def _shown(one: Beside, value: float) -> str:
    if one.kind == "relative_gain":
        return f"{signed(100 * value)} %"
    return signed_number(one.quantity, value) if one.kind == "difference" else _end(one, value)


def _end(one: Beside, value: float) -> str:
    text = number(one.quantity, value)
    return f"+{text}" if one.kind == "difference" and value > 0 else text


def _error(one: Beside, error: float) -> str:
    counted = one.quantity.startswith(_COUNTED) and one.kind != "relative_gain"
    return f"{error:.2g}" if counted else f"{100 * error:.2g}"
