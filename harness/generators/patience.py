"""How long trouble may last, and how long to wait before asking again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How trouble is met.

    Attributes:
        silence_seconds: the work stops when no server of a side has answered for so long.
        first_wait_seconds: the longest wait after a first trouble; it doubles with each one.
        longest_wait_seconds: where the doubling ends.
        trial_seconds: the longest time for a trial request of one token.
    """

    silence_seconds: float = 300.0
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 30.0
    trial_seconds: float = 60.0

    def wait(self, troubles: int, asked_seconds: float = 0.0) -> float:
        """Seconds to wait after so many troubles in a row, at random below a doubling bound.

        The random part comes on top of what the server asks for, so that not all clients come
        back at the same moment.
        """
        bound = self.first_wait_seconds * 2.0 ** min(max(troubles - 1, 0), 32)
        return asked_seconds + random.uniform(0.0, min(bound, self.longest_wait_seconds))


PATIENCE = Patience()
