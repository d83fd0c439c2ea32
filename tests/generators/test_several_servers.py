"""Several servers of one side: they share the work, die, come back, and the pool is the same."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from harness.errors import EnvironmentFailure, InputError
from harness.generators import endpoint
from harness.generators.patience import Patience
from harness.pool import Pool
from harness.recipe.schema import Endpoint
from tests.generators.fault_server import FaultServer, error, honest, running
from tests.generators.jobs_for_tests import fill, job

ROOT = Path(__file__).parents[2]
PROBLEMS, SAMPLES = 240, 6


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PATIENCE", Patience(4.0, 0.02, 0.2, trial_seconds=1.0))


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the pool that one server draws without any trouble."""
    folder = tmp_path_factory.mktemp("alone") / "pool"
    with running(FaultServer()) as server:
        fill(job(folder, problems=PROBLEMS, samples=SAMPLES, url=server.url))
    return Pool.open(folder).digest()


def shared(folder: Path, *urls: str, **settings: Any) -> Any:
    endpoints = tuple(Endpoint(url=url, **settings) for url in urls)
    return job(folder, problems=PROBLEMS, samples=SAMPLES, endpoints=endpoints)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Process:
    """A fault server in a process of its own."""

    def __init__(self, port: int, seconds: float = 0.05) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._port, self._seconds = port, seconds
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.generators.fault_server"]
        self._process = subprocess.Popen([*command, str(self._port), str(self._seconds)], cwd=ROOT)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextmanager
def processes(count: int) -> Iterator[list[Process]]:
    started = [Process(free_port()) for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.kill()


@contextmanager
def once_begun(folder: Path, wait: float, action: Callable[[], Any]) -> Iterator[None]:
    """Does something so many seconds after the first samples are on the disk."""
    over = threading.Event()

    def act() -> None:
        books = folder / "ledger.jsonl"
        while not over.is_set() and not (books.exists() and books.stat().st_size):
            time.sleep(0.005)
        time.sleep(wait)
        action()

    acting = threading.Thread(target=act)
    acting.start()
    try:
        yield
    finally:
        over.set()
        acting.join()


def answerers(folder: Path) -> set[str]:
    return set(Pool.open(folder).samples(["endpoint"])["endpoint"].to_pylist())


def test_the_servers_share_the_work(tmp_path: Path, digest: str) -> None:
    with running(FaultServer()) as first, running(FaultServer(seconds=0.02)) as second:
        fill(shared(tmp_path / "pool", first.url, second.url))
        assert Pool.open(tmp_path / "pool").digest() == digest
        assert answerers(tmp_path / "pool") == {first.url, second.url}
        assert len(first.bodies) + len(second.bodies) == PROBLEMS
        assert len(first.bodies) > len(second.bodies) > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_server_killed_at_any_moment_leaves_the_work_to_the_other(
    tmp_path: Path, digest: str, seed: int
) -> None:
    wait = random.Random(seed).uniform(0.0, 0.2)
    folder = tmp_path / "pool"
    with processes(2) as (doomed, other), once_begun(folder, wait, doomed.kill):
        said = fill(shared(folder, doomed.url, other.url))
    assert Pool.open(tmp_path / "pool").digest() == digest
    assert other.url in answerers(tmp_path / "pool")
    assert "no server has answered" not in said


def test_both_servers_killed_in_turns_and_started_again(tmp_path: Path, digest: str) -> None:
    chance = random.Random(7)

    def trouble() -> None:
        for one in (first, second, first, second):
            one.kill()
            time.sleep(chance.uniform(0, 0.1))
            one.start()

    folder = tmp_path / "pool"
    with processes(2) as (first, second), once_begun(folder, 0.0, trouble):
        fill(shared(folder, first.url, second.url))
    assert Pool.open(tmp_path / "pool").digest() == digest


def test_the_only_server_is_killed_and_comes_back(tmp_path: Path, digest: str) -> None:
    folder = tmp_path / "pool"
    with (
        processes(1) as (only,),
        once_begun(folder, 0.0, lambda: (only.kill(), time.sleep(0.3), only.start())),
    ):
        said = fill(shared(folder, only.url))
    assert Pool.open(tmp_path / "pool").digest() == digest
    assert "is well and takes part" in said


def test_all_servers_gone_for_good_ends_the_work_with_what_is_safe(
    tmp_path: Path, digest: str
) -> None:
    folder = tmp_path / "pool"
    with (
        processes(2) as (first, second),
        once_begun(folder, 0.0, lambda: (first.kill(), second.kill())),
    ):
        with pytest.raises(EnvironmentFailure, match="no server has answered for") as failure:
            fill(shared(folder, first.url, second.url))
        assert first.url in str(failure.value) and second.url in str(failure.value)
    kept = len(Pool.open(tmp_path / "pool"))
    with running(FaultServer()) as server:
        fill(shared(tmp_path / "pool", server.url))
        assert len(server.bodies) == PROBLEMS - kept // SAMPLES
    assert Pool.open(tmp_path / "pool").digest() == digest


def test_a_server_that_is_away_at_first_joins_later(tmp_path: Path, digest: str) -> None:
    port = free_port()
    with running(FaultServer(seconds=0.5)) as slow:
        late: list[Process] = []
        starter = threading.Timer(0.2, lambda: late.append(Process(port)))
        starter.start()
        url = f"http://127.0.0.1:{port}/v1"
        said = fill(shared(tmp_path / "pool", url, slow.url))
        starter.join()
        late[0].kill()
        assert answerers(tmp_path / "pool") == {slow.url, url}
    assert "the other servers begin without it" in said
    assert Pool.open(tmp_path / "pool").digest() == digest


def test_servers_that_differ_are_refused_with_what_differs(tmp_path: Path) -> None:
    with running(FaultServer()) as first, running(FaultServer(models=["other"])) as second:
        with pytest.raises(InputError, match="must serve the same model") as refusal:
            fill(shared(tmp_path / "pool", first.url, second.url))
        assert "model" in [issue.where for issue in refusal.value.issues]
        first_url, second_url = first.url, second.url
        mixed = job(
            tmp_path / "pool",
            endpoints=(Endpoint(url=first_url), Endpoint(url=first_url, protocol="chat")),
        )
        with pytest.raises(InputError) as refusal:
            fill(mixed)
        assert [issue.where for issue in refusal.value.issues] == ["protocol"]
        assert second_url not in str(refusal.value)
    assert not (tmp_path / "pool").exists()


def test_a_server_that_comes_back_as_another_model_ends_the_work(tmp_path: Path) -> None:
    with running(FaultServer(seconds=0.05)) as steady, running(FaultServer()) as changing:

        def change(number: int, body: dict[str, Any]) -> Any:
            changing.models = ["other"]
            return web.json_response({**honest(body), "model": "other"})

        changing.fault = change
        with pytest.raises(EnvironmentFailure, match="answered as other"):
            fill(shared(tmp_path / "pool", steady.url, changing.url))


def test_the_identity_does_not_tell_which_server_answered(tmp_path: Path) -> None:
    identities = []
    with running(FaultServer()) as first, running(FaultServer()) as second:
        for name, urls in (("a", (first.url,)), ("b", (second.url, first.url))):
            fill(shared(tmp_path / name, *urls))
            identities.append((tmp_path / name / "identity.json").read_bytes())
        assert identities[0] == identities[1]
        assert first.url.encode() not in identities[0]


def test_a_pause_of_one_server_does_not_hold_up_the_other(tmp_path: Path, digest: str) -> None:
    with running(FaultServer()) as well, running(FaultServer()) as busy:
        busy.fault = lambda number, body: error(429, "later", **{"Retry-After": "60"})
        started = time.monotonic()
        fill(shared(tmp_path / "pool", busy.url, well.url))
        assert time.monotonic() - started < 20
        assert 1 <= len(busy.bodies) <= 8  # What was on its way when it first said so.
    assert answerers(tmp_path / "pool") == {well.url}
    assert Pool.open(tmp_path / "pool").digest() == digest
