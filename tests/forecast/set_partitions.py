"""Every way to split samples into solutions, for sums that must come to one."""

from __future__ import annotations

from collections.abc import Iterator


def set_partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """Every set partition."""
    if not items:
        yield []
        return
    first, *rest = items
    for smaller in set_partitions(rest):
        yield [[first], *smaller]
        for place, block in enumerate(smaller):
            yield [*smaller[:place], [first, *block], *smaller[place + 1 :]]
