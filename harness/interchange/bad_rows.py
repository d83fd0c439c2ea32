"""Rows that cannot be used: what is wrong with each, where it stands, and how many there are.

A file of a million rows may have a million bad ones. The first few hundred are named; of the
others only the number is kept.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from harness.errors import Issue

NAMED_ROWS = 200


class Place(NamedTuple):
    """Where a row stands: the file or data set, "line" or "row", and its number from 1."""

    source: str
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.source} {self.unit} {self.number}"


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
        """A finding for each named row, in the order found, and one for those not named."""
        found = [Issue(str(place), fault.message) for place, fault in self._named]
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
