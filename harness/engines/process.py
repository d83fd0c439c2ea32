"""A worker script under an engine's interpreter, started, watched and stopped.

The border between the harness and an engine is two pipes of JSON lines. The worker leads its
own process group, so that everything it starts goes with it, and it ends by itself when the
harness is gone (`workers/worker_link.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import EnvironmentFailure

WORKERS = Path(__file__).resolve().parent / "workers"
LOG_LINES = 15
_TERMINATION_SECONDS = 3.0
_END = None

Event = dict[str, Any]


class EngineDied(EnvironmentFailure):
    """A worker ended before it was told to."""


def last_lines(log: Path, count: int = LOG_LINES) -> str:
    """The last lines of a log, indented; a note where it is empty or not there."""
    try:
        size = log.stat().st_size
        with log.open("rb") as stream:
            stream.seek(max(0, size - 65536))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return "    (no log)"
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line[:300]}" for line in lines[-count:]) or "    (the log is empty)"


class EngineProcess:
    """One running worker.

    Args:
        python: the interpreter of the engine's environment.
        script: the worker's file name in `workers/`, or a path.
        log: file that takes the worker's stderr, appended.
        environment: variables added to this process's own.
        name: how messages call the worker.
    """

    def __init__(
        self,
        python: Path,
        script: str | Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        name: str = "engine",
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [str(python), str(WORKERS / script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._writing = threading.Lock()
        self._ended = False
        threading.Thread(target=self._read, daemon=True, name=f"{name} events").start()

    @property
    def pid(self) -> int:
        """The worker's process id, and its group's."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the worker is still running."""
        return self._process.poll() is None

    def send(self, request: Event) -> None:
        """Sends one request.

        Raises:
            EngineDied: the worker is gone.
        """
        line = json.dumps(request) + "\n"
        stdin = self._process.stdin
        assert stdin is not None
        try:
            with self._writing:
                stdin.write(line.encode())
                stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._died() from None

    def receive(self, timeout: float | None = None) -> Event | None:
        """The next event; None if none came within `timeout` seconds.

        Raises:
            EngineDied: the worker ended; everything that it sent before was received.
        """
        if self._ended:
            raise self._died()
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if event is _END:
            self._ended = True
            raise self._died()
        return event

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Ends the worker and everything that it started; safe to call twice.

        Closing stdin asks for it; SIGTERM and SIGKILL of the whole group enforce it.
        """
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # The worker may be gone, with a request unread.
                self._process.stdin.close()
        for number, seconds in ((None, grace_seconds), (signal.SIGTERM, _TERMINATION_SECONDS)):
            if number is not None:
                self._signal(number)
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # The whole group may be gone already.
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            try:
                self._events.put(json.loads(line))
            except ValueError:
                break  # Half a line: the worker died while it wrote.
        self._events.put(_END)

    def _died(self) -> EngineDied:
        deadline = time.monotonic() + _TERMINATION_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        code = self._process.poll()
        if code is None:
            how = "closed its pipe"
        elif code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        else:
            how = f"ended with status {code}"
        return EngineDied(
            f"{self.name} {how}. Its last words:\n{last_lines(self.log)}",
            f"The whole log: {self.log}",
        )

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(grace_seconds=5.0 if kind is None else 0.0)
