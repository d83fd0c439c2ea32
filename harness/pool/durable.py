"""Files that only grow, by whole lines, and never keep a part of one.

`GrowingFile.append` returns when the lines are on the disk, unless it is told not to wait. If
they cannot be written, the file is what it was before. What a crash can leave behind is one
unfinished line at the end; opening the file for writing cuts it off.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from harness.errors import EnvironmentFailure

_BLOCK_BYTES = 1 << 16
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class GrowingFile:
    """A file of lines, opened for appending."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._size = _size_of_whole_lines(self._descriptor)
        self.torn_bytes = os.fstat(self._descriptor).st_size - self._size
        if self.torn_bytes:
            os.ftruncate(self._descriptor, self._size)

    def append(self, lines: bytes, *, wait: bool = True) -> None:
        """Writes whole lines.

        Args:
            lines: with their line ends.
            wait: until the disk has them, so that they outlive a loss of power too.

        Raises:
            OSError: they could not be written (a full disk, say); the file is as it was.
        """
        view = memoryview(lines)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
            if wait:
                os.fsync(self._descriptor)
        except BaseException:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(lines)

    def wait(self) -> None:
        """Waits until the disk has all lines."""
        os.fsync(self._descriptor)

    def clear(self) -> None:
        """Removes all lines, and waits until the disk knows."""
        os.ftruncate(self._descriptor, 0)
        os.fsync(self._descriptor)
        self._size = 0

    def close(self) -> None:
        """Closes the file; nothing is lost by not closing it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def disk_explained(folder: Path, safe: Callable[[], int]) -> Iterator[None]:
    """Turns a full or broken disk into a message that says what is safe and how to go on."""
    try:
        yield
    except OSError as error:
        what = "the disk is full" if error.errno in _DISK_FULL else f"cannot write ({error})"
        raise EnvironmentFailure(
            f"{what} while writing to {folder}; the {safe():,} samples counted so far are safe.",
            "Make room and give the same command again: it goes on where it stopped.",
        ) from error


def flush_folder(folder: Path) -> None:
    """Makes the folder's own entries (new names, removed names) durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size_of_whole_lines(descriptor: int) -> int:
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
