"""Small questions about readings that matching asks."""

from __future__ import annotations

from collections.abc import Sequence

from harness.grading.amount_matching import infinite_sign
from harness.grading.formula_nodes import Node, number
from harness.grading.readings import Amount, Group, Matrix, Numeral, Ratio, Reading, Words
from harness.grading.words import words_of

_REALS = "all real numbers"


def every(found: Sequence[bool | None]) -> bool | None:
    """False where one is False, else None where one is None, else True."""
    return False if False in found else None if None in found else True


def quotient_of(ratio: Ratio) -> Amount:
    """A ratio of two as a quotient."""
    return Amount(Node("quotient", tuple(number(part) for part in ratio.parts)))


def vector_of(reading: Reading) -> tuple[Reading, ...]:
    """The entries of a matrix with one column or one row; empty: it is no vector."""
    if not isinstance(reading, Matrix) or reading.determinant:
        return ()
    if len(reading.rows) == 1:
        return reading.rows[0]
    columns = {len(row) for row in reading.rows}
    return tuple(row[0] for row in reading.rows) if columns == {1} else ()


def words_in(reading: Reading) -> Words | None:
    """A reading as words; None where it has none."""
    if isinstance(reading, Words):
        return reading
    if isinstance(reading, Amount) and reading.text:
        return words_of(reading.text)
    return None


def is_simple(reading: Reading) -> bool:
    """Whether a reading can only be one number, formula or word."""
    return isinstance(reading, Amount | Words | Numeral | Ratio)


def is_reals(reading: Reading) -> bool:
    r"""Whether a reading is `\mathbb{R}`, all real numbers, or the whole line."""
    if isinstance(reading, Words):
        return reading.folded == _REALS
    if isinstance(reading, Amount):
        return reading.text in ("\\mathbb{R}", "\\mathbbR")
    if isinstance(reading, Group) and reading.brackets == "()" and len(reading.items) == 2:
        low, high = reading.items
        ends = isinstance(low, Amount) and isinstance(high, Amount)
        return ends and infinite_sign(low.node) == -1 and infinite_sign(high.node) == 1  # type: ignore[union-attr]
    return False
