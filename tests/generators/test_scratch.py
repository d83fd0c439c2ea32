"""Temporary folders of engines: removed at the end, or by the next harness after a kill."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.generators.scratch import scratch_folder

KILLED = """
import os, signal
from harness.generators.scratch import scratch_folder
folder = scratch_folder()
print(folder.name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_folders_of_killed_processes_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "harness-vllm-elsewhere-1-x").mkdir()
    left = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True)
    assert Path(left.stdout.strip()).is_dir()
    with scratch_folder() as one, scratch_folder() as two:
        assert not Path(left.stdout.strip()).exists()
        assert Path(one).is_dir() and Path(two).is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["harness-vllm-elsewhere-1-x"]
