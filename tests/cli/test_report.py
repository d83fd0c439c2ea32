"""`harness report --reference`: the paper beside a run, as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.report.factories import made_run

ROOT = Path(__file__).parents[2]


def report(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "report", *map(str, arguments)],
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
        env={**os.environ, "XDG_DATA_HOME": str(home)},
    )  # fmt: skip


def test_the_paper_beside_a_run(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", name="w2s-math")
    result = report(run.path, "--reference", "paper", "--json", home=tmp_path)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["claims"]["coverage_at_equal_cost"] == "yes"
    written = json.loads(run.report("json").read_text())
    assert written["reference"]["benchmark"] == "MATH"
    entry = json.loads(run.entry_file.read_text())
    assert "reference" not in entry  # An entry is a run's own numbers.


def test_an_unknown_reference_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = report(folder, "--recipe", "w2s-micro", "--reference", "papper", home=tmp_path)
    assert result.returncode == 2
    assert "there is no reference 'papper'; did you mean 'paper'?" in result.stderr
    assert "Traceback" not in result.stderr
    assert not folder.exists()
