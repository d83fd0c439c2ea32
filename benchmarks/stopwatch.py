"""Times a draw of the harness by what it tells its progress display."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from harness.progress import Progress, Task


class Stopwatch(Progress):
    """Measures a draw: from the opened pool, with the model loaded, to the compacted one."""

    seconds = 0.0

    def __init__(self) -> None:
        super().__init__(StringIO(), live=False)

    @contextmanager
    def task(self, label: str, total: int, unit: str = "items", done: int = 0) -> Iterator[Task]:
        """Times what is counted."""
        started = time.perf_counter()
        with super().task(label, total, unit, done) as task:
            yield task
        self.seconds = time.perf_counter() - started
