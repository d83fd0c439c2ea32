"""Looks a pool over, every file and every line of it, and says all that is wrong.

Two independent records are held against the samples: the checksums that were written with
them, and the ledger, which booked every request that brought some. Nothing is changed here;
`repair` does that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.errors import InputError, Issues
from harness.files import digest_of
from harness.pool.draw_file import DRAW_FILE, read_draw
from harness.pool.identity import IDENTITY_FILE, read_origin
from harness.pool.journal import Damage, read_journal, read_lines
from harness.pool.masks import Masks, set_bits
from harness.pool.merging import merged
from harness.pool.order import Conflict, ProblemOrder, in_canonical_order
from harness.pool.parquet import record_file, stream_parquet
from harness.pool.salvage import is_as_written, origin_of_file, row_groups
from harness.pool.samples import KEY_COLUMNS, SAMPLE_SCHEMA, Sample, table_of
from harness.pool.seen_keys import REPAIR, SeenKeys, named
from harness.pool.store import (
    FAILURES_FILE,
    JOURNAL_FILE,
    JOURNAL_ROWS,
    LEDGER_FILE,
    RUNS_FOLDER,
    TABLE_FILE,
)
from harness.pool.verdict_check import check_verdicts

_NAMED_LINES = 5
_SEED_COLUMNS = (*KEY_COLUMNS, "seed")


@dataclass
class Inspection:
    """What there is, and what is wrong with it.

    Attributes:
        folder: the pool's folder.
        damage: what is not as it was written, or does not fit together.
        notes: what is no damage but worth knowing (leftovers of a crash, gaps).
        order: the pool's problems; None if they cannot be read, and then nothing else was.
        masks: the sound samples that were found.
        lost: samples that the ledger booked and that are not there, as masks.
        files: the parquet files with samples, the oldest first, and whether each is sound.
        foreign: parquet files of other pools, of which nothing is kept.
        unbooked: samples that the ledger does not book, as masks.
    """

    folder: Path
    damage: Issues = field(default_factory=Issues)
    notes: Issues = field(default_factory=Issues)
    order: ProblemOrder | None = None
    identity: dict[str, Any] = field(default_factory=dict)
    masks: Masks = field(default_factory=dict)
    lost: Masks = field(default_factory=dict)
    files: dict[Path, bool] = field(default_factory=dict)
    foreign: list[Path] = field(default_factory=list)
    unbooked: Masks = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """How many sound samples there are, each key once."""
        return sum(mask.bit_count() for mask in self.masks.values())


def sample_files(folder: Path) -> list[Path]:
    """The parquet files with samples that are there, the oldest first."""
    runs = sorted((folder / RUNS_FOLDER).glob("[0-9]*.parquet"))
    return [path for path in (folder / TABLE_FILE, *runs) if path.is_file()]


def inspect_pool(folder: Path) -> Inspection:
    """Looks a pool over; reads every byte of it, at constant memory.

    Raises:
        InputError: there is no pool in the folder.
    """
    found = Inspection(folder)
    if not (folder / IDENTITY_FILE).exists() and not sample_files(folder):
        read_origin(folder)  # Says that there is no pool.
    try:
        found.identity, problems = read_origin(folder)
    except InputError as error:
        found.damage.add("", error.message, error.advice)
        return found
    found.order = ProblemOrder([problem.id for problem in problems])
    found.masks = dict.fromkeys(found.order.ids, 0)
    seen = SeenKeys(found.order, found.masks, seeded=found.identity.get("seed") is not None)
    for path in sample_files(folder):
        name = path.relative_to(folder).as_posix()
        if origin_of_file(path) not in (None, digest_of(found.identity)):
            found.damage.add(name, "it is a file of another pool.", "Nothing of it is kept.")
            found.foreign.append(path)
            continue
        seen.begin(name)
        found.files[path] = _look_at_parquet(found, path, seen)
    _look_at_journal(found, seen)
    seen.report(found.damage)
    if seen.twice:
        _look_at_twice(found, seen.twice)
    _look_at_ledger(found)
    _look_at_failures(found)
    if (folder / DRAW_FILE).exists() and read_draw(folder) is None:
        found.damage.add(DRAW_FILE, "it is not what was written.", "`--repair` puts it aside.")
    check_verdicts(folder, found.masks, found.damage)
    _look_at_leftovers(found)
    _look_for_gaps(found)
    return found


def _look_at_parquet(found: Inspection, path: Path, seen: SeenKeys) -> bool:
    """Adds the file's samples; whether it is sound."""
    name = path.relative_to(found.folder).as_posix()
    if not is_as_written(path):
        if record_file(path).exists():
            found.damage.add(name, "its content is not what was written.", REPAIR)
        else:
            found.damage.add(name, f"it has no {record_file(path).name}, its record.", REPAIR)
        groups = 0
        for group in row_groups(path, SAMPLE_SCHEMA):
            groups += 1
            if group.table is None:
                last = group.first_row + group.rows - 1
                found.damage.add(name, f"rows {group.first_row} to {last} cannot be read.")
            else:
                seen.add_table(group.table)
        if not groups:
            found.damage.add(name, "nothing of it can be read.")
        return False
    sound = True
    try:
        for table in stream_parquet(path, _SEED_COLUMNS, SAMPLE_SCHEMA):
            sound &= seen.add_table(table)
    except InputError as error:
        found.damage.add(name, error.message)
        return False
    return sound


def _look_at_journal(found: Inspection, seen: SeenKeys) -> None:
    damage = Damage()
    seen.begin(JOURNAL_FILE)
    for sample in read_journal(found.folder / JOURNAL_FILE, damage):
        seen.add_sample(sample)
    _report_lines(found, JOURNAL_FILE, damage)


def _look_at_twice(found: Inspection, twice: int) -> None:
    """Samples in two files are as a crash leaves them, if they are equal."""
    clashes: list[tuple[str, int]] = []

    def collect(kept: pa.Table, _: pa.Table) -> None:
        columns = kept.select(list(KEY_COLUMNS)).to_pydict().values()
        clashes.extend(zip(*columns, strict=True))

    for _ in sound_samples(found, collect):
        pass
    if clashes:
        found.damage.add(
            "samples",
            f"two different samples under one key: {named(clashes)}.",
            "`--repair` keeps the older one and puts the other aside.",
        )
    if twice > len(clashes):
        found.notes.add(
            "samples",
            f"{twice - len(clashes):,} stand in two files, as a crash while compacting leaves "
            "them; each counts once.",
        )


def sound_samples(found: Inspection, on_conflict: Conflict) -> Iterator[pa.Table]:
    """All sound samples of an inspected pool in canonical order, each key once.

    Args:
        found: the inspection.
        on_conflict: takes samples that differ under one key; see `merged`.
    """
    assert found.order is not None
    order = found.order
    streams: list[Iterator[pa.Table]] = []
    for path, sound in found.files.items():
        if sound:
            streams.append(stream_parquet(path, SAMPLE_SCHEMA.names, SAMPLE_SCHEMA))
        else:  # Its row groups need not be in order, so each is a stream of its own.
            groups = (group.table for group in row_groups(path, SAMPLE_SCHEMA))
            streams += [iter([_own(table, order)]) for table in groups if table is not None]
    journal: list[Sample] = []
    for sample in read_journal(found.folder / JOURNAL_FILE, Damage()):
        journal.append(sample)
        if len(journal) == JOURNAL_ROWS:
            streams.append(iter([_own(table_of(journal), order)]))
            journal = []
    streams.append(iter([_own(table_of(journal), order)]))
    return merged((_sorted(one, order, on_conflict) for one in streams), order, on_conflict)


def _own(table: pa.Table, order: ProblemOrder) -> pa.Table:
    return table.filter(pa.array(order.keys_of(table) >= 0))


def _sorted(
    stream: Iterator[pa.Table], order: ProblemOrder, on_conflict: Conflict
) -> Iterator[pa.Table]:
    return (in_canonical_order(table, order, on_conflict) for table in stream)


def _look_at_ledger(found: Inspection) -> None:
    damage = Damage()
    lost: dict[str, int] = {}
    booked: Masks = {}
    for row in read_lines(found.folder / LEDGER_FILE, damage):
        problem_id = row["problem_id"]
        if problem_id not in found.masks:
            found.damage.add(LEDGER_FILE, f"it books a problem that is not there: {problem_id}.")
        elif not row["wasted"]:
            bits = ((1 << row["count"]) - 1) << row["first_index"]
            booked[problem_id] = booked.get(problem_id, 0) | bits
    for problem_id, mask in booked.items():
        if absent := mask & ~found.masks[problem_id]:
            lost[problem_id] = absent
    found.lost = lost
    found.unbooked = {
        problem_id: mask & ~booked.get(problem_id, 0)
        for problem_id, mask in found.masks.items()
        if mask & ~booked.get(problem_id, 0)
    }
    if found.unbooked:
        unbooked = [
            (one, index) for one, mask in found.unbooked.items() for index in set_bits(mask)
        ]
        found.damage.add(
            LEDGER_FILE,
            f"it does not book samples that are there: {named(unbooked)}.",
            "`--repair` books them again, from what the samples themselves say.",
        )
    if lost:
        keys = [(one, index) for one, mask in lost.items() for index in set_bits(mask)]
        found.damage.add(
            "samples",
            f"missing: {named(keys)}. The ledger has booked them.",
            "`--repair` books them as lost; drawing goes on with them.",
        )
    _report_lines(found, LEDGER_FILE, damage)


def _look_at_failures(found: Inspection) -> None:
    damage = Damage()
    for row in read_lines(found.folder / FAILURES_FILE, damage):
        if row["problem_id"] not in found.masks:
            found.damage.add(
                FAILURES_FILE, f"it names a problem that is not there: {row['problem_id']}."
            )
    _report_lines(found, FAILURES_FILE, damage)


def _look_at_leftovers(found: Inspection) -> None:
    for path in sorted(found.folder.rglob(".*.tmp")):
        found.notes.add(
            path.relative_to(found.folder).as_posix(),
            "a half-written file that a crash left; `--repair` removes it.",
        )


def _look_for_gaps(found: Inspection) -> None:
    """Indices that are absent below others of their problem, without any sign of a loss."""
    gaps = [
        (problem_id, index)
        for problem_id, mask in found.masks.items()
        for index in set_bits(_gaps(mask) & ~found.lost.get(problem_id, 0))
    ]
    if gaps:
        found.notes.add("samples", f"not drawn yet, below others of their problem: {named(gaps)}.")


def _gaps(mask: int) -> int:
    return ~mask & ((1 << mask.bit_length()) - 1)


def _report_lines(found: Inspection, name: str, damage: Damage) -> None:
    if damage.torn_bytes:
        found.damage.add(
            name, f"an unfinished last line ({damage.torn_bytes} bytes).", "Nothing else is lost."
        )
    if damage.lines:
        numbers = ", ".join(str(number) for number, _ in damage.lines[:_NAMED_LINES])
        more = f", … ({len(damage.lines):,} in all)" if len(damage.lines) > _NAMED_LINES else ""
        found.damage.add(name, f"lines that are not what was written: {numbers}{more}.", REPAIR)
