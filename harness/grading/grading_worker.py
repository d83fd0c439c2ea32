"""A process that grades whole completions, one of several.

    python -m harness.grading.grading_worker CONFIGURATION

The configuration is one JSON document: the arguments of `Grader`. Batches of pairs come in as
frames (a line with the number of bytes, then the bytes, in Python's own marshal format), and
verdicts go out the same way, a few milliseconds' worth at a time, so that little is lost when
this process is killed. Ends when stdin closes.
"""

from __future__ import annotations

import json
import marshal
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

from harness.grading.conventions import Conventions
from harness.grading.grader import Grader

_SECONDS_BETWEEN_FRAMES = 0.01


def main(configuration: str, batches: IO[bytes], verdicts: IO[bytes]) -> None:
    """Grades every batch, in order."""
    chosen = json.loads(configuration)
    options = Conventions(**chosen.pop("options"))
    memo = chosen.pop("memo")
    with Grader(options=options, memo=Path(memo) if memo else False, **chosen) as grader:
        verdicts.write(b"ready\n")
        verdicts.flush()
        while size := batches.readline():
            _grade(grader, marshal.loads(batches.read(int(size))), verdicts)


def _grade(grader: Grader, batch: list[tuple[str, str]], verdicts: IO[bytes]) -> None:
    waiting: list[tuple[str | None, ...]] = []
    sent = time.monotonic()
    for verdict in grader.grade(batch):
        v = verdict
        waiting.append((v.outcome, v.answer, v.rule, v.stage, v.reason))
        if time.monotonic() - sent > _SECONDS_BETWEEN_FRAMES:
            _send(waiting, verdicts)
            waiting, sent = [], time.monotonic()
    _send(waiting, verdicts)


def _send(found: list[Any], verdicts: IO[bytes]) -> None:
    payload = marshal.dumps(found)
    verdicts.write(b"%d\n" % len(payload) + payload)
    verdicts.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its parent decides when it ends.
    main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
