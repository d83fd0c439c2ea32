"""What follows from the deaths of an engine: who is suspected of them, and when to give up.

An engine can be killed by anything, and is started again. A request that kills it every time
would stop the run, so requests that were in flight at two deaths are worked on alone; one that
is then alone in flight at three deaths is the cause, and becomes a recorded failure, provided
that the engine answers others.
"""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Collection, Iterable

from harness.engines.process import EngineDied
from harness.errors import EnvironmentFailure
from harness.generators.jobs import Request

DEATHS_WITHOUT_PROGRESS = 3
# Killed from outside says less about the engine than a crash: operators do it, and the system
# when memory is short.
KILLS_WITHOUT_PROGRESS = 25
DEATHS_OF_A_SUSPECT = 2
DEATHS_ALONE = 3
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)


class Deaths:
    """The deaths of one place's engine since it last finished a request."""

    def __init__(self) -> None:
        self._without_progress = 0
        self._unexplained = 0
        self._unexplained_crashes = 0
        self._ever_finished = False
        self._in_flight_at: Counter[str] = Counter()
        self._alone_at: Counter[str] = Counter()
        self._suspects: deque[Request] = deque()
        self._convicted: dict[str, tuple[Request, EngineDied]] = {}

    @property
    def has_suspects(self) -> bool:
        """Whether requests wait to be worked on alone."""
        return bool(self._suspects)

    def next_suspect(self) -> Request:
        """A request that nothing else may be in flight with."""
        return self._suspects.popleft()

    def count(self, in_flight: Collection[Request], death: EngineDied) -> list[Request]:
        """Books a death.

        Args:
            in_flight: what the engine was working on.

        Returns:
            The requests that anybody may work on again; the others are kept here.

        Raises:
            EnvironmentFailure: there were too many deaths without a finished request.
        """
        self._without_progress += 1
        self._unexplained += 1
        self._unexplained_crashes += death.status not in _FROM_OUTSIDE
        self._in_flight_at.update(request.id for request in in_flight)
        innocent = [request for request in in_flight if not self._suspected(request)]
        suspects = [request for request in in_flight if self._suspected(request)]
        if len(in_flight) == 1:
            (alone,) = in_flight
            self._alone_at[alone.id] += 1
            if self._alone_at[alone.id] >= DEATHS_ALONE:
                suspects = []
                self._convicted[alone.id] = (alone, death)
                self._unexplained = self._unexplained_crashes = 0
        self._suspects.extendleft(reversed(suspects))
        if self._hopeless(in_flight):
            raise EnvironmentFailure(
                f"the engine died {self._without_progress} times without finishing a request. "
                f"{death.message}",
                f"{death.advice}\nAll finished samples are safe; the same command goes on.",
            ) from death
        return innocent

    def progress(self, finished: Iterable[Request]) -> list[tuple[Request, str]]:
        """Books that requests were finished.

        Returns:
            Requests that are now known to have killed the engine, each with the reason.
        """
        self._without_progress = self._unexplained = self._unexplained_crashes = 0
        self._ever_finished = True
        for request in finished:
            self._in_flight_at.pop(request.id, None)
            self._alone_at.pop(request.id, None)
        return self.verdicts()

    def verdicts(self) -> list[tuple[Request, str]]:
        """Requests that killed the engine, each once, with the reason.

        Raises:
            EngineDied: the engine has never answered anything, so it may be at fault itself.
        """
        found = [
            (request, f"the engine died {self._in_flight_at[name]} times while working on it: "
             + death.message.replace("\n", " "))
            for name, (request, death) in self._convicted.items()
        ]  # fmt: skip
        if found and not self._ever_finished:
            raise next(iter(self._convicted.values()))[1]
        self._convicted.clear()
        return found

    def take_back(self) -> list[Request]:
        """The requests that were kept here, when the place gives up its work."""
        kept = [*self._suspects, *(request for request, _ in self._convicted.values())]
        self._suspects.clear()
        self._convicted.clear()
        return kept

    def _suspected(self, request: Request) -> bool:
        return self._in_flight_at[request.id] >= DEATHS_OF_A_SUSPECT

    def _hopeless(self, in_flight: Collection[Request]) -> bool:
        if len(self._convicted) > 1:  # No finished request between them: it is not the requests.
            return True
        if len(in_flight) == 1 and self._suspected(next(iter(in_flight))):
            return False  # Its trial ends by itself.
        return (
            self._unexplained_crashes >= DEATHS_WITHOUT_PROGRESS
            or self._unexplained >= KILLS_WITHOUT_PROGRESS
        )
