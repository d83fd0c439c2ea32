"""Processes that grade: whatever happens to one, no verdict but that of the culprit is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.grading import Grader
from harness.grading.batches import next_batch
from harness.grading.extraction import MAX_CHARACTERS

PAIR = ("7", "\\boxed{7}" + " " * 20_000)
MANY = 6_000
DEADLINE = 1.0
SLACK = 0.5


def pids_of(grader: Grader) -> tuple[int, int]:
    """The first process that watches, and the child in it that grades."""
    assert grader._pool is not None
    process = grader._pool.workers[0]._process._process
    assert process is not None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    return process.pid, int(children.read_text().split()[0])


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("who", ["watcher", "child"])
def test_a_killed_process_loses_no_more_than_one(workers: int, who: str) -> None:
    with Grader("boxed", workers=workers, memo=False, deadline=DEADLINE) as grader:
        assert next(grader.grade([PAIR])).outcome == "correct"  # Starts them.
        pid = pids_of(grader)[who == "child"]
        killer = threading.Timer(0.1, os.kill, (pid, signal.SIGKILL))
        killer.start()
        verdicts = list(grader.grade([PAIR] * MANY))
        killer.join()
    lost = [verdict for verdict in verdicts if verdict.outcome != "correct"]
    assert len(verdicts) == MANY
    assert len(lost) <= 1
    assert all(verdict.stage == "worker" for verdict in lost)


SLOW_STAGES = """
from harness.grading import completion_grader as module

def spoilt(work):
    def spoilt_work(*given):
        if any("HANG" in str(one) for one in given):
            sum(range(10**12))  # In C, where no signal handler of Python's runs.
        if any("MEMORY" in str(one) for one in given):
            bytes(10**10)
        if any("DIE" in str(one) for one in given):
            import os
            os.abort()
        if any("RAISE" in str(one) for one in given):
            raise RuntimeError("a bug")
        return work(*given)
    return spoilt_work

{patch}
"""
STAGES = {
    "extraction": "module.extract_answer = spoilt(module.extract_answer)",
    "comparison": "old = module.comparer\nmodule.comparer = lambda *a: spoilt(old(*a))",
}


@pytest.fixture(params=STAGES)
def spoilt_stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A stage of the real processes that hangs, dies and so on where a completion says so."""
    patch = SLOW_STAGES.replace("{patch}", STAGES[request.param])
    (tmp_path / "sitecustomize.py").write_text(patch)
    where = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    monkeypatch.setattr(
        "harness.grading.worker_process._environment", lambda: {**os.environ, "PYTHONPATH": where}
    )
    return str(request.param)


@pytest.mark.parametrize("workers", [1, 2])
def test_only_what_hangs_or_dies_is_lost(spoilt_stage: str, workers: int) -> None:
    harmless = ("7", "\\boxed{7.0}")
    spoilt = ["HANG", "MEMORY", "DIE", "RAISE", "HANG"]
    pairs = [harmless] * 50
    for what in spoilt:
        pairs += [("7", f"\\boxed{{{what}}}"), *[harmless] * 50]
    with Grader("boxed", workers=workers, memo=False, deadline=DEADLINE) as grader:
        assert next(grader.grade([harmless])).outcome == "correct"
        found, gaps, last = [], [], time.monotonic()
        for verdict in grader.grade(pairs):
            found.append(verdict)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
    assert {verdict.outcome for place, verdict in enumerate(found) if (place + 1) % 51} == {
        "correct"
    }
    lost = found[50::51]
    assert {verdict.outcome for verdict in lost} == {"undecided"}
    reasons = ["no verdict in 1 s", "memory", "died of it", "RuntimeError", "no verdict in 1 s"]
    assert all(reason in v.reason for reason, v in zip(reasons, lost, strict=True)), lost
    assert max(gaps) < DEADLINE + SLACK + 0.5, spoilt_stage  # The machine may be busy.


def test_streams_may_be_left_and_mixed() -> None:
    with Grader("boxed", workers=2, memo=False) as grader:
        left = grader.grade([("1", "\\boxed{2}")] * 5_000)
        assert next(left).outcome == "wrong"
        right = grader.grade([PAIR] * 300)
        both = list(zip(left, right, strict=False))
        left.close()  # type: ignore[attr-defined]
        assert {(a.outcome, b.outcome) for a, b in both} == {("wrong", "correct")}
        assert len(both) == 300
        assert [v.outcome for v in grader.grade([PAIR] * 3)] == ["correct"] * 3


def test_a_stream_that_begins_while_all_processes_are_busy_for_a_left_one_is_graded() -> None:
    with Grader("boxed", workers=2, memo=False) as grader:
        for _ in range(10):
            left = grader.grade([("1", "\\boxed{2}")] * 5_000)
            read = list(zip(left, grader.grade([PAIR] * 300), strict=False))
            left.close()  # type: ignore[attr-defined]
            assert len(read) == 300
            assert [v.outcome for v in grader.grade([PAIR] * 3)] == ["correct"] * 3


def test_a_fork_starts_processes_of_its_own() -> None:
    with Grader("boxed", memo=False) as grader:
        assert next(grader.grade([PAIR])).outcome == "correct"
        pid = os.fork()
        if pid == 0:
            right = [v.outcome for v in grader.grade([PAIR] * 3)] == ["correct"] * 3
            os._exit(0 if right else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert next(grader.grade([PAIR])).outcome == "correct"


def test_no_process_is_left() -> None:
    with Grader("boxed", workers=2, memo=False) as grader:
        next(grader.grade([("\\sum_{k=1}^3 k", "\\boxed{6}"), PAIR]))
        pids = pids_of(grader)
    ends = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_process_that_dies_at_its_start_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mpmath.py").write_text("raise ImportError('mpmath is broken')")
    monkeypatch.setattr(
        "harness.grading.worker_process._environment", lambda: {"PYTHONPATH": str(tmp_path)}
    )
    with (
        Grader("boxed", workers=2, memo=False) as grader,
        pytest.raises(EnvironmentFailure, match="died at its start"),
    ):
        list(grader.grade([PAIR]))


def test_a_symbolic_stage_that_does_not_start_ends_the_grading(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "math_verify.py").write_text("raise ImportError('math_verify is broken')")
    where = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", where)
    monkeypatch.setattr("harness.grading.worker_process._environment", lambda: dict(os.environ))
    with (
        Grader("boxed", memo=False) as grader,
        pytest.raises(EnvironmentFailure, match="math_verify is broken"),
    ):
        list(grader.grade([PAIR, ("\\sum_{k=1}^3 k", "\\boxed{6}")]))


class TestBatches:
    def test_bounded_in_number_and_size(self) -> None:
        stream: Iterator[tuple[str, str]] = iter([("1", "x" * 1_500_000)] * 4 + [("1", "y")] * 9)
        sizes = []
        while batch := next_batch(stream, 5):
            sizes.append(len(batch))
        assert sizes == [1, 1, 1, 1, 5, 4]

    def test_what_is_over_the_cap_is_cut_right_behind_it(self) -> None:
        (pair,) = next_batch(iter([("1", "x" * (MAX_CHARACTERS + 99))]), 5)
        assert len(pair[1]) == MAX_CHARACTERS + 1
