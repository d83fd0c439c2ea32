"""Every kind of damage is found, and a repair keeps exactly what is sound."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.pool import Failure, Pool, parquet, store
from harness.pool.books import books_of
from harness.pool.inspection import inspect_pool
from harness.pool.journal import encode_line
from harness.pool.repair import repair_pool
from tests.pool.samples_for_tests import IDENTITY, content, problems, reference, sample

PROBLEMS = problems(6)
ROWS = 30


def make_pool(folder: Path) -> Path:
    """A pool with samples in all three places: 120 in the table, 30 in a run, 30 in the journal."""
    with Pool.open_or_create(folder, {**IDENTITY, "seed": 1}, PROBLEMS) as pool:
        pool.append([sample(one, index) for one in PROBLEMS for index in range(20)])
        pool.compact()
        pool.append([sample(one, index) for one in PROBLEMS for index in range(20, 25)])
        before, store.JOURNAL_ROWS = store.JOURNAL_ROWS, 1
        try:
            pool._store.write_out()
        finally:
            store.JOURNAL_ROWS = before
        pool.append([sample(one, index) for one in PROBLEMS for index in range(25, 30)])
        pool.record_failure(Failure(PROBLEMS[5].id, 30, 2, "too long"))
        verdicts = pool.samples(["problem_id", "sample_index"]).to_pylist()
        rows = [
            {**row, "outcome": "correct", "answer": "1", "rule": "", "stage": "", "reason": None}
            for row in verdicts
        ]
        pool.write_verdicts("answer", pa.Table.from_pylist(rows), {"version": 1})
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROW_GROUP_ROWS", ROWS)
        return make_pool(tmp_path_factory.mktemp("whole") / "pool")


@pytest.fixture
def pool(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", ROWS)
    shutil.copytree(whole, tmp_path / "pool")
    return tmp_path / "pool"


def keys_of(folder: Path) -> set[tuple[str, int]]:
    return {(one, index) for one, index, _ in content(Pool.open(folder))}


ALL = {(one.id, index) for one in PROBLEMS for index in range(30)}


def found_in(folder: Path) -> dict[str, str]:
    inspection = inspect_pool(folder)
    found: dict[str, str] = {}
    for issue in inspection.damage:
        found[issue.where] = found.get(issue.where, "") + str(issue)
    return found


def check_repaired(folder: Path, lost: set[tuple[str, int]]) -> None:
    """A repair leaves a pool without damage that lacks exactly `lost`, and is drawn on."""
    repair = repair_pool(folder)
    assert keys_of(folder) == ALL - lost
    assert repair.samples == len(ALL) - len(lost)
    assert not inspect_pool(folder).damage
    books = books_of(Pool.open(folder).ledger())
    assert books.wasted_requests >= bool(lost)
    with Pool.open_or_create(folder, {**IDENTITY, "seed": 1}, PROBLEMS) as again:
        missing = {(one, index) for one, indices in again.missing(30) for index in indices}
        assert missing == {key for key in lost if key[0] != PROBLEMS[5].id}
        by_id = {one.id: one for one in PROBLEMS}
        again.append([sample(by_id[one], index) for one, index in sorted(lost)])
        again.compact()
        assert content(again) == reference(PROBLEMS, {one.id: set(range(30)) for one in PROBLEMS})
    assert not inspect_pool(folder).damage


def test_a_sound_pool_has_no_damage(pool: Path) -> None:
    inspection = inspect_pool(pool)
    assert not list(inspection.damage) and not list(inspection.notes)
    assert inspection.samples == 180
    repair = repair_pool(pool)
    assert repair.aside is None and repair.samples == 180
    assert (pool / "runs" / "000001.parquet").exists()


def test_torn_line(pool: Path) -> None:
    with (pool / "samples.jsonl").open("ab") as stream:
        stream.write(b'{"problem_id":"')
    assert "unfinished last line (15 bytes)" in found_in(pool)["samples.jsonl"]
    check_repaired(pool, set())


def test_changed_line_and_lost_line(pool: Path) -> None:
    lines = (pool / "samples.jsonl").read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"stop", b"length")
    del lines[7]
    (pool / "samples.jsonl").write_bytes(b"".join(lines))
    found = found_in(pool)
    assert "not what was written: 4" in found["samples.jsonl"]
    lost = {(PROBLEMS[0].id, 28), (PROBLEMS[1].id, 27)}
    assert all(f"{one}/{index}" in found["samples"] for one, index in lost)
    check_repaired(pool, lost)


def test_doubled_line(pool: Path) -> None:
    lines = (pool / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (pool / "samples.jsonl").write_bytes(b"".join([*lines, lines[0]]))
    assert f"doubled: {PROBLEMS[0].id}/25" in found_in(pool)["samples.jsonl"]
    check_repaired(pool, set())


def test_another_sample_under_a_key_is_put_aside(pool: Path) -> None:
    other = replace(sample(PROBLEMS[2], 3), completion="not what was drawn")
    with (pool / "samples.jsonl").open("ab") as stream:
        stream.write(encode_line(other))
    assert f"two different samples under one key: {PROBLEMS[2].id}/3" in found_in(pool)["samples"]
    check_repaired(pool, set())
    (aside,) = pool.glob("damaged/*/other-samples.jsonl")
    assert aside.read_bytes() == encode_line(other)


def test_foreign_problem(pool: Path) -> None:
    stranger = problems(7)[6]
    with (pool / "samples.jsonl").open("ab") as stream:
        stream.write(encode_line(sample(stranger, 0)))
    assert stranger.id in found_in(pool)["samples.jsonl"]
    check_repaired(pool, set())


def test_seed_that_does_not_fit(pool: Path) -> None:
    rows = pq.read_table(pool / "samples.parquet").to_pylist()
    rows[5]["seed"] += 7
    schema = pq.read_schema(pool / "samples.parquet")
    parquet.write_parquet(
        pool / "samples.parquet", [pa.Table.from_pylist(rows, schema=schema)], schema
    )
    assert (
        f"seeds that do not follow from the problem's others: {PROBLEMS[0].id}/5"
        in (found_in(pool)["samples"])
    )


@pytest.mark.parametrize("name", ["samples.parquet", "runs/000001.parquet"])
def test_cut_parquet_keeps_the_row_groups_before_the_cut(pool: Path, name: str) -> None:
    data = (pool / name).read_bytes()
    metadata = pq.ParquetFile(pool / name).metadata
    keep = metadata.num_row_groups - 1
    column = metadata.row_group(keep).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    (pool / name).write_bytes(data[: start + 10])
    found = found_in(pool)
    assert f"rows {keep * ROWS} to {metadata.num_rows - 1} cannot be read" in found[name]
    with pytest.raises(InputError, match="repair"):
        Pool.open(pool).samples()
    indices = range(20) if name == "samples.parquet" else range(20, 25)
    inside = [(one.id, index) for one in PROBLEMS for index in indices]
    check_repaired(pool, set(inside[keep * ROWS :]))


def test_a_table_rewritten_by_another_program_is_kept(pool: Path) -> None:
    table = pq.read_table(pool / "samples.parquet")
    shuffled = list(range(table.num_rows))
    random.Random(1).shuffle(shuffled)
    pq.write_table(table.take(pa.array(shuffled)).slice(0, 100), pool / "samples.parquet")
    lost = {
        (row["problem_id"], row["sample_index"])
        for row in table.take(pa.array(shuffled)).slice(100).to_pylist()
    }
    assert "not what was written" in found_in(pool)["samples.parquet"]
    (pool / "samples.record.json").unlink()
    assert "has no samples.record.json" in found_in(pool)["samples.parquet"]
    check_repaired(pool, lost)


def test_files_of_another_pool_are_not_kept(pool: Path, tmp_path: Path) -> None:
    with Pool.open_or_create(tmp_path / "other", {**IDENTITY, "seed": 2}, PROBLEMS) as other:
        other.append([sample(one, index) for one in PROBLEMS for index in range(20)])
        other.compact()
    for name in ("samples.parquet", "samples.record.json"):
        shutil.copy(tmp_path / "other" / name, pool / name)
    assert "file of another pool" in found_in(pool)["samples.parquet"]
    check_repaired(pool, {(one.id, index) for one in PROBLEMS for index in range(20)})


@pytest.mark.parametrize("keep", [0, 2])
def test_a_shortened_ledger_is_found_and_booked_again(pool: Path, keep: int) -> None:
    before = books_of(Pool.open(pool).ledger())
    lines = (pool / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (pool / "ledger.jsonl").write_bytes(b"".join(lines[:keep]))
    assert "does not book samples" in found_in(pool)["ledger.jsonl"]
    repair_pool(pool)
    assert not inspect_pool(pool).damage
    after = books_of(Pool.open(pool).ledger())
    assert after.kept.completion == before.kept.completion


def test_a_changed_draw_file_is_found(pool: Path) -> None:
    from harness.pool.draw_file import read_draw, write_draw

    write_draw(pool, {"model": {"id": "x"}, "samples_per_problem": 3})
    assert not list(inspect_pool(pool).damage)
    path = pool / "draw.json"
    path.write_bytes(path.read_bytes().replace(b'"x"', b'"y"'))
    assert read_draw(pool) is None
    assert "not what was written" in found_in(pool)["draw.json"]
    repair_pool(pool)
    assert not path.exists() and not inspect_pool(pool).damage


def test_lost_table(pool: Path) -> None:
    (pool / "samples.parquet").unlink()
    lost = {(one.id, index) for one in PROBLEMS for index in range(20)}
    assert f"({len(lost)} in all)" in found_in(pool)["samples"]
    check_repaired(pool, lost)


def test_books_and_verdicts(pool: Path) -> None:
    for name in ("ledger.jsonl", "failures.jsonl"):
        lines = (pool / name).read_bytes().splitlines(keepends=True)
        lines[0] = lines[0].replace(b'"count":', b'"cuont":')
        (pool / name).write_bytes(b"".join(lines))
    verdicts = pool / "verdicts" / "answer.parquet"
    verdicts.write_bytes(verdicts.read_bytes()[:-20])
    found = found_in(pool)
    assert set(found) == {"ledger.jsonl", "failures.jsonl", "verdicts/answer.parquet"}
    repair_pool(pool)
    assert not inspect_pool(pool).damage
    assert keys_of(pool) == ALL
    assert Pool.open(pool).grader_identity("answer") is None
    assert list(pool.glob("damaged/*/verdicts/answer.parquet"))


def test_verdicts_of_lost_samples_go_and_the_others_stay(pool: Path) -> None:
    (pool / "samples.jsonl").write_bytes(b"")
    repair_pool(pool)
    kept = Pool.open(pool).verdicts("answer")
    assert kept.num_rows == 150
    assert Pool.open(pool).grader_identity("answer") == {"version": 1}
    assert not inspect_pool(pool).damage


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("identity.json", lambda data: data.replace(b"0.7", b"0.8")),
        ("identity.json", lambda data: data[:40]),
        ("problems.jsonl", lambda data: data.replace(b"What is 2", b"What is 9")),
        ("problems.jsonl", lambda data: data.split(b"\n", 1)[1]),
    ],
)
def test_origins_that_changed_are_found_and_not_guessed(
    pool: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    (pool / name).write_bytes(change((pool / name).read_bytes()))
    (issue,) = inspect_pool(pool).damage
    assert name in issue.message
    shutil.copytree(pool, pool.with_name("without copy"))
    repair = repair_pool(pool)
    assert repair.samples == 180 and not inspect_pool(pool).damage
    assert keys_of(pool) == ALL
    assert list(pool.glob(f"damaged/*/{name}"))
    bare = pool.with_name("without copy")
    shutil.rmtree(bare / ".origin")
    with pytest.raises(InputError, match="cannot be repaired"):
        repair_pool(bare)
    assert not list(bare.glob("damaged"))


def test_no_pool(tmp_path: Path) -> None:
    for look in (inspect_pool, repair_pool):
        with pytest.raises(InputError, match="is not a pool"):
            look(tmp_path / "nothing")
    assert not list(tmp_path.iterdir())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_flipped_byte_anywhere_is_found_and_costs_little(
    data: st.DataObject, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", ROWS)
    folder = tmp_path / "flipped"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    name = data.draw(
        st.sampled_from(["samples.parquet", "runs/000001.parquet", "samples.jsonl", "ledger.jsonl"])
    )
    content_before = bytearray((folder / name).read_bytes())
    place = data.draw(st.integers(0, len(content_before) - 1))
    content_before[place] ^= 1 << data.draw(st.integers(0, 7))
    (folder / name).write_bytes(content_before)
    assert list(inspect_pool(folder).damage)
    repair_pool(folder)
    assert not list(inspect_pool(folder).damage)
    lost = ALL - keys_of(folder)
    assert len(lost) <= (2 if name.endswith("jsonl") else ROWS)
    assert not lost or name != "ledger.jsonl"
