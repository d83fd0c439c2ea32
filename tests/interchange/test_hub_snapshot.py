"""Data sets of the Hub: the real client against a local stand-in, in processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.interchange.hub_downloads import COMMIT, DownloadHub
from tests.interchange.imports_for_tests import content

TOKEN = "hf_secretsecretsecretsecretsecretsecre"
ROWS = [
    {"id": "x", "question": "1 + 1?", "gold": "2", "answers": ["2", "3"]},
    {"id": "y", "question": "1 + 2?", "gold": "3", "answers": ["3", "4"]},
]


@pytest.fixture
def hub() -> Iterator[DownloadHub]:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), stream)
    server = DownloadHub({"org/rows": {"data/train-00000-of-00001.parquet": stream.getvalue()}})
    yield server
    server.close()


def imported(
    folder: Path, url: str, *options: str, name: str = "org/rows", offline: bool = False
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: the client reads its endpoint when it is imported."""
    environment = {**os.environ, "HF_ENDPOINT": url, "HF_TOKEN": TOKEN,
                   "HF_HUB_OFFLINE": str(int(offline)),
                   "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder / "cache")}  # fmt: skip
    command = ["pool", "import", name, "--format", "datasets", "--problems", name, "--columns",
               "problem_id=id", "--columns", "completion=answers", "--model", "m", "--json",
               "--out", str(folder / "pool"), *options]  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "harness", *command],
        capture_output=True, text=True, env=environment, timeout=120, check=False, cwd=folder,
    )  # fmt: skip


def test_a_data_set_of_the_hub_says_at_which_commit_it_was(
    tmp_path: Path, hub: DownloadHub
) -> None:
    done = imported(tmp_path, hub.url)
    assert done.returncode == 0, done.stderr
    assert f"org/rows is at the commit {COMMIT}." in json.loads(done.stdout)["notes"]
    expected = [("x", 0, "2"), ("x", 1, "3"), ("y", 0, "3"), ("y", 1, "4")]
    assert content(tmp_path / "pool") == expected
    assert TOKEN not in done.stdout + done.stderr
    again = imported(tmp_path, hub.url, "--revision", COMMIT, "--problems-revision", COMMIT)
    assert again.returncode == 0 and json.loads(again.stdout)["added"] == 0, again.stderr
    # The cache has a commit of the data set, but not this one.
    other = imported(tmp_path, hub.url, "--revision", "1" * 40, offline=True)
    assert other.returncode == 3 and "cannot be fetched" in other.stderr


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("org/none", (), "no data set org/none"),
        ("org/rows", ("--revision", "v9"), "no data set org/rows at v9"),
        ("org/rows", ("--split", "test"), "no split 'test'"),
        ("org/rows/more", (), "neither there nor the name"),
    ],
)
def test_what_the_hub_does_not_have_is_the_users_error(
    tmp_path: Path, hub: DownloadHub, name: str, options: tuple[str, ...], said: str
) -> None:
    done = imported(tmp_path, hub.url, *options, name=name)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "pool").exists()
