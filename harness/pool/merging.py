"""Merges sorted streams of samples into one, at constant memory.

A pool's samples lie in several files, each in canonical order; together they may be many times
larger than the memory. Each step takes from every stream the rows that no stream can still
undercut, and sorts only those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from harness.errors import InputError
from harness.pool.order import Conflict, Keys, ProblemOrder, in_canonical_order


def merged(
    streams: Iterable[Iterator[pa.Table]],
    order: ProblemOrder,
    on_conflict: Conflict | None = None,
) -> Iterator[pa.Table]:
    """The rows of all streams in canonical order, each key once.

    Args:
        streams: tables with equal columns, the rows of each stream in canonical order. Where
            a key stands in several streams, the row of the first of them stays.
        order: the pool's order of problems.
        on_conflict: as for `in_canonical_order`.

    Raises:
        InputError: a stream is not in order or holds rows of foreign problems, or two rows of
            one key differ.
    """
    heads = [head for head in map(_Head, (keyed(one, order) for one in streams)) if head.refill()]
    while len(heads) > 1:
        limit = min(int(head.keys[-1]) for head in heads)
        yield in_canonical_order(
            pa.concat_tables([head.take(limit) for head in heads]), order, on_conflict
        )
        heads = [head for head in heads if head.refill()]
    for head in heads:
        yield head.table
        yield from (table for table, _ in head.rest)


def keyed(stream: Iterable[pa.Table], order: ProblemOrder) -> Iterator[tuple[pa.Table, Keys]]:
    """The tables of a stream that have rows, with their keys.

    Raises:
        InputError: the rows are not in canonical order, or of foreign problems.
    """
    last = -1
    for table in stream:
        if not table.num_rows:
            continue
        keys = order.keys_of(table)
        if np.any(keys < 0):
            raise InputError(
                "a file of the pool holds samples of problems that are not in problems.jsonl.",
                "The files are of different pools, or damaged: `harness pool verify` says which.",
            )
        if keys[0] <= last or np.any(np.diff(keys) <= 0):
            raise InputError(
                "a file of the pool is not in its order, so another program has written it.",
                "`harness pool verify POOL --repair` puts it in order.",
            )
        last = int(keys[-1])
        yield table, keys


class _Head:
    """The part of a stream that was read and not taken yet."""

    def __init__(self, rest: Iterator[tuple[pa.Table, Keys]]) -> None:
        self.rest = rest
        self.table: pa.Table | None = None
        self.keys: Keys = np.empty(0, dtype=np.int64)

    def refill(self) -> bool:
        """Reads on if nothing is left; whether there is something now."""
        if not len(self.keys):
            self.table, self.keys = next(self.rest, (None, self.keys))
        return self.table is not None

    def take(self, limit: int) -> pa.Table:
        """The rows up to and with the key `limit`."""
        assert self.table is not None
        count = int(np.searchsorted(self.keys, limit, side="right"))
        taken = self.table.slice(0, count)
        self.table, self.keys = self.table.slice(count), self.keys[count:]
        return taken
