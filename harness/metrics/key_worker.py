"""A process that works out keys of solutions, one of several (`harness.metrics.key_digests`).

    python -m harness.metrics.key_worker

Reads frames of keys and texts, and answers each with the digests, both in Python's own marshal
format (`harness.grading.frames`). Ends when stdin closes.
"""

from __future__ import annotations

import marshal
import os

from harness.grading.frames import read_frame, write_frame
from harness.metrics.solution_keys import digests_of

_INPUT, _OUTPUT = 0, 1


def main() -> None:
    """Answers until there is nothing more to read."""
    os.write(_OUTPUT, b"ready\n")
    while (frame := read_frame(_INPUT)) is not None:
        texts, keys = marshal.loads(frame)
        write_frame(_OUTPUT, marshal.dumps([digests_of(texts, key) for key in keys]))


if __name__ == "__main__":
    main()
