"""The whole command line without the start of another Python."""

from __future__ import annotations

import contextlib
import io
import signal
from dataclasses import dataclass

from harness.cli import main


@dataclass(frozen=True)
class Result:
    """What a command left."""

    exit_code: int
    stdout: str
    stderr: str


def harness(*words: object) -> Result:
    """Runs a command."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(word) for word in words])
    except SystemExit as end:
        status = end.code
    else:
        status = 0
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    assert status is None or isinstance(status, int)
    return Result(status or 0, out.getvalue(), err.getvalue())
