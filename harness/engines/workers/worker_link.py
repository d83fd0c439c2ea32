"""The worker's end of the pipe: JSON lines in on stdin, JSON lines out on the real stdout.

Runs inside an engine's environment and uses nothing but the standard library. Libraries print
to stdout as they like: file descriptor 1 is pointed at stderr, and the protocol keeps a
duplicate of the real one for itself.

A worker must not outlive the harness. The harness holds the other end of stdin; when that
closes, for whatever reason, the worker ends its whole process group at once. (PR_SET_PDEATHSIG
would do the same on Linux only, and fires when the *thread* that started the worker ends.)
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from typing import Any


class Link:
    """Requests from the harness, and events to it; sending is safe from several threads."""

    def __init__(self) -> None:
        self._output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self._sending = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def receive(self, block: bool = True) -> dict[str, Any] | None:
        """The next request; None if there is none and `block` is off."""
        try:
            return self._requests.get(block=block)
        except queue.Empty:
            return None

    def send(self, event: dict[str, Any]) -> None:
        """Sends one event as one line."""
        line = json.dumps(event, ensure_ascii=True)
        with self._sending:
            self._output.write(line + "\n")
            self._output.flush()

    def _read(self) -> None:
        for line in sys.stdin:
            self._requests.put(json.loads(line))
        end_group()


def end_group() -> None:
    """Ends this worker and everything that it started, if it leads its process group."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def open_link() -> Link:
    """Takes over stdin and stdout; call it before anything else is imported that may print."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the harness's to handle.
    return Link()
