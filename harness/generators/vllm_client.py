"""One place for a vLLM worker: starts it, gives it models and requests, restarts it.

The engine is kept full by a window of samples in flight that is twice what it computes at
once. When the worker dies, what was in flight goes back to the draw and a new worker goes on;
what had been answered is on the disk.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from harness.engines.process import EngineDied, EngineProcess
from harness.errors import EnvironmentFailure, HarnessError, InputError
from harness.generators.draw import Draw, Stopped
from harness.generators.hardware import Place
from harness.generators.jobs import Answer, Completion, PoolJob, Request
from harness.generators.scratch import scratch_folder
from harness.models import model_location

WINDOW_SAMPLES = 2048
SEQUENCES_AT_ONCE = 1024
DEATHS_WITHOUT_PROGRESS = 3
SILENCE_SECONDS = 600.0
ENDPOINT_LABEL = "vllm"
_POLL_SECONDS = 0.5


class VllmClient:
    """Serves draws with one worker process at a time.

    Args:
        place: where the process runs.
        python: an interpreter with vLLM.
        log: the file that takes what the engine prints.
        stop: set when the work is to end.
        note: takes a sentence for the user.
    """

    def __init__(
        self,
        place: Place,
        python: Path,
        log: Path,
        stop: threading.Event,
        note: Callable[[str], None],
    ) -> None:
        self._place = place
        self._python = python
        self._log = log
        self._stop = stop
        self._note = note
        self._worker: EngineProcess | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._versions: dict[str, Any] = {}
        self._loaded: tuple[Any, ...] = ()
        self._engine: dict[str, Any] = {}
        self._in_flight: dict[str, Request] = {}
        self._deaths = 0

    def serve(self, draw: Draw) -> None:
        """Works on a draw until nothing of it waits and all that was taken is answered.

        Raises:
            InputError: the model cannot be served.
            EnvironmentFailure: the engine keeps dying, or the disk is full.
            Stopped: `stop` was set.
        """
        while True:
            try:
                self._ensure_loaded(draw.job)
                draw.begin(self._engine)
                self._work(draw)
                return
            except EngineDied as death:
                draw.put_back(self._in_flight.values())
                self.close()
                self._count_death(death)

    def close(self) -> None:
        """Ends the worker; nothing of it is left."""
        self._in_flight.clear()
        self._loaded = ()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _ensure_loaded(self, job: PoolJob) -> None:
        wanted = (
            model_location(job.model),
            job.model.revision,
            job.engine.dtype,
            job.engine.max_model_length,
        )
        worker = self._worker or self._start()
        if self._loaded == wanted:
            return
        location, revision, dtype, length = wanted
        worker.send(
            {
                "request": "load",
                "model": location,
                "revision": revision,
                "dtype": dtype,
                "max_model_len": length,
                "max_num_seqs": SEQUENCES_AT_ONCE,
                "cpu_cache_share": self._place.cpu_cache_share,
            }
        )
        event = self._wait_for("loaded", "load_failed")
        if event["event"] == "load_failed":
            self._refuse_model(job, event["reason"])
        self._loaded = wanted
        self._engine = {
            "name": "vllm",
            "version": self._versions["vllm"],
            "device": self._versions["device"],
            "dtype": event["dtype"],
            "max_model_length": event["max_model_len"],
        }

    def _start(self) -> EngineProcess:
        self._scratch = scratch_folder()
        self._worker = EngineProcess(
            self._python,
            "vllm_worker.py",
            log=self._log,
            environment={**self._place.environment, "TMPDIR": self._scratch.name},
            name="the vLLM worker",
        )
        self._versions = self._wait_for("ready")
        return self._worker

    def _wait_for(self, *names: str) -> dict[str, Any]:
        while True:
            for event in self._events():
                if event["event"] in names:
                    return event

    def _work(self, draw: Draw) -> None:
        last_sign = time.monotonic()
        while True:
            self._feed(draw)
            if not self._in_flight:
                return
            events = self._events()
            if events:
                last_sign = time.monotonic()
                self._take_in(draw, events)
            elif time.monotonic() - last_sign > SILENCE_SECONDS:
                raise EngineDied(
                    f"the vLLM worker has said nothing for {SILENCE_SECONDS:.0f} s",
                    f"The whole log: {self._log}",
                    0,
                    self._log,
                )

    def _feed(self, draw: Draw) -> None:
        room = WINDOW_SAMPLES - sum(request.count for request in self._in_flight.values())
        decoding = draw.job.decoding
        requests = draw.take(room)
        self._in_flight.update((request.id, request) for request in requests)
        for request in requests:
            self._process().send(
                {
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
            )

    def _take_in(self, draw: Draw, events: list[dict[str, Any]]) -> None:
        finished = [event for event in events if event["event"] == "finished"]
        if finished:
            draw.deliver([_answer(self._in_flight[event["id"]], event) for event in finished])
            self._deaths = 0
        for event in finished:
            del self._in_flight[event["id"]]
        for event in events:
            if event["event"] == "refused":
                draw.refuse(self._in_flight.pop(event["id"]), event["reason"])

    def _events(self) -> list[dict[str, Any]]:
        """What the worker has said since, after at most `_POLL_SECONDS`."""
        events: list[dict[str, Any]] = []
        try:
            event = self._process().receive(timeout=_POLL_SECONDS)
            while event is not None:
                events.append(event)
                event = self._process().receive(timeout=0)
        except EngineDied:
            if not events:  # Else its last words first; the next call says that it is dead.
                raise
        if self._stop.is_set():
            raise Stopped
        return events

    def _process(self) -> EngineProcess:
        if self._worker is None:
            raise RuntimeError("no worker was started")
        return self._worker

    def _count_death(self, death: EngineDied) -> None:
        if self._stop.is_set():
            raise Stopped from death
        self._deaths += 1
        first_line = death.message.splitlines()[0].removesuffix("; the last it said:")
        if self._deaths >= DEATHS_WITHOUT_PROGRESS:
            raise EnvironmentFailure(
                f"the vLLM worker died {self._deaths} times without finishing a request. "
                f"{death.message}",
                f"{death.advice}\nAll finished samples are safe; the same command goes on.",
            ) from death
        self._note(f"{first_line}; it is started again ({self._log})")

    def _refuse_model(self, job: PoolJob, reason: str) -> NoReturn:
        kind: type[HarnessError] = InputError
        if "memory" in reason.lower():
            kind = EnvironmentFailure
        raise kind(
            f"vLLM cannot serve the model {job.model.id}: {reason}",
            f"Choose another model, or correct the recipe. The whole log: {self._log}",
        )


def _answer(request: Request, event: dict[str, Any]) -> Answer:
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
