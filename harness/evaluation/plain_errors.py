"""A user's mistake, told by lm-eval's command without a traceback.

lm-eval lets every exception of a task through, so what a task says to its user would stand below
forty lines of frames. Only the hook for uncaught exceptions of the `lm_eval` command is set: who
uses lm-eval as a library catches the same exceptions as before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import HarnessError

_COMMANDS = ("lm_eval", "lm-eval")


def tell_plainly() -> None:
    """Sets the hook, where this process is lm-eval's command."""
    main = Path(sys.argv[0]) if sys.argv else Path()
    if main.stem in _COMMANDS or (main.stem == "__main__" and main.parent.name in _COMMANDS):
        sys.excepthook = _Hook(sys.excepthook)


class _Hook:
    """Tells the harness's own errors, and leaves the others to the hook before."""

    def __init__(self, before: Callable[..., Any]) -> None:
        self._before = before

    def __call__(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, HarnessError):
            sys.stderr.write(f"error: {error}\n")
        else:
            self._before(kind, error, traceback)
