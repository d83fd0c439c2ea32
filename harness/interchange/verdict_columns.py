"""Verdicts beside the samples that they are about, joined while both are streamed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from harness.errors import InputError, unknown_name
from harness.pool import Pool
from harness.pool.order import Keys, ProblemOrder
from harness.pool.parquet import stream_parquet
from harness.pool.verdicts import VERDICT_SCHEMA, verdict_file

_JOINED = ("outcome", "answer", "rule", "stage", "reason")


class VerdictColumns:
    """A grader's verdicts as columns `GRADER_outcome`, `GRADER_answer`, … of the samples.

    Both come in canonical order, so only the verdicts of the samples at hand are in memory.

    Attributes:
        fields: the columns; null where a sample was not graded.
    """

    def __init__(self, pool: Pool, grader: str, order: ProblemOrder) -> None:
        """Opens the verdicts.

        Raises:
            InputError: the pool has none of this grader; those that it has are named.
        """
        path = verdict_file(pool.folder, grader)
        known = sorted(file.stem for file in path.parent.glob("*.parquet"))
        if grader not in known:
            raise InputError(
                f"the pool {pool.folder} has no verdicts to join: "
                f"{unknown_name('grader', grader, known)}",
                "Grade it first (`harness grade RUN`), or leave --verdicts out.",
            )
        self.fields = [
            pa.field(f"{grader}_{name}", VERDICT_SCHEMA.field(name).type) for name in _JOINED
        ]
        self._order = order
        self._tables = stream_parquet(path, VERDICT_SCHEMA.names, VERDICT_SCHEMA)
        self._keys: Keys = np.empty(0, dtype=np.int64)
        self._waiting = VERDICT_SCHEMA.empty_table().select(_JOINED)

    def beside(self, keys: Keys) -> list[pa.ChunkedArray]:
        """The columns for the samples with these keys.

        Args:
            keys: (rows,) ascending, and behind those of the call before.
        """
        if not len(keys):
            return [pa.chunked_array([], field.type) for field in self.fields]
        self._fetch(int(keys[-1]))
        places = np.searchsorted(self._keys, keys)
        inside = np.minimum(places, max(len(self._keys) - 1, 0))
        graded = np.zeros(len(keys), dtype=bool)
        if len(self._keys):
            graded = self._keys[inside] == keys
        found = self._waiting.take(pa.array(inside, mask=~graded))
        behind = int(np.searchsorted(self._keys, keys[-1], side="right"))
        self._keys, self._waiting = self._keys[behind:], self._waiting.slice(behind)
        return list(found.columns)

    def _fetch(self, last: int) -> None:
        while not len(self._keys) or self._keys[-1] < last:
            table = next(self._tables, None)
            if table is None:
                return
            self._keys = np.concatenate([self._keys, self._order.keys_of(table)])
            self._waiting = pa.concat_tables([self._waiting, table.select(_JOINED)])


def with_verdicts(
    tables: Iterator[pa.Table], graders: list[VerdictColumns], order: ProblemOrder
) -> Iterator[pa.Table]:
    """Samples in canonical order with the graders' columns behind them."""
    for table in tables:
        if graders:
            keys = order.keys_of(table)
            for grader in graders:
                for field, column in zip(grader.fields, grader.beside(keys), strict=True):
                    table = table.append_column(field, column)
        yield table
