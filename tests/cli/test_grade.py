"""`harness grade` on pools, as a user calls it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.pool import Pool
from harness.problems import Problem
from harness.recipe.loading import load_recipe
from tests.arms.conftest import make_run
from tests.grading.pools_for_tests import written_pool, zeroeval_pool

ROOT = Path(__file__).parents[2]
PROBLEMS = [Problem(f"What is {n} + 1?", str(n + 1), external_id=f"name-{n}") for n in range(9)]


class Command:
    """The command with a cache of its own."""

    def __init__(self, cache: Path) -> None:
        self.environment = {**os.environ, "HARNESS_CACHE": str(cache)}

    def popen(self, *arguments: str | Path, **others: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "harness", "grade", *map(str, arguments)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env=self.environment, **others,
        )  # fmt: skip

    def __call__(
        self, *arguments: str | Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness", "grade", *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT,
            env={**self.environment, **(variables or {})},
        )  # fmt: skip

    def document(self, *arguments: str | Path) -> dict[str, Any]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def refusal(self, *arguments: str | Path) -> str:
        done = self(*arguments)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        return done.stderr


@pytest.fixture
def grade(tmp_path: Path) -> Command:
    return Command(tmp_path / "cache")


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    return written_pool(
        tmp_path / "pool", PROBLEMS, "\\boxed{5}", "\\boxed{\\frac{10}{2}}", "#### 7"
    )


@pytest.mark.parametrize(("size", "accuracy"), [("9b", 87.41), ("27b", 90.22)])
def test_published_accuracies(grade: Command, tmp_path: Path, size: str, accuracy: float) -> None:
    found = grade.document(zeroeval_pool(tmp_path, size), "--format", "json")
    assert found["samples"] == found["correct"] + found["wrong"] + found["undecided"] == 1319
    assert 100 * found["correct"] / found["samples"] == pytest.approx(accuracy, abs=0.01)


def test_killed_it_goes_on_where_it_was(grade: Command, tmp_path: Path) -> None:
    pool = zeroeval_pool(tmp_path, "27b", count=1000)
    arguments = (pool, "--grader", "math_verify", "--format", "json", "--workers", "1")
    parts = pool / "verdicts" / "math_verify.parts"
    process = grade.popen(*arguments, start_new_session=True)
    while not list(parts.glob("*.parquet")) and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, "it was done before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (pool / "verdicts" / "math_verify.parquet").exists()
    found = grade.document(*arguments)
    assert 0 < found["graded_now"] < found["samples"] == 1000
    survived = Pool.open(pool).verdicts("math_verify")
    for file in (pool / "verdicts").iterdir():
        file.unlink()
    assert grade.document(*arguments)["graded_now"] == 1000  # With the memo's help.
    assert Pool.open(pool).verdicts("math_verify").equals(survived)


def test_text_ends_with_the_shares(grade: Command, pool: Path) -> None:
    text = grade(pool, "--format", "boxed").stdout.strip().splitlines()
    assert text[-1].endswith("correct 3 (11.1 %), wrong 24 (88.9 %), undecided 0 (0.0 %)")
    assert "boxed 66.7 %" in text[-3] and "hash 33.3 %" in text[-3]
    again = grade(pool)
    assert "0 samples graded" in again.stdout
    assert "format 'boxed', by the verdicts of 'answer'" in again.stderr


def test_explanations(grade: Command, pool: Path) -> None:
    grade(pool, "--format", "boxed")
    found = grade.document(pool, "--explain", "name-4", "--sample", "1")
    (sample,) = found["samples"]
    assert found["problem"]["gold"] == "5"
    assert sample["verdict"]["outcome"] == sample["recorded"]["answer"]["outcome"] == "correct"
    assert sample["found"] == {"boxed": "\\frac{10}{2}", "hash": None}
    assert sample["stages"][0] == {"stage": "number", "said": "correct"}
    text = grade(pool, "--explain", PROBLEMS[4].id).stdout
    assert text.count("\nsample ") == 3 and "7 by the rule 'hash'" in text
    assert "'name-4'" in grade.refusal(pool, "--explain", "nam-4")
    assert "no sample 9" in grade.refusal(pool, "--explain", "name-4", "--sample", "9")


@pytest.mark.parametrize("grader", ["math_verify", "string_match"])
def test_explanations_of_other_graders(grade: Command, pool: Path, grader: str) -> None:
    arguments = ("--grader", grader, "--format", "boxed")
    grade(pool, *arguments)
    found = grade.document(pool, *arguments, "--explain", "name-4")
    assert (found["grader"], len(found["samples"])) == (grader, 3)
    for sample in found["samples"]:
        verdict, recorded = sample["verdict"], sample["recorded"][grader]
        assert {key: verdict[key] for key in recorded} == recorded
        assert set(sample["found"]) == {"boxed", "hash"}
        assert sample["stages"][0]["said"].startswith(verdict["outcome"])
    text = grade(pool, *arguments, "--explain", "name-4").stdout
    assert f"grader: {grader}, format: boxed" in text and "by the rule 'hash'" in text


def test_a_strangers_text_cannot_steer_the_terminal(grade: Command, tmp_path: Path) -> None:
    odd = '\x1b]0;title\x07{"answer": "\\u001b[31m\\u009b2J \\ud800"}'
    pool = written_pool(tmp_path / "pool", PROBLEMS[:1], odd)
    for more in ([], ["--json"]):
        done = grade(pool, "--format", "json", "--explain", "name-0", *more)
        assert done.returncode == 0, done.stderr
        assert not {"\x1b", "\x9b", "\x07"} & set(done.stdout)


def test_audit_there_and_back(grade: Command, pool: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    grade(pool, "--format", "boxed")
    assert "math_verify" in grade.refusal(pool, "--audit", sheet)
    grade(pool, "--grader", "string_match")
    drawn = grade.document(pool, "--audit", sheet, "--audit-size", "100")
    assert drawn["rows"] == 27
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    for row in rows:
        row["human"] = "correct" if row["extracted"].strip() == "" else row["verdict_answer"]
    with sheet.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    found = grade.document(pool, "--audit-read", sheet)
    assert found["graders"]["answer"]["false_negative_rate"]["value"] == 0
    assert found["graders"]["string_match"]["false_negative_rate"]["value"] == pytest.approx(1 / 3)
    assert "judgements of a person" in grade.refusal(pool, "--audit", sheet)


def test_unknown_names_are_answered_with_the_nearest(grade: Command, pool: Path) -> None:
    assert "did you mean 'boxed'" in grade.refusal(pool, "--format", "boxd")
    assert "did you mean 'math_verify'" in grade.refusal(pool, "--grader", "mathverify")
    said = grade.refusal(pool, "--format", "boxed", "--options", "percnt=either,gsm8", "--options",
                         "decimals")  # fmt: skip
    assert "'percent'" in said and "'gsm8k'" in said and "expected a value" in said
    assert "expected either" in grade.refusal(
        pool, "--format", "boxed", "--options", "percent=maybe"
    )
    assert "'aime' and 'boxed' find an answer in 18 of the first 27" in grade.refusal(pool)
    assert "nor of a pool" in grade.refusal(pool / "nowhere")


def test_a_worker_that_dies_at_its_start(grade: Command, pool: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "sitecustomize.py").write_text(
        "import os, sys\n"
        "grading = [one for one in sys.orig_argv if one.startswith('harness.grading.')]\n"
        "if grading:\n"
        "    os._exit(7)\n"
    )
    for more in (["--grader", "math_verify"], ["--workers", "2"]):
        done = grade(pool, "--format", "boxed", *more, variables={"PYTHONPATH": str(trap)})
        assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
        assert "died at its start" in done.stderr and "To go on: harness grade" in done.stderr
    assert grade.document(pool, "--format", "boxed")["samples"] == 27


def test_a_run_and_its_pools_are_graded_alike(grade: Command, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    found = grade.document(run.path)
    sides = found["pools"].values()
    for key in ("samples", "correct", "wrong", "undecided"):
        assert found[key] == sum(side[key] for side in sides)
    assert found["pools"]["wc"]["false_positives"] > 0
    assert grade.document(run.pool("wc"))["graded_now"] == 0
    assert grade.document(run.pool("wc"), "--grader", "chain")["graded_now"] == 0
    assert "belongs to a run" in grade.refusal(run.pool("wc"), "--format", "boxed")
    other = grade.document(run.path, "--grader", "string_match")
    assert other["grader"] == "string_match" and other["pools"]["se"]["samples"] == 20
    assert "its recipe says" in grade.refusal(run.path, "--format", "boxed")
    assert "about one pool" in grade.refusal(run.path, "--explain", "x")


def test_options_of_a_recipe(tmp_path: Path) -> None:
    from harness.grading.graders import conventions_of_answer

    overrides = ["answer.options.percent=ignored", "answer.options.problem_set=gsm8k"]
    answer = load_recipe("w2s-micro", overrides).answer
    options = conventions_of_answer(answer)
    assert (options.percent, options.ratio_as_fraction) == ("ignored", False)


def test_programs_are_graded_by_their_tests(tmp_path: Path) -> None:
    from harness.errors import EnvironmentFailure
    from harness.grading.code import working_sandbox

    try:
        working_sandbox()
    except EnvironmentFailure as failure:
        pytest.skip(f"no sandbox works here: {failure.message}")
    problem = Problem("Write f(x), which adds one.", "assert f(1) == 2\nassert f(-1) == 0\n")
    completions = ["```python\ndef f(x):\n    return x + 1\n```", "def f(x): return 2",
                   "import os\ndef f(x): os._exit(0)"]  # fmt: skip
    folder = written_pool(tmp_path / "pool", [problem], *completions)
    done = Command(tmp_path / "cache")(folder, "--grader", "code", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["correct"], found["wrong"], found["undecided"]) == (1, 2, 0)
    assert Pool.open(folder).verdicts("code")["outcome"].to_pylist() == [
        "correct",
        "wrong",
        "wrong",
    ]
