"""Trains cells in several workers at once, and survives the death of any of them.

One loop over all workers, without threads: an interrupt reaches it at once, and leaving the
context ends every worker with its children.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from harness.engines.process import EngineDied, EngineProcess, describe_status
from harness.errors import EnvironmentFailure
from harness.progress import Task
from harness.training.jobs import CellJob, Outcome, prepare
from harness.training.places import Places

ATTEMPTS = 2
_START_SECONDS = 120.0
_POLL_SECONDS = 0.05


def train_cells(
    jobs: Sequence[CellJob],
    places: Places,
    *,
    python: Path,
    environment: Mapping[str, str],
    log: Callable[[str], Path],
    task: Task,
    record: Callable[[CellJob, Outcome], None],
) -> None:
    """Trains every job; a failing cell does not keep the others from being trained.

    Args:
        jobs: the cells, the most expensive first.
        places: where to train them.
        python: Axolotl's interpreter.
        environment: variables for every worker.
        log: the file that takes what a worker of a given name prints outside of any cell.
        task: counts optimizer steps.
        record: takes each cell's outcome, as soon as there is one.

    Raises:
        EngineDied: a worker cannot be started.
    """
    queue = _Queue(jobs)
    steps = StepCounter(task)
    with ExitStack() as closing:
        crew = [
            closing.enter_context(
                _open(Worker(number, python, {**environment, **own}, log, places))
            )
            for number, own in enumerate(places.environments[: len(jobs)])
        ]
        while queue.waiting or any(worker.job for worker in crew):
            for worker in crew:
                if worker.job is None and queue.waiting:
                    worker.begin(queue.next())
            time.sleep(_POLL_SECONDS)
            for worker in crew:
                if (job := worker.job) is not None:
                    outcome = _look(worker, job, queue, steps)
                    if outcome is not None:
                        record(job, outcome)


class _Queue:
    """The cells that wait; one whose worker died waits once more."""

    def __init__(self, jobs: Sequence[CellJob]) -> None:
        self.waiting = deque(jobs)
        self._attempts: dict[str, int] = {}

    def next(self) -> CellJob:
        job = self.waiting.popleft()
        self._attempts[job.cell.id] = self._attempts.get(job.cell.id, 0) + 1
        return job

    def again(self, job: CellJob) -> bool:
        if self._attempts[job.cell.id] >= ATTEMPTS:
            return False
        self.waiting.appendleft(job)
        return True


def _look(worker: Worker, job: CellJob, queue: _Queue, steps: StepCounter) -> Outcome | None:
    try:
        return worker.look(steps)
    except EngineDied as death:
        if queue.again(job):
            return None
        ended = describe_status(death.status)
        return Outcome(job.cell.id, f"its trainer {ended}, {ATTEMPTS} times with this cell")


class StepCounter:
    """Counts each step of a cell once, however often the cell is begun again."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._counted: dict[str, int] = {}

    def reached(self, cell: str, step: int) -> None:
        """Notes that a cell has done `step` steps."""
        new = step - self._counted.get(cell, 0)
        if new > 0:
            self._task.advance(new)
            self._counted[cell] = step


@contextmanager
def _open(worker: Worker) -> Iterator[Worker]:
    try:
        yield worker
    finally:
        worker.stop()


class Worker:
    """A place, the process that works there, and the cell that it trains."""

    def __init__(
        self,
        number: int,
        python: Path,
        environment: Mapping[str, str],
        log: Callable[[str], Path],
        places: Places,
    ) -> None:
        self.job: CellJob | None = None
        self._name = f"train-{number}"
        self._python = python
        self._environment = environment
        self._log = log(self._name)
        self._processes = places.devices if places.launched else 0
        self._process: EngineProcess | None = None

    def begin(self, job: CellJob) -> None:
        """Hands a cell to the process, which is started if there is none.

        Raises:
            EngineDied: it does not start.
        """
        if self._process is not None and not self._process.alive:
            self.stop()
        process = self._process or self._start()
        self.job = job
        process.send(
            {
                "request": "train",
                "cell": job.cell.id,
                "folder": str(job.folder.resolve()),
                "resume": prepare(job),
                "processes": self._processes,
            }
        )

    def look(self, steps: StepCounter) -> Outcome | None:
        """Takes the events that are there; the outcome, if the cell has ended.

        Raises:
            EngineDied: the process has died over the cell; the next cell starts another.
        """
        assert self.job is not None and self._process is not None
        try:
            while (event := self._process.receive(timeout=0)) is not None:
                if event["event"] == "step":
                    steps.reached(event["cell"], event["step"])
                else:
                    self.job = None
                    return _outcome(event)
        except EngineDied:
            self.stop()
            raise
        return None

    def stop(self) -> None:
        """Ends the process, if there is one, with everything that it has started."""
        process, self._process, self.job = self._process, None, None
        if process is not None:
            process.stop()

    def _start(self) -> EngineProcess:
        self._process = EngineProcess(
            self._python,
            "axolotl_worker.py",
            log=self._log,
            environment=self._environment,
            name=f"Axolotl's worker {self._name}",
        )
        if self._process.receive(timeout=_START_SECONDS) is None:
            raise EnvironmentFailure(
                f"Axolotl's worker has not answered within {_START_SECONDS:.0f} s.",
                f"Its log: {self._log}",
            )
        return self._process


def _outcome(event: Mapping[str, Any]) -> Outcome:
    if event["event"] == "failed":
        return Outcome(event["cell"], event["error"])
    return Outcome(
        event["cell"],
        seconds=event["seconds"],
        steps=event["steps"],
        final_loss=event["final_loss"],
        tokens=event["tokens"],
    )
