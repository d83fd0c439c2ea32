"""Drawing from a server that somebody else runs, with everything that goes wrong there."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.errors import EnvironmentFailure, InputError
from harness.generators import endpoint
from harness.generators.patience import Patience
from harness.pool import Pool
from harness.recipe.schema import Endpoint
from tests.generators.fault_server import KEY, FaultServer, error, honest, running, text_for
from tests.generators.jobs_for_tests import fill, job


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    quick = Patience(1.0, first_wait_seconds=0.01, longest_wait_seconds=0.05)
    monkeypatch.setattr(endpoint, "PATIENCE", quick)
    with running(FaultServer()) as server:
        yield server


def texts(folder: Path) -> dict[tuple[str, int], tuple[str, int]]:
    rows = Pool.open(folder).samples().to_pylist()
    return {
        (row["problem_id"], row["sample_index"]): (row["completion"], row["seed"]) for row in rows
    }


def check_whole(folder: Path, url: str, problems: int = 5, samples: int = 6) -> None:
    """Every sample is there, and is the one that its seed draws."""
    one = job(folder, problems=problems, samples=samples, url=url)
    found = texts(folder)
    assert len(found) == problems * samples
    for (problem_id, _), (text, seed) in found.items():
        assert text == text_for(one.prompts[problem_id], seed)
    assert (folder / "samples.parquet").exists() and not (folder / "samples.jsonl").exists()


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
    (gap, *others) = sorted((later - sooner for sooner, later in pairwise(asked)), reverse=True)
    assert gap >= 0.55 > max(others)


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
