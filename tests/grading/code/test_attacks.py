"""No attack is accepted, none outlives its deadline, and none is noticed outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.grading.code import TOOLS, CodeGrader, Limits
from harness.problems import Problem
from tests.grading.code.attacks import ATTACKS, attack

ADD = Problem("Add two numbers.", "assert add(2, 3) == 5\nassert add(10, -4) == 6\n")
RIGHT = "def add(a, b):\n    return a + b\n"
LIMITS = Limits(wall_seconds=2.5, cpu_seconds=1, memory_bytes=1 << 28, output_bytes=1 << 16)
PLACES = ("/", "/tmp", "/dev", "/dev/shm", "/var/tmp", str(Path.home()), ".")
SLACK_SECONDS = 0.5
AMONG_NEIGHBOURS = ("kills everybody", "fork bomb", "deletes", "memory by and by")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def processes_with(marker: str) -> list[str]:
    """Command lines of running processes that hold a text."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if marker in line and file.parent.name != str(os.getpid()):
            found.append(line[:80])
    return found


def gone(marker: str, seconds: float = 5.0) -> bool:
    """Whether such processes end; the kernel takes a moment after their kill."""
    ends = time.monotonic() + seconds
    while processes_with(marker):
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_fails(name: str, sandbox: str, listener: socket.socket) -> None:
    marker = f"pwned{uuid.uuid4().hex}"
    # The limits stand in the command line of everything in the sandbox, as a mark of ours.
    limits = replace(LIMITS, folder_bytes=(1 << 22) + int(marker[5:12], 16) % (1 << 21))
    with CodeGrader(limits, workers=1, sandbox=sandbox) as grader:
        started = time.monotonic()
        verdict = grader.grade_one(ADD, attack(name, marker, listener.getsockname()[1]))
        seconds = time.monotonic() - started
    assert verdict.outcome != "correct"
    assert verdict.reason
    assert seconds < limits.wall_seconds + SLACK_SECONDS
    assert gone(f"'folder_bytes': {limits.folder_bytes}")
    assert not [place for place in PLACES for file in Path(place).glob(f"{marker}*")]
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("tool", TOOLS)
def test_neighbours_lose_nothing_whatever_the_tool(tool: str) -> None:
    try:
        grader = CodeGrader(replace(LIMITS, wall_seconds=8.0), workers=2, sandbox=tool)
    except EnvironmentFailure as problem:
        pytest.skip(f"{tool}: {problem}")
    programs = [
        program
        for name in AMONG_NEIGHBOURS
        for program in (attack(name, "neighbour", 9), RIGHT + f"# {name}")
    ]
    with grader:
        outcomes = [v.outcome for v in grader.grade((ADD, program) for program in programs)]
    assert outcomes[1::2] == ["correct"] * len(AMONG_NEIGHBOURS)
    assert "correct" not in outcomes[::2]


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("loops", "undecided", "over the limit on CPU time"),
        ("sleeps", "undecided", "over the limit on wall time"),
        ("output", "undecided", "over the limit on output"),
        ("memory", "undecided", "over the limit on memory"),
        ("exit in the call", "wrong", "it raised SystemExit"),
        ("os exit in the call", "wrong", "it ended before its tests did"),
        ("equals everything", "wrong", "AssertionError at assert add(2, 3) == 5"),
    ],
)
def test_reason_says_what_happened(name: str, outcome: str, reason: str, sandbox: str) -> None:
    limits = replace(LIMITS, wall_seconds=2.0 if name == "sleeps" else 8.0)
    with CodeGrader(limits, sandbox=sandbox) as grader:
        verdict = grader.grade_one(ADD, attack(name, "x", 9))
    assert (verdict.outcome, verdict.reason[: len(reason)]) == (outcome, reason)


@pytest.mark.parametrize("tool", TOOLS)
def test_no_program_outlives_a_killed_harness(tool: str) -> None:
    limits = replace(Limits(), folder_bytes=(1 << 22) + uuid.uuid4().int % (1 << 21))
    script = (
        "from harness.grading.code import *; from harness.problems import Problem\n"
        f"with CodeGrader(Limits(folder_bytes={limits.folder_bytes}), sandbox={tool!r}) as g:\n"
        "    g.grade_one(Problem('q', 'f()'), 'import time\\ndef f(): time.sleep(99)')\n"
    )
    marker = f"'folder_bytes': {limits.folder_bytes}"
    harness = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    ends = time.monotonic() + 30
    while harness.poll() is None and not processes_with(marker) and time.monotonic() < ends:
        time.sleep(0.02)
    if harness.poll() is not None:
        pytest.skip(f"no sandbox by {tool} here")
    time.sleep(0.3)
    harness.send_signal(signal.SIGKILL)
    harness.wait()
    assert gone(marker)
