"""The process that compares symbolically, and the child in it that can be killed.

    python -m harness.grading.symbolic_worker DEADLINE_SECONDS MEMORY_MIB

Reads requests from stdin, a JSON document a line (`gold`, `answer`, `plain`, and `seconds`, where
less than the deadline is left), writes one reply a line (`outcome`, `reason`), and ends when stdin
closes. Mathematics runs in a forked child
only: it is killed at its deadline, and another is forked in milliseconds, because this process
has imported what it needs. The child may neither write files nor grow over its memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from typing import IO, Any

from harness.grading import symbolic_check

_MIB = 2**20
RENEW_AFTER = 2000  # Items; caches of the algebra system grow.


def compared(request: dict[str, Any]) -> tuple[str, str]:
    """Outcome and reason for one request, whatever happens on the way."""
    try:
        if request.get("plain"):
            accepted = symbolic_check.plain_math_verify(request["gold"], request["answer"])
            return ("correct" if accepted else "wrong"), ""
        return symbolic_check.symbolic_outcome(request["gold"], request["answer"])
    except MemoryError:
        return "undecided", "over the cap on memory"
    except RecursionError:
        return "undecided", "nested too deep"
    except Exception as problem:  # noqa: BLE001 (a stranger's text met a library; data, no crash)
        return "undecided", f"the comparison failed: {type(problem).__name__}"


class Child:
    """A forked process that answers one request after the other."""

    def __init__(self, memory_mib: int) -> None:
        down, self._requests = os.pipe()
        self._replies, up = os.pipe()
        self.answered = 0
        self.died = False
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._requests)
            os.close(self._replies)
            _serve(down, up, memory_mib)
        os.close(down)
        os.close(up)
        self._input = os.fdopen(self._requests, "wb", 0)
        self._output = os.fdopen(self._replies, "rb")

    def ask(self, line: bytes, deadline: float) -> bytes | None:
        """The reply to a request; None where there is none in time, or the child died."""
        self.answered += 1
        try:
            self._input.write(line)
        except BrokenPipeError:
            self.died = True
            return None
        ready, _, _ = select.select([self._output], [], [], deadline)
        line = self._output.readline() if ready else b""
        self.died = bool(ready) and not line
        return line or None

    def end(self) -> None:
        """Kills the child, and does not wait for the system to free what it held."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._input.close()
        self._output.close()


def _serve(requests: int, replies: int, memory_mib: int) -> None:
    """The child's whole life; never returns."""
    try:
        _restrict(memory_mib)
        with os.fdopen(requests, "rb") as lines, os.fdopen(replies, "wb", 0) as output:
            for line in lines:
                outcome, reason = compared(json.loads(line))
                output.write(json.dumps({"outcome": outcome, "reason": reason}).encode() + b"\n")
    finally:
        os._exit(0)


def _restrict(memory_mib: int) -> None:
    """Bounds the child, and ties its life to its parent's."""
    import resource

    for limit, value in (
        (resource.RLIMIT_AS, memory_mib * _MIB),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    sys.setrecursionlimit(3000)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _reap() -> None:
    """Takes note of children that have ended, so that no zombies stay."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return


def main(deadline: float, memory_mib: int, requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answers every request, in order."""
    symbolic_check.preload()
    child = Child(memory_mib)
    replies.write(b'{"ready": true}\n')
    replies.flush()
    for line in requests:
        _reap()
        if child.answered >= RENEW_AFTER:
            child.end()
            child = Child(memory_mib)
        reply = child.ask(line, min(deadline, json.loads(line).get("seconds", deadline)))
        failed = reply is None
        if reply is None:
            reason = "the worker died of it" if child.died else f"no verdict in {deadline:g} s"
            reply = json.dumps({"outcome": "undecided", "reason": reason}).encode() + b"\n"
        replies.write(reply)
        replies.flush()
        if failed:
            child.end()
            child = Child(memory_mib)
    child.end()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its parent decides when it ends.
    main(float(sys.argv[1]), int(sys.argv[2]), sys.stdin.buffer, sys.stdout.buffer)
