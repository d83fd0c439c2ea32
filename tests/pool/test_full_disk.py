"""A disk that fills up: nothing torn, nothing counted that is not there, and a way on."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import EnvironmentFailure
from harness.pool import Pool
from tests.pool.samples_for_tests import content, new_pool, problems, reference, sample


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB, where the user may mount one."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield mount
    subprocess.run(["umount", "--lazy", str(mount)], check=True)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _fill(pool: Pool) -> int:
    """Appends until the disk is full; returns how many samples were counted."""
    (problem,) = pool.problems
    index = len(pool)
    with pytest.raises(EnvironmentFailure) as failure:
        while index < 20_000:
            pool.append([sample(problem, number) for number in range(index, index + 10)])
            index += 10
    assert "disk is full" in str(failure.value)
    assert f"{index:,} samples" in str(failure.value)
    assert "same command again" in str(failure.value)
    return index


def test_full_disk_while_appending(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 100_000)
    pool = new_pool(small_disk / "pool", 1)
    (problem,) = pool.problems
    counted = _fill(pool)
    pool.close()
    data = (small_disk / "pool" / "samples.jsonl").read_bytes()
    assert data.endswith(b"\n")
    ballast.unlink()
    again = new_pool(small_disk / "pool", 1)
    assert not again.repairs
    assert len(again) == counted == data.count(b"\n")
    again.append([sample(problem, counted)])
    assert content(again) == reference([problem], {problem.id: set(range(counted + 1))})


def test_full_disk_while_compacting(small_disk: Path) -> None:
    pool = new_pool(small_disk / "pool", 1)
    counted = _fill(pool)
    with pytest.raises(EnvironmentFailure, match="are safe"):
        pool.compact()
    assert sorted(path.name for path in pool.folder.iterdir() if path.name[0] != ".") == [
        "identity.json",
        "ledger.jsonl",
        "problems.jsonl",
        "samples.jsonl",
    ]
    assert len(Pool.open(pool.folder)) == counted


def test_full_disk_while_making_a_pool(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"\0" * (256 * 1024 - 8192))
    with pytest.raises(EnvironmentFailure, match="disk is full"):
        new_pool(small_disk / "pool", 500)
    (small_disk / "ballast").unlink()
    assert len(new_pool(small_disk / "pool", 500).problems) == 500


def test_file_size_limit_is_treated_as_a_full_disk(tmp_path: Path) -> None:
    pool = new_pool(tmp_path, 1)
    with largest_file(30_000):
        counted = _fill(pool)
    pool.append([sample(problems(1)[0], counted)])
    pool.close()
    assert not new_pool(tmp_path, 1).repairs
    assert len(Pool.open(tmp_path)) == counted + 1


def test_full_disk_while_a_journal_is_written_out(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.pool import store

    monkeypatch.setattr(store, "JOURNAL_ROWS", 200)
    ballast = small_disk / "ballast"
    pool = new_pool(small_disk / "pool", 1)
    (problem,) = pool.problems
    pool.append([sample(problem, index) for index in range(190)])
    ballast.write_bytes(b"\0" * (os.statvfs(small_disk).f_bavail * 4096 - 3 * 4096))
    with pytest.raises(EnvironmentFailure, match=r"disk is full.*200 samples counted so far"):
        pool.append([sample(problem, index) for index in range(190, 200)])
    assert len(pool) == 200  # They are in the journal, so they count.
    pool.close()
    ballast.unlink()
    again = new_pool(small_disk / "pool", 1)
    assert not again.repairs and len(again) == 200
    again.append([sample(problem, 200)])
    assert (again.folder / "runs" / "000001.parquet").exists()
    again.compact()
    assert content(again) == reference([problem], {problem.id: set(range(201))})
