"""`harness micro` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.micro import micro_problems


def harness(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "micro", *arguments], input=given, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip


def lines(output: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def rows(count: int) -> bytes:
    return b"".join(
        json.dumps({"question": p.question, "completion": p.solution}).encode() + b"\n"
        for p in micro_problems("train", count)
    )


def test_problems_are_printed_as_json_lines() -> None:
    result = harness("problems", "--split", "validation", "--count", "10")
    assert result.returncode == 0
    expected = micro_problems("validation", 10)
    assert [row["id"] for row in lines(result.stdout)] == [problem.id for problem in expected]
    assert [row["gold"] for row in lines(result.stdout)] == [problem.gold for problem in expected]


def test_verify_judges_each_row_and_sums_up(tmp_path: Path) -> None:
    lucky = {
        "question": "Kim has 8 eggs. Kim eats 3. How many eggs does Kim have now?",
        "completion": " 8 - 3 = 6. #### 5",
    }
    path = tmp_path / "rows.jsonl"
    path.write_bytes(rows(4) + json.dumps(lucky).encode() + b"\n\n")
    *verdicts, summary = lines(harness("verify", str(path)).stdout)
    assert [verdict["reason"] for verdict in verdicts] == ["ok"] * 4 + ["arith"]
    assert summary == {
        "rows": 5,
        "answer_correct": 5,
        "false_positives": 1,
        "reasons": {"ok": 4, "arith": 1},
    }
    alone = harness("verify", "--json", given=path.read_bytes())
    assert json.loads(alone.stdout) == summary


def test_bad_rows_are_all_named_and_the_good_ones_judged() -> None:
    given = rows(1) + b'{"question": 1}\n{\n"\xff"\n' + b"[" * 100_000 + b"\n" + rows(1)
    result = harness("verify", given=given)
    assert result.returncode == 2
    assert [row["reason"] for row in lines(result.stdout)] == ["ok", "ok"]
    message = result.stderr.decode()
    assert [f"line {number}:" in message for number in range(1, 7)] == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    assert "Traceback" not in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["problems", "--split", "tset"], "did you mean 'test'"),
        (["problems", "--split", "test", "--count", "1501"], "1501 were asked for"),
        (["rebuild", "--model", "wc-earl"], "did you mean 'wc-early'"),
        (["verify", "no-such-file"], "no-such-file"),
    ],
)
def test_mistakes_get_an_answer(arguments: list[str], message: str) -> None:
    result = harness(*arguments)
    assert result.returncode == 2
    assert message in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


def test_rebuild_says_that_an_interpreter_does_not_start(tmp_path: Path) -> None:
    result = harness(
        "rebuild", "--model", "student", "--out", str(tmp_path / "out"), "--python", "/no/python"
    )
    assert result.returncode == 3
    assert "/no/python: No such file or directory" in result.stderr.decode()
