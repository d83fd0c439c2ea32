"""Progress of long work: live bars on a terminal, plain lines in a log, always on stderr.

A stage opens one `Task` per thing that it counts. On a terminal each is a bar with the rate
and the time left; elsewhere a line is written at the start, at most every few seconds, and
at the end, so that a log stays readable.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_INTERVAL_SECONDS = 5.0


class Task:
    """Something that is counted; safe to advance from several threads."""

    def __init__(
        self, stream: TextIO, label: str, total: int, unit: str, done: int, live: bool
    ) -> None:
        self._stream = stream
        self._label = label
        self._total = total
        self._unit = unit
        self._at_start = done
        self._done = done
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._last_line = self._started
        self._bar = None
        if live:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, initial=done, desc=label, unit=f" {unit}", file=stream, leave=True
            )
        else:
            self._line("resumed at" if done else "")

    def advance(self, count: int = 1) -> None:
        """Counts `count` more as done."""
        with self._lock:
            self._done += count
            if self._bar is not None:
                self._bar.update(count)
            elif time.monotonic() - self._last_line >= LINE_INTERVAL_SECONDS:
                self._line("")

    def close(self) -> None:
        """Writes the last state."""
        with self._lock:
            if self._bar is not None:
                self._bar.close()
            else:
                self._line("")

    def _line(self, note: str) -> None:
        now = time.monotonic()
        self._last_line = now
        finished = self._done - self._at_start
        rest = ""
        if finished > 0 and self._done < self._total:
            seconds = (now - self._started) / finished * (self._total - self._done)
            rest = f", about {seconds:.0f} s left"
        elif self._done >= self._total > 0:
            rest = f", {now - self._started:.1f} s"
        prefix = f"{note} " if note else ""
        self._stream.write(
            f"{self._label}: {prefix}{self._done}/{self._total} {self._unit}{rest}\n"
        )
        self._stream.flush()


class Progress:
    """Where a stage says what it does; `Progress()` writes to stderr."""

    def __init__(self, stream: TextIO | None = None, live: bool | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty() if live is None else live

    @contextmanager
    def task(self, label: str, total: int, unit: str = "items", done: int = 0) -> Iterator[Task]:
        """Opens something that is counted.

        Args:
            label: what it is, in a few words.
            total: how much there is in all.
            unit: what is counted, in the plural.
            done: how much an earlier run had finished.
        """
        task = Task(self._stream, label, total, unit, done, self._live)
        try:
            yield task
        finally:
            task.close()

    def note(self, text: str) -> None:
        """One line about what is going on."""
        if self._live:
            from tqdm import tqdm

            tqdm.write(text, file=self._stream)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()
