"""Serves one model after the other from one process; runs in vLLM's environment.

A managed local engine needs no server: a model is ready some seconds after the process has
imported vLLM, requests finish in whatever order the engine likes, and there is one process to
kill. Requests and events are JSON lines (`worker_link.py`):

    {"request": "load", "model", "revision", "dtype", "max_model_len", "max_num_seqs",
     "tensor_parallel_size", "cpu_cache_share", "options": {…more arguments of vllm.LLM}}
    {"request": "generate", "id", "prompt", "n", "seed", "temperature", "top_k", "top_p",
     "max_tokens", "stop"}
    {"request": "unload"}    {"request": "stop"}

    {"event": "ready", "vllm", "torch", "device"}     once, when vLLM is imported
    {"event": "loading"}                              every few seconds of loading
    {"event": "loaded", "seconds", "max_model_len", "dtype"}
    {"event": "load_failed", "reason"}
    {"event": "finished", "id", "prompt_tokens", "cached_tokens", "seconds",
     "outputs": [{"text", "finish_reason", "stop_reason", "completion_tokens"}, …by index]}
    {"event": "refused", "id", "reason"}              a request that can never be answered
    {"event": "working", "running"}                   at least every few seconds of work

An engine that fails in its work ends the process; the harness starts another one.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vllm_loading import (  # type: ignore[import-not-found]
    cpu_arguments,
    finished_event,
    llm_arguments,
    one_line,
)
from worker_link import WorkerLink, leave, open_link

HEARTBEAT_SECONDS = 5.0


class Service:
    """The process's one engine and the requests that it is working on."""

    def __init__(self, link: WorkerLink) -> None:
        self._link = link
        self._llm: Any = None
        self._started: dict[str, float] = {}
        self._last_event = time.monotonic()

    def serve(self) -> None:
        """Answers until the harness closes the line."""
        while True:
            request = self._link.receive(block=not self._started)
            while request is not None:
                self._answer(request)
                request = self._link.receive(block=False)
            if self._started:
                self._step()

    def _answer(self, request: dict[str, Any]) -> None:
        kind = request["request"]
        if kind == "generate":
            self._add(request)
        elif kind == "load":
            self._load(request)
        elif kind == "unload":
            self._unload()
        elif kind == "stop":
            self._unload()
            leave()
        else:
            raise ValueError(f"unknown request {kind!r}")

    def _send(self, event: str, **content: Any) -> None:
        self._link.send({"event": event, **content})
        self._last_event = time.monotonic()

    def _load(self, request: dict[str, Any]) -> None:
        from vllm import LLM
        from vllm.platforms import current_platform

        self._unload()
        started = time.monotonic()
        arguments = llm_arguments(request)
        try:
            with self._signs_of_life():
                if current_platform.is_cpu():
                    arguments = cpu_arguments(arguments, request["cpu_cache_share"])
                self._llm = LLM(**arguments)
                self._probe()
        except Exception as error:  # noqa: BLE001 - whatever vLLM raises, it is the user's to know
            traceback.print_exc()
            self._unload()
            self._send("load_failed", reason=one_line(error))
            return
        config = self._llm.llm_engine.vllm_config.model_config
        self._send(
            "loaded",
            seconds=time.monotonic() - started,
            max_model_len=config.max_model_len,
            dtype=str(config.dtype).removeprefix("torch."),
        )

    @contextmanager
    def _signs_of_life(self) -> Iterator[None]:
        """Says every few seconds that the process is there; loading may take an hour."""
        over = threading.Event()

        def say() -> None:
            while not over.wait(HEARTBEAT_SECONDS):
                self._link.send({"event": "loading"})

        thread = threading.Thread(target=say, name="signs-of-life", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _probe(self) -> None:
        """Draws one token: some models load without complaint and die in their first step."""
        from vllm import SamplingParams

        self._llm.generate(
            {"prompt_token_ids": [1]}, SamplingParams(max_tokens=1, temperature=0), use_tqdm=False
        )

    def _unload(self) -> None:
        if self._llm is None:
            return
        self._llm.llm_engine.engine_core.shutdown()
        self._llm = None
        self._started.clear()
        gc.collect()
        if torch := sys.modules.get("torch"):
            torch.accelerator.is_available() and torch.accelerator.empty_cache()
        if sys.platform == "linux":  # Else memory creeps up with every model.
            ctypes.CDLL(None).malloc_trim(0)

    def _add(self, request: dict[str, Any]) -> None:
        from vllm import SamplingParams
        from vllm.exceptions import VLLMClientError
        from vllm.sampling_params import RequestOutputKind

        try:
            params = SamplingParams(
                n=request["n"],
                seed=request["seed"],
                temperature=request["temperature"],
                top_k=request["top_k"] or 0,
                top_p=request["top_p"],
                max_tokens=request["max_tokens"],
                stop=request["stop"],
                output_kind=RequestOutputKind.FINAL_ONLY,
            )
            self._llm.llm_engine.add_request(request["id"], request["prompt"], params)
        except (ValueError, VLLMClientError) as error:
            self._send("refused", id=request["id"], reason=one_line(error))
            return
        self._started[request["id"]] = time.monotonic()

    def _step(self) -> None:
        for output in self._llm.llm_engine.step():
            if output.finished:
                self._finish(output)
        if time.monotonic() - self._last_event > HEARTBEAT_SECONDS:
            self._send("working", running=len(self._started))

    def _finish(self, output: Any) -> None:
        seconds = time.monotonic() - self._started.pop(output.request_id)
        self._link.send(finished_event(output.request_id, output, seconds))
        self._last_event = time.monotonic()


def main() -> None:
    """Imports vLLM, says so, and serves."""
    link = open_link()
    import torch
    import vllm
    from vllm.platforms import current_platform

    link.send(
        {
            "event": "ready",
            "vllm": vllm.__version__,
            "torch": torch.__version__,
            "device": current_platform.device_type,
        }
    )
    Service(link).serve()


if __name__ == "__main__":
    main()
