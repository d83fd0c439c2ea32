"""Verdicts: what a grader says about each sample, one parquet file per grader.

The grader's identity travels in the file's metadata, so that a verdict is never read without
knowing who gave it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import InputError
from harness.pool.order import ProblemOrder, in_canonical_order
from harness.pool.parquet import read_parquet, stream_parquet, write_parquet

VERDICT_SCHEMA = pa.schema(
    [
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("sample_index", pa.int32(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("answer", pa.large_string()),
        pa.field("rule", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
VERDICTS_FOLDER = "verdicts"
OUTCOMES = ("correct", "wrong", "undecided")
_METADATA_KEY = b"grader"


def verdict_schema(grader: Mapping[str, Any]) -> pa.Schema:
    """The columns of verdicts, with the grader's identity as metadata."""
    document = json.dumps(grader, sort_keys=True, ensure_ascii=False).encode()
    return VERDICT_SCHEMA.with_metadata({_METADATA_KEY: document})


def verdict_file(pool: Path, grader: str) -> Path:
    """Where a pool keeps the verdicts of a grader."""
    return pool / VERDICTS_FOLDER / f"{grader}.parquet"


def graders_of(pool: Path) -> list[str]:
    """The graders whose verdicts a pool has."""
    return sorted(path.stem for path in (pool / VERDICTS_FOLDER).glob("*.parquet"))


def write_verdicts(
    path: Path, table: pa.Table, order: ProblemOrder, grader: Mapping[str, Any] | None
) -> None:
    """Writes verdicts in canonical order.

    Args:
        path: the file.
        table: the columns of `VERDICT_SCHEMA`, in any order.
        order: the pool's order of problems.
        grader: the grader's identity; taken from the table's metadata if None.

    Raises:
        ValueError: a column is missing, an outcome or a problem unknown, a key doubled.
    """
    document = (table.schema.metadata or {}).get(_METADATA_KEY, b"{}")
    if grader is not None:
        document = json.dumps(grader, sort_keys=True, ensure_ascii=False).encode()
    rows = table.select(VERDICT_SCHEMA.names).cast(VERDICT_SCHEMA)
    strangers = set(rows["outcome"].unique().to_pylist()) - set(OUTCOMES)
    if strangers:
        raise ValueError(f"unknown outcomes: {', '.join(sorted(map(str, strangers)))}")
    ordered = in_canonical_order(rows, order)
    if ordered.num_rows != rows.num_rows:
        raise ValueError("a sample has two verdicts")
    schema = VERDICT_SCHEMA.with_metadata({_METADATA_KEY: document})
    write_parquet(path, [ordered.replace_schema_metadata(schema.metadata)], schema)


def read_verdicts(path: Path) -> pa.Table:
    """The verdicts in canonical order, with the grader's identity as metadata.

    Raises:
        InputError: nothing was graded yet, or the file is damaged.
    """
    _check_there(path)
    table = read_parquet(path, VERDICT_SCHEMA.names, VERDICT_SCHEMA)
    return table.replace_schema_metadata(pq.read_schema(path).metadata)


def stream_verdicts(path: Path) -> Iterator[pa.Table]:
    """The verdicts in canonical order, a row group at a time; as `read_verdicts`."""
    _check_there(path)
    return stream_parquet(path, VERDICT_SCHEMA.names, VERDICT_SCHEMA)


def _check_there(path: Path) -> None:
    if not path.exists():
        raise InputError(
            f"{path} is not there: the pool has no verdicts of the grader {path.stem!r}.",
            f"Grade it first: harness grade {path.parent.parent} --grader {path.stem} (with "
            "--format NAME where nothing says how answers stand in the completions).",
        )


def grader_identity(path: Path) -> dict[str, Any] | None:
    """The identity of the grader whose verdicts these are; None if there are none."""
    if not path.exists():
        return None
    metadata = pq.read_schema(path).metadata or {}
    return dict(json.loads(metadata.get(_METADATA_KEY, b"{}")))
