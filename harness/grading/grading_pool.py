"""Several processes that grade, and verdicts in the order of the completions.

Completions go out in batches, verdicts come back as they are found. This process only forwards:
one thread, which waits for whichever pipe is ready. A process that stays on one completion over
the deadline has that completion undecided, and no other is lost.
"""

from __future__ import annotations

import json
import logging
import os
import select
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from harness.errors import EnvironmentFailure
from harness.grading.batches import Pair, next_batch
from harness.grading.pool_worker import Batch, Job, PoolWorker
from harness.grading.verdict import Verdict

_LOG = logging.getLogger(__name__)
_FIRST_BATCH = 100
_BATCHES = (10, 2_000)  # The smallest and the largest.
_SECONDS_A_BATCH = 0.02  # Long beside what a batch costs here, short beside the whole work.
_QUEUED = 3  # Batches that a process has: one in work, and others waiting.
_MOST_AHEAD = 16  # Batches a process that may be unfinished while one hangs.
_DEATHS = 2


class GradingPool:
    """Processes that stay until they are closed.

    Args:
        configuration: arguments of `Grader` for each of them, as JSON.
        workers: how many.
    """

    def __init__(self, configuration: Mapping[str, Any], workers: int) -> None:
        document = json.dumps(configuration)
        self.workers = [PoolWorker(document) for _ in range(workers)]
        self._owner = -1  # The process that started them: a fork of it starts its own.
        self._numbers = count(1)
        self._warned: set[tuple[str, ...]] = set()
        self._size = float(_FIRST_BATCH)

    def grade(self, pairs: Iterable[Pair]) -> Iterator[Verdict]:
        """Grades completions; verdicts keep the order.

        Args:
            pairs: gold answer and completion of each sample.

        Raises:
            EnvironmentFailure: a process does not start.
        """
        stream, batches = iter(pairs), deque[Batch]()
        more, given = True, 0
        try:
            while True:
                more = more and self._fill(stream, batches)
                if not batches:
                    if not more:
                        return
                    self._exchange(wait=True)  # All still work for a stream that was left.
                    continue
                head = batches[0]
                self._exchange(wait=head.verdicts[given] is None)
                if not head.missing:
                    yield from head.verdicts[given:]  # type: ignore[misc]
                    batches.popleft()
                    given = 0
                while batches and batches[0] is head and (verdict := head.verdicts[given]):
                    yield verdict
                    given += 1
        finally:
            for batch in batches:  # Nobody waits for these any more.
                batch.missing = 0

    def close(self) -> None:
        """Ends the processes, once they have written what they know."""
        for worker in self.workers:
            worker.close()

    def _start(self) -> None:
        for worker in self.workers:
            worker.launch()
        for worker in self.workers:
            worker.wait_until_ready()
        self._owner = os.getpid()

    def _fill(self, stream: Iterator[Pair], batches: deque[Batch]) -> bool:
        """Gives batches to processes that have few; False at the end of the stream."""
        most = _MOST_AHEAD * len(self.workers)
        while len(batches) < most:
            if self._owner != os.getpid():
                self._start()
            worker = min(self.workers, key=lambda one: len(one.jobs))
            if len(worker.jobs) >= _QUEUED:
                return True
            found = next_batch(stream, int(self._size))
            if not found:
                return False
            batches.append(Batch(found))
            worker.send(next(self._numbers), Job(batches[-1], range(len(found))))
        return True

    def _exchange(self, *, wait: bool) -> None:
        """Reads and writes whatever is ready."""
        by_pipe: dict[int, PoolWorker] = {}
        poll = select.poll()
        for worker in self.workers:
            if worker.jobs:
                poll.register(worker.output, select.POLLIN)
                by_pipe[worker.output] = worker
            if worker.wants_to_write:
                poll.register(worker.input, select.POLLOUT)
                by_pipe[worker.input] = worker
        for pipe, _ in poll.poll(None if wait else 0):
            worker = by_pipe[pipe]
            if pipe == worker.input:
                worker.write()
            elif (messages := worker.read()) is None:
                self._replace(worker)
            else:
                for message in messages:
                    worker.deaths = 0
                    self._take(worker, *message)

    def _take(self, worker: PoolWorker, kind: str, *said: Any) -> None:
        """What a process says: verdicts, an item that it lost, a warning, that it cannot work."""
        if kind == "failed":
            raise EnvironmentFailure(*said)
        if kind == "warned":
            if said not in self._warned:  # Each process says it.
                _LOG.warning("%s", *said)
            self._warned.add(said)
            return
        if kind == "lost":
            self._lost(worker, *said)
            return
        number, distinct, indices, seconds = said
        if not indices:
            return
        verdicts = [Verdict(*fields) for fields in distinct]
        job = worker.jobs[number]
        job.take([verdicts[index] for index in indices])
        if job.done == len(job.places):
            del worker.jobs[number]
        fitting = _SECONDS_A_BATCH * len(indices) / max(seconds, 1e-6)
        self._size = min(max((self._size + fitting) / 2, _BATCHES[0]), _BATCHES[1])

    def _lost(
        self, worker: PoolWorker, number: int, place: int, reason: str, over_deadline: bool
    ) -> None:
        """One item ended the child in its process; all that is left is sent again, in order."""
        job = worker.jobs[number]
        batch, culprit = job.batch, job.places[place]
        if over_deadline or culprit in batch.again:
            _give_up(batch, culprit, reason)
        batch.again.add(culprit)
        worker.children += 1
        self._resend(worker)

    def _replace(self, worker: PoolWorker) -> None:
        """Starts a process that has ended for no reason of ours, and gives it its jobs again."""
        worker.deaths += 1
        left = [place for job in worker.jobs.values() for place in job.batch.left(job.places)]
        if worker.deaths > _DEATHS and left:
            _give_up(next(iter(worker.jobs.values())).batch, left[0], "its worker died")
        jobs = worker.jobs
        worker.launch()
        worker.wait_until_ready()
        worker.jobs = jobs
        self._resend(worker)

    def _resend(self, worker: PoolWorker) -> None:
        jobs, worker.jobs = list(worker.jobs.values()), {}
        for job in jobs:
            if job.batch.missing > 0 and (left := job.batch.left(job.places)):
                worker.send(next(self._numbers), Job(job.batch, left))


def _give_up(batch: Batch, place: int, reason: str) -> None:
    batch.verdicts[place] = Verdict("undecided", None, "none", "worker", reason)
    batch.missing -= 1
