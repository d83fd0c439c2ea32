"""Reads what is sound of a damaged parquet file, row group by row group.

The checksums of its pages tell sound row groups from damaged ones. A file that was cut short
has lost its footer, without which nothing of it can be read; the one in its record serves
instead.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.files import sha256_of
from harness.pool.parquet import FileRecord, read_records
from harness.pool.samples import ORIGIN_KEY


@dataclass(frozen=True)
class RowGroup:
    """A row group of a damaged file.

    Attributes:
        number: from 0.
        first_row: number of its first row in the file, from 0.
        rows: how many rows it has.
        table: the rows; None if they are damaged.
    """

    number: int
    first_row: int
    rows: int
    table: pa.Table | None


def is_as_written(path: Path) -> bool:
    """Whether a file's content is what its record says; False without a record."""
    digest = sha256_of(path)
    return any(record.sha256 == digest for record in read_records(path))


def origin_of_file(path: Path) -> str | None:
    """The pool that a file says it is of, by the digest of its identity; None if it does not."""
    file = _opened(path)
    if file is None:
        return None
    with file:
        name = (file.schema_arrow.metadata or {}).get(ORIGIN_KEY)
    return None if name is None else name.decode(errors="replace")


def row_groups(path: Path, schema: pa.Schema) -> Iterator[RowGroup]:
    """The row groups of a file; none if not even its footer can be had.

    Args:
        path: the file; it may be cut short or changed anywhere.
        schema: what it should hold; a group of other columns counts as damaged.
    """
    file = _opened(path)
    if file is None:
        return
    first = 0
    with file:
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            yield RowGroup(number, first, rows, _read(file, number, schema))
            first += rows


def _read(file: pq.ParquetFile, number: int, schema: pa.Schema) -> pa.Table | None:
    try:
        table = file.read_row_group(number, use_threads=False)
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


def _opened(path: Path) -> pq.ParquetFile | None:
    size = path.stat().st_size
    records = read_records(path)
    # A file of the recorded size may have a damaged footer; one of another size with a footer
    # was written by someone else; one without was cut short.
    same = [_WithFooter(path, record) for record in records if record.size == size]
    others = [_WithFooter(path, record) for record in records if record.size != size]
    for source in (*same, path, *others):
        try:
            return pq.ParquetFile(source, page_checksum_verification=True)
        except (pa.ArrowException, OSError):
            continue
    return None


class _WithFooter(io.RawIOBase):
    """A file as long as it was, with its footer; what it has lost in between reads as zeros."""

    def __init__(self, path: Path, record: FileRecord) -> None:
        self._stream = path.open("rb")
        self._footer = record.footer_bytes()
        self._size = record.size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._place + size)
        start, body = self._place, self._size - len(self._footer)
        self._stream.seek(start)
        data = self._stream.read(max(0, min(end, body) - start))
        data += bytes(max(0, min(end, body) - start - len(data)))
        if end > body:
            data += self._footer[max(0, start - body) : end - body]
        self._place = start + len(data)
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()
