"""A worker script of ours, running under an engine's interpreter.

The process border is what keeps engines apart: the harness never imports vLLM or Axolotl, it
starts a file of `harness/engines/workers` with the interpreter that has them and talks to it in
JSON lines (`workers/worker_link.py` is the other end). Each worker leads a session of its own,
so that all of its children can be ended with it.
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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from harness.engines.folders import engines_folder
from harness.errors import EnvironmentFailure

WORKERS_FOLDER = Path(__file__).parent / "workers"
LOG_LINES = 15
_LOG_TAIL_BYTES = 32_768
_POLL_SECONDS = 0.2
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class EngineDied(EnvironmentFailure):
    """A worker ended before its work did.

    Attributes:
        status: its exit status; negative is the number of the signal that killed it.
        log: the file with everything that it wrote to stderr.
    """

    def __init__(self, message: str, advice: str, status: int, log: Path) -> None:
        super().__init__(message, advice)
        self.status = status
        self.log = log


class EngineProcess:
    """Starts a worker, sends it requests, receives its events, and leaves nothing behind.

    Args:
        python: the interpreter, as `engine_python` returns it.
        worker: a file name in `harness/engines/workers`, or the path of any script.
        log: stderr is appended here; its folder is made.
        arguments: the worker's command line.
        environment: variables to add to (or to override in) the harness's own.
        name: what messages call it; by default the script's name.

    Example:
        >>> with EngineProcess(python, "vllm_worker.py", log=Path("vllm.log")) as worker:
        ...     worker.send({"request": "load", "model": "/models/wc"})
        ...     event = worker.receive(timeout=60)
    """

    def __init__(
        self,
        python: Path,
        worker: str | Path,
        *,
        log: Path,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        name: str = "",
    ) -> None:
        script = WORKERS_FOLDER / worker
        self.name = name or script.stem
        self.log = log
        self._events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._send_lock = threading.Lock()
        self._stop_lock = threading.Lock()
        self._stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("ab") as stderr:
                self._log_start = stderr.tell()
                self._process = subprocess.Popen(
                    [str(python), str(script), *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    env={**worker_environment(python), **(environment or {})},
                    start_new_session=True,
                )
        except OSError as error:
            raise EnvironmentFailure(
                f"{self.name} does not start: {python}: {error.strerror or error}",
                "`harness engines check` says what is wrong with the engines.",
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name=f"{self.name}-events", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        """The worker's process id, which is its group's as well."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the worker is running."""
        return self._process.poll() is None

    def send(self, request: Mapping[str, Any]) -> None:
        """Sends one request; safe from any thread.

        Raises:
            EngineDied: the worker is not there any more.
        """
        line = json.dumps(request, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            with self._send_lock:
                self._stdin.write(line)
                self._stdin.flush()
        except (BrokenPipeError, ValueError) as error:  # ValueError: closed by `stop`
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1.0)
            raise self._died() from error

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next event, or None when there is none within `timeout` seconds.

        Args:
            timeout: seconds to wait; None waits as long as the worker lives.

        Raises:
            EngineDied: the worker has ended, or closed its line, and everything that it sent
                has been received.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            rest = _POLL_SECONDS if deadline is None else deadline - time.monotonic()
            try:
                return self._events.get(timeout=max(0.0, min(rest, _POLL_SECONDS)))
            except queue.Empty:
                pass
            if not self.alive or not self._reader.is_alive():
                self._gone(1.0)  # a worker that ends has closed its line a moment before
                self._reader.join(timeout=1.0)  # what it sent last may still be on its way
                try:
                    return self._events.get_nowait()
                except queue.Empty:
                    raise self._died() from None
            if rest <= 0:
                return None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All events until the worker ends by itself with status 0.

        Raises:
            EngineDied: it ended in any other way.
        """
        while True:
            try:
                event = self.receive()
            except EngineDied as death:
                if death.status == 0:
                    return
                raise
            if event is not None:
                yield event

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Ends the worker and all of its children; may be called more than once.

        Closing its stdin is the request to leave. A worker that has not left after the grace
        gets SIGTERM, and after the same time again SIGKILL, with its whole process group.
        """
        with self._stop_lock:
            if self._stopped:
                return
            with contextlib.suppress(OSError):
                self._stdin.close()
            try:
                if not self._gone(grace_seconds):
                    self._signal_group(signal.SIGTERM)
                    self._gone(grace_seconds)
            finally:  # an interrupt while waiting must not leave the group alive
                self._signal_group(signal.SIGKILL)
                self._process.wait()
                self._reader.join(timeout=1.0)
                self._stopped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _gone(self, seconds: float) -> bool:
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal_group(self, number: signal.Signals) -> None:
        # The group outlives its leader while a child is left, so this reaches orphans too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self, stream: IO[bytes]) -> None:
        """Puts events into the queue; what is not one (a torn last line, chatter) is logged."""
        with stream:
            for line in stream:
                try:
                    event = json.loads(line)
                except ValueError:
                    event = None
                if isinstance(event, dict):
                    self._events.put(event)
                else:
                    with self.log.open("ab") as log:
                        log.write(b"[not an event] " + line.rstrip(b"\n") + b"\n")

    def _died(self) -> EngineDied:
        status = self._process.poll()
        self._signal_group(signal.SIGKILL)
        lines = log_tail(self.log, self._log_start)
        shown = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
        advice = f"The whole log: {self.log}"
        if status == -signal.SIGKILL:
            advice = (
                "SIGKILL from outside is most often the system that ran out of memory.\n" + advice
            )
        end = "has closed its line" if status is None else describe_status(status)
        return EngineDied(
            f"{self.name} {end}; the last it said:\n{shown}",
            advice,
            status or 0,
            self.log,
        )


def worker_environment(python: Path) -> dict[str, str]:
    """The variables that an engine's interpreter starts with.

    An environment that the harness made is closed: PYTHONPATH and the like would mix foreign
    packages into it. To an interpreter of the user's they may well belong (module systems of
    clusters work that way). A stack is written when native code crashes.
    """
    managed = python.is_relative_to(engines_folder())
    unwanted = ("PYTHONSAFEPATH", *(_FOREIGN if managed else ()))
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {"PYTHONFAULTHANDLER": "1", **kept}


def describe_status(status: int) -> str:
    """An exit status in words: `ended with status 1`, `was killed by SIGKILL`."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def log_tail(log: Path, start: int = 0, lines: int = LOG_LINES) -> list[str]:
    """The last lines of a log, as far as they were written after byte `start`."""
    try:
        with log.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(start, end - _LOG_TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
