"""Several processes that grade, and verdicts in the order of the completions.

Completions go out in batches, verdicts come back one by one. Where a process dies or stays
silent, the completion that it was at is undecided; the rest of its batch goes to a new one.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import Any

from harness.grading.verdict import Verdict
from harness.grading.worker_process import WorkerProcess

Pair = tuple[str, str]

BATCH = 100
_AHEAD = 3  # Batches a worker: one in work, and enough waiting.
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
        stream, most = iter(pairs), _AHEAD * len(self._processes)
        waiting: deque[Future[list[Verdict]]] = deque()
        try:
            while True:
                while len(waiting) < most and (batch := list(islice(stream, BATCH))):
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
        found: list[Verdict] = []
        while len(found) < len(batch):
            found += _answered(process, batch[len(found) :], limit)
            if len(found) < len(batch):
                process.kill()
                reason = "the worker hung or died on it"
                found.append(Verdict("undecided", None, "none", "worker", reason))
        return found
    finally:
        free.put(process)


def _answered(process: WorkerProcess, batch: list[Pair], limit: float) -> list[Verdict]:
    """The verdicts of a batch, up to the first that does not come."""
    found: list[Verdict] = []
    if not process.send(json.dumps(batch).encode() + b"\n"):
        return found
    for _ in batch:
        line = process.receive(limit)
        if line is None:
            return found
        found.append(Verdict(*json.loads(line)))
    return found
