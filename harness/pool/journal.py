"""The journal of a pool: one JSON line per sample, each with its own checksum.

The checksum tells a sound line from one that a bad disk or a stray editor has changed, so
that damage in the middle costs the damaged samples (they are drawn again) and no others.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.pool.samples import Sample

_SUFFIX = ',"crc32":"%08x"}'
_SUFFIX_BYTES = len(_SUFFIX % 0)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass
class Damage:
    """What a reading of the journal had to leave out.

    Attributes:
        lines: number (from 1) and content of each line that is not what was written.
        torn_bytes: length of the unfinished line at the end, 0 if there is none.
    """

    lines: list[tuple[int, bytes]] = field(default_factory=list)
    torn_bytes: int = 0


def encode_line(sample: Sample) -> bytes:
    """The sample's line, with its line end."""
    body = _ENCODER.encode(vars(sample)).encode()
    return b"%s%s\n" % (body[:-1], (_SUFFIX % zlib.crc32(body)).encode())


def decode_line(line: bytes) -> Sample | None:
    """The sample of a line without its line end; None if the line is not what was written."""
    body = line[:-_SUFFIX_BYTES] + b"}"
    if line[-_SUFFIX_BYTES:] != (_SUFFIX % zlib.crc32(body)).encode():
        return None
    try:
        return Sample(**json.loads(body))
    except (ValueError, TypeError):
        return None


def encode_lines(samples: Iterable[Sample]) -> bytes:
    """The lines of several samples."""
    return b"".join(map(encode_line, samples))


def read_journal(path: Path, damage: Damage) -> Iterator[Sample]:
    """The sound samples of a journal, in its order; constant memory.

    Args:
        path: the journal; it need not be there.
        damage: takes what had to be left out.
    """
    if not path.exists():
        return
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                damage.torn_bytes = len(line)
                return
            sample = decode_line(line[:-1])
            if sample is None:
                damage.lines.append((number, line[:-1]))
            else:
                yield sample
