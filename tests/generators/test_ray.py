"""Pools drawn on a Ray cluster of this machine: the pools that vLLM's own worker draws."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engines.environment import engine_python
from harness.errors import EnvironmentFailure, InputError
from harness.pool import Pool
from harness.recipe.engine_sections import Engine, Ray
from tests.generators.jobs_for_tests import fill, job
from tests.generators.watching import digest, journal_lines, processes_with, wait_until

pytestmark = pytest.mark.engines
MODEL = "micro:wc"
PROBLEMS, SAMPLES = 240, 30
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ray_python() -> Path:
    return engine_python("vllm", extras=("ray",))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, ray_python: Path) -> Path:
    folder = tmp_path_factory.mktemp("reference") / "pool"
    fill(job(folder, problems=PROBLEMS, samples=SAMPLES, model=MODEL), python=ray_python)
    return folder


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A text in the environment of all processes that a test starts; none may be left."""
    monkeypatch.setenv("HARNESS_TEST_MARK", str(tmp_path))
    text = f"HARNESS_TEST_MARK={tmp_path}"
    yield text
    wait_until(lambda: not processes_with(text), seconds=120)


def engine_actors(mark: str) -> list[int]:
    """Processes of Ray that hold an engine."""
    found = []
    for process in processes_with(mark):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::MapWorker"):
            found.append(process)
    return found


def test_killed_actors_and_a_killed_harness_cost_only_time(
    reference: Path, ray_python: Path, tmp_path: Path, mark: str
) -> None:
    folder, whole = tmp_path / "pool", PROBLEMS * SAMPLES
    command = [
        sys.executable,
        str(Path(__file__).with_name("filler.py")),
        *map(str, (folder, PROBLEMS, SAMPLES, 1, ray_python, "ray")),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: journal_lines(folder) or process.poll() is not None)
    process.kill()
    process.communicate()
    wait_until(lambda: not processes_with(mark), seconds=120)
    kept = journal_lines(folder)
    assert 0 < kept < whole
    killed = []

    def kill() -> None:
        wait_until(lambda: engine_actors(mark))
        threading.Event().wait(random.uniform(0, 5))
        killed.append(engine_actors(mark)[0])
        os.kill(killed[0], signal.SIGKILL)
        wait_until(lambda: journal_lines(folder) > kept)
        killed.append(engine_actors(mark)[0])
        os.kill(killed[1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    said = fill(
        job(folder, problems=PROBLEMS, samples=SAMPLES, model=MODEL), python=ray_python, ray=Ray()
    )
    killer.join()
    assert len(set(killed)) == 2
    assert f"resumed at {kept}/{whole} samples" in said
    assert digest(folder) == digest(reference)
    assert Pool.open(folder).identity == Pool.open(reference).identity
    assert sum(line.count for line in Pool.open(folder).ledger()) == whole


def test_what_cannot_be_drawn_is_said_before_and_refusals_are_recorded(
    ray_python: Path, tmp_path: Path, mark: str
) -> None:
    odd = job(tmp_path / "odd", model=MODEL, engine=Engine(options={"no_such_option": 1}))
    with pytest.raises(InputError) as unknown:
        fill(odd, python=ray_python, ray=Ray())
    assert "no_such_option" in str(unknown.value)
    assert "Traceback" not in str(unknown.value)
    with pytest.raises(EnvironmentFailure) as nobody:
        fill(job(tmp_path / "x", model=MODEL), python=ray_python, ray=Ray(address="127.0.0.1:9"))
    assert "Ray cannot be used" in str(nobody.value)
    assert "execution.ray.address" in str(nobody.value)


def test_a_cluster_of_the_users_is_joined_and_left_running(
    ray_python: Path, tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    own = job(tmp_path / "own", problems=8, samples=4, model=MODEL)
    long = {**own.prompts, own.problems[3].id: "1 + " * 400}
    ray = [str(ray_python.with_name("ray"))]
    started = subprocess.run(
        [*ray, "start", "--head", "--port=0", "--num-cpus=2", "--include-dashboard=false",
         "--object-store-memory=268435456", f"--temp-dir={short_folder(tmp_path)}"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
    )  # fmt: skip
    try:
        address = started.stdout.split("--address='")[1].split("'")[0]
        there = len(processes_with(mark))
        joined = job(tmp_path / "joined", problems=8, samples=4, model=MODEL, prompts=long)
        fill(joined, python=ray_python, ray=Ray(address=address))
        alive = subprocess.run([*ray, "status", f"--address={address}"], capture_output=True)
        assert alive.returncode == 0 and there > 0
    finally:
        for process in processes_with(mark):
            os.kill(process, signal.SIGKILL)
    plain = job(tmp_path / "plain", problems=8, samples=4, model=MODEL, prompts=long)
    fill(plain, python=ray_python)
    assert digest(joined.folder) == digest(plain.folder)
    (failure,) = Pool.open(joined.folder).failures()
    assert "maximum context length is 256" in failure.reason


def short_folder(folder: Path) -> Path:
    """A folder for Ray's sockets, whose paths may have 107 bytes."""
    link = Path("/tmp") / f"ray-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    return link
