"""What a pool keeps, in which order, and whom it refuses."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import InputError
from harness.pool import Failure, Pool
from harness.pool.samples import DRAWN_COLUMNS
from tests.pool.samples_for_tests import (
    IDENTITY,
    content,
    new_pool,
    problems,
    reference,
    sample,
)


def test_content_is_in_canonical_order_whatever_the_order_of_arrival(tmp_path: Path) -> None:
    chosen = problems(5)
    everything = [sample(problem, index) for problem in chosen for index in range(12)]
    random.Random(1).shuffle(everything)
    pool = new_pool(tmp_path, 5)
    for start in range(0, len(everything), 7):
        pool.append(everything[start : start + 7])
    expected = reference(chosen, {problem.id: set(range(12)) for problem in chosen})
    assert content(pool) == expected
    pool.compact()
    assert content(pool) == content(Pool.open(tmp_path)) == expected


def test_equal_pools_have_equal_digests(tmp_path: Path) -> None:
    chosen = problems(4)
    everything = [sample(problem, index) for problem in chosen for index in range(30)]
    at_once = new_pool(tmp_path / "at once", 4)
    at_once.append(everything)
    at_once.compact()
    in_parts = new_pool(tmp_path / "in parts", 4)
    for one in reversed(everything):
        in_parts.append([replace(one, seconds=random.random(), cached_tokens=3)])
        if one.sample_index == 11:
            in_parts.compact()
    in_parts.compact()
    assert at_once.digest() == in_parts.digest() == Pool.open(tmp_path / "in parts").digest()
    rows = "".join(
        json.dumps([one[name] for name in DRAWN_COLUMNS], ensure_ascii=False, separators=(",", ":"))
        + "\n"
        for one in at_once.samples().to_pylist()
    )
    assert at_once.digest() == hashlib.sha256(rows.encode()).hexdigest()


def test_parquet_is_readable_by_others_with_row_groups_and_page_index(tmp_path: Path) -> None:
    chosen = problems(3)
    pool = new_pool(tmp_path)
    pool.append([sample(problem, index) for problem in chosen for index in range(15_000)])
    pool.compact()
    file = pq.ParquetFile(tmp_path / "samples.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(3)] == [5_000] * 3
    column = file.metadata.row_group(0).column(2)
    assert column.compression == "ZSTD"
    assert file.metadata.row_group(0).column(0).has_offset_index
    assert pool.samples(["sample_index"]).num_rows == len(pool) == 45_000


def test_missing_extends_and_leaves_out_failures(tmp_path: Path) -> None:
    first, second, third = problems(3)
    pool = new_pool(tmp_path)
    pool.append([sample(first, index) for index in (0, 1, 2, 5)])
    pool.append([sample(third, index) for index in range(40)])
    assert pool.counts() == {first.id: 4, second.id: 0, third.id: 40}
    assert pool.missing(3) == [(second.id, [0, 1, 2])]
    assert pool.missing(7) == [(first.id, [3, 4, 6]), (second.id, list(range(7)))]
    pool.record_failure(Failure(second.id, 0, 7, "prompt too long"))
    assert pool.missing(7) == [(first.id, [3, 4, 6])]
    again = Pool.open(tmp_path)
    assert again.missing(7) == [(first.id, [3, 4, 6])]
    assert again.failures() == [Failure(second.id, 0, 7, "prompt too long")]


def test_ledger_has_one_line_a_request(tmp_path: Path) -> None:
    first, second, _ = problems(3)
    pool = new_pool(tmp_path)
    request = [sample(first, index, seconds=1.5) for index in range(4, 8)]
    pool.append([*request, sample(second, 8, seconds=1.5), sample(second, 10, seconds=2.0)])
    lines = list(pool.ledger())
    assert [(line.problem_id, line.first_index, line.count) for line in lines] == [
        (first.id, 4, 4),
        (second.id, 8, 1),
        (second.id, 10, 1),
    ]
    assert lines[0].completion_tokens == sum(3 + index for index in range(4, 8))
    assert lines[0].prompt_tokens == 7


def test_another_identity_is_refused_with_its_keys(tmp_path: Path) -> None:
    new_pool(tmp_path).close()
    other = {"model": {"id": "tests/none"}, "decoding": {"temperature": 1.0}, "seed": 3}
    with pytest.raises(InputError) as refusal:
        Pool.open_or_create(tmp_path, other, problems(3))
    assert [issue.where for issue in refusal.value.issues] == [
        "decoding.temperature",
        "model.revision",
        "seed",
    ]
    assert "0.7" in str(refusal.value)


def test_same_key_same_sample_counts_once_and_another_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(1)
    pool = new_pool(tmp_path, 1)
    pool.append([sample(problem, 0)])
    pool.append([sample(problem, 0), sample(problem, 1), sample(problem, 1)])
    assert content(pool) == reference([problem], {problem.id: {0, 1}})
    with pytest.raises(InputError, match="two different samples under one key"):
        pool.append([replace(sample(problem, 1), completion="something else")])
    assert len(Pool.open(tmp_path)) == 2


def test_conflicting_lines_in_the_journal_are_refused(tmp_path: Path) -> None:
    (problem,) = problems(1)
    for name in ("one", "two"):
        pool = new_pool(tmp_path / name, 1)
        pool.append([replace(sample(problem, 0), completion=name)])
    both = b"".join((tmp_path / name / "samples.jsonl").read_bytes() for name in ("one", "two"))
    (tmp_path / "one" / "samples.jsonl").write_bytes(both)
    with pytest.raises(InputError, match="which differ in completion"):
        Pool.open(tmp_path / "one")


def test_foreign_samples_are_refused(tmp_path: Path) -> None:
    pool = new_pool(tmp_path, 2)
    with pytest.raises(ValueError, match="no place"):
        pool.append([sample(problems(3)[2], 0)])
    assert len(pool) == 0


def test_lone_surrogates_become_replacement_characters(tmp_path: Path) -> None:
    (problem,) = problems(1)
    pool = new_pool(tmp_path, 1)
    pool.append([replace(sample(problem, 0), completion="a\ud800b😀")])
    pool.compact()
    assert pool.samples(["completion"])["completion"].to_pylist() == ["a\ufffdb😀"]


def test_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'completion"):
        new_pool(tmp_path).samples(["completions"])


def test_verdicts_are_kept_with_their_grader(tmp_path: Path) -> None:
    first, second, _ = problems(3)
    pool = new_pool(tmp_path)
    pool.append([sample(first, 0), sample(second, 0)])
    with pytest.raises(InputError, match="harness grade"):
        pool.verdicts("answer")
    assert pool.grader_identity("answer") is None
    rows = [
        {"problem_id": second.id, "sample_index": 0, "outcome": "wrong", "answer": "3"},
        {"problem_id": first.id, "sample_index": 0, "outcome": "undecided", "reason": "time"},
    ]
    rows = [{"answer": None, "rule": "hash", "stage": "", "reason": None, **row} for row in rows]
    pool.write_verdicts("answer", pa.Table.from_pylist(rows), {"version": 2})
    table = Pool.open(tmp_path).verdicts("answer")
    assert table["problem_id"].to_pylist() == [first.id, second.id]
    assert table["outcome"].to_pylist() == ["undecided", "wrong"]
    assert pool.grader_identity("answer") == {"version": 2}
    with pytest.raises(ValueError, match="unknown outcomes"):
        pool.write_verdicts("answer", pa.Table.from_pylist([{**rows[0], "outcome": "yes"}]))
    with pytest.raises(ValueError, match="two verdicts"):
        pool.write_verdicts("answer", pa.Table.from_pylist([rows[0], rows[0]]))
    assert pool.grader_identity("answer") == {"version": 2}


@pytest.mark.parametrize(
    ("name", "replacement", "message"),
    [
        ("identity.json", b"{", "is not JSON"),
        ("identity.json", b'{"format": 99}', "is not of format 2"),
        ("problems.jsonl", b"", "does not hold the problems"),
        ("problems.jsonl", b"{}\n", "cannot be read as the problems"),
        ("samples.parquet", b"PAR1 cut", "samples.parquet cannot be read"),
    ],
)
def test_unreadable_files_are_named(
    tmp_path: Path, name: str, replacement: bytes, message: str
) -> None:
    pool = new_pool(tmp_path)
    pool.append([sample(pool.problems[0], 0)])
    pool.compact()
    pool.close()
    (tmp_path / name).write_bytes(replacement)
    with pytest.raises(InputError, match=message):
        Pool.open_or_create(tmp_path, IDENTITY, problems(3))


def test_not_a_pool(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a pool"):
        Pool.open(tmp_path)
    (tmp_path / "samples.jsonl").write_bytes(b"")
    with pytest.raises(InputError, match="origin is unknown"):
        new_pool(tmp_path)


def test_problems_keep_their_order_and_all_fields(tmp_path: Path) -> None:
    chosen = [
        replace(one, level="5", solution="a\n\u2028b", external_id="x") for one in problems(4)
    ]
    chosen.reverse()
    Pool.open_or_create(tmp_path, IDENTITY, chosen).close()
    assert Pool.open(tmp_path).problems == chosen
    assert Pool.open_or_create(tmp_path, IDENTITY, problems(4)).problems == chosen
