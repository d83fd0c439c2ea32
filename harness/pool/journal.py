"""Lines with a checksum of their own: the journal of samples, and the pool's books.

The checksum tells a sound line from one that a bad disk or a stray editor has changed, so
that damage in the middle costs the damaged lines (their samples are drawn again) and no others.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from harness.pool.samples import Failure, LedgerLine, Sample

_SUFFIX = b',"crc32":"%08x"}'
_SUFFIX_BYTES = len(_SUFFIX % 0)
_LINES_AT_ONCE = 10_000

Entry = Sample | LedgerLine | Failure


@dataclass
class Damage:
    """What a reading of a file of lines had to leave out.

    Attributes:
        lines: number (from 1) and content of each line that is not what was written.
        torn_bytes: length of the unfinished line at the end, 0 if there is none.
    """

    lines: list[tuple[int, bytes]] = field(default_factory=list)
    torn_bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.lines or self.torn_bytes)


def encode_line(entry: Entry) -> bytes:
    """The entry's line, with its line end.

    Raises:
        TypeError: a text that UTF-8 cannot hold.
    """
    body = orjson.dumps(entry)
    return b"%s%s\n" % (body[:-1], _SUFFIX % zlib.crc32(body))


def encode_lines(entries: Iterable[Entry]) -> bytes:
    """The lines of several entries."""
    return b"".join(map(encode_line, entries))


def encode_in_parts(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The lines of many entries, some thousands at a time."""
    iterator = iter(entries)
    while part := list(itertools.islice(iterator, _LINES_AT_ONCE)):
        yield encode_lines(part)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """The fields in a line without its line end; None if the line is not what was written."""
    body = line[:-_SUFFIX_BYTES] + b"}"
    if line[-_SUFFIX_BYTES:] != _SUFFIX % zlib.crc32(body):
        return None
    try:
        fields = orjson.loads(body)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def decode_sample(line: bytes) -> Sample | None:
    """The sample of a line of the journal; None if the line is not what was written."""
    fields = decode_line(line)
    try:
        return None if fields is None else Sample(**fields)
    except TypeError:
        return None


def read_lines(path: Path, damage: Damage) -> Iterator[dict[str, Any]]:
    """The fields of every sound line, in the file's order; constant memory.

    Args:
        path: the file; it need not be there.
        damage: takes what had to be left out.
    """
    for number, line in _whole_lines(path, damage):
        fields = decode_line(line)
        if fields is None:
            damage.lines.append((number, line))
        else:
            yield fields


def read_journal(path: Path, damage: Damage) -> Iterator[Sample]:
    """The samples of every sound line, as `read_lines`."""
    for number, line in _whole_lines(path, damage):
        sample = decode_sample(line)
        if sample is None:
            damage.lines.append((number, line))
        else:
            yield sample


def _whole_lines(path: Path, damage: Damage) -> Iterator[tuple[int, bytes]]:
    if not path.exists():
        return
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                damage.torn_bytes = len(line)
                return
            yield number, line[:-1]
