"""A process that grades whole completions, one of several.

    python -m harness.grading.grading_worker CONFIGURATION

The configuration is one JSON document: the arguments of `Grader`. Reads batches from stdin, a
JSON list of pairs a line; writes one verdict a line, as soon as it is there, so that whoever
kills this process knows which completion it hung on. Ends when stdin closes.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import IO

from harness.grading.conventions import Conventions
from harness.grading.grader import Grader


def main(configuration: str, batches: IO[bytes], verdicts: IO[bytes]) -> None:
    """Grades every batch, in order."""
    chosen = json.loads(configuration)
    options = Conventions(**chosen.pop("options"))
    memo = chosen.pop("memo")
    with Grader(options=options, memo=Path(memo) if memo else False, **chosen) as grader:
        verdicts.write(b"ready\n")
        verdicts.flush()
        for line in batches:
            for verdict in grader.grade(map(tuple, json.loads(line))):
                fields = [verdict.outcome, verdict.answer, verdict.rule, verdict.stage]
                verdicts.write(json.dumps([*fields, verdict.reason]).encode() + b"\n")
                verdicts.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its parent decides when it ends.
    main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
