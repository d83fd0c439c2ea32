"""A pool on its way to its size: the work that is left, shared by everybody who does it.

Workers take requests, deliver answers, and put back what they could not finish. An answer is
on the disk before it is counted; the last one closes and compacts the pool.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

from harness.errors import InputError
from harness.generators.adaptive import AdaptiveWork, Judged
from harness.generators.jobs import Answer, PoolJob, Request, requests_of
from harness.generators.origin import check_before_start, draw_document, identity_of
from harness.generators.waiting import WaitingRequests
from harness.pool import Failure, LedgerLine, Pool
from harness.pool.draw_file import write_draw
from harness.pool.identity import IDENTITY_FILE
from harness.pool.masks import set_bits
from harness.progress import Progress, Task


class Stopped(Exception):
    """The work is to end now, because of an interrupt or a failure elsewhere."""


class Draw:
    """The samples that a job's pool still lacks; safe to use from several threads.

    Attributes:
        job: what is drawn.
        label: what messages call it.
    """

    def __init__(self, job: PoolJob, progress: Progress) -> None:
        """Looks at the pool if there is one; changes nothing on the disk.

        Raises:
            InputError: the pool is of another origin, or cannot be read.
        """
        self.job = job
        self.label = job.label or job.model.label
        self._progress = progress
        self._lock = threading.RLock()
        self._closing = ExitStack()
        self._pool: Pool | None = None
        self._task: Task | None = None
        self._identity: dict[str, Any] = {}
        self._out: dict[str, Request] = {}
        self._refused = 0
        self._adaptive = (
            AdaptiveWork(job.stopping, job.problems, job.samples_per_problem)
            if job.stopping
            else None
        )
        self._left = 0
        self._waiting = self._work_before()

    def _work_before(self) -> WaitingRequests:
        job = self.job
        if not (job.folder / IDENTITY_FILE).exists():
            return self._work_of(None)
        check_before_start(job)
        pool = Pool.open(job.folder)
        waiting = self._work_of(pool)
        if not waiting:
            _check_not_all_refused(pool)
            if not pool.compacted:
                with Pool.open_or_create(job.folder, pool.identity, pool.problems) as pool:
                    pool.compact()
                    self._note_repairs(pool)
        return waiting

    def _work_of(self, pool: Pool | None) -> WaitingRequests:
        """Requests for all that the pool lacks, made when they are taken."""
        job = self.job
        if self._adaptive is not None:
            blocks = self._adaptive.restart(pool)
            return WaitingRequests(requests_of(job, blocks), sum(len(one) for _, one in blocks))
        if pool is None:
            everything = range(job.samples_per_problem)
            missing = ((problem.id, everything) for problem in job.problems)
            return WaitingRequests(
                requests_of(job, missing), len(job.problems) * job.samples_per_problem
            )
        masks = pool.missing_masks(job.samples_per_problem)
        return WaitingRequests(
            requests_of(job, ((problem_id, set_bits(mask)) for problem_id, mask in masks)),
            sum(mask.bit_count() for _, mask in masks),
        )

    @property
    def waiting(self) -> int:
        """How many samples nobody has taken yet."""
        return self._waiting.samples

    @property
    def adaptive(self) -> bool:
        """Whether what is drawn next depends on what was drawn."""
        return self._adaptive is not None

    @property
    def most_left(self) -> int:
        """How many samples are left to be asked for at most."""
        return self.waiting if self._adaptive is None else self._adaptive.left

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be drawn."""
        with self._lock:
            return not self._waiting and not self._out

    @property
    def first_request(self) -> Request:
        """One of the requests, for a trial."""
        return self._waiting.peek()

    @property
    def expected_work(self) -> int:
        """What is left, in a unit that compares draws: samples, tokens each, parameters."""
        sizes = self.job.model.parameters
        size = sizes.total or sizes.non_embedding or sizes.nominal or 1
        return self._waiting.samples * self.job.decoding.max_tokens * size

    def begin(self, engine: dict[str, Any]) -> None:
        """Opens or makes the pool for an engine that is ready; more workers may follow.

        Args:
            engine: name, version and settings in force.

        Raises:
            InputError: the pool was drawn with another engine.
            EnvironmentFailure: the disk is full.
        """
        with self._lock:
            identity = identity_of(self.job, engine)
            if self._pool is not None:
                if identity != self._identity:
                    raise InputError(f"{self.label}: two engines differ: {identity['engine']}")
                return
            pool = Pool.open_or_create(self.job.folder, identity, self.job.problems)
            self._closing.callback(pool.close)
            self._pool, self._identity = pool, identity
            self._note_repairs(pool)
            write_draw(pool.folder, draw_document(self.job))
            self._waiting = self._work_of(pool)
            self._left = self._waiting.samples if self._adaptive is None else self._adaptive.left
            total = len(pool.problems) * self.job.samples_per_problem
            self._task = self._closing.enter_context(
                self._progress.task(self.label, total, "samples", done=total - self._left)
            )
            self._finish_if_done()

    def take(self, samples: int, largest: int | None = None) -> list[Request]:
        """Hands out requests for about `samples` samples, fewer where less is left.

        Args:
            samples: how many samples there is room for.
            largest: most samples in one request; as they wait if None.
        """
        taken: list[Request] = []
        with self._lock:
            while samples > 0 and self._waiting:
                if taken and samples < self._waiting.peek().count:
                    break
                request = self._waiting.take()
                if largest is not None and request.count > largest:
                    request, rest = request.split(largest)
                    self._waiting.put_first([rest])
                samples -= request.count
                taken.append(request)
                self._out[request.id] = request
        return taken

    def put_back(self, requests: Iterable[Request]) -> None:
        """Takes back requests that were not answered; they are handed out first."""
        with self._lock:
            self._waiting.put_first(
                [request for request in requests if self._out.pop(request.id, None)]
            )

    def deliver(self, answers: Sequence[Answer]) -> None:
        """Writes answers to the disk, and counts them then.

        An answer with fewer completions than asked for leaves the rest to be asked again.

        Raises:
            EnvironmentFailure: the disk is full; nothing of these answers was counted.
        """
        samples = [sample for answer in answers for sample in answer.samples()]
        judged = [] if self._adaptive is None else self._adaptive.judge(samples)
        with self._lock:
            pool, task = self._opened()
            pool.append(samples)
            for answer in answers:
                self._out.pop(answer.request.id, None)
                self._ask_again(answer)
            self._follow_up(judged)
            task.advance(self._done_with(len(samples)))
            self._finish_if_done()

    def refuse(self, request: Request, reason: str) -> None:
        """Records that the engine will never answer a request."""
        with self._lock:
            pool, task = self._opened()
            pool.record_failure(
                Failure(request.problem_id, request.first_index, request.count, reason)
            )
            self._refused += 1
            if self._refused == 1:
                self._progress.note(f"{self.label}: problem {request.problem_id}: {reason}")
            self._out.pop(request.id, None)
            if self._adaptive is not None:
                self._adaptive.drop(request.problem_id)
            task.advance(self._done_with(request.count))
            self._finish_if_done()

    def book_waste(self, lines: Sequence[LedgerLine]) -> None:
        """Books tokens that were spent and brought no sample.

        Raises:
            EnvironmentFailure: the disk is full.
        """
        with self._lock:
            pool, _ = self._opened()
            pool.record_waste(lines)

    def close(self) -> None:
        """Closes pool and progress line; what is on the disk stays as it is."""
        with self._lock:
            self._closing.close()

    def _opened(self) -> tuple[Pool, Task]:
        if self._pool is None or self._task is None:
            raise RuntimeError("begin() comes first")
        return self._pool, self._task

    def _follow_up(self, judged: Sequence[Judged]) -> None:
        """Asks for the next blocks of an adaptive draw, after all that waits already."""
        if self._adaptive is not None:
            self._waiting.put_last(requests_of(self.job, self._adaptive.add(judged)))

    def _done_with(self, samples: int) -> int:
        """What to count for `samples` new ones: with those that an early stop leaves undrawn."""
        if self._adaptive is None:
            return samples
        before, self._left = self._left, self._adaptive.left
        return before - self._left

    def _ask_again(self, answer: Answer) -> None:
        got = len(answer.completions)
        if got >= answer.request.count:
            return
        _, rest = answer.request.split(got)
        self._waiting.put_first([rest])

    def _finish_if_done(self) -> None:
        if not self.finished:
            return
        pool, _ = self._opened()
        _check_not_all_refused(pool)
        pool.compact()
        if self._refused:
            self._progress.note(
                f"{self.label}: {self._refused} of {len(pool.problems)} problems were refused by "
                f"the engine and have no samples; {pool.folder / 'failures.jsonl'} says why"
            )
        self._closing.close()

    def _note_repairs(self, pool: Pool) -> None:
        for repair in pool.repairs:
            self._progress.note(repair)


def _check_not_all_refused(pool: Pool) -> None:
    failures = pool.failures()
    if failures and not len(pool):
        raise InputError(
            f"the engine refused every problem of the pool in {pool.folder}; the first one: "
            f"{failures[0].reason}",
            "Correct the recipe (engine.max_model_length, decoding.max_tokens, the prompt) and "
            f"remove {pool.folder}.",
        )
