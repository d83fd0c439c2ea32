"""Drives vLLM on a Ray cluster; runs in vLLM's environment, which has Ray as an extra.

Ray's own batch inference (`ray.data.llm`) spreads the requests over the cluster: an engine on
every GPU group or node, blocks of requests to each, and what a lost engine had not finished
is done again by another. Requests and events are JSON lines (`worker_link.py`):

    {"request": "start", "address", "workers", "cpus_per_worker", "folder"}
    {"request": "load", …as for vllm_worker.py}
    {"request": "generate", …as for vllm_worker.py}   collected until
    {"request": "run"}

    {"event": "ready", "ray", "nodes", "workers", "on_gpus"}
    {"event": "start_failed", "reason"}
    {"event": "loaded", "vllm", "device", "dtype", "max_model_len"}
    {"event": "load_failed", "reason"}
    {"event": "finished", "id", …}    {"event": "refused", "id", "reason"}
    {"event": "working", "idle"}      every few seconds; seconds since the last of these
    {"event": "ran"}                  everything that was collected is answered
    {"event": "run_failed", "reason"}

A cluster that this process starts ends with it, in order if it can: the engines' own processes
would outlive a node manager that is killed, but not one that is told to stop.
"""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray_cluster import Layout, layout_of, start_cluster, stop_cluster  # type: ignore[import-not-found]
from vllm_loading import one_line  # type: ignore[import-not-found]
from worker_link import WorkerLink, open_link

HEARTBEAT_SECONDS = 5.0
BATCHES_AT_ONCE = 8
LARGEST_BATCH = 64
# Ray's own steps around the engine need no core to themselves.
CPUS_OF_A_SMALL_STEP = 0.01


class Service:
    """The cluster, the model that is asked for, and the requests that were collected."""

    def __init__(self, link: WorkerLink) -> None:
        self._link = link
        self._layout: Layout | None = None
        self._load: dict[str, Any] = {}
        self._rows: list[dict[str, Any]] = []
        self._last_result = time.monotonic()

    def serve(self) -> None:
        """Answers until the harness closes the line."""
        answers = {
            "start": self._start,
            "load": self._check,
            "generate": self._collect,
            "run": self._run,
        }
        while True:
            request = self._link.receive()
            if request is not None:
                answers[request["request"]](request)

    def _start(self, request: dict[str, Any]) -> None:
        try:
            with self._signs_of_life():
                start_cluster(request["address"], request["folder"])
                self._layout = layout_of(request["workers"], request["cpus_per_worker"])
        except Exception as error:  # noqa: BLE001 - whatever Ray raises, it is the user's to know
            traceback.print_exc()
            self._link.send({"event": "start_failed", "reason": one_line(error)})
            return
        self._link.send({"event": "ready", **self._layout.described()})

    def _check(self, request: dict[str, Any]) -> None:
        """Lets a node look at model and settings, before any engine is started."""
        import ray
        from ray_engine import describe_engine  # type: ignore[import-not-found]

        layout = self._planned(request["tensor_parallel_size"])
        try:
            with self._signs_of_life():
                look = ray.remote(describe_engine).options(**layout.resources_of_a_look())
                described = ray.get(look.remote(request, layout.on_gpus))
        except Exception as error:  # noqa: BLE001 - whatever vLLM raises, it is the user's to know
            traceback.print_exc()
            cause = getattr(error, "cause", None) or error
            self._link.send({"event": "load_failed", "reason": one_line(cause)})
            return
        self._load = request
        self._link.send({"event": "loaded", **described})

    def _collect(self, request: dict[str, Any]) -> None:
        decoding = {
            "temperature": request["temperature"],
            "top_k": request["top_k"] or 0,
            "top_p": request["top_p"],
            "max_tokens": request["max_tokens"],
            "stop": request["stop"],
            "n": request["n"],
            "seed": request["seed"],
        }
        # As text, so that Ray's columns have one type whatever a request leaves unset.
        row = {"id": request["id"], "prompt": request["prompt"], "n": request["n"]}
        self._rows.append({**row, "decoding": json.dumps(decoding)})

    def _run(self, request: dict[str, Any]) -> None:
        rows, self._rows = self._rows, []
        self._last_result = time.monotonic()
        try:
            with self._signs_of_life():
                for answer in self._answers(rows):
                    self._last_result = time.monotonic()
                    self._link.send(answer)
        except Exception as error:  # noqa: BLE001 - the harness decides whether to go on
            traceback.print_exc()
            self._link.send({"event": "run_failed", "reason": one_line(error)})
            return
        self._link.send({"event": "ran"})

    def _answers(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        import ray.data
        from ray_engine import processor_of

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        layout = self._planned(self._load["tensor_parallel_size"])
        batch = batch_size(rows, self._load["max_num_seqs"], layout.workers)
        blocks = -(-len(rows) // batch)
        processor = processor_of(self._load, layout, batch, BATCHES_AT_ONCE, CPUS_OF_A_SMALL_STEP)
        table = ray.data.from_items(rows, override_num_blocks=blocks)
        for row in processor(table).iter_rows():
            yield json.loads(row["answer"])

    def _planned(self, tensor_parallel_size: int) -> Layout:
        if self._layout is None:
            raise RuntimeError("start comes first")
        return self._layout.for_groups_of(tensor_parallel_size)

    @contextmanager
    def _signs_of_life(self) -> Iterator[None]:
        over = threading.Event()

        def say() -> None:
            while not over.wait(HEARTBEAT_SECONDS):
                idle = time.monotonic() - self._last_result
                self._link.send({"event": "working", "idle": round(idle, 1)})

        thread = threading.Thread(target=say, name="signs-of-life", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def batch_size(rows: list[dict[str, Any]], at_once: int, workers: int) -> int:
    """Requests in a batch: so many that the batches in flight fill an engine twice, and so
    few that every engine gets some and a lost one costs little.
    """
    samples = max(1, sum(row["n"] for row in rows) // len(rows))
    filling = -(-2 * at_once // (BATCHES_AT_ONCE * samples))
    fair = -(-len(rows) // (workers * BATCHES_AT_ONCE))
    return int(max(1, min(filling, fair, LARGEST_BATCH)))


def main() -> None:
    """Serves; Ray is imported when a cluster is asked for."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    Service(open_link(before_leaving=stop_cluster)).serve()


if __name__ == "__main__":
    main()
