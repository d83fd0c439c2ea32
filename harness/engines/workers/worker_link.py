"""The worker's end of the line to the harness: JSON lines in on stdin, out on stdout.

Standard library only, because it runs in whatever environment an engine lives in:

    from worker_link import open_link   # first, before anything prints

    link = open_link()
    link.send({"event": "ready"})
    while True:
        request = link.receive()

Three things are arranged once, by `open_link`:

* The real stdout is kept for the protocol and descriptor 1 becomes stderr, so that what
  libraries print (C code and child processes included) lands in the log, never in the protocol.
  Descriptor 0 becomes /dev/null for the same reason.
* A thread reads the requests. At the end of stdin it ends this process and its children: the
  harness has closed the line or is gone, however it died, and nothing may outlive it.
* Ctrl-C is ignored; the harness decides what an interrupt means.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

# Linux could also be asked for a signal when the parent dies (PR_SET_PDEATHSIG). It is not:
# "parent" there is the *thread* that started the worker, and the harness starts workers from
# threads that end before their workers do. The end of stdin needs no such care.


class WorkerLink:
    """Requests in, events out. Made by `open_link`, once a process."""

    def __init__(
        self, requests: BinaryIO, events: BinaryIO, before_leaving: Callable[[], None]
    ) -> None:
        self._requests = requests
        self._before_leaving = before_leaving
        self._events = events
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="worker-link", daemon=True).start()

    def receive(self, block: bool = True) -> dict[str, Any] | None:
        """The next request.

        Args:
            block: wait for one; otherwise None says that none is there now.
        """
        try:
            line = self._queue.get(block=block)
        except queue.Empty:
            return None
        request: dict[str, Any] = json.loads(line)
        return request

    def send(self, event: dict[str, Any]) -> None:
        """Sends one event; safe from any thread, and one line whatever the texts hold."""
        line = json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            with self._lock:
                self._events.write(line)
                self._events.flush()
        except BrokenPipeError:
            leave()

    def _read(self) -> None:
        for line in self._requests:
            if line.endswith(b"\n"):  # a torn line is the last word of a killed harness
                self._queue.put(line)
        try:
            self._before_leaving()
        finally:
            leave()


def leave() -> None:
    """Ends this process at once, and with it everything that it has started."""
    if os.getsid(0) == os.getpid():
        # The harness gave this worker a session of its own, so the group is ours alone.
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def open_link(before_leaving: Callable[[], None] = lambda: None) -> WorkerLink:
    """Takes stdin and stdout for the protocol; see the module's text.

    Args:
        before_leaving: called when the harness has closed the line, by the reading thread.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    events = os.fdopen(os.dup(1), "wb")
    sys.stdout.flush()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return WorkerLink(requests, events, before_leaving)
