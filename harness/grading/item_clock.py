"""Which item a process is on, in memory that it shares with the process that watches it.

A process that hangs in the middle of an item cannot say so. It notes each item before it begins,
which costs a tenth of a microsecond, and whoever watches sees that the note does not change.
"""

from __future__ import annotations

import mmap
import time

_PLACES = 1 << 32


class ItemClock:
    """Made before a fork, and used on both sides of it.

    Args:
        deadline: seconds for one item.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._memory = mmap.mmap(-1, 16)  # Anonymous and shared.
        self._cells = memoryview(self._memory).cast("q")
        self._round, self._place, self._started = 0, 0, 0.0

    def begin(self, job: int) -> None:
        """The next items are those of a job; also: another round over the same items."""
        self._cells[0] = job
        self._round += _PLACES

    def start(self, place: int) -> None:
        """Begins an item; `place` is its place in the job."""
        self._place, self._started = place, time.monotonic()
        self._cells[1] = self._round + place + 1

    def idle(self) -> None:
        """No item is in work, so that no time counts."""
        self._cells[1] = 0

    def go_on(self) -> None:
        """Back to the item before `idle`, with all its time."""
        self._round += _PLACES
        self.start(self._place)

    def left(self) -> float:
        """Seconds that the item in work has left."""
        return max(0.0, self.deadline - (time.monotonic() - self._started))

    def note(self) -> int:
        """What changes whenever another item begins; 0: none is in work."""
        return int(self._cells[1])

    def at(self) -> tuple[int, int]:
        """The job, and the place in it, of the item in work."""
        return int(self._cells[0]), int(self._cells[1]) % _PLACES - 1
