"""Canonical order: the pool's own order of problems, then the sample index.

Everything that is read from a pool comes in this order, whatever the order in which it was
drawn. A row's key packs both into one integer, so that sorting and merging are array work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.errors import InputError
from harness.pool.samples import SERVICE_COLUMNS

Keys = NDArray[np.int64]
Conflict = Callable[[pa.Table, pa.Table], None]
_INDEX_BITS = 32


class ProblemOrder:
    """The positions of a pool's problems.

    Attributes:
        ids: the problems' ids, in canonical order.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids
        self._rank = {problem_id: rank for rank, problem_id in enumerate(ids)}

    def __contains__(self, problem_id: object) -> bool:
        return problem_id in self._rank

    def keys_of(self, table: pa.Table) -> Keys:
        """(rows,) position of the problem in the high bits, sample index in the low ones; −1
        for a row of a problem that the pool does not have, or with a negative index.
        """
        encoded = table["problem_id"].combine_chunks()
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        names = encoded.dictionary.to_pylist()
        ranks = np.array([self._rank.get(name, -1) for name in names], dtype=np.int64)
        index: Keys = table["sample_index"].to_numpy().astype(np.int64)
        if not len(index):
            return index
        rank = ranks[encoded.indices.to_numpy()]
        keys: Keys = np.where((rank < 0) | (index < 0), -1, (rank << _INDEX_BITS) | index)
        return keys

    def id_of(self, key: int) -> str:
        """The problem of a key."""
        return self.ids[key >> _INDEX_BITS]


def index_of(key: int) -> int:
    """The sample index of a key."""
    return int(key & ((1 << _INDEX_BITS) - 1))


def in_canonical_order(
    table: pa.Table, order: ProblemOrder, on_conflict: Conflict | None = None
) -> pa.Table:
    """The rows in canonical order, each key once: the first of several.

    Args:
        table: any rows of the pool.
        order: the pool's order of problems.
        on_conflict: takes rows that share their key but differ in what the seeds determine:
            those that stay and, in the same order, those that go. They are refused without it.

    Raises:
        InputError: two rows of one key differ.
        ValueError: a row is of a problem that the pool does not have.
    """
    keys = order.keys_of(table)
    if np.any(keys < 0):
        raise ValueError("a row is of a problem that the pool does not have")
    if np.all(np.diff(keys) > 0):
        return table
    places = np.argsort(keys, kind="stable")
    ordered = table.take(pa.array(places))
    is_repeat = np.r_[False, np.diff(keys[places]) == 0]
    repeats = np.flatnonzero(is_repeat)
    if not len(repeats):
        return ordered
    starts = np.maximum.accumulate(np.where(is_repeat, 0, np.arange(len(places))))
    _compare(ordered.take(pa.array(starts[repeats])), ordered.take(pa.array(repeats)), on_conflict)
    return ordered.filter(pa.array(~is_repeat))


def _compare(kept: pa.Table, dropped: pa.Table, on_conflict: Conflict | None) -> None:
    on_the_day = [name for name in kept.column_names if name in SERVICE_COLUMNS]
    if kept.drop_columns(on_the_day).equals(dropped.drop_columns(on_the_day)):
        return
    differ = [
        place
        for place, (one, two) in enumerate(zip(_drawn(kept), _drawn(dropped), strict=True))
        if one != two
    ]
    (on_conflict or _refuse)(kept.take(pa.array(differ)), dropped.take(pa.array(differ)))


def _drawn(table: pa.Table) -> list[dict[str, object]]:
    columns = [name for name in table.column_names if name not in SERVICE_COLUMNS]
    return table.select(columns).to_pylist()  # type: ignore[no-any-return]


def _refuse(kept: pa.Table, dropped: pa.Table) -> None:
    one, two = _drawn(kept)[0], _drawn(dropped)[0]
    columns = sorted(name for name in one if one[name] != two[name])
    raise InputError(
        f"the pool holds two different samples under one key ({kept.num_rows} times; first "
        f"problem {one['problem_id']}, sample {one['sample_index']}, which differ in "
        f"{', '.join(columns)}).",
        "`harness pool verify --repair` keeps the older one and puts the other aside.",
    )
