"""A worker process of ours with what surrounds it: scratch folder, log, silence, interrupt.

What vLLM's own worker and Ray's driver have in common for the harness: they are started, say
that they are ready, and from then on give signs of life, or are dead.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.process import EngineDied, EngineProcess, log_tail
from harness.generators.draw import Stopped
from harness.generators.scratch import scratch_folder

Event = dict[str, Any]

SILENCE_SECONDS = 600.0
_SHORTEST_SILENCE_SECONDS = 60.0
_TIMES_THE_LONGEST_GAP = 20.0
_SIGNS_TO_LEARN_FROM = 20
_POLL_SECONDS = 0.5
_SHOWN_LINES = 15


@dataclass(frozen=True)
class Surroundings:
    """What a worker process is started with.

    Attributes:
        python: an interpreter with the engine.
        log: the file that takes what the engine prints.
        stop: set when the work is to end.
        note: takes a sentence for the user.
    """

    python: Path
    log: Path
    stop: threading.Event
    note: Callable[[str], None]


class ManagedWorker:
    """One run of a worker script, from its start to its end.

    Args:
        script: a file of `harness/engines/workers`.
        name: what messages call it.
        surroundings: interpreter, log, interrupt.
        environment: variables to add.
        grace_seconds: how long it may take to end in order.
    """

    def __init__(
        self,
        script: str,
        name: str,
        surroundings: Surroundings,
        environment: Mapping[str, str],
        grace_seconds: float = 5.0,
    ) -> None:
        self._grace_seconds = grace_seconds
        self._name = name
        self._log = surroundings.log
        self._stop = surroundings.stop
        self._scratch: tempfile.TemporaryDirectory[str] = scratch_folder()
        self._silence = Silence()
        self._process = EngineProcess(
            surroundings.python,
            script,
            log=surroundings.log,
            environment={**environment, "TMPDIR": self._scratch.name},
            name=name,
        )

    @property
    def scratch(self) -> str:
        """A folder that is removed with the worker."""
        return self._scratch.name

    def send(self, request: Mapping[str, Any]) -> None:
        """Sends one request.

        Raises:
            EngineDied: the worker is not there any more.
        """
        self._process.send(request)

    def events(self) -> list[Event]:
        """What the worker has said since, after at most half a second.

        Raises:
            EngineDied: it has ended, or said nothing for so long that it must be stuck.
            Stopped: the work is to end.
        """
        events: list[Event] = []
        try:
            event = self._process.receive(timeout=_POLL_SECONDS)
            while event is not None:
                events.append(event)
                event = self._process.receive(timeout=0)
        except EngineDied:
            if not events:  # Else its last words first; the next call says that it is dead.
                raise
        if self._stop.is_set():
            raise Stopped
        if events:
            self._silence.broken()
        elif self._silence.too_long:
            raise self._stuck()
        return events

    def wait_for(self, *names: str) -> Event:
        """The next event of one of these names; others are passed over.

        Raises:
            EngineDied, Stopped: as `events`.
        """
        self._silence = Silence()
        while True:
            for event in self.events():
                if event["event"] in names:
                    return event

    def resume(self) -> None:
        """Silence counts from now on: the worker had nothing to do before."""
        self._silence.resume()

    def close(self) -> None:
        """Ends the worker; nothing of it is left."""
        self._process.stop(self._grace_seconds)
        self._scratch.cleanup()

    def _stuck(self) -> EngineDied:
        lines = "\n".join(f"    {line}" for line in log_tail(self._log, lines=_SHOWN_LINES))
        return EngineDied(
            f"{self._name} has said nothing for {self._silence.allowed:.0f} s; "
            f"the last it said:\n{lines or '    (nothing)'}",
            f"The whole log: {self._log}",
            0,
            self._log,
        )


class Silence:
    """How long a worker has said nothing, and how long it may.

    A worker at work gives a sign every few seconds. How far apart signs can be depends on
    model and machine, so the bound follows the longest gap that was seen, between a minute and
    `SILENCE_SECONDS`.
    """

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._longest = 0.0
        self._signs = 0

    @property
    def allowed(self) -> float:
        """Seconds without a sign after which the worker counts as stuck."""
        if self._signs < _SIGNS_TO_LEARN_FROM:
            return SILENCE_SECONDS
        learned = max(_SHORTEST_SILENCE_SECONDS, _TIMES_THE_LONGEST_GAP * self._longest)
        return min(learned, SILENCE_SECONDS)

    @property
    def too_long(self) -> bool:
        """Whether the bound is passed."""
        return time.monotonic() - self._last > self.allowed

    def broken(self) -> None:
        """The worker gave a sign."""
        now = time.monotonic()
        self._longest = max(self._longest, now - self._last)
        self._signs += 1
        self._last = now

    def resume(self) -> None:
        """Begins to count again, without a sign."""
        self._last = time.monotonic()
