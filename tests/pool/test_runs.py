"""Long journals become sorted runs: nothing is lost whatever is interrupted between two steps."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.errors import InputError
from harness.pool import Pool, store
from harness.pool.books import books_of
from harness.pool.parquet import read_records, write_parquet
from harness.pool.samples import SAMPLE_SCHEMA, table_of
from tests.pool.samples_for_tests import (
    content,
    new_pool,
    problems,
    reference,
    reopened,
    sample,
)

PROBLEMS = problems(8)
EVERYTHING = [sample(problem, index) for problem in PROBLEMS for index in range(40)]
EXPECTED = reference(PROBLEMS, {problem.id: set(range(40)) for problem in PROBLEMS})


@pytest.fixture
def short_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "JOURNAL_ROWS", 10)


def shuffled(seed: int) -> list[list[store.Sample]]:
    rows = list(EVERYTHING)
    random.Random(seed).shuffle(rows)
    return [rows[start : start + 4] for start in range(0, len(rows), 4)]


@pytest.mark.usefixtures("short_journals")
def test_runs_are_merged_in_rounds(tmp_path: Path) -> None:
    pool = new_pool(tmp_path, 8)
    for few in shuffled(1):
        pool.append(few)
    assert len(list((tmp_path / "runs").glob("*.parquet"))) > 2 * store.RUNS_AT_ONCE
    assert content(pool) == content(Pool.open(tmp_path)) == EXPECTED
    before = pool.digest()
    pool.compact()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "identity.json",
        "ledger.jsonl",
        "problems.jsonl",
        "samples.parquet",
        "samples.record.json",
    ]
    assert pool.digest() == Pool.open(tmp_path).digest() == before
    assert content(pool) == EXPECTED


@pytest.mark.usefixtures("short_journals")
@pytest.mark.parametrize("step", range(0, 60, 7))
def test_a_crash_between_any_two_steps_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Ends the work at the n-th change of the folder, as a crash would, and goes on."""
    pool = new_pool(tmp_path, 8)
    counter = iter(range(1000))

    class Crash(BaseException):
        pass

    def crashing(original):  # type: ignore[no-untyped-def]
        def call(*arguments, **keywords):  # type: ignore[no-untyped-def]
            if next(counter) == step:
                raise Crash
            return original(*arguments, **keywords)

        return call

    for name in ("write_parquet", "remove_parquet", "flush_folder"):
        monkeypatch.setattr(store, name, crashing(getattr(store, name)))
    counted = 0
    try:
        for few in shuffled(2):
            pool.append(few)
            counted += len(few)
        pool.compact()
    except Crash:
        pass
    monkeypatch.undo()
    again = reopened(pool)
    assert len(again) in (counted, counted + 4)
    for few in shuffled(2):
        again.append(few)
    again.compact()
    assert content(again) == EXPECTED
    assert not again.repairs


WRITER = """
import sys
from pathlib import Path
from harness.pool import Pool, store
from tests.pool.test_runs import shuffled, PROBLEMS
from tests.pool.samples_for_tests import new_pool
store.JOURNAL_ROWS = 10
with new_pool(Path(sys.argv[1]), 8) as pool:
    there = pool.counts()
    for few in shuffled(3):
        pool.append(few)
        print(sum(pool.counts().values()), flush=True)
    pool.compact()
print("done", flush=True)
"""


def test_kill_9_at_random_times_loses_no_counted_sample(tmp_path: Path) -> None:
    chance = random.Random()
    for _ in range(5):
        counted = 0
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "pool")],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert writer.stdout is not None
        stop_at = chance.randrange(1, len(EVERYTHING))
        for line in writer.stdout:
            if line == "done\n":
                break
            counted = int(line)
            if counted >= stop_at:
                time.sleep(chance.random() * 0.01)
                writer.send_signal(signal.SIGKILL)
                break
        writer.wait()
        writer.stdout.close()
        pool = Pool.open(tmp_path / "pool")
        assert len(pool) >= counted
    with new_pool(tmp_path / "pool", 8) as pool:
        for few in shuffled(3):
            pool.append(few)
        pool.compact()
        assert content(pool) == EXPECTED


def test_a_second_writer_is_refused_with_process_and_host(tmp_path: Path) -> None:
    import socket

    code = WRITER.replace("pool.compact()", "pool.compact(); input()")
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "pool")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert writer.stdout is not None
    writer.stdout.readline()
    with pytest.raises(InputError) as refusal:
        new_pool(tmp_path / "pool", 8)
    assert f"process {writer.pid} on {socket.gethostname()}" in str(refusal.value)
    assert len(Pool.open(tmp_path / "pool")) > 0  # Reading is free.
    writer.kill()
    writer.wait()
    new_pool(tmp_path / "pool", 8).close()
    assert os.getpid() != writer.pid


def test_what_power_loss_takes_from_the_ledger_is_booked_again(tmp_path: Path) -> None:
    pool = new_pool(tmp_path, 8)
    pool.append(EVERYTHING[:12])
    whole = books_of(pool.ledger())
    pool.close()
    (tmp_path / "ledger.jsonl").write_bytes(b"")
    assert books_of(Pool.open(tmp_path).ledger()).requests == 0
    pool = reopened(pool)
    again = books_of(pool.ledger())
    assert (again.kept, again.requests) == (whole.kept, whole.requests)
    assert books_of(reopened(pool).ledger()).kept == whole.kept


def test_long_texts_make_short_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from harness.pool import parquet

    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 50_000)
    rows = [replace(one, completion="x" * 9_000) for one in EVERYTHING[:40]]
    path = tmp_path / "long.parquet"
    assert write_parquet(path, (table_of([row]) for row in rows), SAMPLE_SCHEMA) == 40
    file = pq.ParquetFile(path)
    assert file.num_row_groups >= 7
    assert file.read()["sample_index"].to_pylist() == list(range(40))
    (record,) = read_records(path)
    assert (record.rows, record.size) == (40, path.stat().st_size)
    assert path.read_bytes().endswith(record.footer_bytes())
