"""The requests of a draw that nobody has taken yet.

Most of them are never made before they are taken: a draw of a million samples would otherwise
hold a million seeds and prompts in memory to send the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from harness.generators.jobs import Request


class WaitingRequests:
    """A queue whose middle is made on demand; not safe between threads.

    Attributes:
        samples: how many samples its requests ask for.
    """

    def __init__(self, requests: Iterable[Request], samples: int) -> None:
        """A queue of `requests`, which ask for `samples` samples together."""
        self.samples = samples
        self._first: deque[Request] = deque()
        self._fresh = iter(requests)
        self._last: deque[Request] = deque()

    def __bool__(self) -> bool:
        return self._fill()

    def peek(self) -> Request:
        """The next request, which stays.

        Raises:
            IndexError: nothing waits.
        """
        self._fill()
        return self._first[0]

    def take(self) -> Request:
        """The next request.

        Raises:
            IndexError: nothing waits.
        """
        self._fill()
        request = self._first.popleft()
        self.samples -= request.count
        return request

    def put_first(self, requests: Iterable[Request]) -> None:
        """Puts requests before all others, in their order."""
        returned = list(requests)
        self._first.extendleft(reversed(returned))
        self.samples += sum(request.count for request in returned)

    def put_last(self, requests: Iterable[Request]) -> None:
        """Puts requests behind all others, in their order."""
        for request in requests:
            self._last.append(request)
            self.samples += request.count

    def _fill(self) -> bool:
        """Whether something stands first; makes it if need be."""
        if not self._first:
            if (request := next(self._fresh, None)) is not None:
                self._first.append(request)
            elif self._last:
                self._first, self._last = self._last, deque()
        return bool(self._first)
