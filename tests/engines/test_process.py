"""Workers as real processes: what they say arrives, and none of them outlives the harness."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engines.process import (
    WORKERS_FOLDER,
    EngineDied,
    EngineProcess,
    describe_status,
    worker_environment,
)
from harness.errors import EnvironmentFailure
from tests.engines.watching import running, within

WORKER = Path(__file__).with_name("echo_worker.py")
ARGUMENTS = [str(WORKERS_FOLDER)]


def _start(folder: Path, **environment: str) -> EngineProcess:
    worker = EngineProcess(
        Path(sys.executable), WORKER, log=folder / "logs" / "worker.log", arguments=ARGUMENTS,
        environment=environment, name="the echo worker",
    )  # fmt: skip
    assert worker.receive(timeout=20) == {"event": "ready", "pid": worker.pid}
    return worker


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[EngineProcess]:
    with _start(tmp_path, COLOUR="blue") as process:
        yield process


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with _start(tmp_path_factory.mktemp("shared")) as process:
        yield process


@given(text=st.text(st.characters(codec=None)))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_returns_as_it_was_sent(shared: EngineProcess, text: str) -> None:
    shared.send({"do": "echo", "text": text})
    assert shared.receive(timeout=10) == {"event": "echo", "text": text}


def test_a_request_larger_than_any_pipe(worker: EngineProcess) -> None:
    text = "long " * 400_000
    worker.send({"do": "echo", "text": text})
    assert worker.receive(timeout=20) == {"event": "echo", "text": text}


def test_receive_gives_up_after_its_timeout(worker: EngineProcess) -> None:
    started = time.monotonic()
    assert worker.receive(timeout=0.3) is None
    assert 0.25 < time.monotonic() - started < 2.0
    assert worker.receive(timeout=0) is None
    assert worker.alive


def test_chatter_on_descriptor_1_goes_to_the_log(worker: EngineProcess) -> None:
    worker.send({"do": "chatter"})
    assert worker.receive(timeout=20) == {"event": "chattered", "child_read": ""}
    assert worker.log.read_text().count('{"event": "fake"}') == 3


def test_events_of_several_threads_stay_whole(worker: EngineProcess) -> None:
    worker.send({"do": "threads"})
    events = [worker.receive(timeout=20) for _ in range(200)]
    assert all(event and len(event["text"]) == 5000 for event in events)


def test_requests_wait_until_the_worker_looks(worker: EngineProcess) -> None:
    worker.send({"do": "pending"})
    worker.send({"do": "one"})
    worker.send({"do": "two"})
    assert worker.receive(timeout=20) == {
        "event": "pending",
        "found": [{"do": "one"}, {"do": "two"}],
    }


def test_variables_are_added(worker: EngineProcess) -> None:
    worker.send({"do": "environment", "name": "COLOUR"})
    assert worker.receive(timeout=10) == {"event": "environment", "value": "blue"}


def test_foreign_packages_stay_out_of_environments_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", "/cluster/modules/vllm")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    ours = worker_environment(tmp_path / "engines" / "vllm-cpu-0123" / "bin" / "python")
    theirs = worker_environment(tmp_path / "elsewhere" / "bin" / "python")
    assert "PYTHONPATH" not in ours
    assert theirs["PYTHONPATH"] == "/cluster/modules/vllm"
    assert "PYTHONSAFEPATH" not in {**ours, **theirs}
    assert ours["HARNESS_CACHE"] == str(tmp_path)


def test_a_crash_names_the_status_and_the_last_lines(worker: EngineProcess) -> None:
    worker.send({"do": "crash", "text": "the moon fell down"})
    with pytest.raises(EngineDied) as caught:
        worker.receive(timeout=20)
    assert caught.value.exit_status == 3
    assert caught.value.status == 1
    assert "the echo worker ended with status 1" in str(caught.value)
    assert "RuntimeError: the moon fell down" in str(caught.value)
    assert str(worker.log) in str(caught.value)
    with pytest.raises(EngineDied):
        worker.send({"do": "echo", "text": "anybody there?"})


def test_what_was_sent_before_death_is_received_first(worker: EngineProcess) -> None:
    for number in range(50):
        worker.send({"do": "echo", "text": str(number)})
    worker.send({"do": "torn"})
    time.sleep(1.0)
    received = [worker.receive(timeout=10) for _ in range(50)]
    assert [event and event["text"] for event in received] == [str(n) for n in range(50)]
    with pytest.raises(EngineDied, match="was killed by SIGKILL"):
        worker.receive(timeout=10)
    assert '[not an event] {"event": "half' in worker.log.read_text()


def test_only_this_process_s_lines_are_quoted(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_text("an older crash\n")
    with _start(tmp_path) as worker:
        worker.send({"do": "crash", "text": "a new crash"})
        with pytest.raises(EngineDied) as caught:
            worker.receive(timeout=20)
    assert "a new crash" in str(caught.value)
    assert "an older crash" not in str(caught.value)
    assert worker.log.read_text().startswith("an older crash\n")


def test_iteration_ends_with_a_worker_that_ends_well(worker: EngineProcess) -> None:
    worker.send({"do": "echo", "text": "last words"})
    worker.send({"do": "end"})
    assert list(worker) == [{"event": "echo", "text": "last words"}]


def test_iteration_raises_when_the_worker_dies(worker: EngineProcess) -> None:
    worker.send({"do": "crash", "text": "no"})
    with pytest.raises(EngineDied):
        list(worker)


def test_stop_is_quick_and_takes_the_children_along(worker: EngineProcess) -> None:
    worker.send({"do": "child"})
    child = (worker.receive(timeout=10) or {})["pid"]
    assert running(child)
    started = time.monotonic()
    worker.stop()
    assert time.monotonic() - started < 2.0
    assert not worker.alive
    assert within(2.0, lambda: not running(child))
    worker.stop()


def test_the_death_of_a_worker_ends_its_children(worker: EngineProcess) -> None:
    worker.send({"do": "child"})
    child = (worker.receive(timeout=10) or {})["pid"]
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(EngineDied):
        worker.receive(timeout=10)
    assert within(2.0, lambda: not running(child))


def test_a_worker_that_hears_nothing_is_killed(worker: EngineProcess) -> None:
    worker.send({"do": "deaf"})
    time.sleep(0.5)
    started = time.monotonic()
    worker.stop(grace_seconds=0.5)
    assert time.monotonic() - started < 4.0
    assert not running(worker.pid)


def test_ctrl_c_is_the_harness_s_business(worker: EngineProcess) -> None:
    os.killpg(worker.pid, signal.SIGINT)
    worker.send({"do": "echo", "text": "still here"})
    assert worker.receive(timeout=10) == {"event": "echo", "text": "still here"}


PARENT = """
import sys, time
from pathlib import Path
from harness.engines.process import EngineProcess
worker = EngineProcess(Path(sys.executable), Path(sys.argv[1]), log=Path(sys.argv[3]),
                       arguments=[sys.argv[2]])
print(worker.receive(timeout=20)["pid"], flush=True)
worker.send({"do": "child"})
print(worker.receive(timeout=20)["pid"], flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_killed_harness(tmp_path: Path, number: signal.Signals) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(WORKER), ARGUMENTS[0], str(tmp_path / "worker.log")],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert harness.stdout is not None
    pids = [int(harness.stdout.readline()) for _ in range(2)]
    assert all(map(running, pids))
    harness.send_signal(number)
    harness.wait(timeout=10)
    assert within(5.0, lambda: not any(map(running, pids)))


def test_an_interpreter_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="no-such-python: No such file"):
        EngineProcess(tmp_path / "no-such-python", WORKER, log=tmp_path / "log")


def test_statuses_in_words() -> None:
    assert describe_status(2) == "ended with status 2"
    assert describe_status(-11) == "was killed by SIGSEGV"
    assert describe_status(-64) in ("was killed by SIGRTMAX", "was killed by signal 64")
    assert json.dumps(describe_status(0)) == '"ended with status 0"'
