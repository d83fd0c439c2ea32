"""CodeGrader: order, neighbours, refusals, identity; and problems that carry their tests."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.errors import EnvironmentFailure, InputError
from harness.grading.code import CodeGrader, Limits, code_problem, probe, read_code_problems
from harness.pool import Pool
from harness.pool.verdicts import VERDICT_SCHEMA
from harness.problems import Problem
from tests.interchange.imports_for_tests import imported, write_rows

ADD = Problem("Add.", "assert add(2, 3) == 5\n")
MBPP_ROW: dict[str, Any] = {
    "task_id": 7,
    "prompt": "Add.",
    "code": "def add(a, b): return a + b",
    "test_imports": ["import math"],
    "test_list": ["assert add(1, 2) == 3", "assert math.isclose(add(1, 1), 2)"],
}


def test_verdicts_keep_the_order_and_the_hung_item_costs_itself(sandbox: str) -> None:
    completions = [f"def add(a, b): return {value}" for value in (5, 0, 5, 0, 0, 5)]
    completions[1] = "while True: pass"
    with CodeGrader(Limits(cpu_seconds=1), workers=2, sandbox=sandbox) as grader:
        outcomes = [v.outcome for v in grader.grade((ADD, text) for text in completions)]
    assert outcomes == ["correct", "undecided", "correct", "wrong", "wrong", "correct"]


def test_closing_ends_what_runs(sandbox: str) -> None:
    grader = CodeGrader(Limits(wall_seconds=60.0), workers=1, sandbox=sandbox)
    verdicts = grader.grade([(ADD, "import time\ndef add(a, b): time.sleep(50)")] * 3)
    started = time.monotonic()
    grader._threads.submit(next, verdicts)
    time.sleep(0.5)
    grader.close()
    assert time.monotonic() - started < 20


def test_identity_says_what_verdicts_depend_on(sandbox: str) -> None:
    with (
        CodeGrader(sandbox=sandbox) as one,
        CodeGrader(Limits(cpu_seconds=9), sandbox=sandbox) as other,
    ):
        assert one.identity() != other.identity()
        assert set(one.identity()) == {"grader", "version", "limits", "sandbox", "python"}
        assert json.loads(json.dumps(one.identity())) == one.identity()


def test_without_a_sandbox_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harness.grading.code.sandbox._found", lambda program: None)
    probe._probed.cache_clear()
    try:
        with pytest.raises(EnvironmentFailure) as refusal:
            CodeGrader()
        assert "apt-get install bubblewrap" in str(refusal.value)
        assert "bwrap: it is not installed" in str(refusal.value)
    finally:
        probe._probed.cache_clear()


def test_a_sandbox_that_does_not_hold_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A tool that starts its command as it is makes no sandbox, whatever its name."""
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec python3 "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setattr("harness.grading.code.sandbox._found", lambda program: str(fake))
    probe._probed.cache_clear()
    try:
        with pytest.raises(EnvironmentFailure):
            CodeGrader(sandbox="bwrap")
    finally:
        probe._probed.cache_clear()


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="did you mean 'bwrap'"):
        CodeGrader(sandbox="bwarp")
    with pytest.raises(InputError, match="0 workers"):
        CodeGrader(workers=0)
    with pytest.raises(InputError, match="cpu_seconds is 0"):
        Limits(cpu_seconds=0)


def test_rows_become_problems() -> None:
    problem = code_problem(MBPP_ROW)
    assert problem.gold == ("import math\nassert add(1, 2) == 3\nassert math.isclose(add(1, 1), 2)")
    assert problem.question.startswith("Add.\n") and "assert add(1, 2) == 3" in problem.question
    assert (problem.external_id, problem.solution) == ("MBPP/7", MBPP_ROW["code"])


def test_every_bad_row_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl.gz"
    rows = [MBPP_ROW, {"task_id": 1}, {**MBPP_ROW, "test_list": []}]
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    with pytest.raises(InputError) as refusal:
        read_code_problems(file)
    assert [issue.where for issue in refusal.value.issues] == ["line 2", "line 3"]
    for content in (b"", b"{", b"[1]", b"\x1f\x8bxx", b"\xff"):
        file.write_bytes(content)
        with pytest.raises(InputError):
            read_code_problems(file)


def test_a_pool_that_is_imported_is_graded(tmp_path: Path, grader: CodeGrader) -> None:
    problem = code_problem(MBPP_ROW)
    write_rows(tmp_path / "problems.jsonl", [vars(problem)])
    texts = ["def add(a, b): return a + b", "def add(a, b): return 3", "import sys; sys.exit(0)"]
    rows = [{"problem_id": "MBPP/7", "completion": text} for text in texts]
    imported(write_rows(tmp_path / "samples.jsonl", rows))
    pool = Pool.open(tmp_path / "pool")
    (there,) = pool.problems
    assert there.id == problem.id
    samples = pool.samples(["problem_id", "sample_index", "completion"]).to_pylist()
    verdicts = list(grader.grade((there, sample.pop("completion")) for sample in samples))
    assert [verdict.outcome for verdict in verdicts] == ["correct", "wrong", "wrong"]
    rows = [sample | vars(verdict) for sample, verdict in zip(samples, verdicts, strict=True)]
    pool.write_verdicts("code", pa.Table.from_pylist(rows, VERDICT_SCHEMA), grader.identity())
    assert pool.grader_identity("code") == grader.identity()
    assert pool.verdicts("code").column("outcome").to_pylist() == ["correct", "wrong", "wrong"]
