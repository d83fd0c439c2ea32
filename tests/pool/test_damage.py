"""A pool loses nothing that it counted: torn lines, damaged lines, crashes at any step."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.pool import Pool
from harness.pool.journal import decode_line, encode_line
from tests.pool.samples_for_tests import (
    content,
    new_pool,
    problems,
    reference,
    reopened,
    sample,
)

PROBLEMS = problems(3)
KEYS = [(problem, index) for problem in range(3) for index in range(6)]
ACTIONS = st.one_of(
    st.tuples(st.just("append"), st.lists(st.sampled_from(KEYS), min_size=1, max_size=6)),
    st.tuples(st.just("compact"), st.none()),
    st.tuples(st.just("crash in compaction"), st.none()),
    st.tuples(st.just("reopen"), st.none()),
    st.tuples(st.just("torn append"), st.tuples(st.sampled_from(KEYS), st.integers(0, 10_000))),
)


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "pool"


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, max_size=12))
def test_any_history_gives_the_same_table(actions: list[tuple[str, Any]]) -> None:
    with scratch() as folder:
        pool = new_pool(folder)
        expected: dict[str, set[int]] = {problem.id: set() for problem in PROBLEMS}
        for name, argument in actions:
            if name == "append":
                pool.append([sample(PROBLEMS[one], index) for one, index in argument])
                for one, index in argument:
                    expected[PROBLEMS[one].id].add(index)
            elif name == "compact":
                pool.compact()
            elif name == "crash in compaction":
                pool = _compacted_but_journal_kept(pool)
            elif name == "reopen":
                pool = reopened(pool)
            else:
                (one, index), cut = argument
                line = encode_line(sample(PROBLEMS[one], index))
                with (folder / "samples.jsonl").open("ab") as stream:
                    stream.write(line[: cut % len(line)])
                assert content(Pool.open(folder)) == reference(PROBLEMS, expected)
                pool = reopened(pool)
            assert content(pool) == reference(PROBLEMS, expected)
            assert {key: len(found) for key, found in expected.items()} == pool.counts()
        pool.compact()
        assert content(Pool.open(folder)) == reference(PROBLEMS, expected)


def _compacted_but_journal_kept(pool: Pool) -> Pool:
    journal = pool.folder / "samples.jsonl"
    kept = journal.read_bytes() if journal.exists() else b""
    pool.compact()
    pool.close()
    journal.write_bytes(kept)
    return new_pool(pool.folder)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_in_the_middle_costs_only_what_it_hits(data: st.DataObject) -> None:
    with scratch() as folder:
        with new_pool(folder) as pool:
            pool.append([sample(problem, index) for problem in PROBLEMS for index in range(4)])
        journal = folder / "samples.jsonl"
        lines = journal.read_bytes().split(b"\n")[:-1]
        hit = data.draw(st.integers(0, len(lines) - 1))
        position = data.draw(st.integers(0, len(lines[hit]) - 1))
        new = data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[hit][position]))
        before = b"".join(line + b"\n" for line in lines[:hit])
        damaged = bytearray(lines[hit])
        damaged[position] = new
        after = b"".join(line + b"\n" for line in lines[hit + 1 :])
        journal.write_bytes(before + damaged + b"\n" + after)
        kept = {problem.id: set(range(4)) for problem in PROBLEMS}
        kept[PROBLEMS[hit // 4].id].remove(hit % 4)

        untouched = journal.read_bytes()
        assert content(Pool.open(folder)) == reference(PROBLEMS, kept)
        assert journal.read_bytes() == untouched

        mended = new_pool(folder)
        assert content(mended) == reference(PROBLEMS, kept)
        assert mended.missing(4) == [(PROBLEMS[hit // 4].id, [hit % 4])]
        assert any("put aside" in note for note in mended.repairs)
        assert (folder / "samples.jsonl.damaged").read_bytes() == bytes(damaged) + b"\n"
        mended.append([sample(PROBLEMS[hit // 4], hit % 4)])
        mended = reopened(mended)
        assert not mended.repairs
        assert not mended.missing(4)


def test_a_cut_anywhere_in_the_journal_keeps_the_whole_lines(tmp_path: Path) -> None:
    whole = new_pool(tmp_path / "whole", 1)
    (problem,) = problems(1)
    whole.append([sample(problem, index) for index in range(3)])
    whole.close()
    data = (tmp_path / "whole" / "samples.jsonl").read_bytes()
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    ends = {i + 1 for i in range(len(data)) if data[i] == 10}
    near = {end + step for end in {0, *ends} for step in (-1, 0, 1)}
    for length in sorted({*range(0, len(data), 5), *near} & set(range(len(data) + 1))):
        (tmp_path / "cut" / "samples.jsonl").write_bytes(data[:length])
        with new_pool(tmp_path / "cut", 1) as pool:
            count = data[:length].count(b"\n")
            assert content(pool) == reference([problem], {problem.id: set(range(count))})
            assert bool(pool.repairs) == (length not in {0, *ends})
            pool.append([sample(problem, 5)])
            assert len(Pool.open(tmp_path / "cut")) == count + 1


def test_foreign_lines_are_put_aside(tmp_path: Path) -> None:
    with new_pool(tmp_path, 2) as pool:
        pool.append([sample(problems(2)[0], 0)])
    with (tmp_path / "samples.jsonl").open("ab") as stream:
        stream.write(encode_line(sample(problems(3)[2], 0)) + b"\x00" * 30 + b"\n")
    pool = new_pool(tmp_path, 2)
    assert content(pool) == reference(problems(2), {problems(2)[0].id: {0}})
    assert "2 damaged lines" in pool.repairs[0]


@given(st.binary(max_size=200))
def test_strange_bytes_are_not_samples(line: bytes) -> None:
    assert decode_line(line) is None
