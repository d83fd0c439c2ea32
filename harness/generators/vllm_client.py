"""One place for a vLLM worker: starts it, gives it models and requests, restarts it.

The engine is kept full by a window of samples in flight that is twice what it computes at
once. When the worker dies, what was in flight goes back to the draw and a new worker goes on;
what had been answered is on the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from harness.engines.process import EngineDied
from harness.errors import EnvironmentFailure, HarnessError, InputError
from harness.generators.deaths import Deaths
from harness.generators.draw import Draw
from harness.generators.hardware import Place
from harness.generators.jobs import Answer, Completion, DecodingSettings, PoolJob, Request
from harness.generators.managed import Event, ManagedWorker, Surroundings
from harness.generators.origin import engine_settings
from harness.models import model_location

SEQUENCES_AT_ONCE = 1024
WINDOW_SAMPLES = 2 * SEQUENCES_AT_ONCE
ENDPOINT_LABEL = "vllm"
VLLM_WORKER = "vllm_worker.py"


class VllmClient:
    """Serves draws with one worker process at a time.

    Args:
        place: where the process runs.
        surroundings: interpreter, log, interrupt.
    """

    def __init__(self, place: Place, surroundings: Surroundings) -> None:
        self._place = place
        self._surroundings = surroundings
        self._worker: ManagedWorker | None = None
        self._versions: dict[str, Any] = {}
        self._loaded: dict[str, Any] = {}
        self._engine: dict[str, Any] = {}
        self._in_flight: dict[str, Request] = {}
        self._samples_in_flight = 0
        self._deaths = Deaths()

    def serve(self, draw: Draw) -> None:
        """Works on a draw until nothing of it waits and all that was taken is answered.

        Raises:
            InputError: the model cannot be served.
            EnvironmentFailure: the engine keeps dying, or the disk is full.
            Stopped: `stop` was set.
        """
        try:
            while True:
                try:
                    self._ensure_loaded(draw.job)
                    draw.begin(self._engine)
                    self._work(draw)
                    self._refuse_killers(draw, self._deaths.verdicts())
                    return
                except EngineDied as death:
                    lost = list(self._in_flight.values())
                    self.close()
                    draw.put_back(self._deaths.count(lost, death))
                    first_line = death.message.split("\n")[0].removesuffix("; the last it said:")
                    self._surroundings.note(
                        f"{first_line}; it is started again ({self._surroundings.log})"
                    )
        finally:
            draw.put_back(self._deaths.take_back())

    def close(self) -> None:
        """Ends the worker; nothing of it is left."""
        self._in_flight.clear()
        self._samples_in_flight = 0
        self._loaded = {}
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _ensure_loaded(self, job: PoolJob) -> None:
        worker = self._worker or self._start()
        wanted = load_request(job, self._place.cpu_cache_share)
        if self._loaded == wanted:
            return
        worker.send(wanted)
        event = worker.wait_for("loaded", "load_failed")
        if event["event"] == "load_failed":
            refuse_model(job, event["reason"], self._surroundings.log)
        self._loaded = wanted
        self._engine = engine_in_force(job, {**self._versions, **event})

    def _start(self) -> ManagedWorker:
        self._worker = ManagedWorker(
            VLLM_WORKER, "the vLLM worker", self._surroundings, self._place.environment
        )
        self._versions = self._worker.wait_for("ready")
        return self._worker

    def _work(self, draw: Draw) -> None:
        worker = self._running()
        worker.resume()
        while True:
            self._feed(draw)
            if not self._in_flight:
                return
            self._take_in(draw, worker.events())

    def _feed(self, draw: Draw) -> None:
        if self._deaths.has_suspects:
            if not self._in_flight:
                self._send(draw.job.decoding, [self._deaths.next_suspect()])
            return
        at_once = draw.job.engine.options.get("max_num_seqs")
        window = 2 * at_once if at_once else WINDOW_SAMPLES
        self._send(draw.job.decoding, draw.take(window - self._samples_in_flight))

    def _send(self, decoding: DecodingSettings, requests: list[Request]) -> None:
        for request in requests:
            self._in_flight[request.id] = request
            self._samples_in_flight += request.count
        for request in requests:
            self._running().send(generate_request(request, decoding))

    def _take_in(self, draw: Draw, events: list[Event]) -> None:
        finished = [event for event in events if event["event"] == "finished"]
        if finished:
            answers = [answer_of(self._in_flight[event["id"]], event) for event in finished]
            draw.deliver(answers)
            requests = [self._settle(event["id"]) for event in finished]
            self._refuse_killers(draw, self._deaths.progress(requests))
        for event in events:
            if event["event"] == "refused":
                draw.refuse(self._settle(event["id"]), event["reason"])

    def _settle(self, name: str) -> Request:
        request = self._in_flight.pop(name)
        self._samples_in_flight -= request.count
        return request

    def _refuse_killers(self, draw: Draw, killers: list[tuple[Request, str]]) -> None:
        for request, reason in killers:
            draw.refuse(request, reason)

    def _running(self) -> ManagedWorker:
        if self._worker is None:
            raise RuntimeError("no worker was started")
        return self._worker


def load_request(job: PoolJob, cpu_cache_share: float) -> dict[str, Any]:
    """What asks a worker for the model of a job."""
    return {
        "request": "load",
        "model": model_location(job.model),
        "revision": job.model.revision,
        "dtype": job.engine.dtype,
        "max_model_len": job.engine.max_model_length,
        "max_num_seqs": SEQUENCES_AT_ONCE,
        "tensor_parallel_size": job.engine.tensor_parallel_size,
        "cpu_cache_share": cpu_cache_share,
        "options": dict(job.engine.options),
    }


def generate_request(request: Request, decoding: DecodingSettings) -> dict[str, Any]:
    """What asks a worker for the samples of a request."""
    return {
        "request": "generate",
        "id": request.id,
        "prompt": request.prompt,
        "n": request.count,
        "seed": request.seed,
        "temperature": decoding.temperature,
        "top_k": decoding.top_k,
        "top_p": decoding.top_p,
        "max_tokens": decoding.max_tokens,
        "stop": list(decoding.stop),
    }


def engine_in_force(job: PoolJob, reported: Event) -> dict[str, Any]:
    """The engine's part of the pool's identity, from what the engine says about itself."""
    return {
        "name": "vllm",
        "version": reported["vllm"],
        "device": reported["device"],
        "dtype": reported["dtype"],
        "max_model_length": reported["max_model_len"],
        **engine_settings(job.engine),
    }


def refuse_model(job: PoolJob, reason: str, log: Path) -> NoReturn:
    """Says why a model cannot be served.

    Raises:
        InputError: model or settings are at fault.
        EnvironmentFailure: there is not enough memory.
    """
    kind: type[HarnessError] = InputError
    if "memory" in reason.lower():
        kind = EnvironmentFailure
    raise kind(
        f"vLLM cannot serve the model {job.model.id}: {reason}",
        "Choose another model, or correct the recipe (`engine`, `engine.options`). "
        f"The whole log: {log}",
    )


def answer_of(request: Request, event: Event) -> Answer:
    """The answer in a `finished` event."""
    return Answer(
        request=request,
        completions=tuple(
            Completion(one["text"], one["finish_reason"], one["completion_tokens"])
            for one in event["outputs"]
        ),
        prompt_tokens=event["prompt_tokens"],
        cached_tokens=event["cached_tokens"],
        seconds=event["seconds"],
        endpoint=ENDPOINT_LABEL,
    )
