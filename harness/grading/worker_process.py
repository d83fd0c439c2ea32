"""A worker of the grader: a process that reads and writes lines or frames, and can be killed."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from harness.errors import EnvironmentFailure

_START_SECONDS = 120.0
_KEPT = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH"}
)
_READ_BYTES = 1 << 16


def _environment() -> dict[str, str]:
    """What a worker may know: where things are, and no keys that the user has set."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    known = [str(Path(__file__).parents[2]), kept.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in known if path)}


class WorkerProcess:
    """Runs a module of the harness as a process; it starts when it is first sent something.

    Args:
        module: what runs; it writes a line when it is ready.
        arguments: its command line.
        python: interpreter that runs it.
    """

    def __init__(self, module: str, arguments: Sequence[str], python: str = sys.executable) -> None:
        self.module = module
        # -P: no module of the working directory may stand in for one of ours.
        self._command = [python, "-P", "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._buffer = bytearray()
        self._owner = os.getpid()

    def send(self, line: bytes) -> bool:
        """Sends a line; False where the process has died.

        Raises:
            EnvironmentFailure: it does not start.
        """
        process = self.start()
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except OSError:
            return False
        return True

    def receive(self, seconds: float) -> bytes | None:
        """The next line; None where there is none in time, or the process has died."""
        ends = time.monotonic() + seconds
        while (place := self._buffer.find(b"\n")) < 0:
            if not self._read(ends):
                return None
        return self._taken(place + 1)[:-1]

    def _read(self, ends: float) -> bool:
        """Reads what is there; False where nothing comes until `ends`, or ever."""
        if self._process is None or self._process.stdout is None:
            return False
        descriptor = self._process.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], max(0.0, ends - time.monotonic()))
        chunk = os.read(descriptor, _READ_BYTES) if ready else b""
        self._buffer += chunk
        return bool(chunk)

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        process = self._process if self._owner == os.getpid() else None
        return process is not None and process.poll() is None

    def start(self) -> subprocess.Popen[bytes]:
        """The running process; starts it where there is none, and waits until it is ready.

        Raises:
            EnvironmentFailure: it does not start.
        """
        if self.running and self._process is not None:
            return self._process
        process = self.launch()
        self.wait_until_ready()
        return process

    def wait_until_ready(self) -> None:
        """Waits for the line that a launched process writes first.

        Raises:
            EnvironmentFailure: it died, or wrote nothing in two minutes.
        """
        if self.receive(_START_SECONDS) is None:
            message = self._last_words()
            self.kill()
            raise EnvironmentFailure(
                f"the worker {self.module} died at its start: {message}",
                "Install its packages again: pip install --force-reinstall math-verify sympy",
            )

    def launch(self) -> subprocess.Popen[bytes]:
        """Starts the process without waiting; whatever was there before is killed.

        Raises:
            EnvironmentFailure: there is no such interpreter.
        """
        if self._owner != os.getpid():  # A fork of us may not share the pipes.
            self._process, self._owner = None, os.getpid()
        self.kill()
        self._process = self._started()
        atexit.register(self.kill)
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as problem:
            raise EnvironmentFailure(
                f"the worker {self.module} does not start: {problem}",
                "Check the Python interpreter, or install the harness again.",
            ) from problem

    def _last_words(self) -> str:
        if self._errors is None:
            return "it said nothing"
        self._errors.seek(0)
        lines = self._errors.read()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def kill(self) -> None:
        """Ends the process at once; it starts again when it is sent something."""
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None or self._owner != os.getpid():
            return
        atexit.unregister(self.kill)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # It leads a group: its children end with it.
        process.wait()
        for stream in (process.stdin, process.stdout, self._errors):
            try:
                if stream is not None:
                    stream.close()
            except BrokenPipeError:
                continue
        self._errors = None

    def close(self, seconds: float = 10.0) -> None:
        """Lets the process finish: it ends when its input closes. Killed where it does not."""
        if self.running and self._process is not None and self._process.stdin is not None:
            try:
                self._process.stdin.close()
                self._process.wait(seconds)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.kill()
        self.kill()
