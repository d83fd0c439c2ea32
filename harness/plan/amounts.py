"""Amounts that are not known exactly before a run: a range, and what it can be at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """A number between two bounds."""

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)


@dataclass(frozen=True)
class Amount:
    """An amount at the lengths that are expected, between two values, and its upper bound.

    Attributes:
        low, high: with completions and rows as long as expected.
        at_most: with every completion and row as long as the recipe lets it be.
    """

    low: float
    high: float
    at_most: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= self.at_most:
            raise ValueError(
                f"expected 0 <= low <= high <= at most, found {self.low}, {self.high}, "
                f"{self.at_most}"
            )

    @classmethod
    def exactly(cls, value: float) -> Amount:
        """An amount without any doubt."""
        return cls(value, value, value)

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.low + other.low, self.high + other.high, self.at_most + other.at_most)

    def times(self, factor: float) -> Amount:
        """The amount multiplied by a number from 0 on."""
        factor = float(factor)  # whole products can have more digits than JSON readers keep
        return Amount(self.low * factor, self.high * factor, self.at_most * factor)


NOTHING = Amount.exactly(0)


def total(amounts: Iterable[Amount | None]) -> Amount | None:
    """The sum; None if an amount is not known."""
    added = NOTHING
    for amount in amounts:
        if amount is None:
            return None
        added += amount
    return added


def known_total(amounts: Iterable[Amount | None]) -> Amount | None:
    """The sum of the known amounts; None if none is known."""
    known = [amount for amount in amounts if amount is not None]
    return total(known) if known else None
