"""One program against its tests: two sandboxes, a socket between them, and a deadline.

The program and its tests never share a process. The tests' process knows a random token and
writes it only once every test has passed; the program's process is in other namespaces, from
which neither that process nor its memory, files or pipes can be named. So whatever the program
does to its own interpreter (`sys.exit(0)`, replaced builtins, objects that equal everything,
frames, `gc`, patched `unittest`), it can only give values to its tests, and only plain ones.

What remains: a program may guess from the arguments what a weak test wants, as anywhere; it may
use a processor until its limits; and a hole in the kernel is a hole in the sandbox.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.errors import EnvironmentFailure
from harness.grading.code.limits import Limits
from harness.grading.code.sandbox import Sandbox

_MOST_REPORT_BYTES = 1 << 16
_READ_BYTES = 1 << 16
_DYING_SECONDS = 0.3
_ASKED_SECONDS = 0.2
_SIGNALLED = 128


@dataclass(frozen=True)
class Job:
    """What is tried.

    Attributes:
        texts: texts that may be the program, the likeliest first.
        tests: a Python program that asserts.
        question: what the model was asked; where it is Python, its helpers are given to both.
    """

    texts: tuple[str, ...]
    tests: str
    question: str


@dataclass(frozen=True)
class Ending:
    """How it ended.

    Attributes:
        passed: whether every test has run and passed.
        report: what the tests' process said; empty where it said nothing.
        exceeded: the limit that ended it, or "".
        status: exit status of the program's sandbox where it ended by itself.
        complaint: last words of the tests' sandbox where there is no report.
    """

    passed: bool
    report: dict[str, Any]
    exceeded: str
    status: int | None
    complaint: str


def run_trial(
    sandbox: Sandbox, limits: Limits, job: Job, stopped: Callable[[], bool] = lambda: False
) -> Ending:
    """Runs a program against its tests; nothing of it is left when this returns.

    Args:
        sandbox: how sandboxes are made.
        limits: what it may use.
        job: the program and its tests.
        stopped: whether the trial is to be given up; asked a few times a second.

    Raises:
        EnvironmentFailure: the sandbox does not start.
    """
    trial = _Trial(sandbox, limits, job)
    try:
        return trial.watch(stopped)
    finally:
        trial.end()


class _Trial:
    def __init__(self, sandbox: Sandbox, limits: Limits, job: Job) -> None:
        self._limits = limits
        self._token = secrets.token_hex(16)
        self._ends = time.monotonic() + limits.wall_seconds
        self._processes: list[subprocess.Popen[bytes]] = []
        self._printed = 0
        self._report = bytearray()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed at the end)
        # What is written here waits in memory, and not in a pipe that somebody must empty.
        job_file = os.memfd_create("job", os.MFD_CLOEXEC)
        ours, theirs = socket.socketpair()
        try:
            with os.fdopen(os.dup(job_file), "wb") as target:
                document = {**vars(job), "token": self._token}
                target.write(json.dumps(document).encode())
            os.lseek(job_file, 0, os.SEEK_SET)
            self._solution = self._started(
                sandbox, "solution_side", {}, stdin=theirs, stderr=subprocess.STDOUT
            )
            self._tests = self._started(
                sandbox,
                "test_side",
                {"link": ours.fileno()},
                keep=[ours.fileno()],
                stdin=job_file,
                stderr=self._complaints,
            )
        except OSError as problem:
            self.end()
            raise EnvironmentFailure(
                f"the sandbox {sandbox.path} does not start: {problem}",
                "Check the limits on this user's processes and open files, and that it is there.",
            ) from problem
        finally:
            os.close(job_file)
            ours.close()
            theirs.close()

    def _started(
        self, sandbox: Sandbox, module: str, settings: dict[str, Any], **options: Any
    ) -> subprocess.Popen[bytes]:
        process = sandbox.start(module, settings, self._limits, stdout=subprocess.PIPE, **options)
        self._processes.append(process)
        return process

    def watch(self, stopped: Callable[[], bool]) -> Ending:
        """Reads both outputs until the tests have reported, or a limit is passed."""
        with selectors.DefaultSelector() as selector:
            for process in self._processes:
                assert process.stdout is not None
                selector.register(process.stdout, selectors.EVENT_READ, process)
            while True:
                left = self._ends - time.monotonic()
                if left <= 0:
                    return self._ending("wall time")
                if stopped():
                    return self._ending("patience of its caller")
                for key, _ in selector.select(min(left, _ASKED_SECONDS)):
                    chunk = os.read(key.fd, _READ_BYTES)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    if key.data is self._solution:
                        self._printed += len(chunk)
                        if self._printed > self._limits.output_bytes:
                            return self._ending("output")
                    elif not chunk or len(self._report) > _MOST_REPORT_BYTES:
                        return self._ending("")
                    else:
                        self._report += chunk

    def _ending(self, exceeded: str) -> Ending:
        report: dict[str, Any] = {}
        for line in self._report.splitlines():
            report |= _document(bytes(line))
        told = secrets.compare_digest(str(report.pop("token", "")).encode(), self._token.encode())
        status = None
        if "ended" in report:
            status = self._status()
            if status in (_SIGNALLED + signal.SIGXCPU, _SIGNALLED + signal.SIGKILL):
                exceeded = "CPU time"
        return Ending(told and not exceeded, report, exceeded, status, self._complaint())

    def _complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read(_MOST_REPORT_BYTES).decode(errors="replace").splitlines()
        return lines[-1] if lines else ""

    def _status(self) -> int | None:
        try:
            return self._solution.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Kills both sandboxes, with everything in them."""
        for process in self._processes:
            # The group holds the process 1 of the namespace, and with it all others end.
            _kill_group(process.pid)
        for process in self._processes:
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._complaints.close()


def _document(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # The last line, where a limit has ended it.
        return {}
    return found if isinstance(found, dict) else {}


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
