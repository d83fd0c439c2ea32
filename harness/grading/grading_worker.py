"""A process that grades whole completions, one of several; and the child in it that does.

    python -m harness.grading.grading_worker CONFIGURATION

The configuration is one JSON document: the arguments of `Grader`. This process only watches: it
forks a child that reads jobs and writes verdicts, kills it where it stays on one item over the
deadline, says which item that was, and forks another, which waits to be sent what is left. Both are
frames in Python's own marshal format (`harness.grading.frames`). Ends when stdin closes.
"""

from __future__ import annotations

import json
import logging
import marshal
import os
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFailure
from harness.grading.completion_grader import CompletionGrader, Fields
from harness.grading.frames import read_frame, write_frame
from harness.grading.item_clock import ItemClock

_SECONDS_BETWEEN_FRAMES = 0.02
_SECONDS_BETWEEN_LOOKS = 0.02
_GRACE_SECONDS = 0.35  # For the symbolic stage to notice its own deadline, and to say so.
_MIB = 2**20
_INPUT, _OUTPUT = 0, 1
_SIZES = Path("/proc/self/statm")


def main(configuration: dict[str, Any]) -> None:
    """Has every job graded, in order."""
    clock = ItemClock(configuration["deadline"])
    grader = CompletionGrader(configuration, clock)
    os.write(_OUTPUT, b"ready\n")
    for children in count():
        clock.idle()
        child = os.fork()
        if child == 0:
            _serve(grader, clock, configuration["memory_mib"], children)
        ending = _watched(child, clock)
        if ending.item is None:
            return
        reason = f"no verdict in {clock.deadline:g} s" if ending.killed else "the worker died of it"
        write_frame(_OUTPUT, marshal.dumps(("lost", *ending.item, reason, ending.killed)))


@dataclass(frozen=True)
class Ending:
    """How a child ended.

    Attributes:
        item: job and place of the item that it was on; None: it was on none, and is done.
        killed: over the deadline, and by us.
    """

    item: tuple[int, int] | None
    killed: bool


def _watched(child: int, clock: ItemClock) -> Ending:
    """Waits for the end of a child, and brings it about where an item takes too long."""
    limit = clock.deadline + _GRACE_SECONDS
    seen, since, killed = 0, time.monotonic(), False
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        note = clock.note()
        if note != seen:
            seen, since = note, time.monotonic()
        elif note and not killed and time.monotonic() - since > limit:
            os.kill(child, signal.SIGKILL)
            killed = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return Ending(clock.at() if clock.note() else None, killed)


def _serve(grader: CompletionGrader, clock: ItemClock, memory_mib: int, children: int) -> None:
    """The child's whole life; never returns.

    `children` were there before it. What was sent to them comes again, with their number.
    """
    logging.getLogger("harness").addHandler(_Forwarding())
    try:
        _restrict(memory_mib)
        grader.open()
        while (frame := read_frame(_INPUT)) is not None:
            sent_to, job, pairs = marshal.loads(frame)
            if sent_to == children:
                _grade(grader, clock, job, pairs)
        grader.close()
    except EnvironmentFailure as failure:
        clock.idle()
        write_frame(_OUTPUT, marshal.dumps(("failed", failure.message, failure.advice)))
    except BrokenPipeError:  # Nobody is there any more.
        clock.idle()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(0)


class _Forwarding(logging.Handler):
    """Sends warnings to the process that the user sees."""

    def emit(self, record: logging.LogRecord) -> None:
        """Sends one."""
        if record.levelno >= logging.WARNING:
            write_frame(_OUTPUT, marshal.dumps(("warned", record.getMessage())))


def _restrict(memory_mib: int) -> None:
    """Bounds the child's memory, and ties its life to that of the process that watches it."""
    limit = memory_mib * _MIB
    if _SIZES.exists():  # Libraries of a grader of others may take as much before it begins.
        mapped = int(_SIZES.read_text().split()[0]) * resource.getpagesize()
        limit = max(limit, mapped + limit // 4)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _grade(grader: CompletionGrader, clock: ItemClock, job: int, pairs: list[Any]) -> None:
    """Grades a job; verdicts go out every few milliseconds, so that a kill costs few of them."""
    distinct: dict[Fields, int] = {}
    indices: list[int] = []
    sent = time.monotonic()
    for fields in grader.grade(job, pairs):
        indices.append(distinct.setdefault(fields, len(distinct)))
        now = time.monotonic()
        if now - sent > _SECONDS_BETWEEN_FRAMES:
            clock.idle()
            _send(job, distinct, indices, now - sent)
            distinct, indices, sent = {}, [], time.monotonic()
    _send(job, distinct, indices, time.monotonic() - sent)


def _send(job: int, distinct: dict[Fields, int], indices: list[int], seconds: float) -> None:
    """Sends verdicts: the different ones, and which of them each item has."""
    write_frame(_OUTPUT, marshal.dumps(("verdicts", job, list(distinct), indices, seconds)))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its parent decides when it ends.
    main(json.loads(sys.argv[1]))
