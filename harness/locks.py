"""One writer at a time: a folder is held by one process, and says by which.

Two programs that fill one folder would draw the same samples twice, and each would believe
that the other's files are its own. The lock is the operating system's, so it is free as soon
as its holder ends, however that happens; who holds it is written beside it for people.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import EnvironmentFailure, InputError
from harness.files import write_json

LOCK_FILE = ".lock"
HOLDER_FILE = ".holder.json"
_HOLDER_WAIT_SECONDS = 1.0
_POLL_SECONDS = 0.05


class Hold:
    """A folder that this process holds until `release`, or until it ends."""

    def __init__(self, folder: Path, what: str) -> None:
        """Takes the folder.

        Args:
            folder: the folder; made if it is not there.
            what: what it is, for the refusal, such as "the pool".

        Raises:
            InputError: another process, or another object of this one, holds it.
            EnvironmentFailure: the folder cannot be locked.
        """
        self._holder = folder / HOLDER_FILE
        self._lock = FileLock(folder / LOCK_FILE, thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{what} {folder} is being written by another harness{_described(self._holder)}.",
                "Wait until it is done, or stop it; two at once would draw the same samples twice.",
            ) from None
        except (OSError, NotImplementedError) as error:
            raise EnvironmentFailure(
                f"{what} {folder} cannot be locked for writing: {error}.",
                "Choose a folder that this user may write to, on a file system with locks.",
            ) from error
        try:
            write_json(
                self._holder,
                {"process": os.getpid(), "host": socket.gethostname(), "since": _now()},
            )
        except BaseException as error:
            self._lock.release()
            if isinstance(error, OSError):
                raise EnvironmentFailure(
                    f"cannot write to {folder}: {error}.", "Make room, or choose another folder."
                ) from error
            raise

    def release(self) -> None:
        """Gives the folder free; may be called more than once."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Holds a folder for the length of a block; see `Hold`."""
    hold = Hold(folder, what)
    try:
        yield
    finally:
        hold.release()


def _described(holder: Path) -> str:
    """Who holds it; the file is written a moment after the lock is taken."""
    deadline = time.monotonic() + _HOLDER_WAIT_SECONDS
    while True:
        try:
            document = json.loads(holder.read_text())
            return (
                f" (process {document['process']} on {document['host']}, since {document['since']})"
            )
        except (OSError, ValueError, KeyError, TypeError):
            if time.monotonic() > deadline:
                return ""
            time.sleep(_POLL_SECONDS)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
