"""The samples of a pool on the disk: a journal, sorted runs, and one canonical file.

New samples go to the end of the journal. When it is long enough it is written out as a sorted
run, so that opening a pool never has to read more than one short journal; compaction merges
everything into the canonical file. All of it works on parts, so memory does not grow with the
pool. A crash between two steps leaves samples in two files, which is harmless: each key
counts once.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from harness.files import write_atomically
from harness.pool.durable import GrowingFile, flush_folder
from harness.pool.journal import Damage, encode_line, encode_lines, read_journal, read_lines
from harness.pool.masks import Masks, add_keys
from harness.pool.merging import keyed, merged
from harness.pool.order import ProblemOrder, in_canonical_order
from harness.pool.parquet import (
    read_parquet,
    regrouped,
    remove_parquet,
    stream_parquet,
    write_parquet,
)
from harness.pool.samples import (
    DRAWN_COLUMNS,
    KEY_COLUMNS,
    SAMPLE_COLUMNS,
    SAMPLE_SCHEMA,
    Sample,
    ledger_of,
    schema_of,
    table_of,
)

TABLE_FILE = "samples.parquet"
JOURNAL_FILE = "samples.jsonl"
LEDGER_FILE = "ledger.jsonl"
FAILURES_FILE = "failures.jsonl"
RUNS_FOLDER = "runs"
# A journal of this length is written out as a run: small enough to be held in memory.
JOURNAL_ROWS = 20_000
JOURNAL_BYTES = 32 << 20
# Rows that are sorted in memory at a time.
RUN_ROWS = 50_000
# More runs than this are merged in several rounds, since each holds a row group in memory.
RUNS_AT_ONCE = 8


class SampleStore:
    """The files with the samples of one pool, and with what they took.

    Args:
        folder: the pool's folder.
        order: its order of problems.
        origin: digest of the pool's identity, which its files carry.
        note: takes a sentence about each thing that was mended.
    """

    def __init__(
        self, folder: Path, order: ProblemOrder, origin: str, note: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self._schema = schema_of(origin)
        self.table_file = folder / TABLE_FILE
        self.journal_file = folder / JOURNAL_FILE
        self._order = order
        self._note = note
        self._files: dict[str, GrowingFile] = {}
        self._journal_samples: list[Sample] | None = None  # Known once the store is written to.
        self._journal_bytes = 0

    def runs(self) -> list[Path]:
        """The sorted runs, the oldest first."""
        return sorted((self.folder / RUNS_FOLDER).glob("[0-9]*.parquet"))

    @property
    def compacted(self) -> bool:
        """Whether all samples lie in the canonical file."""
        return not self.runs() and not self.journal_file.exists()

    def masks(self) -> Masks:
        """Which sample indices each problem has.

        Raises:
            InputError: samples of foreign problems, or different samples under one key.
        """
        masks = dict.fromkeys(self._order.ids, 0)
        repeated = False
        for stream in self._streams(KEY_COLUMNS):
            for _, keys in keyed(stream, self._order):
                repeated |= add_keys(masks, keys, self._order)
        if repeated:
            for _ in self.batches(DRAWN_COLUMNS):
                pass  # Refuses samples that differ under one key.
        return masks

    def batches(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The samples in canonical order, some thousands at a time.

        Args:
            columns: of `SAMPLE_COLUMNS`; the key must be among them.
        """
        return merged(self._streams(columns), self._order)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """All samples in canonical order, in memory; as `batches`."""
        if not self.runs() and not self.journal_file.exists():
            table = read_parquet(self.table_file, columns, SAMPLE_SCHEMA)
            return in_canonical_order(table, self._order)
        schema = pa.schema([SAMPLE_SCHEMA.field(name) for name in columns])
        return pa.concat_tables([schema.empty_table(), *self.batches(columns)])

    def append(self, samples: Sequence[Sample]) -> None:
        """Adds samples, all or none; when this returns they are on the disk.

        Raises:
            OSError: they could not be written; the files are as they were.
        """
        journal = self._journal()
        lines = encode_lines(samples)
        # The ledger first: a crash in between books tokens that were indeed spent. What a loss
        # of power takes from its end is booked again from the samples (`mend`).
        booked = ledger_of(samples, round(time.time(), 3))
        self.append_lines(LEDGER_FILE, encode_lines(booked), wait=False)
        self.append_lines(JOURNAL_FILE, lines)
        journal.extend(samples)
        self._journal_bytes += len(lines)

    def add_tables(self, tables: Iterable[pa.Table]) -> None:
        """Adds rows in any order and number, as sorted runs; durable when this returns.

        Raises:
            OSError: they could not be written; runs that are complete stay.
        """
        for table in regrouped(tables, RUN_ROWS):
            self._write_run(iter([in_canonical_order(table, self._order)]))

    def append_lines(self, name: str, lines: bytes, *, wait: bool = True) -> None:
        """Adds whole lines to one of the pool's files; see `GrowingFile.append`."""
        self._opened(name).append(lines, wait=wait)

    def write_out(self) -> None:
        """Writes a journal that has grown long out as a run.

        Raises:
            OSError: the run could not be written; the journal keeps the samples.
        """
        journal = self._journal()
        if len(journal) < JOURNAL_ROWS and self._journal_bytes < JOURNAL_BYTES:
            return
        self._opened(LEDGER_FILE).wait()
        self._write_run(self._journal_stream(SAMPLE_COLUMNS))
        self._empty_journal()

    def compact(self) -> None:
        """Merges everything into the canonical file.

        Raises:
            OSError: a new file could not be written; the old ones are untouched.
        """
        if not self._journal() and not self.runs():
            return
        while len(runs := self.runs()) > RUNS_AT_ONCE:
            few = runs[:RUNS_AT_ONCE]
            self._write_run(merged(map(self._stream_of, few), self._order))
            self._remove(few)
        runs = self.runs()
        self._opened(LEDGER_FILE).wait()
        write_parquet(self.table_file, self.batches(SAMPLE_COLUMNS), self._schema)
        self._remove(runs)
        self._close(JOURNAL_FILE)
        self.journal_file.unlink(missing_ok=True)
        self._journal_samples, self._journal_bytes = [], 0
        flush_folder(self.folder)

    def mend(self) -> None:
        """Cuts off unfinished last lines, and puts damaged ones of the journal aside."""
        for name in (JOURNAL_FILE, LEDGER_FILE, FAILURES_FILE):
            if (self.folder / name).exists():
                self._opened(name)
        damage = Damage()
        self._journal_samples = list(self._read_journal(damage))
        if damage.lines:
            self._put_aside([line for _, line in damage.lines])
        self._book_unbooked(self._journal_samples)
        self._journal_bytes = self.journal_file.stat().st_size if self.journal_file.exists() else 0

    def close(self) -> None:
        """Closes the files; nothing is lost by not closing them."""
        for name in list(self._files):
            self._close(name)

    def _journal(self) -> list[Sample]:
        """The journal's samples; from now on the store is written to."""
        if self._journal_samples is None:
            self.mend()
        assert self._journal_samples is not None
        return self._journal_samples

    def _book_unbooked(self, samples: Sequence[Sample]) -> None:
        if not samples:
            return
        booked: dict[str, int] = dict.fromkeys((one.problem_id for one in samples), 0)
        for line in read_lines(self.folder / LEDGER_FILE, Damage()):
            if line["problem_id"] in booked and not line["wasted"]:
                bits = ((1 << line["count"]) - 1) << line["first_index"]
                booked[line["problem_id"]] |= bits
        unbooked = [one for one in samples if not booked[one.problem_id] >> one.sample_index & 1]
        if unbooked:
            now = round(time.time(), 3)
            self.append_lines(LEDGER_FILE, encode_lines(ledger_of(unbooked, now)))

    def _put_aside(self, damaged: Sequence[bytes]) -> None:
        assert self._journal_samples is not None
        aside = self.folder / f"{JOURNAL_FILE}.damaged"
        with GrowingFile(aside) as file:
            file.append(b"".join(line + b"\n" for line in damaged))
        self._close(JOURNAL_FILE)
        write_atomically(self.journal_file, encode_lines(self._journal_samples))
        self._note(
            f"{self.journal_file}: {len(damaged)} damaged lines were put aside in {aside.name}; "
            "what they held is drawn again"
        )

    def _streams(self, columns: Sequence[str]) -> list[Iterator[pa.Table]]:
        """Every file as a stream in canonical order, the oldest first."""
        streams = [
            stream_parquet(path, columns, SAMPLE_SCHEMA) for path in (self.table_file, *self.runs())
        ]
        return [*streams, self._journal_stream(columns)]

    def _stream_of(self, run: Path) -> Iterator[pa.Table]:
        return stream_parquet(run, SAMPLE_COLUMNS, SAMPLE_SCHEMA)

    def _journal_stream(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        samples = self._journal_samples
        if samples is None:
            samples = list(self._read_journal(Damage()))
        for table in merged([iter([one]) for one in _slices(samples, self._order)], self._order):
            yield table.select(list(columns))

    def _read_journal(self, damage: Damage) -> Iterator[Sample]:
        for sample in read_journal(self.journal_file, damage):
            if sample.problem_id in self._order and sample.sample_index >= 0:
                yield sample
            else:
                damage.lines.append((0, encode_line(sample)[:-1]))

    def _write_run(self, tables: Iterator[pa.Table]) -> None:
        runs = self.runs()
        number = int(runs[-1].stem) + 1 if runs else 1
        path = self.folder / RUNS_FOLDER / f"{number:06d}.parquet"
        write_parquet(path, tables, self._schema)
        flush_folder(self.folder)

    def _empty_journal(self) -> None:
        self._opened(JOURNAL_FILE).clear()
        self._journal_samples, self._journal_bytes = [], 0

    def _remove(self, runs: Sequence[Path]) -> None:
        for run in runs:
            remove_parquet(run)
        if not self.runs():  # What a crash left there goes with the folder.
            shutil.rmtree(self.folder / RUNS_FOLDER, ignore_errors=True)

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


def _slices(samples: Sequence[Sample], order: ProblemOrder) -> list[pa.Table]:
    """The samples as tables in canonical order, each no longer than a run."""
    return [
        in_canonical_order(table_of(samples[start : start + JOURNAL_ROWS]), order)
        for start in range(0, len(samples), JOURNAL_ROWS)
    ]
