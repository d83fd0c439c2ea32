"""Parquet files that a pool can trust: whole or not there, with checksums, and salvageable.

Every page carries a checksum. Beside a file lies a small record of its size, its SHA-256 and
its footer: a file that was cut short has lost the footer, and with the recorded one its
row groups before the cut can still be read.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import InputError
from harness.files import read_json, write_json
from harness.pool.durable import flush_folder

# A row group is what is read, and what is lost, at a time.
ROW_GROUP_ROWS = 5_000
ROW_GROUP_BYTES = 64 << 20
_MAGIC = b"PAR1"
_TAIL_BYTES = 8  # The footer's length in four bytes, and the magic number.


@dataclass(frozen=True)
class FileRecord:
    """What a file was when it was written.

    Attributes:
        rows: how many rows it holds.
        size: in bytes.
        sha256: of its content.
        footer: its last bytes, from the start of the footer on, in base64.
    """

    rows: int
    size: int
    sha256: str
    footer: str

    def footer_bytes(self) -> bytes:
        """The footer with its length and the magic number behind it."""
        return base64.b64decode(self.footer)


def record_file(path: Path) -> Path:
    """Where the record of a parquet file lies."""
    return path.with_name(f"{path.stem}.record.json")


def read_records(path: Path) -> list[FileRecord]:
    """The records that may hold for a file, the newest first: a crash can leave the file of
    before the last change with the record of after it. Empty if there is none that can be read.
    """
    try:
        return [FileRecord(**entry) for entry in read_json(record_file(path))]
    except (OSError, ValueError, TypeError):
        return []


def write_parquet(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
    """Writes rows so that a reader finds the old file or the new, and waits for the disk.

    Args:
        path: the file; its folder is made.
        tables: the rows, streamed.
        schema: their columns, with the file's metadata.

    Returns:
        How many rows it wrote.

    Raises:
        OSError: it could not be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as stream:
            digest = _Digesting(stream)
            rows = _write(digest, tables, schema)
            stream.flush()
            os.fsync(stream.fileno())
        record = FileRecord(rows, digest.size, digest.hexdigest(), _footer_of(temporary))
        known = [asdict(one) for one in read_records(path)[:1]] if path.exists() else []
        write_json(record_file(path), [asdict(record), *known])
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)
    return rows


def remove_parquet(path: Path) -> None:
    """Removes a file and its record."""
    path.unlink(missing_ok=True)
    record_file(path).unlink(missing_ok=True)


def stream_parquet(path: Path, columns: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of a file, a row group at a time; none if it is not there.

    Raises:
        InputError: the file is damaged or lacks a column.
    """
    if not path.exists():
        return
    wanted = pa.schema([schema.field(name) for name in columns])
    try:
        with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=list(columns), use_threads=False)
                yield table.select(list(columns)).cast(wanted)
    except (pa.ArrowException, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} cannot be read ({reason}).",
            "`harness pool verify POOL --repair` keeps what is sound of a pool's samples; "
            "verdicts are made again by grading.",
        ) from None


def read_parquet(path: Path, columns: Sequence[str], schema: pa.Schema) -> pa.Table:
    """All rows of a file; as `stream_parquet`."""
    wanted = pa.schema([schema.field(name) for name in columns])
    return pa.concat_tables([wanted.empty_table(), *stream_parquet(path, columns, schema)])


def regrouped(tables: Iterable[pa.Table], most: int) -> Iterator[pa.Table]:
    """The rows in tables of `most` rows, or of fewer where the texts are long."""
    waiting: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        for start in range(0, table.num_rows, most):
            piece = table.slice(start, most)
            while rows + piece.num_rows >= most:
                yield pa.concat_tables([*waiting, piece.slice(0, most - rows)])
                piece = piece.slice(most - rows)
                waiting, rows, size = [], 0, 0
            if piece.num_rows:
                waiting.append(piece)
                rows += piece.num_rows
                size += piece.get_total_buffer_size()
            if size >= ROW_GROUP_BYTES:
                yield pa.concat_tables(waiting)
                waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.concat_tables(waiting)


def _write(stream: _Digesting, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
    rows = 0
    with pq.ParquetWriter(
        stream, schema, compression="zstd", write_page_index=True, write_page_checksum=True
    ) as writer:
        for table in regrouped(tables, ROW_GROUP_ROWS):
            # Combined, so that the bytes depend on the rows and not on their chunks in memory.
            rows_of_group = table.combine_chunks().replace_schema_metadata(schema.metadata)
            writer.write_table(rows_of_group, row_group_size=ROW_GROUP_ROWS)
            rows += table.num_rows
    return rows


def _footer_of(path: Path) -> str:
    with path.open("rb") as stream:
        stream.seek(-_TAIL_BYTES, os.SEEK_END)
        length = int.from_bytes(stream.read(4), "little")
        stream.seek(-(_TAIL_BYTES + length), os.SEEK_END)
        return base64.b64encode(stream.read()).decode("ascii")


class _Digesting:
    """A stream that counts and hashes what goes through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._stream.write(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self.closed = True

    def hexdigest(self) -> str:
        return self._digest.hexdigest()
