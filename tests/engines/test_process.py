"""Workers: talked to, killed, orphaned and noisy; with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engines.process import WORKERS, EngineDied, EngineProcess

WORKER = f"""
import sys; sys.path.insert(0, {str(WORKERS)!r})
import os, subprocess, time
from worker_link import open_link
link = open_link()
print("chatter before the protocol")
os.system("echo chatter of a child")
link.send({{"event": "ready", "pid": os.getpid()}})
while True:
    request = link.receive()
    what = request["do"]
    if what == "echo":
        print("more chatter", flush=True)
        link.send({{"event": "echo", "text": request["text"]}})
    elif what == "child":
        child = subprocess.Popen(["sleep", "60"])
        link.send({{"event": "child", "pid": child.pid}})
    elif what == "crash":
        print("the reason of the crash", file=sys.stderr, flush=True)
        os._exit(7)
    elif what == "half":
        os.write(link._output.fileno(), b'{{"event": "torn')
        os._exit(1)
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[EngineProcess]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    with EngineProcess(Path(sys.executable), script, tmp_path / "log") as process:
        assert process.receive(30)["event"] == "ready"
        yield process


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_events_come_whole_whatever_is_printed(worker: EngineProcess) -> None:
    texts = ["", "line\nbreak", "\x00é\u2028", "x" * 200_000]
    for text in texts:
        worker.send({"do": "echo", "text": text})
    assert [worker.receive(10)["text"] for _ in texts] == texts
    assert "more chatter" in worker.log.read_text()
    assert "chatter of a child" in worker.log.read_text()


def test_nothing_to_receive_is_none(worker: EngineProcess) -> None:
    assert worker.receive(0.01) is None


def test_a_crash_says_how_and_why(worker: EngineProcess) -> None:
    worker.send({"do": "echo", "text": "before"})
    worker.send({"do": "crash"})
    assert worker.receive(10)["text"] == "before"
    with pytest.raises(EngineDied) as death:
        worker.receive(10)
    assert "status 7" in str(death.value)
    assert "the reason of the crash" in str(death.value)
    assert str(worker.log) in str(death.value)
    assert death.value.exit_status == 3


def test_a_kill_and_half_a_line_are_deaths_too(worker: EngineProcess) -> None:
    worker.send({"do": "half"})
    with pytest.raises(EngineDied):
        worker.receive(10)
    with pytest.raises(EngineDied):
        for _ in range(100):
            worker.send({"do": "echo", "text": "x"})
            time.sleep(0.01)


def test_a_killed_worker_names_the_signal(worker: EngineProcess) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(EngineDied, match="SIGKILL"):
        worker.receive(10)


def test_stop_takes_children_along(worker: EngineProcess) -> None:
    worker.send({"do": "child"})
    child = worker.receive(10)["pid"]
    worker.stop()
    worker.stop()
    assert not worker.alive
    assert gone(child)


def test_ctrl_c_in_the_terminal_does_not_reach_a_worker(worker: EngineProcess) -> None:
    os.kill(worker.pid, signal.SIGINT)
    worker.send({"do": "echo", "text": "still here"})
    assert worker.receive(10)["text"] == "still here"


def test_a_worker_does_not_outlive_a_killed_harness(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    parent = (
        "import sys, time; from pathlib import Path; from harness.engines.process import *\n"
        f"p = EngineProcess(Path(sys.executable), {str(script)!r}, Path({str(tmp_path / 'log')!r}))\n"
        "p.receive(30); p.send({'do': 'child'})\n"
        "print(p.pid, p.receive(30)['pid'], flush=True); time.sleep(60)"
    )
    harness = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert harness.stdout is not None
    worker_pid, child_pid = map(int, harness.stdout.readline().split())
    harness.kill()
    harness.wait()
    assert gone(worker_pid)
    assert gone(child_pid)
