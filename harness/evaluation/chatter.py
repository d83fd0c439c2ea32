"""Keeps lm-eval's bars, warnings and prints out of the way: they go to a log file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path


@contextmanager
def chatter_to(log: Path) -> Iterator[None]:
    """Appends to `log` whatever Python code writes to stdout and stderr meanwhile.

    lm-eval has no switch for its progress bars, and its warnings reach stderr through
    logging's last resort, which looks stderr up at the time of the message.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("a", encoding="utf-8") as stream,
        redirect_stdout(stream),
        redirect_stderr(stream),
    ):
        yield
