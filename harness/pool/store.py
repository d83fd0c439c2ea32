"""The samples of a pool on the disk: the union of a journal and a parquet file.

New samples go to the end of the journal; compaction moves all of them into the parquet file.
A crash between the two leaves samples in both, which is harmless: each key counts once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from harness.errors import InputError
from harness.files import write_atomically
from harness.pool.durable import GrowingFile, flush_folder
from harness.pool.journal import Damage, encode_line, encode_lines, read_journal
from harness.pool.samples import (
    KEY_COLUMNS,
    SAMPLE_COLUMNS,
    SAMPLE_SCHEMA,
    Sample,
    ledger_of,
    line_of,
    table_of,
)
from harness.pool.table import in_canonical_order, masks_of, read_parquet, write_parquet

_JOURNAL_BATCH = 10_000


class SampleStore:
    """The files with the samples of one pool, and with what they took.

    Args:
        folder: the pool's folder.
        problem_ids: its problems, in canonical order.
        note: takes a sentence about each thing that was mended.
    """

    def __init__(
        self, folder: Path, problem_ids: Sequence[str], note: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self.table_file = folder / "samples.parquet"
        self.journal_file = folder / "samples.jsonl"
        self._ids = list(problem_ids)
        self._known = set(problem_ids)
        self._note = note
        self._files: dict[str, GrowingFile] = {}
        self._damage = Damage()

    def keys(self) -> dict[str, int]:
        """Which sample indices each problem has, as the set bits of an integer.

        Raises:
            InputError: samples of foreign problems, or different samples under one key.
        """
        masks = dict.fromkeys(self._ids, 0)
        masks.update(masks_of(read_parquet(self.table_file, KEY_COLUMNS, SAMPLE_SCHEMA)))
        if len(masks) > len(self._ids):
            raise InputError(
                f"{self.table_file} holds samples of problems that are not in problems.jsonl.",
                "The files are of different pools; put the original ones together again.",
            )
        repeated = False
        for sample in self._journal():
            bit = 1 << sample.sample_index
            repeated = repeated or bool(masks[sample.problem_id] & bit)
            masks[sample.problem_id] |= bit
        if repeated:
            self.read(SAMPLE_COLUMNS)  # Refuses samples that differ under one key.
        return masks

    def read(self, columns: Sequence[str]) -> pa.Table:
        """The samples in canonical order; `columns` must include the key."""
        tables = [read_parquet(self.table_file, columns, SAMPLE_SCHEMA)]
        batch: list[Sample] = []
        for sample in self._journal():
            batch.append(sample)
            if len(batch) == _JOURNAL_BATCH:
                tables.append(table_of(batch).select(columns))
                batch.clear()
        tables.append(table_of(batch).select(columns))
        return in_canonical_order(pa.concat_tables(tables), self._ids)

    def append(self, samples: Sequence[Sample]) -> None:
        """Adds samples, all or none; when this returns they are on the disk.

        Raises:
            OSError: they could not be written; the files are as they were.
        """
        # The ledger first: a crash in between books tokens that were indeed spent.
        self.append_line(
            "ledger.jsonl", b"".join(map(line_of, ledger_of(samples, round(time.time(), 3))))
        )
        self.append_line(self.journal_file.name, encode_lines(samples))

    def append_line(self, name: str, lines: bytes) -> None:
        """Adds whole lines to one of the pool's files; as durable as `append`."""
        self._opened(name).append(lines)

    def compact(self) -> None:
        """Moves the journal's samples into the parquet file.

        Raises:
            OSError: the new file could not be written; the old ones are untouched.
        """
        self.mend()
        if not self.journal_file.exists() or not self.journal_file.stat().st_size:
            return
        write_parquet(self.table_file, self.read(SAMPLE_COLUMNS))
        self._close(self.journal_file.name)
        self.journal_file.unlink()
        flush_folder(self.folder)

    def mend(self) -> None:
        """Cuts off unfinished last lines, and puts damaged ones aside."""
        for name in (self.journal_file.name, "ledger.jsonl", "failures.jsonl"):
            if (self.folder / name).exists():
                self._opened(name)
        damaged = [line + b"\n" for _, line in self._damage.lines]
        if not damaged:
            return
        aside = self.folder / f"{self.journal_file.name}.damaged"
        with GrowingFile(aside) as file:
            file.append(b"".join(damaged))
        self._close(self.journal_file.name)
        write_atomically(self.journal_file, encode_lines(self._journal()))
        self._damage = Damage()
        self._note(
            f"{self.journal_file}: {len(damaged)} damaged lines were put aside in {aside.name}; "
            "what they held is drawn again"
        )

    def close(self) -> None:
        """Closes the files; nothing is lost by not closing them."""
        for name in list(self._files):
            self._close(name)

    def _journal(self) -> Iterator[Sample]:
        self._damage = Damage()
        for sample in read_journal(self.journal_file, self._damage):
            if sample.problem_id in self._known:
                yield sample
            else:
                self._damage.lines.append((0, encode_line(sample)[:-1]))

    def _opened(self, name: str) -> GrowingFile:
        if name not in self._files:
            file = self._files[name] = GrowingFile(self.folder / name)
            flush_folder(self.folder)
            if file.torn_bytes:
                self._note(
                    f"{self.folder / name}: an unfinished last line ({file.torn_bytes} bytes) "
                    "was cut off"
                )
        return self._files[name]

    def _close(self, name: str) -> None:
        if file := self._files.pop(name, None):
            file.close()
