"""Long commands (an installer, a self-test) with a log, live lines, and no leftovers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from harness.engines.process import WORKERS_FOLDER

_POLL_SECONDS = 0.1
_QUIET_SECONDS = 15.0


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None] = lambda line: None,
    on_quiet: Callable[[float], None] = lambda seconds: None,
) -> int:
    """Runs a command to its end; it dies with the harness, with all of its children.

    Args:
        log: what it writes is appended here.
        folder: its working directory.
        environment: all of its variables.
        on_line: called with every line that it writes.
        on_quiet: called every 15 s, with the seconds since the start.

    Returns:
        Its exit status; 128 and more is 128 plus the signal that ended it, 127 means that it
        could not be started.
    """
    with log.open("ab") as output:
        follower = _Follower(log, output.tell(), on_line)
        process = _guarded(command, output, folder, environment)
    started = time.monotonic()
    told = started
    try:
        while process.poll() is None:
            time.sleep(_POLL_SECONDS)
            if follower.read():
                told = time.monotonic()
            elif time.monotonic() - told > _QUIET_SECONDS:
                told = time.monotonic()
                on_quiet(told - started)
    finally:
        _end(process)
    follower.read()
    return process.returncode


def _guarded(
    command: Sequence[str | Path], output: IO[bytes], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """A command below a guard that ends it when this process ends."""
    return subprocess.Popen(
        [sys.executable, "-E", "-S", str(WORKERS_FOLDER / "guard.py"), *map(str, command)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a guarded command with all of its children."""
    assert process.stdin is not None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdin.close()
    process.wait()


class _Follower:
    """Reads a growing file line by line, from a place on."""

    def __init__(self, path: Path, start: int, on_line: Callable[[str], None]) -> None:
        self._path = path
        self._place = start
        self._on_line = on_line

    def read(self) -> bool:
        """Hands on the whole lines that are new; whether there were any."""
        with self._path.open("rb") as stream:
            stream.seek(self._place)
            whole = stream.read().rpartition(b"\n")[0]
        if not whole:
            return False
        self._place += len(whole) + 1
        for line in whole.decode(errors="replace").splitlines():
            self._on_line(line)
        return True
