"""The symbolic stage: what it settles, what it refuses, and what happens when it dies."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.grading import Grader, compare_answers
from harness.grading.symbolic import SymbolicWorker
from harness.grading.symbolic_caps import refusal
from harness.grading.worker_process import WorkerProcess


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        (r"\sum_{k=1}^{3} k", "6", "correct"),
        (r"\sum_{k=1}^{3} k", "7", "wrong"),
        (r"\prod_{k=1}^{5} k", "120", "correct"),
        (r"\int_0^1 x dx", r"\frac12", "correct"),
        (r"\lim_{x\to 0} \frac{\sin x}{x}", "1", "correct"),
        (r"\frac{d}{dx}x^2", "2x", "correct"),
        (r"[1,2)\cup(2,3]", r"[1,3]\setminus\{2\}", "correct"),
        ("[1,3]", r"[1,3]\setminus\{2\}", "wrong"),
        (r"[0,1]\cup[1,2]", "[0,2]", "correct"),
        (r"F_n=\sum_{k=0}^{n-1}F_kF_{n-k-1}", r"F_n=\sum_{k=0}^{n-1}F_{n-k-1}F_k", "correct"),
        (r"\sum_{k=1}^{n} k", r"\sum_{k=1}^{n} k^2", "undecided"),
    ],
)
def test_what_the_cascade_leaves_to_it(gold: str, answer: str, outcome: str) -> None:
    verdict = compare_answers(gold, answer)
    assert (verdict.outcome == "correct") == (outcome == "correct")
    assert verdict.stage == "symbolic"


@pytest.mark.parametrize(
    ("gold", "answer", "reason"),
    [
        ("1", r"\sum_{k=1}^{9} k", "which the gold answer does not have"),
        (r"\sum_k k", "9^{9^9}", "a power of a power"),
        (r"\sum_k k", "2^{99999}", "an exponent of four digits"),
        (r"\sum_k k", "99999!", "a factorial"),
        (r"\sum_k k", "(3!)!", "a factorial"),
        (r"\sum_k k", "1" * 60, "60 digits"),
        (r"\sum_k k", "{" * 30 + "1" + "}" * 30, "nested deeper"),
        (r"\sum_k k", "1}", "do not match"),
        (r"\sum_k k", r"\operatorname{eye}(9)", "a command"),
        (r"\sum_k k", "\u0661", "no mathematics"),
        ("1", "2_", "nothing that a symbolic comparison would add"),
        (r"\sum_k k", r"\sum_k k^2+x^2", ""),
    ],
)
def test_caps(gold: str, answer: str, reason: str) -> None:
    assert (reason in refusal(gold, answer)) and bool(reason) == bool(refusal(gold, answer))


@pytest.mark.parametrize("prefix", ["25√2", "25\\sqrt{2", "5 apples and", "5_0", "5 \\foo"])
def test_a_parsed_prefix_is_not_the_answer(prefix: str) -> None:
    worker = shared()
    assert worker.ask(prefix.split("√")[0].split("\\")[0].strip("_0"), prefix).outcome != "correct"


_SHARED: list[SymbolicWorker] = []


def shared() -> SymbolicWorker:
    if not _SHARED:
        _SHARED.append(SymbolicWorker())
    return _SHARED[0]


def test_letters_of_another_case_are_others() -> None:
    gold = "F_n=\\sum_{k=0}^{n-1}F_k"
    assert shared().ask(gold, gold.lower()).outcome != "correct"
    assert shared().ask(gold, gold.lower(), plain=True).outcome == "correct"


def test_small_differences_are_differences() -> None:
    """math-verify rounds to six places; the vetoes work with forty digits."""
    assert shared().ask("2^{-99}", "2^{-98}", plain=True).outcome == "correct"
    assert shared().ask("2^{-99}", "2^{-98}").outcome != "correct"


def test_a_killed_worker_is_started_again() -> None:
    worker = SymbolicWorker(deadline=2.0)
    assert worker.ask("1+1", "2").outcome == "correct"
    process = worker._process._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert worker.ask("1+2", "3").outcome == "correct"
    worker.close()


def test_no_process_outlives_the_worker() -> None:
    worker = SymbolicWorker(deadline=2.0)
    assert worker.ask("1+1", "2").outcome == "correct"
    process = worker._process._process
    assert process is not None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    (child,) = children.read_text().split()
    worker.close()
    ends = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < ends:
        time.sleep(0.02)
    assert not Path(f"/proc/{child}").exists()


def test_an_interpreter_that_is_not_there() -> None:
    with pytest.raises(EnvironmentFailure, match="does not start"):
        SymbolicWorker(python="/nowhere/python").ask("1", "2")


def test_a_worker_that_dies_at_its_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'libmath is missing' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(EnvironmentFailure, match=r"died at its start: libmath is missing"):
        SymbolicWorker(python=str(broken)).ask("1", "2")


def test_a_module_of_the_working_directory_does_not_replace_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sympy.py").write_text("raise SystemExit('hijacked')\n")
    monkeypatch.chdir(tmp_path)
    worker = SymbolicWorker()
    assert worker.ask("1+1", "2").outcome == "correct"
    worker.close()


def test_keys_do_not_reach_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret-key")
    worker = SymbolicWorker()
    assert worker.ask("1+1", "2").outcome == "correct"
    process = worker._process._process
    assert process is not None
    told = Path(f"/proc/{process.pid}/environ")
    if told.exists():
        assert b"secret-key" not in told.read_bytes()
    worker.close()


def test_lines_longer_than_a_pipe_come_whole(tmp_path: Path) -> None:
    script = tmp_path / "long_lines.py"
    script.write_text(
        "import sys\nprint('ready', flush=True)\nfor l in sys.stdin: print(l, end='', flush=True)\n"
    )
    process = WorkerProcess("unused", [])
    process._command = [process._command[0], str(script)]
    assert process.send(b"x" * 300_000 + b"\n")
    assert process.receive(10) == b"x" * 300_000
    assert process.receive(0.05) is None
    process.close()


def test_an_undecided_time_out_is_not_remembered(tmp_path: Path) -> None:
    gold, hang = "\\sum_{k=1}^n k^{\\sqrt2}", "\\boxed{\\tan(\\frac{\\pi}{2})}"
    for deadline in (0.4, 0.5):
        with Grader("boxed", memo=tmp_path / "memo", deadline=deadline) as grader:
            (verdict,) = grader.grade([(gold, hang)])
        assert verdict.reason == f"no verdict in {deadline:g} s"
