"""Data sets of tasks from folders, with no Hub at hand, and what is said where there are none."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import InputError
from harness.evaluation.task_data import FOLDER_VARIABLE, load_splits, rows_of_split
from harness.resources import tasks_folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)


def _gsm8k(first: int, count: int) -> list[dict[str, str]]:
    return [{"question": f"{n} + 1?", "answer": f"Add.\n#### {n + 1}"}
            for n in range(first, first + count)]  # fmt: skip


def _math(first: int, count: int) -> list[dict[str, str]]:
    return [{"problem": f"${n}+1$?", "level": "Level 1", "type": "Algebra",
             "solution": rf"\boxed{{{n + 1}}}", "id": f"test/algebra/{n}.json"}
            for n in range(first, first + count)]  # fmt: skip


def _lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def _download(folder: Path, config: str, splits: Mapping[str, list[dict[str, str]]]) -> None:
    """A data set as `hf download --repo-type dataset` leaves it."""
    lines = ["---", "configs:", f"- config_name: {config}", "  data_files:"]
    for split, rows in splits.items():
        path = folder / config / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path)
        lines += [f"  - split: {split}", f"    path: {config}/{split}-*"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_a_file_a_split(tmp_path: Path, ending: str) -> None:
    for split in ("math4500", "train"):
        file = tmp_path / "zwhe99/MATH" / f"{split}{ending}"
        if ending == ".parquet":
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(_math(len(split), 3)), file)
        else:
            _lines(file, _math(len(split), 3))
    asked = ["math4500", "math500", "train"]
    options = {"revision": "40d135b"}
    found = load_splits("zwhe99/MATH", None, options, str(tmp_path), asked)
    assert set(found) == {"math4500", "train"}
    assert rows_of_split(found, "train", "x")["problem"][:] == ["$5+1$?", "$6+1$?", "$7+1$?"]


def test_a_download_of_the_whole_data_set_by_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = {"train": _gsm8k(0, 3), "test": _gsm8k(3, 2)}
    _download(tmp_path / "openai/gsm8k", "main", splits)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    found = load_splits("openai/gsm8k", "main", {}, None, ["test", "train"])
    assert {name: rows.num_rows for name, rows in found.items()} == {"train": 3, "test": 2}
    with pytest.raises(InputError, match="other") as refused:
        load_splits("openai/gsm8k", "other", {}, None, ["test"])
    assert f"Check the files in {tmp_path}/openai/gsm8k" in str(refused.value)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    import datasets

    with pytest.raises(InputError, match=r"there is no folder .*none"):
        load_splits("a/b", None, {}, str(tmp_path / "none"))
    _lines(tmp_path / "a/b/test.jsonl", [])
    with pytest.raises(InputError, match="no rows"):
        load_splits("a/b", None, {}, str(tmp_path), ["test"])
    (tmp_path / "c/d").mkdir(parents=True)
    (tmp_path / "c/d/test.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(InputError, match="c/d cannot be loaded: Parquet magic bytes"):
        load_splits("c/d", None, {}, str(tmp_path), ["test"])
    found = {"test": datasets.Dataset.from_dict({"problem": []})}
    with pytest.raises(InputError, match="'test' of the data set c/d is empty"):
        rows_of_split(found, "test", "c/d")
    with pytest.raises(InputError, match="c/d has no split 'train'; it has test"):
        rows_of_split(found, "train", "c/d")
    _lines(tmp_path / "c/d/train.jsonl", _math(0, 1))
    with pytest.raises(
        InputError, match=r"test\.parquet, train\.jsonl; expected files of one kind"
    ):
        load_splits("c/d", None, {}, str(tmp_path), ["test", "train"])


PROGRAM = """
import json, sys
sys.argv[0] = "lm_eval"  # As of its command, which shows the harness's errors.
from lm_eval.tasks import TaskManager
metadata = json.loads(sys.argv[2])
manager = TaskManager(include_defaults=False, include_path=sys.argv[1], metadata=metadata)
for name in sys.argv[3:]:
    (task,) = manager.load([name])["tasks"].values()
    print(name, len(task.eval_docs))
"""


def _offline(tmp_path: Path, metadata: Mapping[str, Any], *names: str) -> tuple[int, str, str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
                   "HF_HOME": str(tmp_path / "hf")}  # fmt: skip
    command = [sys.executable, "-c", PROGRAM, str(tasks_folder()), json.dumps(metadata), *names]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_every_task_loads_from_a_folder_without_a_hub(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _download(data / "openai/gsm8k", "main", {"train": _gsm8k(0, 600), "test": _gsm8k(900, 9)})
    _lines(data / "HuggingFaceH4/MATH-500/test.jsonl", _math(0, 7))
    for split, rows in {"train": _math(100, 5), "math500": _math(0, 7), "test": _math(0, 560),
                        "math4500": _math(7, 550)}.items():  # fmt: skip
        _lines(data / f"zwhe99/MATH/{split}.jsonl", rows)
    snapshot = data / "Oct-2023/test/algebra"
    for number in (3, 4):
        row = {"problem": f"${number}-1$?", "level": "Level 1", "type": "Algebra",
               "solution": rf"\boxed{{{number - 1}}}"}  # fmt: skip
        snapshot.mkdir(parents=True, exist_ok=True)
        (snapshot / f"{number}.json").write_text(json.dumps(row))
    metadata = {"data_dir": str(data), "snapshots": ["Oct-2023"]}
    names = ("w2s_gsm8k", "w2s_gsm8k_val", "w2s_math500", "w2s_math_val", "w2s_functional_math")
    status, told, errors = _offline(tmp_path, metadata, *names)
    assert status == 0, errors
    assert told.split() == [
        "w2s_gsm8k", "9", "w2s_gsm8k_val", "500", "w2s_math500", "7", "w2s_math_val", "500",
        "w2s_functional_math", "4",
    ]  # fmt: skip


def test_a_hub_that_cannot_be_reached_is_told_without_a_traceback(tmp_path: Path) -> None:
    status, _, errors = _offline(tmp_path, {}, "w2s_math500")
    assert status == 1 and "Traceback" not in errors
    assert "error: the data set HuggingFaceH4/MATH-500 cannot be reached" in errors
    for way in ("hf download --repo-type dataset HuggingFaceH4/MATH-500", "data_dir",
                FOLDER_VARIABLE):  # fmt: skip
        assert way in errors
