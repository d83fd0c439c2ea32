"""Brings pools to their sizes, with as many engine processes as there are places for them.

Jobs wait in one queue, the largest first. A worker that finds the queue empty helps with the
pool that has most left, so that no place idles while there is work worth loading a model for.
Whatever ends the work (a failure, Ctrl-C), no process is left and every counted sample is on
the disk; the same call goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from harness.errors import Issues
from harness.generators.draw import Draw, Stopped
from harness.generators.endpoint import draw_from_servers, servers_for
from harness.generators.hardware import places
from harness.generators.jobs import DecodingSettings, PoolJob
from harness.generators.managed import Surroundings
from harness.generators.ray_client import RayClient, RaySettings
from harness.generators.servers import Server
from harness.generators.spending import Purse, SpendingAccount, purses_of
from harness.generators.vllm_client import WINDOW_SAMPLES, VllmClient
from harness.models import check_model_folder, model_location
from harness.progress import Progress
from harness.recipe.engine_sections import Ray

__all__ = ["DecodingSettings", "PoolJob", "fill_pools"]

_WORTH_HELPING = WINDOW_SAMPLES // 2
_JOIN_SECONDS = 0.2


def fill_pools(
    jobs: Sequence[PoolJob],
    *,
    workers: int | None,
    progress: Progress,
    log: Callable[[str], Path],
    vllm_python: Path | None = None,
    spending: SpendingAccount | None = None,
    ray: Ray | None = None,
) -> None:
    """Draws what the jobs' pools lack; each finished pool is compacted.

    Starts no engine and asks no server if nothing is missing.

    Args:
        jobs: the pools, each folder once.
        workers: engine processes at once; one a GPU, or up to two on a CPU, if None.
        progress: where to say what is going on.
        log: the file that takes what an engine process of a given name prints.
        vllm_python: an interpreter with vLLM; the harness's own environment if None.
        spending: pays for endpoints, and bounds what they may cost; no bound if None.
        ray: the Ray cluster that runs vLLM; processes on this machine if None.

    Raises:
        InputError: a pool of another origin, or a model that cannot be served.
        EnvironmentFailure: no engine, an engine that keeps dying, no server, a full disk, or
            nothing left to spend.
    """
    with ExitStack() as closing:
        if spending is not None:
            closing.callback(spending.close)
        draws = []
        for job in jobs:
            draw = Draw(job, progress)
            closing.callback(draw.close)
            if not draw.finished:
                draws.append(draw)
        crew = Crew()
        purses = purses_of([draw.job for draw in draws], spending)
        _add_endpoints(crew, [draw for draw in draws if draw.job.endpoints], purses, progress)
        managed = [draw for draw in draws if not draw.job.endpoints]
        _check_models(managed)
        if managed:
            python = _interpreter(vllm_python, progress, with_ray=ray is not None)
            _add_clients(crew, managed, workers, ray, python, log, progress)
        crew.work()


def _add_endpoints(
    crew: Crew, draws: Sequence[Draw], purses: Mapping[Path, Purse], progress: Progress
) -> None:
    """One worker for each draw from servers, once all of these were looked at."""
    servers = [servers_for(draw, progress.note, purses.get(draw.job.folder)) for draw in draws]
    for number, (draw, found) in enumerate(zip(draws, servers, strict=True)):
        purse = purses.get(draw.job.folder)
        crew.add(f"endpoint-{number}", _server_work(draw, found, crew, progress.note, purse))


def _add_clients(
    crew: Crew,
    draws: Sequence[Draw],
    workers: int | None,
    ray: Ray | None,
    python: Path,
    log: Callable[[str], Path],
    progress: Progress,
) -> None:
    """One client for the whole cluster, or one for each place of this machine."""
    queue = DrawQueue(draws, crew.stop)
    offline = all(Path(model_location(draw.job.model)).is_dir() for draw in draws)

    def around(name: str) -> Surroundings:
        return Surroundings(python, log(name), crew.stop, progress.note)

    if ray is not None:
        settings = RaySettings.of(ray, workers, offline=offline)
        crew.add("ray", _managed_work(RayClient(settings, around("ray")), queue))
        return
    group = max(draw.job.engine.tensor_parallel_size for draw in draws)
    found = places(workers, offline=offline, tensor_parallel_size=group)
    for place in found[: _useful_workers(draws)]:
        name = f"vllm-{place.number}"
        crew.add(name, _managed_work(VllmClient(place, around(name)), queue))


class DrawQueue:
    """Which draw a worker does next."""

    def __init__(self, draws: Sequence[Draw], stop: threading.Event) -> None:
        self._fresh = sorted(draws, key=lambda draw: draw.expected_work)
        self._begun: list[Draw] = []
        self._stop = stop
        self._lock = threading.Lock()

    def next(self) -> Draw | None:
        """A draw that nobody does yet, else one that needs help, else None.

        While an adaptive draw is under way its next blocks may come at any moment, so there
        it waits.
        """
        while True:
            with self._lock:
                if self._fresh:
                    draw = self._fresh.pop()
                    self._begun.append(draw)
                    return draw
                needy = [draw for draw in self._begun if draw.waiting >= _worth_helping(draw)]
                if needy:
                    return max(needy, key=lambda draw: draw.waiting)
                if not any(draw.adaptive and not draw.finished for draw in self._begun):
                    return None
            if self._stop.wait(_JOIN_SECONDS):
                raise Stopped


class Crew:
    """Threads that work until all are done, or one fails, or the user interrupts.

    Attributes:
        stop: set when the work is to end early.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._threads: dict[threading.Event, threading.Thread] = {}
        self._failures: list[BaseException] = []

    def add(self, name: str, work: Callable[[], None]) -> None:
        """Adds a thread that does `work`."""
        ended = threading.Event()
        self._threads[ended] = threading.Thread(
            target=self._guarded, args=(work, ended), name=name, daemon=True
        )

    def work(self) -> None:
        """Runs the threads to their end.

        Raises:
            BaseException: the first failure of any of them.
        """
        started: list[threading.Event] = []
        try:
            for ended, thread in self._threads.items():
                thread.start()
                started.append(ended)
            for ended in started:
                # In short steps, so that Ctrl-C is heard; not with `join`, which takes a thread
                # that still works for ended when Ctrl-C comes in the midst of it.
                while not ended.wait(_JOIN_SECONDS):
                    pass
        finally:
            self.stop.set()
            for ended in started:
                ended.wait()
        if self._failures:
            raise self._failures[0]

    def _guarded(self, work: Callable[[], None], ended: threading.Event) -> None:
        try:
            work()
        except Stopped:
            pass
        except BaseException as failure:  # noqa: BLE001 - raised again by the main thread
            self._failures.append(failure)
            self.stop.set()
        finally:
            ended.set()


def _managed_work(client: VllmClient | RayClient, queue: DrawQueue) -> Callable[[], None]:
    def work() -> None:
        try:
            while (draw := queue.next()) is not None:
                client.serve(draw)
        finally:
            client.close()

    return work


def _server_work(
    draw: Draw,
    servers: Sequence[Server | None],
    crew: Crew,
    note: Callable[[str], None],
    purse: Purse | None,
) -> Callable[[], None]:
    def work() -> None:
        draw_from_servers(draw, servers, crew.stop, note, purse)

    return work


def _useful_workers(draws: Sequence[Draw]) -> int:
    """More processes than draws are of use only where a draw is large enough to be shared."""
    shares = sum(draw.most_left // _WORTH_HELPING for draw in draws)
    return max(1, len(draws), shares)


def _worth_helping(draw: Draw) -> int:
    """From how many waiting samples on another worker is of use; blocks of an adaptive draw are
    small and come again and again.
    """
    return 1 if draw.adaptive else _WORTH_HELPING


def _check_models(draws: Sequence[Draw]) -> None:
    """Looks at every local model before any of them is loaded."""
    from harness.engines.specification import has_gpu

    issues = Issues()
    for location in {model_location(draw.job.model) for draw in draws}:
        if Path(location).is_dir():
            for issue in check_model_folder(Path(location), cpu=not has_gpu()):
                issues.add(issue.where, issue.message, issue.advice)
    issues.raise_if_any("models that shall be sampled cannot be used:")


def _interpreter(chosen: Path | None, progress: Progress, *, with_ray: bool) -> Path:
    from harness.engines.environment import engine_python

    extras = ("ray",) if with_ray else ()
    return engine_python("vllm", interpreter=chosen, progress=progress.note, extras=extras)
