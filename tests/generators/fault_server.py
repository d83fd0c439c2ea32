"""A small server of the OpenAI protocol that misbehaves on demand.

Its texts follow from prompt and seed alone, so whatever happens on the way the pool must come
out the same. As a process that can be killed: fault_server.py PORT SECONDS_A_REQUEST
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Fault = Callable[[int, dict[str, Any]], Any]
KEY = "sk-secret-of-the-tests"


def text_for(prompt: str, seed: int) -> str:
    return " " + hashlib.sha256(f"{prompt}{seed}".encode()).hexdigest()[:20]


@dataclass
class FaultServer:
    """What was asked, and what to do wrong.

    Attributes:
        fault: called with the number of the completion request and its body; returns None for
            an honest answer, "drop" to cut the connection, or a response.
        trial_fault: the same for requests for one token, which find out what the server takes.
        seconds: how long a request takes.
        owner: who the list of models says owns them.
    """

    fault: Fault = lambda number, body: None
    trial_fault: Fault = lambda number, body: None
    seconds: float = 0.005
    owner: str = "tests"
    models: list[str] = field(default_factory=lambda: ["tests/model"])
    model_page: Callable[[], web.Response] | None = None
    key: str | None = None
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    trials: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    async def list_models(self, request: web.Request) -> web.Response:
        if self.model_page is not None:
            return self.model_page()
        if refusal := self._refuse_key(request):
            return refusal
        return web.json_response(
            {"data": [{"id": name, "owned_by": self.owner} for name in self.models]}
        )

    async def complete(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refuse_key(request):
            return refusal
        body = await request.json()
        if prompts_of(body) == ["1"]:
            self.trials.append(body)
            answer = self.trial_fault(len(self.trials) - 1, body)
            if asyncio.iscoroutine(answer):
                answer = await answer
            return answer if answer is not None else web.json_response(honest(body))
        number = len(self.bodies)
        self.bodies.append(body)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(self.seconds)
            answer = self.fault(number, body)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer == "drop":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            return answer if answer is not None else web.json_response(honest(body))
        finally:
            self._now -= 1

    def _refuse_key(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "")
        if self.key is None or given == f"Bearer {self.key}":
            return None
        return web.json_response({"error": {"message": f"wrong key: {given}"}}, status=401)


def prompts_of(body: dict[str, Any]) -> list[str]:
    """What is to be completed."""
    if "messages" in body:
        return [message["content"] for message in body["messages"]]
    return [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]


def honest(body: dict[str, Any], choices: int | None = None) -> dict[str, Any]:
    """The right answer, with its choices in reverse order."""
    count = body.get("n", 1) if choices is None else choices
    prompts = prompts_of(body)
    listed = [
        {
            "index": number * count + index,
            **_completion(body, text_for(prompt, (body.get("seed") or 0) + index)),
            "finish_reason": "stop",
        }
        for number, prompt in enumerate(prompts)
        for index in range(count)
    ]
    usage = {
        "prompt_tokens": 9 * len(prompts),
        "completion_tokens": 11 * count * len(prompts),
        "prompt_tokens_details": {"cached_tokens": 4 if "messages" in body else 0},
    }
    return {"model": body["model"], "choices": listed[::-1], "usage": usage}


def _completion(body: dict[str, Any], text: str) -> dict[str, Any]:
    if "messages" in body:
        return {"message": {"role": "assistant", "content": text}}
    return {"text": text}


def application(server: FaultServer) -> web.Application:
    app = web.Application()
    app.router.add_get("/v1/models", server.list_models)
    app.router.add_post("/v1/completions", server.complete)
    app.router.add_post("/v1/chat/completions", server.complete)
    return app


@contextmanager
def running(server: FaultServer) -> Iterator[FaultServer]:
    """Serves in a thread on a free port of this machine."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> web.AppRunner:
        runner = web.AppRunner(application(server), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        server.url = f"http://127.0.0.1:{port}/v1"
        return runner

    def main() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def error(status: int, message: str, **headers: str) -> web.Response:
    return web.Response(
        status=status,
        text=json.dumps({"error": {"message": message}}),
        content_type="application/json",
        headers=headers,
    )


if __name__ == "__main__":
    port, seconds = sys.argv[1:]
    web.run_app(
        application(FaultServer(seconds=float(seconds))),
        host="127.0.0.1",
        port=int(port),
        print=lambda text: None,
        reuse_address=True,
    )
