"""Messages between the process of a program and the process of its tests.

Each is a length in four bytes and a JSON document. The tests ask, the program's process
answers; what it answers is a stranger's word, read under caps.
"""

from __future__ import annotations

import json
import os
import resource
from typing import Any


class LinkBroken(Exception):
    """The other side is gone, or sends what is no message."""


class Link:
    """One end of a socket.

    Args:
        connection: file descriptor of a connected stream socket.
        most_bytes: size of the largest message.
    """

    def __init__(self, connection: int, most_bytes: int) -> None:
        self._connection = connection
        self._most_bytes = most_bytes

    def send(self, document: Any) -> None:
        """Sends a document.

        Raises:
            LinkBroken: the other side is gone, or the document is over the cap.
        """
        payload = json.dumps(document, separators=(",", ":")).encode()
        if len(payload) > self._most_bytes:
            raise LinkBroken(f"a message of {len(payload):,} bytes")
        left = memoryview(len(payload).to_bytes(4, "big") + payload)
        try:
            while left:
                left = left[os.write(self._connection, left) :]
        except OSError as problem:
            raise LinkBroken(str(problem)) from None

    def receive(self) -> Any:
        """The next document.

        Raises:
            LinkBroken: the other side is gone, or sent no JSON under the cap.
        """
        size = int.from_bytes(self._exactly(4), "big")
        if size > self._most_bytes:
            raise LinkBroken(f"a message of {size:,} bytes")
        try:
            return json.loads(self._exactly(size))
        except (ValueError, RecursionError) as problem:
            raise LinkBroken(f"no JSON: {problem}") from None

    def _exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            try:
                part = os.read(self._connection, min(size - len(received), 1 << 20))
            except OSError as problem:
                raise LinkBroken(str(problem)) from None
            if not part:
                raise LinkBroken("the other side is gone")
            received += part
        return bytes(received)


def lower_rights(settings: dict[str, Any]) -> None:
    """Becomes the user of the sandbox, and takes on its limits for good.

    Args:
        settings: `user` (or None: it is that user already), and limits by their names in
            `harness.grading.code.limits.Limits`.
    """
    if settings["user"] is not None:
        os.setgroups([])
        os.setresgid(settings["user"], settings["user"], settings["user"])
        os.setresuid(settings["user"], settings["user"], settings["user"])
    seconds = settings["cpu_seconds"]
    limits = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_AS: (settings["memory_bytes"],) * 2,
        resource.RLIMIT_NPROC: (settings["processes"],) * 2,
        resource.RLIMIT_NOFILE: (settings["open_files"],) * 2,
        resource.RLIMIT_FSIZE: (settings["folder_bytes"],) * 2,
        resource.RLIMIT_CORE: (0, 0),
    }
    for limit, (soft, hard) in limits.items():
        resource.setrlimit(limit, (soft, hard))
