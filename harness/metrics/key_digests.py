"""Keys of many solutions, over all cores: the equations of long chains take a while to read.

Keys are compared as digests, which are short enough to come back from other processes. Few texts
are done here, as starting processes takes longer; and so are those whose process has died.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType

from harness.grading.frames import read_frame, write_frame
from harness.grading.worker_process import WorkerProcess
from harness.metrics.solution_keys import digests_of

# About a second of work: less is done sooner by one process that runs already.
PARALLEL_CHARACTERS = 3_000_000
_BATCH = 500


class KeyDigests:
    """Works out digests of keys; use it as a context, which ends its processes.

    Args:
        workers: processes; as many as cores if None, none at all if fewer than 2.
        parallel_characters: texts of so many characters in all are worth starting processes.
    """

    def __init__(
        self, workers: int | None = None, parallel_characters: int = PARALLEL_CHARACTERS
    ) -> None:
        self._workers = len(os.sched_getaffinity(0)) if workers is None else workers
        self._parallel_characters = parallel_characters
        self._started: list[WorkerProcess] = []
        self._idle: SimpleQueue[WorkerProcess] = SimpleQueue()

    def __enter__(self) -> KeyDigests:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._started:
            worker.kill()

    def of(self, texts: Sequence[str], keys: Sequence[str]) -> list[bytes]:
        """For each key the digests of all texts, one behind the other, as `digests_of` has them.

        Raises:
            EnvironmentFailure: a process does not start.
        """
        if not self._parallel(texts):
            return [digests_of(texts, key) for key in keys]
        self._start()
        with ThreadPoolExecutor(self._workers) as threads:
            batches = (texts[at : at + _BATCH] for at in range(0, len(texts), _BATCH))
            parts = threads.map(lambda batch: self._digests(batch, keys), batches)
            return [b"".join(digests) for digests in zip(*parts, strict=True)]

    def _parallel(self, texts: Sequence[str]) -> bool:
        if self._workers < 2 or not texts:
            return False
        return bool(self._started) or sum(map(len, texts)) >= self._parallel_characters

    def _start(self) -> None:
        if self._started:
            return
        self._started = [
            WorkerProcess("harness.metrics.key_worker", []) for _ in range(self._workers)
        ]
        for worker in self._started:
            worker.launch()
            self._idle.put(worker)
        for worker in self._started:
            worker.wait_until_ready()

    def _digests(self, texts: Sequence[str], keys: Sequence[str]) -> list[bytes]:
        worker = self._idle.get()
        try:
            answer = _asked(worker, marshal.dumps((list(texts), list(keys))))
        finally:
            self._idle.put(worker)
        return answer or [digests_of(texts, key) for key in keys]


def _asked(worker: WorkerProcess, payload: bytes) -> list[bytes] | None:
    """The answer of a process; None where it has died."""
    if not worker.running:
        return None
    process = worker.start()
    assert process.stdin is not None and process.stdout is not None
    try:
        write_frame(process.stdin.fileno(), payload)
        frame = read_frame(process.stdout.fileno())
    except OSError:
        return None
    found: list[bytes] | None = None if frame is None else marshal.loads(frame)
    return found
