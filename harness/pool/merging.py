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
    heads = [head for head in (_Head(stream, order) for stream in streams) if head.refill()]
    while heads:
        limit = min(int(head.keys[-1]) for head in heads)
        yield in_canonical_order(
            pa.concat_tables([head.take(limit) for head in heads]), order, on_conflict
        )
        heads = [head for head in heads if head.refill()]


class _Head:
    """The part of a stream that was read and not taken yet."""

    def __init__(self, stream: Iterator[pa.Table], order: ProblemOrder) -> None:
        self._stream = stream
        self._order = order
        self._last = -1
        self._table: pa.Table | None = None
        self.keys: Keys = np.empty(0, dtype=np.int64)

    def refill(self) -> bool:
        """Reads on if nothing is left; whether there is something now."""
        while not len(self.keys):
            table = next(self._stream, None)
            if table is None:
                return False
            self.keys = self._order.keys_of(table)
            self._table = table
            if len(self.keys):
                self._check()
        return True

    def take(self, limit: int) -> pa.Table:
        """The rows up to and with the key `limit`."""
        assert self._table is not None
        count = int(np.searchsorted(self.keys, limit, side="right"))
        taken = self._table.slice(0, count)
        self._table = self._table.slice(count)
        self.keys = self.keys[count:]
        return taken

    def _check(self) -> None:
        if np.any(self.keys < 0):
            raise InputError(
                "a file of the pool holds samples of problems that are not in problems.jsonl.",
                "The files are of different pools, or damaged: `harness pool verify` says which.",
            )
        if self.keys[0] <= self._last or np.any(np.diff(self.keys) <= 0):
            raise InputError(
                "a file of the pool is not in its order, so another program has written it.",
                "`harness pool verify POOL --repair` puts it in order.",
            )
        self._last = int(self.keys[-1])
