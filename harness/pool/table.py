"""The compacted form of a pool: one parquet file in canonical order.

Canonical order is the pool's own order of problems, then the sample index. Equal samples
give equal bytes, in whatever order and in however many runs they were drawn.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.errors import InputError
from harness.pool.durable import flush_folder
from harness.pool.samples import SERVICE_COLUMNS

ROW_GROUP_ROWS = 20_000


def write_parquet(path: Path, table: pa.Table) -> None:
    """Writes a table so that a reader finds the old file or the new, and waits for the disk.

    Raises:
        OSError: it could not be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with (
            temporary.open("wb") as stream,
            pq.ParquetWriter(
                stream, table.schema, compression="zstd", write_page_index=True
            ) as writer,
        ):
            # A slice at a time: bytes then depend on the rows alone, not on how the table is
            # chunked in memory.
            for start in range(0, table.num_rows, ROW_GROUP_ROWS):
                rows = table.slice(start, ROW_GROUP_ROWS).combine_chunks()
                writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def read_parquet(path: Path, columns: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Reads columns of a table that `write_parquet` wrote; no rows if it is not there.

    Raises:
        InputError: the file is damaged or lacks a column.
    """
    wanted = pa.schema([schema.field(name) for name in columns])
    if not path.exists():
        return wanted.empty_table()
    try:
        table = pq.ParquetFile(path).read(columns=list(columns))
        return table.select(list(columns)).cast(wanted)
    except (pa.ArrowException, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} cannot be read ({reason}).",
            "Restore it from a copy, or move it away to make its content again.",
        ) from None


def in_canonical_order(table: pa.Table, problem_ids: Sequence[str]) -> pa.Table:
    """The rows sorted by (position of the problem, sample index), each key once.

    Rows of one key must agree in every column that the seeds determine; the first one stays.

    Raises:
        InputError: two rows of one key differ.
        ValueError: a row is of a problem that is not in `problem_ids`.
    """
    ranks = pc.index_in(table["problem_id"], value_set=pa.array(problem_ids, pa.string()))
    if ranks.null_count:
        raise ValueError("a row is of a problem that the pool does not have")
    keys = (ranks.to_numpy().astype(np.int64) << 32) | table["sample_index"].to_numpy()
    steps = np.diff(keys)
    if np.all(steps > 0):
        return table
    order = np.argsort(keys, kind="stable")
    ordered = table.take(pa.array(order))
    repeats = np.flatnonzero(np.diff(keys[order]) == 0) + 1
    if not len(repeats):
        return ordered
    _check_equal(ordered.take(pa.array(repeats - 1)), ordered.take(pa.array(repeats)))
    return ordered.take(pa.array(np.delete(np.arange(len(order)), repeats)))


def masks_of(table: pa.Table) -> Mapping[str, int]:
    """Which sample indices each problem has, as the set bits of an integer.

    Args:
        table: keys in canonical order.
    """
    ids, indices = table["problem_id"], table["sample_index"].to_numpy()
    if not len(indices):
        return {}
    encoded = ids.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    names, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    edges = np.flatnonzero(np.diff(codes)) + 1
    starts = [0, *edges.tolist()]
    return {
        names[codes[start]]: mask_of(group)
        for start, group in zip(starts, np.split(indices, edges), strict=True)
    }


def mask_of(indices: np.ndarray) -> int:
    """The integer whose set bits are `indices`."""
    bits = np.zeros(int(indices.max()) + 1, dtype=np.uint8)
    bits[indices] = 1
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


def _check_equal(first: pa.Table, second: pa.Table) -> None:
    on_the_day = [name for name in first.column_names if name in SERVICE_COLUMNS]
    first, second = first.drop_columns(on_the_day), second.drop_columns(on_the_day)
    if first.equals(second):
        return
    clashes = [
        (one["problem_id"], one["sample_index"], sorted(key for key in one if one[key] != two[key]))
        for one, two in zip(first.to_pylist(), second.to_pylist(), strict=True)
        if one != two
    ]
    problem, index, columns = clashes[0]
    raise InputError(
        f"the pool holds two different samples under one key ({len(clashes)} times; first "
        f"problem {problem}, sample {index}, which differ in {', '.join(columns)}).",
        "Two programs must have written to it; go on from a copy made before that.",
    )
