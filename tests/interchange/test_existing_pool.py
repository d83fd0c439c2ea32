"""Importing into a pool that is there: it gets what it lacks, from the same origin only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.interchange.origin import KnownDecoding
from harness.locks import held
from harness.pool import Pool
from tests.interchange.imports_for_tests import PROBLEMS, content, imported, row, write_rows


def test_the_same_file_again_adds_nothing_and_a_longer_one_the_rest(tmp_path: Path) -> None:
    rows = [row("abc"[number % 3], str(number)) for number in range(9)]
    samples = write_rows(tmp_path / "s.jsonl", rows[:5])
    imported(samples)
    digest = Pool.open(tmp_path / "pool").digest()
    again = imported(samples)
    assert (again.added, again.already_there) == (0, 5)
    assert Pool.open(tmp_path / "pool").digest() == digest
    longer = imported(write_rows(samples, rows))
    assert (longer.added, longer.already_there, longer.samples) == (4, 5, 9)
    imported(samples, out=tmp_path / "at once")
    assert Pool.open(tmp_path / "pool").digest() == Pool.open(tmp_path / "at once").digest()


def test_another_sample_under_a_key_of_the_pool_is_refused_before_anything_is_added(
    tmp_path: Path,
) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a", "old"), row("b", "old")])
    imported(samples)
    write_rows(samples, [row("c", "new"), row("b", "changed"), row("a", "old")])
    with pytest.raises(InputError) as found:
        imported(samples)
    (issue,) = found.value.issues
    assert "line 2" in issue.where and "the pool has another sample 0" in issue.message
    assert len(Pool.open(tmp_path / "pool")) == 2
    result = imported(samples, skip_bad=True)
    assert (result.added, result.already_there, len(result.skipped)) == (1, 1, 1)
    assert content(tmp_path / "pool") == [("a", 0, "old"), ("b", 0, "old"), ("c", 0, "new")]


def test_first_index_appends_a_second_file(tmp_path: Path) -> None:
    imported(write_rows(tmp_path / "1.jsonl", [row("a", "1"), row("a", "2")]))
    imported(write_rows(tmp_path / "2.jsonl", [row("a", "3"), row("b", "4")]), first_index=2)
    assert content(tmp_path / "pool") == [
        ("a", 0, "1"),
        ("a", 1, "2"),
        ("a", 2, "3"),
        ("b", 2, "4"),
    ]


def test_another_origin_is_refused_by_the_keys_that_differ(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a")])
    imported(samples)
    write_rows(tmp_path / "problems.jsonl", PROBLEMS[:2])
    with pytest.raises(InputError) as found:
        imported(samples, model="gemma-2-9b", decoding=KnownDecoding(temperature=0.7))
    keys = {issue.where for issue in found.value.issues}
    assert {"model.id", "decoding.temperature", "problems"} <= keys
    assert any(key.startswith("model_card") for key in keys)
    assert len(Pool.open(tmp_path / "pool")) == 1


def test_a_folder_that_is_no_pool_and_a_pool_in_use_are_left_alone(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a")])
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(InputError, match="not a pool"):
        imported(samples, out=tmp_path / "thesis")
    with pytest.raises(InputError, match="is a file"):
        imported(samples, out=samples)
    imported(samples)
    with held(tmp_path / "pool", "the pool"), pytest.raises(InputError, match="being written"):
        imported(samples)


def test_two_imports_into_one_new_pool_at_once(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a")])
    write_rows(tmp_path / "problems.jsonl", PROBLEMS)
    options = [
        "--problems",
        tmp_path / "problems.jsonl",
        "--model",
        "m",
        "--out",
        tmp_path / "pool",
    ]
    with held(tmp_path / ".pool.importing", "the folder"):
        second = subprocess.run(
            [sys.executable, "-m", "harness", "pool", "import", samples, *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert second.returncode == 2 and "being written by another harness" in second.stderr
    assert not (tmp_path / "pool").exists()
