"""Several processes that grade, and verdicts in the order of the completions.

Completions go out in batches, verdicts come back as they are found. Where a process dies or
stays silent, what is left of its batch goes to a new one, one completion at a time: the one
that it dies of is undecided, and no other is lost.
"""

from __future__ import annotations

import json
import marshal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from harness.grading.batches import Pair, batches_of
from harness.grading.verdict import Verdict
from harness.grading.worker_process import WorkerProcess

BATCH = 100
_AHEAD = 3  # Batches a worker: one in work, and enough waiting.
_LOST = Verdict("undecided", None, "none", "worker", "the worker hung or died on it")
# The stages outside the symbolic one are bounded; this only catches what should not happen.
_BACKSTOP_SECONDS = 30.0


class GradingPool:
    """Processes that stay until they are closed.

    Args:
        configuration: arguments of `Grader` for each of them, as JSON.
        workers: how many.
    """

    def __init__(self, configuration: Mapping[str, Any], workers: int) -> None:
        arguments = [json.dumps(configuration)]
        module = "harness.grading.grading_worker"
        self._processes = [WorkerProcess(module, arguments) for _ in range(workers)]
        self._free: SimpleQueue[WorkerProcess] = SimpleQueue()
        for process in self._processes:
            self._free.put(process)
        self._limit = float(configuration["deadline"]) + _BACKSTOP_SECONDS
        self._threads = ThreadPoolExecutor(workers)

    def grade(self, pairs: Iterable[Pair]) -> Iterator[Verdict]:
        """Grades completions; verdicts keep the order.

        Args:
            pairs: gold answer and completion of each sample.

        Raises:
            EnvironmentFailure: a process does not start.
        """
        stream, most = batches_of(pairs, BATCH), _AHEAD * len(self._processes)
        waiting: deque[Future[list[Verdict]]] = deque()
        try:
            while True:
                while len(waiting) < most and (batch := next(stream, None)):
                    waiting.append(self._threads.submit(_graded, self._free, batch, self._limit))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """Ends the processes, once they have written what they know."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.close()


def _graded(free: SimpleQueue[WorkerProcess], batch: list[Pair], limit: float) -> list[Verdict]:
    """Grades one batch on the next process that is free."""
    process = free.get()
    try:
        found = _answered(process, batch, limit)
        while len(found) < len(batch):  # One by one: the next that fails is the culprit.
            process.kill()
            for pair in batch[len(found) :]:
                alone = _answered(process, [pair], limit)
                found += alone or [_LOST]
                if not alone:
                    break
        return found
    finally:
        free.put(process)


def _answered(process: WorkerProcess, batch: list[Pair], limit: float) -> list[Verdict]:
    """The verdicts of a batch, up to the first that does not come."""
    found: list[Verdict] = []
    if not process.send_frame(marshal.dumps(batch)):
        return found
    while len(found) < len(batch):
        frame = process.receive_frame(limit)
        if frame is None:
            return found
        found += [Verdict(*fields) for fields in marshal.loads(frame)]
    return found
