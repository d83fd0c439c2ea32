"""A pool's folder: it only grows, and whatever was counted is on the disk.

    identity.json        what the samples were drawn from and how; written once
    problems.jsonl       the problems, in the order that everything else follows
    samples.jsonl        journal: the newest samples, one line each
    runs/NUMBER.parquet  sorted runs: what the journal held before, since the last compaction
    samples.parquet      all older samples, in canonical order
    ledger.jsonl         one line per finished request: tokens, seconds, who answered
    failures.jsonl       requests that the engine refuses for good
    verdicts/NAME.parquet    what a grader says about each sample

The samples are the union of journal, runs and parquet file, each key (problem, sample index)
once. One process writes to a pool at a time; its threads may share one `Pool`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import InputError, unknown_name
from harness.files import digest_of
from harness.locks import Hold
from harness.pool.arrivals import new_samples
from harness.pool.digest import digest_of_samples
from harness.pool.durable import disk_explained
from harness.pool.graded_samples import GradedSamples
from harness.pool.identity import (
    IDENTITY_FILE,
    check_same,
    read_identity,
    read_origin,
    write_origin,
)
from harness.pool.journal import Damage, encode_in_parts, encode_lines, read_lines
from harness.pool.masks import missing_below, set_bits
from harness.pool.order import ProblemOrder
from harness.pool.samples import (
    DRAWN_COLUMNS,
    KEY_COLUMNS,
    SAMPLE_COLUMNS,
    SAMPLE_SCHEMA,
    Failure,
    LedgerLine,
    Sample,
)
from harness.pool.store import FAILURES_FILE, JOURNAL_FILE, LEDGER_FILE, TABLE_FILE, SampleStore
from harness.problems import Problem


class Pool(GradedSamples):
    """All samples of one generator, under one decoding, on one set of problems.

    Attributes:
        folder: where it lies.
        identity: what its samples were drawn from and how.
        problems: its problems, in canonical order.
        repairs: what a crash or a bad disk had left behind and was mended, for the user.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, Any], problems: Sequence[Problem]
    ) -> None:
        """For `open` and `open_or_create`; the files must be there."""
        self.folder = folder
        self.identity = dict(identity)
        self.problems = list(problems)
        self.repairs: list[str] = []
        self._order = ProblemOrder([problem.id for problem in self.problems])
        self._lock = threading.RLock()
        self._hold: Hold | None = None
        self._failed = {failure.problem_id for failure in self.failures()}
        self._store = SampleStore(
            folder, self._order, digest_of(self.identity), self.repairs.append
        )
        self._masks = self._store.masks()

    @classmethod
    def open(cls, folder: Path) -> Pool:
        """Opens a pool for reading.

        Raises:
            InputError: no pool there, or one that cannot be trusted; says why.
        """
        identity, problems = read_origin(folder)
        return cls(folder, identity, problems)

    @classmethod
    def open_or_create(
        cls, folder: Path, identity: Mapping[str, Any], problems: Sequence[Problem]
    ) -> Pool:
        """Opens the pool in `folder` to add samples, or makes it; mends what a crash left.

        The pool is held until it is closed: no other process can write to it.

        Args:
            folder: the pool's folder.
            identity: what the new samples are drawn from and how, JSON values only.
            problems: in the order that a new pool takes for canonical.

        Raises:
            InputError: the pool there has another identity (the keys that differ are named), or
                another process writes to it.
        """
        hold = Hold(folder, "the pool")
        try:
            if (folder / IDENTITY_FILE).exists():
                check_same(folder, read_identity(folder), json.loads(json.dumps(identity)))
            else:
                _make(folder, identity, problems)
            pool = cls.open(folder)
            pool._store.mend()
        except BaseException:
            hold.release()
            raise
        pool._hold = hold
        return pool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the files and lets others write; nothing is lost by not closing them."""
        with self._lock:
            self._store.close()
            if self._hold is not None:
                self._hold.release()
                self._hold = None

    @property
    def order(self) -> ProblemOrder:
        """The pool's order of problems."""
        return self._order

    @property
    def compacted(self) -> bool:
        """Whether all samples lie in the canonical file."""
        return self._store.compacted

    def __len__(self) -> int:
        return sum(mask.bit_count() for mask in self._masks.values())

    def append(self, samples: Sequence[Sample]) -> None:
        """Adds samples; when this returns they are on the disk.

        All of them are added or none. A sample that the pool has already is skipped if it is
        the same. Samples of one request stand together, in the order of their indices.

        Raises:
            EnvironmentFailure: the disk is full; every sample counted so far is safe.
            InputError: another sample with the same key is there.
            ValueError: a sample of a problem that the pool does not have.
        """
        with self._lock:
            fresh = new_samples(samples, self._masks, self._order, self._stored)
            if not fresh:
                return
            with disk_explained(self.folder, self.__len__):
                self._store.append(fresh)
            for sample in fresh:
                self._masks[sample.problem_id] |= 1 << sample.sample_index
            with disk_explained(self.folder, self.__len__):
                self._store.write_out()

    def add_tables(self, tables: Iterable[pa.Table], ledger: Iterable[LedgerLine]) -> None:
        """Adds samples that lie somewhere already, streamed; `compact` must follow.

        Unlike `append` this books nothing by itself, and a sample that clashes with another is
        found by `compact` only.

        Args:
            tables: the columns of `SAMPLE_SCHEMA`, rows in any order.
            ledger: what the samples took.

        Raises:
            EnvironmentFailure: the disk is full.
            ValueError: a sample of a problem that the pool does not have.
        """
        with self._lock, disk_explained(self.folder, self.__len__):
            for lines in encode_in_parts(ledger):
                self._store.append_lines(LEDGER_FILE, lines)
            self._store.add_tables(tables)
            self._masks = self._store.masks()

    def record_failure(self, failure: Failure) -> None:
        """Notes that the engine refuses a problem for good; it is not asked again."""
        with self._lock, disk_explained(self.folder, self.__len__):
            self._store.append_lines(FAILURES_FILE, encode_lines([failure]))
            self._failed.add(failure.problem_id)

    def record_waste(self, lines: Sequence[LedgerLine]) -> None:
        """Books what was spent on requests that brought no sample (`LedgerLine.wasted`)."""
        with self._lock, disk_explained(self.folder, self.__len__):
            self._store.append_lines(LEDGER_FILE, encode_lines(lines))

    def failures(self) -> list[Failure]:
        """The requests that were refused for good, in the order in which that was found."""
        return [Failure(**row) for row in read_lines(self.folder / FAILURES_FILE, Damage())]

    def ledger(self) -> Iterator[LedgerLine]:
        """Every finished request, those that brought nothing included, in order of their end.

        A damaged line of the books costs that line only.
        """
        for row in read_lines(self.folder / LEDGER_FILE, Damage()):
            yield LedgerLine(**row)

    def counts(self) -> dict[str, int]:
        """How many samples each problem has, in canonical order; problems without any too."""
        return {problem: mask.bit_count() for problem, mask in self._masks.items()}

    def missing(self, samples_per_problem: int) -> list[tuple[str, list[int]]]:
        """The sample indices below `samples_per_problem` that are still to be drawn.

        Problems that the engine refuses for good are left out.
        """
        return [
            (problem, set_bits(mask)) for problem, mask in self.missing_masks(samples_per_problem)
        ]

    def missing_masks(self, samples_per_problem: int) -> list[tuple[str, int]]:
        """As `missing`, with the indices as the set bits of an integer."""
        return [
            (problem, mask)
            for problem, mask in missing_below(self._masks.items(), samples_per_problem)
            if problem not in self._failed
        ]

    def samples(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The samples in canonical order: the pool's order of problems, then the index.

        Args:
            columns: some of `SAMPLE_COLUMNS`, all of them by default.

        Raises:
            InputError: an unknown column, or a damaged file.
        """
        wanted = list(SAMPLE_COLUMNS if columns is None else columns)
        for name in wanted:
            if name not in SAMPLE_COLUMNS:
                raise InputError(unknown_name("column of a pool", name, SAMPLE_COLUMNS))
        with self._lock:
            return self._store.read(list(dict.fromkeys([*KEY_COLUMNS, *wanted]))).select(wanted)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The samples in canonical order, some thousands at a time; as `samples`, at constant
        memory.
        """
        wanted = list(SAMPLE_COLUMNS if columns is None else columns)
        for table in self._store.batches(list(dict.fromkeys([*KEY_COLUMNS, *wanted]))):
            yield table.select(wanted)

    def digest(self) -> str:
        """SHA-256 of what was drawn: equal pools have equal digests, however they were drawn.

        Over the samples in canonical order, each as the JSON array of `DRAWN_COLUMNS` and a
        line end. The columns that depend on the day, and how the samples are spread over
        files, do not enter.
        """
        return digest_of_samples(self.batches(DRAWN_COLUMNS))

    def compact(self) -> None:
        """Merges journal and runs into the parquet file; harmless to interrupt.

        Raises:
            EnvironmentFailure: the disk is full; every sample is still there.
        """
        with self._lock, disk_explained(self.folder, self.__len__):
            self._store.compact()

    def _stored(self, problem_ids: pa.Array) -> pa.Table:
        """All samples of some problems."""
        tables = (
            table.filter(pc.is_in(table["problem_id"], value_set=problem_ids))
            for table in self.batches(SAMPLE_COLUMNS)
        )
        return pa.concat_tables([SAMPLE_SCHEMA.empty_table(), *tables])


def _make(folder: Path, identity: Mapping[str, Any], problems: Sequence[Problem]) -> None:
    if (folder / JOURNAL_FILE).exists() or (folder / TABLE_FILE).exists():
        raise InputError(
            f"{folder} holds samples but no {IDENTITY_FILE}, so their origin is unknown.",
            "Put the file back, or choose another folder.",
        )
    with disk_explained(folder, lambda: 0):
        write_origin(folder, identity, problems)
