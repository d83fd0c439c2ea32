"""Whether a pool's verdicts are as written, and on samples that are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import Issues
from harness.pool.masks import Masks
from harness.pool.order import ProblemOrder
from harness.pool.parquet import remove_parquet, stream_parquet
from harness.pool.salvage import is_as_written
from harness.pool.seen_keys import REPAIR
from harness.pool.verdicts import VERDICT_SCHEMA, VERDICTS_FOLDER, write_verdicts


def check_verdicts(folder: Path, masks: Masks, damage: Issues) -> None:
    """Adds what is wrong with the verdicts of the pool in `folder`, whose samples are `masks`."""
    for path in verdict_files(folder):
        name = path.relative_to(folder).as_posix()
        if not is_as_written(path):
            damage.add(name, "its content is not what was written.", "Grading makes it again.")
            continue
        strangers = sum(table.num_rows - len(kept) for table, kept in _known_rows(path, masks))
        if strangers:
            damage.add(name, f"{strangers:,} verdicts on samples that are not there.", REPAIR)


def repair_verdicts(folder: Path, masks: Masks, order: ProblemOrder, aside: Path) -> None:
    """Drops verdicts on samples that are not there; puts files aside that cannot be trusted."""
    for path in verdict_files(folder):
        if is_as_written(path):
            tables = [(table, kept) for table, kept in _known_rows(path, masks)]
            if any(table.num_rows != len(kept) for table, kept in tables):
                metadata = pq.read_schema(path).metadata
                rows = pa.concat_tables([table.take(pa.array(kept)) for table, kept in tables])
                write_verdicts(path, rows.replace_schema_metadata(metadata), order, None)
        else:
            copy = aside / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            path.replace(copy)
            remove_parquet(path)


def verdict_files(folder: Path) -> list[Path]:
    """The pool's files with verdicts, one per grader."""
    return sorted((folder / VERDICTS_FOLDER).glob("*.parquet"))


def _known_rows(path: Path, masks: Masks) -> Iterator[tuple[pa.Table, list[int]]]:
    """The tables of a file, each with the numbers of its rows on samples that are there."""
    for table in stream_parquet(path, VERDICT_SCHEMA.names, VERDICT_SCHEMA):
        keys = zip(table["problem_id"].to_pylist(), table["sample_index"].to_pylist(), strict=True)
        yield (
            table,
            [row for row, (one, index) in enumerate(keys) if masks.get(one, 0) >> index & 1],
        )
