"""Trouble with servers: failures, pauses, breaks; the pool comes out the same."""

from __future__ import annotations

import random
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.errors import EnvironmentFailure
from harness.generators import endpoint
from harness.pool import Pool
from tests.generators.fault_server import FaultServer, error, honest, running
from tests.generators.jobs_for_tests import check_whole, fill, job, texts


def _every(period: int, answer: Any) -> Any:
    return lambda number, body: answer(body) if number % period else None


@pytest.mark.parametrize(
    "fault",
    [
        _every(2, lambda body: error(500, "oops")),
        _every(2, lambda body: error(429, "slow down", **{"Retry-After": "0.05"})),
        _every(3, lambda body: "drop"),
        _every(2, lambda body: web.Response(text="<html>proxy</html>", content_type="text/html")),
        _every(2, lambda body: web.json_response({"choices": []})),
        _every(2, lambda body: web.json_response({"choices": [{"index": "x"}]})),
        _every(2, lambda body: web.json_response(honest(body, choices=2))),
        _every(2, lambda body: web.Response(text='{"choices": [{"ind')),
    ],
    ids=["500", "429", "drop", "html", "no choices", "no text", "fewer choices", "cut off"],
)
def test_passing_trouble_leaves_the_pool_the_same(
    server: FaultServer, tmp_path: Path, fault: Any
) -> None:
    server.fault = fault
    fill(job(tmp_path / "pool", url=server.url))
    check_whole(tmp_path / "pool", server.url)


def test_retry_after_is_honoured(server: FaultServer, tmp_path: Path) -> None:
    asked: list[float] = []

    def fault(number: int, body: dict[str, Any]) -> web.Response | None:
        asked.append(time.monotonic())
        return error(429, "later", **{"Retry-After": "0.7"}) if number == 0 else None

    server.fault = fault
    fill(job(tmp_path / "pool", problems=1, url=server.url))
    assert 0.7 <= asked[1] - asked[0] < 2


def test_lasting_trouble_stops_with_the_servers_words(server: FaultServer, tmp_path: Path) -> None:
    server.fault = lambda number, body: error(503, "model is on fire") if number >= 3 else None
    with pytest.raises(EnvironmentFailure, match="model is on fire"):
        fill(job(tmp_path / "pool", problems=30, url=server.url))
    kept = texts(tmp_path / "pool")
    assert len(kept) == 18
    server.fault = lambda number, body: None
    fill(job(tmp_path / "pool", problems=30, url=server.url))
    check_whole(tmp_path / "pool", server.url, problems=30)
    assert kept.items() <= texts(tmp_path / "pool").items()


@pytest.mark.parametrize("status", [429, 500])
def test_half_of_all_requests_failing_is_slow_but_not_for_long(tmp_path: Path, status: int) -> None:
    """With the patience that users have."""
    chance = random.Random(5)
    with running(FaultServer(seconds=0.02)) as server:
        server.fault = lambda number, body: error(status, "x") if chance.random() < 0.5 else None
        started = time.monotonic()
        fill(job(tmp_path / "pool", problems=200, samples=3, url=server.url))
        assert time.monotonic() - started < 60
        check_whole(tmp_path / "pool", server.url, problems=200, samples=3)


def test_a_429_slows_the_whole_server_down(server: FaultServer, tmp_path: Path) -> None:
    asked: list[float] = []

    def fault(number: int, body: dict[str, Any]) -> web.Response | None:
        asked.append(time.monotonic())
        return error(429, "later", **{"Retry-After": "0.6"}) if number == 20 else None

    server.fault = fault
    fill(job(tmp_path / "pool", problems=200, samples=1, url=server.url))
    # Only what was in flight already is answered before the pause.
    pauses = [number for number, (one, two) in enumerate(pairwise(asked)) if two - one >= 0.55]
    assert pauses and 20 <= pauses[0] < 20 + server.most_at_once


def test_a_prompt_on_which_the_server_breaks_ends_the_work_when_all_else_is_done(
    server: FaultServer, tmp_path: Path
) -> None:
    one = job(tmp_path / "pool", problems=60, url=server.url)
    poison = one.problems[3].question
    server.fault = lambda number, body: (
        error(500, "out of range") if poison in body["prompt"] else None
    )
    with pytest.raises(EnvironmentFailure, match="out of range"):
        fill(one)
    assert len(texts(one.folder)) == 59 * 6
    server.fault = lambda number, body: None
    fill(one)
    check_whole(one.folder, server.url, problems=60)


def test_memory_does_not_grow_with_the_work(server: FaultServer, tmp_path: Path) -> None:
    """What the client itself keeps, after thousands of troubles and answers."""
    drawings: list[endpoint.Drawing] = []
    original = endpoint.Drawing.__init__

    def remember(self: endpoint.Drawing, *arguments: Any) -> None:
        original(self, *arguments)
        drawings.append(self)

    chance = random.Random(5)
    server.fault = lambda number, body: error(500, "x") if chance.random() < 0.2 else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint.Drawing, "__init__", remember)
        fill(job(tmp_path / "pool", problems=1500, samples=2, url=server.url))
    (drawing,) = drawings
    (feeder,) = drawing.feeders
    kept = [len(value) for one in (drawing, feeder) for value in vars(one).values()
            if isinstance(value, dict | set | list)]  # fmt: skip
    assert max(kept) <= 8  # Everything in the recipe of an engine, and no sample.


def test_ctrl_c_books_what_vllm_was_computing_and_waits_for_the_disk(
    server: FaultServer, tmp_path: Path
) -> None:
    server.owner, server.seconds = "vllm", 0.2
    one = job(tmp_path / "pool", problems=100, url=server.url)

    def interrupt() -> None:
        while len(server.bodies) < 12:
            time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)

    for _ in range(2):
        server.bodies.clear()
        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            fill(one)
        interrupting.join()
        assert not [each for each in threading.enumerate() if each.name.startswith("endpoint")]
    wasted = [line for line in Pool.open(one.folder).ledger() if line.wasted]
    assert wasted and all(line.estimated for line in wasted)
    assert {line.completion_tokens for line in wasted} == {6 * 48}
    server.seconds = 0.0
    fill(one)
    check_whole(one.folder, server.url, problems=100)
