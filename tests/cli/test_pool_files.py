"""`harness pool import` and `export` as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBLEMS = '{"question": "1 + 1?", "gold": 2, "external_id": "p"}\n'
SAMPLES = '{"problem_id": "p", "completion": "2"}\n'


def harness(*arguments: Any, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "pool", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.jsonl").write_text(PROBLEMS)
    (tmp_path / "s.jsonl").write_text(SAMPLES)
    return tmp_path


IMPORT = ("import", "s.jsonl", "--problems", "p.jsonl", "--model", "m", "--out", "pool")


def test_in_and_out_and_in_again(folder: Path) -> None:
    done = harness(*IMPORT, "--temperature", 0.7, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    counts = {key: document[key] for key in ("samples", "added", "problems_without_samples")}
    assert counts == {"samples": 1, "added": 1, "problems_without_samples": 0}
    assert document["skipped"]["rows"] == 0 and document["pool"] == "pool"
    assert "no model card 'm'" in done.stderr
    done = harness("export", "pool", "--out", "files", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    exported = json.loads(done.stdout)
    assert exported["identity"]["decoding"]["temperature"] == 0.7
    done = harness("import", "files", "--model", "m", "--out", "back", cwd=folder)
    assert done.returncode == 0 and "1 samples added to back" in done.stdout
    done = harness("export", "back", "--out", "again", "--json", cwd=folder)
    assert json.loads(done.stdout)["digest"] == exported["digest"]


def test_bad_lines_are_a_users_error_or_are_left_out(folder: Path) -> None:
    (folder / "s.jsonl").write_text(SAMPLES + '{"problem_id": "\\ud800"}\n{')
    done = harness(*IMPORT, cwd=folder)
    assert done.returncode == 2 and not done.stdout
    assert "s.jsonl line 2: " in done.stderr and "s.jsonl line 3: " in done.stderr
    assert "--skip-bad" in done.stderr and "Traceback" not in done.stderr
    assert not (folder / "pool").exists()
    done = harness(*IMPORT, "--skip-bad", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    skipped = json.loads(done.stdout)["skipped"]
    assert skipped["kinds"] == {"unknown problem": 1, "not JSON": 1}
    assert [one["line"] for one in skipped["named"]] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "s.jsonl", "--model", "m", "--out", "pool"), "--problems"),
        (("import", "none.jsonl", "--problems", "p.jsonl", "--model", "m", "--out", "pool"),
         "No such file"),
        (("import", "s.jsonl", "--problems", "none", "--model", "m", "--out", "pool"),
         "No such file"),
        (("export", "none", "--out", "files"), "not a pool"),
        (("export", "none"), "--out"),
    ],
)  # fmt: skip
def test_mistakes_are_told_without_a_traceback(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = harness(*arguments, cwd=folder)
    assert done.returncode == 2 and said in done.stderr
    assert "Traceback" not in done.stderr
