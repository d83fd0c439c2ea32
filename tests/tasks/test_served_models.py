"""Sampled tasks through lm-eval's own client of servers: one seed, one text, and the way out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from harness.resources import tasks_folder
from tests.tasks.stored_tasks import results


class _Server(BaseHTTPRequestHandler):
    """Completions as servers of the OpenAI protocol give them: the same text for the same seed."""

    protocol_version = "HTTP/1.1"
    drawn = 0
    bodies: list[dict[str, Any]]

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).bodies.append(body)
        prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
        choices = []
        for place, _ in enumerate(prompts):
            type(self).drawn += 1
            text = f" It is #### {body['seed'] if body['seed'] is not None else self.drawn}\n more"
            choices.append({"index": place, "text": text})
        data = json.dumps({"choices": choices}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    class Handler(_Server):
        bodies: list[dict[str, Any]] = []  # noqa: RUF012

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/v1/completions", Handler.bodies
    running.shutdown()
    running.server_close()


def _run(url: str, **options: Any) -> dict[str, Any]:
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    model = f"model=m,base_url={url},tokenizer_backend=none,tokenized_requests=False,max_length=999"
    document = simple_evaluate(
        model="local-completions", model_args=model, tasks=["w2s_micro_sampled"], limit=3,
        batch_size=16, bootstrap_iters=0, **options,
        task_manager=TaskManager(include_defaults=False, include_path=str(tasks_folder())),
    )  # fmt: skip
    return results(document)


def test_one_seed_for_all_is_noticed(
    server: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    assert _run(server[0])["identical_samples"] == 1.0
    assert "all 16 samples are the same text for 100 % of the problems" in caplog.text
    assert {body["seed"] for body in server[1]} == {1234}
    assert {(body["temperature"], body["max_tokens"]) for body in server[1]} == {(0.7, 128)}


def test_without_a_seed_the_server_draws(
    server: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    assert _run(server[0], gen_kwargs={"seed": None})["identical_samples"] == 0.0
    assert "are the same text" not in caplog.text
    assert {body["seed"] for body in server[1]} == {None}
    assert {body["temperature"] for body in server[1]} == {0.7}
