"""One of several grading processes, from outside: what it was sent, and what came back.

Nothing here waits: what does not fit into a pipe stays until there is room, so that one thread
serves all processes.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.grading.frames import FrameBuffer, head_of
from harness.grading.verdict import Verdict
from harness.grading.worker_process import WorkerProcess

Pair = tuple[str, str]
_PIPE_BYTES = 1 << 20


@dataclass
class Batch:
    """Completions, and their verdicts as they come.

    Attributes:
        pairs: gold answer and completion of each.
        verdicts: of each; None: none yet.
        missing: how many have none.
        again: places that a process died on, and that were sent once more.
    """

    pairs: list[Pair]
    verdicts: list[Verdict | None] = field(init=False)
    missing: int = field(init=False)
    again: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.missing = len(self.pairs)
        self.verdicts = [None] * self.missing

    def left(self, places: Sequence[int]) -> list[int]:
        """Which of these places have no verdict."""
        return [place for place in places if self.verdicts[place] is None]


@dataclass
class Job:
    """Places of a batch that one process was sent.

    Attributes:
        batch: the batch.
        places: in it, in the order of sending.
        done: how many have come back.
    """

    batch: Batch
    places: Sequence[int]
    done: int = 0

    def take(self, verdicts: list[Verdict]) -> None:
        """Notes the next verdicts."""
        start, self.done = self.done, self.done + len(verdicts)
        batch = self.batch
        if isinstance(self.places, range):
            batch.verdicts[start : self.done] = verdicts
        else:
            for place, verdict in zip(self.places[start : self.done], verdicts, strict=True):
                batch.verdicts[place] = verdict
        batch.missing -= len(verdicts)


class PoolWorker:
    """A grading process and its jobs, by number, in the order of sending.

    Args:
        configuration: arguments of `Grader`, as one JSON document.
    """

    def __init__(self, configuration: str) -> None:
        self._process = WorkerProcess("harness.grading.grading_worker", [configuration])
        self.jobs: dict[int, Job] = {}
        self.deaths = 0  # Since it said something.
        self.children = 0  # That it has lost; a new one skips what the one before was sent.
        self.input, self.output = -1, -1
        self._outgoing: list[memoryview] = []
        self._incoming = FrameBuffer()

    def launch(self) -> None:
        """Starts the process without waiting.

        Raises:
            EnvironmentFailure: there is no interpreter.
        """
        process = self._process.launch()
        assert process.stdin is not None and process.stdout is not None
        self.input, self.output = process.stdin.fileno(), process.stdout.fileno()
        self.children = 0
        self.jobs, self._outgoing, self._incoming = {}, [], FrameBuffer()

    def wait_until_ready(self) -> None:
        """Waits until the process has started.

        Raises:
            EnvironmentFailure: it died.
        """
        self._process.wait_until_ready()
        for pipe in (self.input, self.output):
            os.set_blocking(pipe, False)
            if sys.platform == "linux":
                import fcntl

                with contextlib.suppress(OSError):  # Over what this user may have.
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, number: int, job: Job) -> None:
        """Gives a job to the process, as far as there is room in its pipe."""
        self.jobs[number] = job
        pairs = job.batch.pairs
        chosen = pairs if isinstance(job.places, range) else [pairs[place] for place in job.places]
        payload = _packed(self.children, number, chosen)
        self._outgoing += [memoryview(head_of(payload)), memoryview(payload)]
        self.write()

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits for room in the pipe."""
        return bool(self._outgoing)

    def write(self) -> None:
        """Writes what there is room for; that nobody reads any more is noticed in reading."""
        try:
            while self._outgoing:
                rest = self._outgoing[0]
                rest = rest[os.write(self.input, rest) :]
                if rest:
                    self._outgoing[0] = rest
                else:
                    self._outgoing.pop(0)
        except BlockingIOError:
            return
        except OSError:
            self._outgoing.clear()

    def read(self) -> list[Any] | None:
        """What the process said since; None: it is not there any more."""
        frames: list[bytes] = []
        try:
            chunk = os.read(self.output, _PIPE_BYTES)
            if not chunk:
                return None
            frames = self._incoming.add(chunk)
        except BlockingIOError:
            return []
        except OSError:
            return None
        return [marshal.loads(frame) for frame in frames]

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()

    def close(self) -> None:
        """Ends the process: at once where it is in work, else when it has written its memo."""
        if self.jobs:
            self.kill()
        else:
            self._process.close()


def _packed(children: int, number: int, pairs: list[Pair]) -> bytes:
    try:
        return marshal.dumps((children, number, pairs))
    except ValueError:  # Subclasses of str, as numpy has.
        plain = [(str(gold), str(text)) for gold, text in pairs]
        return marshal.dumps((children, number, plain))
