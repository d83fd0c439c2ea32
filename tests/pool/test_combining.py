"""The union of pools that were drawn apart."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from harness.errors import InputError
from harness.pool import Failure, Pool, store
from harness.pool.books import books_of
from harness.pool.combining import merge_pools
from harness.pool.draw_file import read_draw, write_draw
from harness.pool.inspection import inspect_pool
from tests.pool.samples_for_tests import IDENTITY, content, problems, reference, sample

PROBLEMS = problems(6)


def pool_with(
    folder: Path, held: list[int], keys: set[tuple[int, int]], **identity: object
) -> Path:
    chosen = [PROBLEMS[number] for number in held]
    with Pool.open_or_create(folder, {**IDENTITY, **identity}, chosen) as pool:
        pool.append([sample(PROBLEMS[number], index) for number, index in sorted(keys)])
    return folder


def grade(folder: Path, version: int) -> None:
    pool = Pool.open(folder)
    rows = [
        {**row, "outcome": "wrong", "answer": None, "rule": "", "stage": "", "reason": None}
        for row in pool.samples(["problem_id", "sample_index"]).to_pylist()
    ]
    identity = {"version": version, "samples": pool.digest()}
    pool.write_verdicts("answer", pa.Table.from_pylist(rows), identity)


def test_shards_and_halves_become_the_pool_that_was_drawn_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "RUN_ROWS", 7)
    keys = [(number, index) for number in range(6) for index in range(30)]
    chance = random.Random(4)
    shards = [
        pool_with(tmp_path / "a", [5, 1, 3], {key for key in keys if key[0] in (1, 3, 5)}),
        pool_with(tmp_path / "b", [0, 2, 4], {key for key in keys if key[0] in (0, 2)}),
        pool_with(tmp_path / "c", [4, 0], {key for key in keys if key[0] == 4}
                  | set(chance.sample([key for key in keys if key[0] == 0], 9))),
    ]  # fmt: skip
    write_draw(shards[0], {"samples_per_problem": 12, "model": "x"})
    write_draw(shards[1], {"samples_per_problem": 30, "model": "x"})
    for shard in shards:
        grade(shard, 1)
    merged = merge_pools(shards, tmp_path / "union")
    order = [PROBLEMS[number] for number in (5, 1, 3, 0, 2, 4)]
    assert merged.problems == order
    expected = reference(order, {one.id: set(range(30)) for one in order})
    assert content(merged) == content(Pool.open(tmp_path / "union")) == expected
    assert not list(inspect_pool(tmp_path / "union").damage)
    assert merged.verdicts("answer").num_rows == 180
    assert merged.grader_identity("answer") == {"version": 1, "samples": merged.digest()}
    assert (read_draw(merged.folder) or {})["samples_per_problem"] == 30
    parts = [books_of(Pool.open(shard).ledger()) for shard in shards]
    whole = books_of(merged.ledger())
    assert whole.kept.completion == sum(part.kept.completion for part in parts)
    assert whole.requests == sum(part.requests for part in parts)


def test_failures_are_kept_and_other_settings_of_a_grader_are_not(tmp_path: Path) -> None:
    first = pool_with(tmp_path / "a", [0, 1], {(0, 0)})
    second = pool_with(tmp_path / "b", [0, 1], {(0, 1)})
    for number, folder in enumerate((first, second)):
        grade(folder, number)
        with Pool.open_or_create(folder, IDENTITY, PROBLEMS[:2]) as pool:
            pool.record_failure(Failure(PROBLEMS[1].id, 0, 3, "too long"))
    merged = merge_pools([first, second], tmp_path / "union")
    assert merged.failures() == [Failure(PROBLEMS[1].id, 0, 3, "too long")]
    assert merged.grader_identity("answer") is None
    assert len(merged) == 2


def test_other_origins_are_refused_key_by_key(tmp_path: Path) -> None:
    first = pool_with(tmp_path / "a", [0], {(0, 0)}, seed=1)
    second = pool_with(tmp_path / "b", [0], {(0, 1)}, seed=2, decoding={"temperature": 1.0})
    with pytest.raises(InputError) as refusal:
        merge_pools([first, second], tmp_path / "union")
    assert [issue.where.rpartition(" ")[2] for issue in refusal.value.issues] == [
        "decoding.temperature",
        "seed",
    ]
    assert not (tmp_path / "union").exists()


def test_clashing_samples_and_taken_folders_are_refused(tmp_path: Path) -> None:
    first = pool_with(tmp_path / "a", [0], {(0, 0)})
    second = pool_with(tmp_path / "b", [0], set())
    with Pool.open_or_create(second, IDENTITY, PROBLEMS[:1]) as pool:
        pool.append([replace(sample(PROBLEMS[0], 0), completion="other")])
    with pytest.raises(InputError, match="two different samples under one key"):
        merge_pools([first, second], tmp_path / "union")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    with pytest.raises(InputError, match="is there already"):
        merge_pools([first], second)
