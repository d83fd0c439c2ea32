"""Rows that cannot be used: what is wrong with each, where it stands, and how many there are.

A file of a million rows may have a million bad ones. The first few hundred are named, those with
the same fault on one line; of the others only the number is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from harness.errors import Issue

NAMED_ROWS = 200
_SHOWN_NUMBERS = 5


class Place(NamedTuple):
    """Where a row stands: the file or data set, "line" or "row", and its number from 1."""

    source: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.source} {self.unit} {self.number}"


def _together(places: Sequence[Place]) -> str:
    """Rows of one source as text, the first few of them by number."""
    source, unit, _ = places[0]
    numbers = list(dict.fromkeys(place.number for place in places))
    if len(numbers) == 1:
        return str(places[0])
    shown = ", ".join(map(str, numbers[:_SHOWN_NUMBERS]))
    more = f", … ({len(numbers):,} {unit}s)" if len(numbers) > _SHOWN_NUMBERS else ""
    return f"{source} {unit}s {shown}{more}"


class BadRow(Exception):
    """A row that cannot be used.

    Args:
        kind: what is wrong in a few words, the same for all rows with the same fault.
        message: what was found in this row and what was expected.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class BadRows:
    """Collects the bad rows of an import.

    Attributes:
        by_kind: how many there are of each kind.
    """

    def __init__(self) -> None:
        self.by_kind: Counter[str] = Counter()
        self._named: list[tuple[Place, BadRow]] = []

    def add(self, place: Place, fault: BadRow) -> None:
        """Notes a bad row; call it once a row."""
        self.by_kind[fault.kind] += 1
        if len(self._named) < NAMED_ROWS:
            self._named.append((place, fault))

    def __len__(self) -> int:
        return self.by_kind.total()

    def issues(self) -> list[Issue]:
        """The named rows by what is wrong with them, in the order found, and one for the rest."""
        alike: dict[tuple[str, str], list[Place]] = {}
        for place, fault in self._named:
            alike.setdefault((place.source, fault.message), []).append(place)
        found = [Issue(_together(places), message) for (_, message), places in alike.items()]
        if (rest := len(self) - len(self._named)) > 0:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.by_kind.most_common())
            found.append(Issue("", f"and {rest:,} more bad rows; of all {len(self):,}: {kinds}."))
        return found

    def document(self) -> dict[str, Any]:
        """As JSON values: number, number of each kind, and the named rows."""
        named = [
            {
                "source": place.source,
                place.unit: place.number,
                "kind": fault.kind,
                "message": fault.message,
            }
            for place, fault in self._named
        ]
        return {"rows": len(self), "kinds": dict(self.by_kind), "named": named}
