"""Serves draws on a Ray cluster, through a driver process in vLLM's environment.

A draw is given to Ray in large rounds; Ray keeps the engines of the cluster busy and
does again what a lost one had not finished. Answers come back one by one and are on the disk
before they are counted, so a harness or a driver that dies costs what was in flight.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.engines.process import EngineDied
from harness.errors import EnvironmentFailure
from harness.generators.deaths import Deaths
from harness.generators.draw import Draw
from harness.generators.jobs import PoolJob, Request
from harness.generators.managed import Event, ManagedWorker, Surroundings
from harness.generators.vllm_client import (
    answer_of,
    engine_in_force,
    generate_request,
    load_request,
    refuse_model,
)
from harness.recipe.engine_sections import Ray

RAY_WORKER = "ray_worker.py"
# Ray notices lost engines itself; one that hangs it does not. Nothing finished for an hour, in
# a cluster that answers blocks of requests, is a hang.
STALL_SECONDS = 3600.0
GRACE_SECONDS = 20.0
# Given to Ray at once: engines are loaded for each round, and each request lies in memory.
ROUND_SAMPLES = 1_000_000


@dataclass(frozen=True)
class RaySettings:
    """How the cluster is reached, and how many engines run on it.

    Attributes:
        address: of a cluster that is there; None starts one.
        workers: engines in the whole cluster; one a GPU group or node if None.
        cpus_per_worker: cores of an engine on nodes without a GPU.
        offline: whether all models lie on this machine, so that no engine asks the Hub.
    """

    address: str | None
    workers: int | None
    cpus_per_worker: int | None
    offline: bool

    @classmethod
    def of(cls, section: Ray, workers: int | None, *, offline: bool) -> RaySettings:
        """The settings of a recipe; a number of workers from the command line goes first."""
        return cls(section.address, workers or section.workers, section.cpus_per_worker, offline)


class RayClient:
    """Serves one draw after the other on one cluster.

    Args:
        settings: the cluster.
        surroundings: interpreter, log, interrupt.
    """

    def __init__(self, settings: RaySettings, surroundings: Surroundings) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._driver: ManagedWorker | None = None
        self._loaded: dict[str, Any] = {}
        self._engine: dict[str, Any] = {}
        self._in_flight: dict[str, Request] = {}
        self._deaths = Deaths()

    def serve(self, draw: Draw) -> None:
        """Works on a draw until nothing of it waits and all that was taken is answered.

        Raises:
            InputError: the model cannot be served.
            EnvironmentFailure: no cluster, engines or a driver that keep dying, a full disk.
            Stopped: `stop` was set.
        """
        while True:
            try:
                self._ensure_loaded(draw.job)
                draw.begin(self._engine)
                while requests := draw.take(ROUND_SAMPLES):
                    self._work(draw, requests)
                return
            except EngineDied as death:
                lost = list(self._in_flight.values())
                self.close()
                draw.put_back(lost)
                # Not the requests': which of the thousands in flight it was, Ray does not say.
                self._deaths.count([], death)
                self._surroundings.note(
                    f"{death.message.splitlines()[0].removesuffix('; the last it said:')}; "
                    f"it is started again ({self._surroundings.log})"
                )

    def close(self) -> None:
        """Ends the driver, and with it the cluster if it was started here."""
        self._in_flight.clear()
        self._loaded = {}
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _ensure_loaded(self, job: PoolJob) -> None:
        driver = self._driver or self._start()
        wanted = load_request(job, 0.5)
        if self._loaded == wanted:
            return
        driver.send(wanted)
        event = driver.wait_for("loaded", "load_failed")
        if event["event"] == "load_failed":
            refuse_model(job, event["reason"], self._surroundings.log)
        self._loaded = wanted
        self._engine = engine_in_force(job, event)

    def _start(self) -> ManagedWorker:
        settings = self._settings
        environment = {
            "RAY_USAGE_STATS_ENABLED": "0",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "TOKENIZERS_PARALLELISM": "false",
            **({"HF_HUB_OFFLINE": "1"} if settings.offline else {}),
        }
        self._driver = ManagedWorker(
            RAY_WORKER, "Ray's driver", self._surroundings, environment, GRACE_SECONDS
        )
        options = {name: value for name, value in asdict(settings).items() if name != "offline"}
        self._driver.send({"request": "start", **options, "folder": self._driver.scratch})
        ready = self._driver.wait_for("ready", "start_failed")
        if ready["event"] == "start_failed":
            raise EnvironmentFailure(
                f"Ray cannot be used: {ready['reason']}",
                "Check `execution.ray.address`; unset, a cluster is started on this machine. "
                f"The whole log: {self._surroundings.log}",
            )
        self._surroundings.note(
            f"Ray {ready['ray']}: {ready['workers']} engines on {ready['nodes']} nodes"
        )
        return self._driver

    def _work(self, draw: Draw, requests: list[Request]) -> None:
        self._in_flight = {request.id: request for request in requests}
        driver = self._driver
        if driver is None:
            raise RuntimeError("no driver was started")
        for request in requests:
            driver.send(generate_request(request, draw.job.decoding))
        driver.send({"request": "run"})
        driver.resume()
        while self._in_flight:
            for_draw = driver.events()
            self._take_in(draw, for_draw)
            for event in for_draw:
                self._check(event)

    def _take_in(self, draw: Draw, events: list[Event]) -> None:
        known = [event for event in events if event.get("id") in self._in_flight]
        finished = [event for event in known if event["event"] == "finished"]
        if finished:
            draw.deliver([answer_of(self._in_flight.pop(one["id"]), one) for one in finished])
            self._deaths.progress([])
        for event in known:
            if event["event"] == "refused":
                draw.refuse(self._in_flight.pop(event["id"]), event["reason"])

    def _check(self, event: Event) -> None:
        """Makes a failure of Ray's a death of its driver; the next one starts afresh."""
        problem = ""
        if event["event"] == "run_failed":
            problem = f"Ray gave up: {event['reason']}"
        elif event["event"] == "ran" and self._in_flight:
            problem = f"Ray lost {len(self._in_flight)} requests"
        elif event["event"] == "working" and event["idle"] > STALL_SECONDS:
            problem = f"Ray has finished nothing for {event['idle']:.0f} s"
        if problem:
            log = self._surroundings.log
            raise EngineDied(problem, f"The whole log: {log}", 0, log)
