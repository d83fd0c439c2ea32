"""A pool as files that others read: JSON lines that an import reads back, or a data set.

    jsonl      problems.jsonl, samples.jsonl
    parquet    data/samples/…, data/problems/…, README.md: what `load_dataset` reads

Beside them lies `pool.json`: identity, counts and digest of the pool, and the graders of the
verdicts. Everything is streamed into a folder beside its place, which takes its name when it
is whole.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa

from harness import __version__
from harness.errors import EnvironmentFailure, InputError
from harness.files import write_atomically, write_json
from harness.interchange.data_set_card import data_set_card
from harness.interchange.export_layout import (
    MANIFEST,
    PROBLEM_LINES,
    PROBLEM_TABLE,
    SAMPLE_LINES,
    SAMPLE_TABLE,
)
from harness.interchange.verdict_columns import VerdictColumns, with_verdicts
from harness.pool import Pool
from harness.pool.order import ProblemOrder
from harness.pool.parquet import record_file, write_parquet
from harness.pool.samples import SAMPLE_SCHEMA
from harness.problems import Problem
from harness.progress import Progress

ExportFormat = Literal["jsonl", "parquet"]
_PROBLEM_KEYS = ("id", "external_id", "question", "gold", "level", "subject", "solution")
_PROBLEM_SCHEMA = pa.schema([pa.field(key, pa.large_string()) for key in _PROBLEM_KEYS])
_PROBLEMS_AT_ONCE = 1_000


@dataclass(frozen=True)
class ExportRequest:
    """What is written where.

    Attributes:
        pool: the pool's folder.
        out: the folder of the files.
        format: JSON lines or a data set.
        graders: whose verdicts are joined to the samples.
        force: whether an older export in `out` is replaced.
    """

    pool: Path
    out: Path
    format: ExportFormat = "jsonl"
    graders: tuple[str, ...] = ()
    force: bool = False


def export_pool(request: ExportRequest, progress: Progress) -> dict[str, Any]:
    """Writes a pool as files.

    Returns:
        The manifest: what the folder holds and where it is from.

    Raises:
        InputError: no pool there, no verdicts of a grader, or `out` must not be replaced.
        EnvironmentFailure: the disk is full or the folder cannot be written.
    """
    check_out(request)
    pool = Pool.open(request.pool)
    order = ProblemOrder([problem.id for problem in pool.problems])
    graders = [VerdictColumns(pool, name, order) for name in dict.fromkeys(request.graders)]
    schema = pa.schema([*SAMPLE_SCHEMA, *(field for one in graders for field in one.fields)])
    manifest = {
        "harness": __version__,
        "format": request.format,
        "samples": len(pool),
        "problems": len(pool.problems),
        "digest": pool.digest(),
        "identity": pool.identity,
        "graders": {name: pool.grader_identity(name) for name in request.graders},
    }
    with _replacing(request.out) as folder:
        tables = with_verdicts(pool.batches(), graders, order)
        with progress.task("exporting", len(pool), "samples") as task:
            counted = _counted(tables, task.advance)
            if request.format == "jsonl":
                _write_lines(folder / SAMPLE_LINES, counted)
                _write_lines(folder / PROBLEM_LINES, _problem_tables(pool.problems))
            else:
                _write_parquet(folder / SAMPLE_TABLE, counted, schema)
                _write_parquet(
                    folder / PROBLEM_TABLE, _problem_tables(pool.problems), _PROBLEM_SCHEMA
                )
                write_atomically(folder / "README.md", data_set_card(manifest))
        write_json(folder / MANIFEST, manifest)
    return manifest


def check_out(request: ExportRequest) -> None:
    """Refuses to write over something.

    Raises:
        InputError: the folder holds something, and it is no older export or `force` is not set.
    """
    out = request.out
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; expected a folder to write to, or none yet.")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / MANIFEST).is_file():
        raise InputError(
            f"{out} holds something that is not an export.", "Choose an empty or a new folder."
        )
    if not request.force:
        raise InputError(
            f"{out} holds an export already.", "Choose another folder, or replace it: --force"
        )


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A folder that takes the place of `out` when the block ends without an error."""
    target = out.absolute()
    beside: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        beside.chmod(0o755)
        new, old = beside / "new", beside / "old"
        new.mkdir()
        yield new
        if target.exists():
            target.replace(old)
        try:
            new.replace(target)
        except BaseException:
            if old.exists():
                old.replace(target)
            raise
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write the export to {out} ({error}); nothing there was changed.",
            "Make room, or choose another folder.",
        ) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _counted(tables: Iterable[pa.Table], advance: Any) -> Iterator[pa.Table]:
    for table in tables:
        yield table
        advance(table.num_rows)


def _problem_tables(problems: Sequence[Problem]) -> Iterator[pa.Table]:
    for start in range(0, len(problems), _PROBLEMS_AT_ONCE):
        rows = [
            {key: value or None for key, value in {"id": one.id, **asdict(one)}.items()}
            for one in problems[start : start + _PROBLEMS_AT_ONCE]
        ]
        yield pa.Table.from_pylist(rows, schema=_PROBLEM_SCHEMA)


def _write_lines(path: Path, tables: Iterable[pa.Table]) -> None:
    with path.open("wb") as stream:
        for table in tables:
            for row in table.to_pylist():
                stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        stream.flush()
        os.fsync(stream.fileno())


def _write_parquet(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    write_parquet(path, tables, schema)
    record_file(path).unlink()  # A record for repairs is of use in a pool only.
