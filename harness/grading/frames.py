"""Bytes of any kind over a pipe: eight bytes with their number, then they themselves.

Read without reading ahead: a process that is killed between two frames leaves the next one
whole to whoever reads on.
"""

from __future__ import annotations

import os
import struct

_SIZE = struct.Struct("<Q")


def head_of(payload: bytes) -> bytes:
    """What stands before a payload."""
    return _SIZE.pack(len(payload))


def write_frame(descriptor: int, payload: bytes) -> None:
    """Writes a whole frame.

    Raises:
        BrokenPipeError: nobody reads.
    """
    rest = memoryview(head_of(payload) + payload)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_frame(descriptor: int) -> bytes | None:
    """The next frame's payload; None at the end, or where the rest of a frame is missing."""
    head = _read(descriptor, _SIZE.size)
    return None if head is None else _read(descriptor, _SIZE.unpack(head)[0])


def _read(descriptor: int, size: int) -> bytes | None:
    chunks: list[bytes] = []
    while size:
        chunk = os.read(descriptor, size)
        if not chunk:
            return None
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


class FrameBuffer:
    """Collects what comes in, in pieces of any size."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, chunk: bytes) -> list[bytes]:
        """Takes a piece; the payloads of all frames that are whole by now."""
        self._bytes += chunk
        found, start = [], 0
        while len(self._bytes) - start >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._bytes, start)
            end = start + _SIZE.size + size
            if len(self._bytes) < end:
                break
            found.append(bytes(self._bytes[start + _SIZE.size : end]))
            start = end
        del self._bytes[:start]
        return found
