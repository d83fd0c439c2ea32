"""Verdicts on their way into a pool: kept in parts, so that nothing is graded twice.

    verdicts/NAME.parts/NUMBER.parquet   verdicts of a grading that has not ended
    verdicts/NAME.parquet                all of them, when it has

A verdict holds for one grader and one sample. Both are recorded with every file: the grader's
identity, and the digest of the samples that its verdicts are about. So a grading that was
killed goes on, and a pool that has grown is graded where it has grown.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.errors import InputError
from harness.pool.durable import disk_explained
from harness.pool.merging import keyed, merged
from harness.pool.order import Keys
from harness.pool.parquet import stream_parquet, write_parquet
from harness.pool.pool import Pool
from harness.pool.samples import DRAWN_COLUMNS, drawn_lines
from harness.pool.verdicts import (
    VERDICT_SCHEMA,
    grader_identity,
    verdict_file,
    verdict_schema,
)

PART_ROWS = 20_000
PART_SECONDS = 1.0
_PARTS_SUFFIX = ".parts"
_SAMPLES = "samples"


class Ungraded(NamedTuple):
    """A sample that has no verdict yet, with the line that stands for it in digests."""

    problem_id: str
    sample_index: int
    completion: str
    line: bytes


class _Source(NamedTuple):
    """A file with verdicts of this grader, and the keys of their samples."""

    path: Path
    keys: Keys
    samples: str


class VerdictParts:
    """The verdicts of one grader on one pool, while they are being made.

    The caller holds the pool's folder.

    Attributes:
        added: verdicts taken since it was made.

    Args:
        pool: the pool.
        grader: the grader's name.
        identity: its version and settings.
    """

    def __init__(self, pool: Pool, grader: str, identity: Mapping[str, Any]) -> None:
        self._pool = pool
        self._identity = json.loads(json.dumps(identity))
        self._file = verdict_file(pool.folder, grader)
        self._folder = self._file.with_name(f"{grader}{_PARTS_SUFFIX}")
        self._kept: list[_Source] = []
        self._rows: list[dict[str, Any]] = []
        self._lines = hashlib.sha256()
        self._written = time.monotonic()
        self.added = 0
        self._digest = self._look()
        self._known = _union(source.keys for source in self._kept)

    @property
    def count(self) -> int:
        """How many samples have a verdict."""
        return len(self._known) + self.added

    @property
    def complete(self) -> bool:
        """Whether the pool's file of verdicts is on these very samples, by this very grader."""
        kept = next((one for one in self._kept if one.path == self._file), None)
        return kept is not None and kept.samples == self._digest and not self.added

    def _complete_identity(self) -> dict[str, Any]:
        return {**self._identity, _SAMPLES: self._digest}

    def _look(self) -> str:
        """Finds the verdicts that hold; returns the digest of the pool's samples."""
        found = [source for path in self._files() if (source := self._source(path)) is not None]
        whole, digests = _digests(self._pool, [source.keys for source in found])
        taken = np.empty(0, dtype=np.int64)
        for source, digest in zip(found, digests, strict=True):
            if digest != source.samples or _inside(source.keys, taken).any():
                continue
            taken = _union([taken, source.keys])
            self._kept.append(source)
        return whole

    def _files(self) -> list[Path]:
        return [self._file, *sorted(self._folder.glob("*.parquet"))]

    def _source(self, path: Path) -> _Source | None:
        """What a file holds; None where it is not there, is of another grader or is damaged."""
        try:
            identity = grader_identity(path)
            if identity is None or {**identity, _SAMPLES: ""} != {**self._identity, _SAMPLES: ""}:
                return None
            tables = stream_parquet(path, VERDICT_SCHEMA.names, VERDICT_SCHEMA)
            keys = [keys for _, keys in keyed(tables, self._pool.order)]
        except (InputError, pa.ArrowException, OSError, ValueError):
            return None  # A damaged file: its samples are graded again.
        return _Source(path, _union(keys), str(identity.get(_SAMPLES)))

    def ungraded(self) -> Iterator[Ungraded]:
        """The samples without a verdict, in canonical order, at constant memory."""
        for table in self._pool.batches(DRAWN_COLUMNS):
            fresh = ~_inside(self._pool.order.keys_of(table), self._known)
            if not fresh.any():
                continue
            rows = table.filter(pa.array(fresh))
            columns = (rows[name].to_pylist() for name in ("problem_id", "sample_index"))
            texts = rows["completion"].to_pylist()
            for fields in zip(*columns, texts, drawn_lines(rows), strict=True):
                yield Ungraded(*fields)

    def add(self, sample: Ungraded, verdict: Mapping[str, Any]) -> None:
        """Takes a verdict; it is on the disk within seconds, at the latest after `flush`.

        Args:
            sample: of `ungraded`, in its order.
            verdict: outcome, answer, rule, stage and reason.
        """
        self._rows.append(
            {"problem_id": sample.problem_id, "sample_index": sample.sample_index, **verdict}
        )
        self._lines.update(sample.line)
        self.added += 1
        if len(self._rows) >= PART_ROWS or time.monotonic() - self._written >= PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes what was added as a part.

        Raises:
            EnvironmentFailure: the disk is full; what was written before is safe.
        """
        if not self._rows:
            return
        table = pa.Table.from_pylist(self._rows, schema=VERDICT_SCHEMA)
        samples = self._lines.hexdigest()
        schema = verdict_schema({**self._identity, _SAMPLES: samples})
        numbers = [int(path.stem) for path in self._files()[1:] if path.stem.isdigit()]
        path = self._folder / f"{max(numbers, default=0) + 1:06d}.parquet"
        with disk_explained(self._pool.folder, self._pool.__len__):
            write_parquet(path, [table.replace_schema_metadata(schema.metadata)], schema)
        self._kept.append(_Source(path, self._pool.order.keys_of(table), samples))
        self._rows, self._lines, self._written = [], hashlib.sha256(), time.monotonic()

    def finish(self) -> None:
        """Puts all parts together as the pool's file of verdicts.

        Raises:
            EnvironmentFailure: the disk is full; the parts are still there.
        """
        self.flush()
        schema = verdict_schema(self._complete_identity())
        tables = merged([_chained(run) for run in _runs(self._kept)], self._pool.order)
        with disk_explained(self._pool.folder, self._pool.__len__):
            write_parquet(
                self._file,
                (table.replace_schema_metadata(schema.metadata) for table in tables),
                schema,
            )
        self.clear()

    def clear(self) -> None:
        """Removes the parts."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _digests(pool: Pool, known: list[Keys]) -> tuple[str, list[str]]:
    """The digest of all samples, and of those of each list of keys; "" where one is missing."""
    whole, parts = hashlib.sha256(), [hashlib.sha256() for _ in known]
    found = [0] * len(known)
    for table in pool.batches(DRAWN_COLUMNS):
        keys, lines = pool.order.keys_of(table), drawn_lines(table)
        whole.update(b"".join(lines))
        for number, wanted in enumerate(known):
            if not len(wanted) or wanted[0] > keys[-1] or wanted[-1] < keys[0]:
                continue
            inside = _inside(keys, wanted)
            parts[number].update(b"".join(compress(lines, inside)))
            found[number] += int(inside.sum())
    digests = [
        part.hexdigest() if count == len(wanted) else ""
        for part, count, wanted in zip(parts, found, known, strict=True)
    ]
    return whole.hexdigest(), digests


def _inside(keys: Keys, known: Keys) -> NDArray[np.bool_]:
    """(keys,) which of some keys are among the known ones, which are sorted."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.asarray(known[places] == keys)


def _union(keys: Iterable[Keys]) -> Keys:
    """(keys,) sorted, of several lists without common ones."""
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *keys]))


def _runs(sources: Iterable[_Source]) -> list[list[_Source]]:
    """The files in few lists, each in canonical order from its first file to its last."""
    runs: list[list[_Source]] = []
    for source in sources:
        if runs and len(source.keys) and runs[-1][-1].keys[-1] < source.keys[0]:
            runs[-1].append(source)
        elif len(source.keys):
            runs.append([source])
    return runs


def _chained(run: list[_Source]) -> Iterator[pa.Table]:
    for source in run:
        yield from stream_parquet(source.path, VERDICT_SCHEMA.names, VERDICT_SCHEMA)
