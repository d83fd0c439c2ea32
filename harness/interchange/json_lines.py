"""JSON lines of a stranger: streamed, plain or gzip, each line parsed under caps.

Whatever a line or a file suffers from (it is no JSON, no UTF-8, nested without end, cut off)
costs that line, or what follows the cut, and is told with its number.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import orjson

from harness.errors import InputError
from harness.interchange.bad_rows import BadRow, Place
from harness.interchange.texts import shown

Row = dict[str, Any]
# A completion of 1 MB is 6 MB when every character is escaped; a row may hold several.
MAX_LINE_BYTES = 64 << 20
_BUFFER_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class JsonLines:
    """A file of JSON objects, one a line; may be read more than once.

    Attributes:
        name: the path as given, for messages.
        total: size of the file in bytes.
        done: how many of these bytes the latest reading has taken.
    """

    unit = "line"

    def __init__(self, path: Path) -> None:
        """Looks at the file.

        Raises:
            InputError: it is not there, not a regular file, or may not be read.
        """
        self.name = str(path)
        self._path = path
        self.done = 0
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                path.open("rb").close()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from None
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise InputError(
                f"{path} is {kind}; expected a file of JSON lines.",
                "A folder that is a data set needs --format datasets; a pipe cannot be read "
                "twice, so write it to a file first.",
            )
        self.total = status.st_size

    def rows(self) -> Iterator[tuple[Place, Row | BadRow]]:
        """Every line that is not blank: the object, or why there is none."""
        with self._path.open("rb") as raw:
            yield from self._rows_of(raw)
        self.done = self.total

    def _rows_of(self, raw: BinaryIO) -> Iterator[tuple[Place, Row | BadRow]]:
        number = 0
        try:
            for number, line in enumerate(_lines(_opened(raw)), start=1):
                if number == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                if line.isspace() or not line:
                    continue
                try:
                    row: Row | BadRow = parse_object(line)
                except BadRow as fault:
                    row = fault if line.endswith(b"\n") else _torn(fault)
                self.done = raw.tell()
                yield Place(self.name, "line", number), row
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            damage = BadRow("cut off", f"the gzip file is cut off or damaged here ({error}).")
            yield Place(self.name, "line", number + 1), damage


def parse_object(line: bytes) -> Row:
    """The JSON object in a line.

    Raises:
        BadRow: there is none; says why.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadRow("too long", f"the line is longer than {MAX_LINE_BYTES >> 20} MiB.")
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = _slowly_parsed(line)
    if type(row) is not dict:
        hint = " One array in place of lines? `jq -c .[]` makes lines of it." * (type(row) is list)
        raise BadRow("not an object", f"it is {shown(row)}, expected a JSON object.{hint}")
    return row


def _slowly_parsed(line: bytes) -> Any:
    # The standard library takes lone surrogates, which orjson refuses, and says what is wrong.
    try:
        return json.loads(line.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise BadRow("not UTF-8", f"byte {error.start + 1} is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadRow("not JSON", f"it is not JSON: {error.msg} (column {error.colno}).") from None
    except RecursionError:
        raise BadRow("nested too deeply", "it is nested too deeply.") from None
    except ValueError as error:  # A number with more digits than Python takes.
        raise BadRow("not JSON", f"it is not JSON: {error}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise BadRow("not JSON", f"it is not JSON: {name} is no number of JSON; write null.")


def _torn(fault: BadRow) -> BadRow:
    return BadRow(fault.kind, f"{fault.message} The file ends here without a line end: cut off?")


def _opened(raw: BinaryIO) -> BinaryIO:
    """The content of a file, unpacked if it is gzip, whatever its name is."""
    magic = raw.read(len(_GZIP_MAGIC))
    raw.seek(0, os.SEEK_SET)
    if magic != _GZIP_MAGIC:
        return raw
    unpacked = gzip.GzipFile(fileobj=raw, mode="rb")
    return io.BufferedReader(unpacked, _BUFFER_BYTES)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends; of a longer one than the cap, one byte more than the cap."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES + 1)
