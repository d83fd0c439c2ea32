"""What an answer was read as: a formula with a unit, a tuple, an interval, a relation, words …"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.grading.formula_nodes import Node
from harness.grading.units import Unit


@dataclass(frozen=True)
class Amount:
    """A formula, the unit behind it where there is one, and how it was written."""

    node: Node
    unit: Unit | None = None
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Numeral:
    """Digits in a base, as in `2516_8`."""

    digits: str
    base: int


@dataclass(frozen=True)
class Ratio:
    """Parts of a ratio, as in `3:4`; `clock` where it may be a time of day: hours, minutes."""

    parts: tuple[int, ...]
    clock: bool = False
    half: str = ""


@dataclass(frozen=True)
class Listing:
    """Things beside each other without brackets; `ordered` where names tell their places."""

    items: tuple[Reading, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Group:
    """Things in brackets: a tuple, an interval, a set, by its brackets."""

    brackets: str
    items: tuple[Reading, ...]


@dataclass(frozen=True)
class Union:
    """A union of sets."""

    items: tuple[Reading, ...]


@dataclass(frozen=True)
class Matrix:
    """Rows of a matrix, or of a determinant."""

    rows: tuple[tuple[Reading, ...], ...]
    determinant: bool = False


@dataclass(frozen=True)
class Side:
    """One side of a relation: its reading, and its name where it is one (`x`, `f(x)`, `AB`)."""

    reading: Reading
    name: str = ""


@dataclass(frozen=True)
class Relation:
    """Sides with operators between them: an equation, an inequality, or a chain of them."""

    sides: tuple[Side, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """Words, in lower case and without punctuation, and as they were."""

    folded: str
    exact: str


@dataclass(frozen=True)
class Opaque:
    """Mathematics that was not understood; `text` without its spaces."""

    text: str


Reading = Amount | Numeral | Ratio | Listing | Group | Union | Matrix | Relation | Words | Opaque
EMPTY_SET = Group("{}", ())
