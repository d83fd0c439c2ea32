"""Makes a damaged pool whole: all that is sound stays, all that is not is put aside.

Nothing is thrown away: damaged files are kept as they were in `damaged/TIME/`. Samples that
are lost are booked as wasted, so that the ledger still says what was paid for; drawing goes on
with exactly them.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.errors import InputError
from harness.files import digest_of, write_atomically
from harness.locks import held
from harness.pool.draw_file import DRAW_FILE, read_draw
from harness.pool.durable import GrowingFile, disk_explained
from harness.pool.identity import read_origin, restore_origin
from harness.pool.inspection import Inspection, inspect_pool, sound_samples
from harness.pool.journal import Damage, encode_line, encode_lines, read_lines
from harness.pool.masks import set_bits
from harness.pool.parquet import remove_parquet, stream_parquet, write_parquet
from harness.pool.samples import (
    SAMPLE_SCHEMA,
    Failure,
    LedgerLine,
    Sample,
    ledger_of,
    schema_of,
)
from harness.pool.store import (
    FAILURES_FILE,
    JOURNAL_FILE,
    LEDGER_FILE,
    RUNS_FOLDER,
    TABLE_FILE,
)
from harness.pool.verdict_check import repair_verdicts

ASIDE_FOLDER = "damaged"
LOST = "lost: damaged on the disk"


@dataclass(frozen=True)
class Repair:
    """What a repair did.

    Attributes:
        before: the inspection that it started from.
        samples: how many samples the pool holds now.
        lost: how many samples the ledger had booked that are gone.
        aside: where the damaged files lie now; None if nothing had to be put aside.
    """

    before: Inspection
    samples: int
    lost: int
    aside: Path | None


def repair_pool(folder: Path) -> Repair:
    """Repairs the pool in a folder; safe to interrupt and to repeat.

    Raises:
        InputError: no pool, another process writes to it, or its identity or problems are
            damaged, for which nothing in the pool can stand in.
        EnvironmentFailure: the disk is full; nothing was removed.
    """
    if not folder.is_dir():
        read_origin(folder)  # Says that there is no pool.
    with held(folder, "the pool"), disk_explained(folder, lambda: 0):
        aside = folder / ASIDE_FOLDER / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        restored = restore_origin(folder, aside)
        before = inspect_pool(folder)
        order = before.order
        if order is None:
            raise InputError(f"the pool in {folder} cannot be repaired:", issues=before.damage)
        if not before.damage and not before.notes:
            return Repair(before, before.samples, 0, aside if restored else None)
        if before.damage:
            _keep_damaged_files(before, aside)
        samples = _rewrite_samples(before, aside)
        lost = sum(mask.bit_count() for mask in before.lost.values())
        if before.damage:
            _rewrite_ledger(before)
            _book(before)
            _rewrite_failures(before)
            repair_verdicts(folder, before.masks, order, aside)
            if read_draw(folder) is None:
                (folder / DRAW_FILE).unlink(missing_ok=True)
        for path in folder.rglob(".*.tmp"):
            path.unlink(missing_ok=True)
        return Repair(before, samples, lost, aside if aside.exists() else None)


def _keep_damaged_files(before: Inspection, aside: Path) -> None:
    places = {issue.where for issue in before.damage}
    damaged = [path for path, sound in before.files.items() if not sound] + before.foreign
    names = (JOURNAL_FILE, LEDGER_FILE, FAILURES_FILE, DRAW_FILE)
    damaged += [before.folder / name for name in names if name in places]
    for path in damaged:
        if path.exists():
            copy = aside / path.relative_to(before.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(path, copy)


def _link_or_copy(path: Path, copy: Path) -> None:
    if path.suffix == ".parquet":  # Replaced as a whole, so a second name is enough.
        try:
            os.link(path, copy)
            return
        except OSError:
            pass
    shutil.copy2(path, copy)


def _rewrite_samples(before: Inspection, aside: Path) -> int:
    folder = before.folder
    clashes: list[pa.Table] = []
    rows = sound_samples(before, lambda _, dropped: clashes.append(dropped))
    schema = schema_of(digest_of(before.identity))
    count = write_parquet(folder / TABLE_FILE, rows, schema)
    if clashes:
        aside.mkdir(parents=True, exist_ok=True)
        lines = (encode_line(Sample(**row)) for one in clashes for row in one.to_pylist())
        write_atomically(aside / "other-samples.jsonl", b"".join(lines))
    (folder / JOURNAL_FILE).unlink(missing_ok=True)
    for path in before.files:
        if path.parent.name == RUNS_FOLDER:
            remove_parquet(path)
    shutil.rmtree(folder / RUNS_FOLDER, ignore_errors=True)
    return count


def _rewrite_ledger(before: Inspection) -> None:
    path = before.folder / LEDGER_FILE
    if path.exists():
        rows = read_lines(path, Damage())
        lines = (
            one for row in rows if row["problem_id"] in before.masks for one in _split(row, before)
        )
        write_atomically(path, encode_lines(lines))


def _book(before: Inspection) -> None:
    """Books samples that the ledger has lost, at the time of the repair."""
    if not before.unbooked:
        return
    now = round(time.time(), 3)
    with GrowingFile(before.folder / LEDGER_FILE) as ledger:
        path = before.folder / TABLE_FILE
        for table in stream_parquet(path, SAMPLE_SCHEMA.names, SAMPLE_SCHEMA):
            samples = [
                Sample(**row)
                for row in table.to_pylist()
                if before.unbooked.get(row["problem_id"], 0) >> row["sample_index"] & 1
            ]
            ledger.append(encode_lines(ledger_of(samples, now)))


def _split(row: dict[str, Any], before: Inspection) -> Iterator[LedgerLine]:
    """A line of the ledger, parted where some of its samples are lost.

    The tokens of the lost part are its share by number, because no one knows better.
    """
    line = LedgerLine(**row)
    asked = ((1 << line.count) - 1) << line.first_index
    absent = asked & before.lost.get(line.problem_id, 0)
    if line.wasted or not absent:
        yield line
        return
    given = 0
    for first, count, gone in _stretches(asked, absent):
        tokens = line.completion_tokens * (first + count - line.first_index) // line.count - given
        given += tokens
        is_first = first == line.first_index
        yield replace(
            line,
            first_index=first,
            count=count,
            prompt_tokens=line.prompt_tokens if is_first else 0,
            cached_tokens=line.cached_tokens if is_first else 0,
            completion_tokens=tokens,
            seconds=line.seconds if is_first else 0.0,
            wasted=LOST if gone else "",
        )


def _stretches(asked: int, absent: int) -> Iterator[tuple[int, int, bool]]:
    """(first index, count, whether lost) of each stretch of indices of one kind."""
    start, kind, last = -1, False, -1
    for index in set_bits(asked):
        gone = bool(absent >> index & 1)
        if start >= 0 and gone != kind:
            yield start, index - start, kind
            start = index
        elif start < 0:
            start = index
        kind, last = gone, index
    yield start, last + 1 - start, kind


def _rewrite_failures(before: Inspection) -> None:
    path = before.folder / FAILURES_FILE
    if path.exists():
        rows = read_lines(path, Damage())
        kept = (Failure(**row) for row in rows if row["problem_id"] in before.masks)
        write_atomically(path, encode_lines(kept))
