"""Drawing from a server that somebody else runs, with everything that goes wrong there."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.errors import EnvironmentFailure, InputError
from harness.pool import Pool
from harness.recipe.schema import Endpoint
from tests.generators.fault_server import KEY, FaultServer, error, honest, running
from tests.generators.jobs_for_tests import check_whole, fill, job


def test_all_samples_of_a_problem_in_one_request(server: FaultServer, tmp_path: Path) -> None:
    fill(job(tmp_path / "pool", problems=40, url=server.url))
    check_whole(tmp_path / "pool", server.url, problems=40)
    assert len(server.bodies) == 40
    assert {body["n"] for body in server.bodies} == {6}
    assert 8 <= server.most_at_once <= 42
    pool = Pool.open(tmp_path / "pool")
    assert sum(line.completion_tokens for line in pool.ledger()) == 40 * 66
    assert sum(pool.samples(["completion_tokens"])["completion_tokens"].to_pylist()) == 40 * 66
    assert pool.identity["engine"]["name"] == "endpoint"


def test_extending_draws_only_what_is_missing(server: FaultServer, tmp_path: Path) -> None:
    fill(job(tmp_path / "extended", samples=3, url=server.url))
    fill(job(tmp_path / "extended", samples=30, url=server.url))
    assert {body["n"] for body in server.bodies[5:]} == {27}
    fill(job(tmp_path / "at once", samples=30, url=server.url))
    fill(job(tmp_path / "at once", samples=4, url=server.url))
    first, second = (Pool.open(tmp_path / name) for name in ("extended", "at once"))
    assert first.digest() == second.digest()
    assert len(server.bodies) == 15


def test_a_full_pool_asks_nobody(server: FaultServer, tmp_path: Path) -> None:
    fill(job(tmp_path / "pool", url=server.url))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        assert fill(job(tmp_path / "pool", url=nobody)) == ""


def test_refusals_for_good_are_recorded_and_not_repeated(
    server: FaultServer, tmp_path: Path
) -> None:
    one = job(tmp_path / "pool", url=server.url)
    long = one.problems[3]
    server.fault = lambda number, body: (
        error(400, "maximum context length is 9 tokens")
        if long.question in body["prompt"]
        else None
    )
    said = fill(one)
    pool = Pool.open(one.folder)
    assert [failure.problem_id for failure in pool.failures()] == [long.id]
    assert pool.failures()[0].reason == "maximum context length is 9 tokens"
    assert len(pool) == 24
    assert "1 of 5 problems were refused" in said
    asked = len(server.bodies)
    fill(one)
    assert len(server.bodies) == asked == 5


def test_a_pool_of_refusals_only_is_an_error_every_time(
    server: FaultServer, tmp_path: Path
) -> None:
    server.fault = lambda number, body: error(400, "prompt too long")
    for _ in range(2):
        with pytest.raises(InputError, match=r"refused every problem.*prompt too long"):
            fill(job(tmp_path / "pool", url=server.url))


def test_another_model_is_refused(server: FaultServer, tmp_path: Path) -> None:
    server.fault = lambda number, body: web.json_response({**honest(body), "model": "other"})
    with pytest.raises(EnvironmentFailure, match="answered as other"):
        fill(job(tmp_path / "pool", url=server.url))


def test_stop_ends_hanging_requests(server: FaultServer, tmp_path: Path) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    server.fault = lambda number, body: hang() if number >= 2 else None
    refused = FaultServer(
        fault=lambda number, body: web.json_response({**honest(body), "model": "x"})
    )
    started = time.monotonic()
    with running(refused), pytest.raises(EnvironmentFailure, match="answered as x"):
        fill(
            job(tmp_path / "hanging", url=server.url),
            job(tmp_path / "refused", url=refused.url),
        )
    assert time.monotonic() - started < 20
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("endpoint")]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (
            lambda: web.Response(text="<h1>Jupyter</h1>", content_type="text/html"),
            "text/html: <h1>J",
        ),
        (lambda: web.json_response({"detail": "Not Found"}, status=404), "HTTP 404"),
        (lambda: web.json_response([1, 2]), "not a server of the OpenAI protocol"),
        (lambda: web.json_response({"data": ["x"]}), "not a server of the OpenAI protocol"),
    ],
)
def test_something_else_on_the_port(
    server: FaultServer, tmp_path: Path, page: Any, message: str
) -> None:
    server.model_page = page
    with pytest.raises(EnvironmentFailure, match=message):
        fill(job(tmp_path / "pool", url=server.url))
    assert not (tmp_path / "pool").exists()


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        with pytest.raises(EnvironmentFailure, match="no server answers at"):
            fill(job(tmp_path / "pool", url=url))


def test_the_model_must_be_there_and_be_clear(server: FaultServer, tmp_path: Path) -> None:
    named = Endpoint(url=server.url, model="tests/modle")
    with pytest.raises(InputError, match="did you mean 'tests/model'"):
        fill(job(tmp_path / "pool", endpoints=(named,)))
    server.models = ["a", "b"]
    with pytest.raises(InputError, match="serves 2 models: a, b"):
        fill(job(tmp_path / "pool", url=server.url))


def test_the_key_is_sent_and_never_shown(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    keyed = Endpoint(url=server.url, api_key_variable="KEY_OF_THE_TESTS")
    monkeypatch.delenv("KEY_OF_THE_TESTS", raising=False)
    with pytest.raises(InputError, match="KEY_OF_THE_TESTS holds no key"):
        fill(job(tmp_path / "pool", endpoints=(keyed,)))
    monkeypatch.setenv("KEY_OF_THE_TESTS", "sk-wrong-key")
    with pytest.raises(EnvironmentFailure, match="refuses access") as refusal:
        fill(job(tmp_path / "pool", endpoints=(keyed,)))
    assert "sk-wrong-key" not in str(refusal.value)
    monkeypatch.setenv("KEY_OF_THE_TESTS", KEY)
    said = fill(job(tmp_path / "pool", endpoints=(keyed,)))
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in said and KEY.encode() not in files


def test_settings_that_the_server_does_not_take(server: FaultServer, tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return error(400, "n must be 1")

    strict = FaultServer()
    strict.complete = refuse  # type: ignore[method-assign]
    with (
        running(strict),
        pytest.raises(EnvironmentFailure, match=r"refuses even a plain request .*: n must be 1"),
    ):
        fill(job(tmp_path / "pool", url=strict.url))


def test_another_seed_is_refused_before_the_server_is_asked(
    server: FaultServer, tmp_path: Path
) -> None:
    fill(job(tmp_path / "pool", url=server.url))
    with pytest.raises(InputError) as refusal:
        fill(job(tmp_path / "pool", url="http://127.0.0.1:9/v1", seed=8, samples=9))
    assert [issue.where for issue in refusal.value.issues] == ["seed"]
