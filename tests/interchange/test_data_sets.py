"""Data sets as samples and problems: folders, parquet files, lists of completions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict

from harness.errors import EnvironmentFailure, InputError
from harness.interchange.data_sets import DataSetName
from harness.pool import Pool
from tests.interchange.imports_for_tests import PROBLEMS, content, imported, row, write_rows

ROWS: list[dict[str, Any]] = [
    {"name": "a", "answers": ["1", "2"], "completion_tokens": [7, 8], "prompt_tokens": 3},
    {"name": "b", "answers": ["3"], "completion_tokens": [9], "prompt_tokens": 4},
]
COLUMNS = ("problem_id=name", "completion=answers")
EXPECTED = [("a", 0, "1"), ("a", 1, "2"), ("b", 0, "3")]


def _problems(folder: Path) -> DataSetName:
    return DataSetName(str(write_rows(folder / "problems.jsonl", PROBLEMS)))


def _stored(folder: Path, form: str) -> DataSetName:
    rows = Dataset.from_list(ROWS)
    if form == "saved":
        rows.save_to_disk(str(folder / "rows"))
        return DataSetName(str(folder / "rows"))
    if form == "saved splits":
        DatasetDict({"train": rows, "test": rows}).save_to_disk(str(folder / "rows"))
        return DataSetName(str(folder / "rows"), split="test")
    (folder / "rows").mkdir()
    rows.to_parquet(str(folder / "rows" / "part-0.parquet"))
    if form == "parquet file":
        return DataSetName(str(folder / "rows" / "part-0.parquet"))
    return DataSetName(str(folder / "rows"))


@pytest.mark.parametrize("form", ["saved", "saved splits", "parquet file", "parquet folder"])
def test_every_form_gives_the_same_pool(tmp_path: Path, form: str) -> None:
    name = _stored(tmp_path, form)
    result = imported(
        tmp_path / "unused", samples=(name,), problems=_problems(tmp_path), columns=COLUMNS
    )
    assert (result.added, result.without_samples) == (3, 1)
    assert content(tmp_path / "pool") == EXPECTED
    pool = Pool.open(tmp_path / "pool")
    assert pool.identity["engine"] == {"name": "import", "format": "datasets"}
    tokens = pool.samples(["prompt_tokens", "completion_tokens"]).to_pydict()
    assert tokens == {"prompt_tokens": [3, 3, 4], "completion_tokens": [7, 8, 9]}


def test_one_data_set_may_hold_both(tmp_path: Path) -> None:
    rows = [{"id": "x", "q": "1 + 1?", "a": 2, "completion": ["2", "3"]}]
    rows.append({"id": "y", "q": "1 + 2?", "a": 3, "completion": []})
    path = tmp_path / "rows.parquet"
    Dataset.from_list(rows).to_parquet(str(path))
    name = DataSetName(str(path))
    imported(tmp_path / "unused", samples=(name,), problems=name, columns=("problem_id=id",),
             problem_columns=("question=q", "gold=a"))  # fmt: skip
    assert content(tmp_path / "pool") == [("x", 0, "2"), ("x", 1, "3")]
    assert [one.gold for one in Pool.open(tmp_path / "pool").problems] == ["2", "3"]


def test_bad_rows_are_named_by_their_number(tmp_path: Path) -> None:
    rows = [
        {"problem_id": "a", "completion": ["1", "2"], "seed": [1, 2], "sample_index": None},
        {"problem_id": "a", "completion": ["3", "4"], "seed": [1], "sample_index": None},
        {"problem_id": "zz", "completion": ["5"], "seed": [1], "sample_index": None},
        {"problem_id": "b", "completion": ["6", "7"], "seed": [1, 2], "sample_index": 4},
        {"problem_id": "b", "completion": ["8", None], "seed": [1, 2], "sample_index": None},
    ]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    options = {"samples": (DataSetName(str(path)),), "problems": _problems(tmp_path)}
    with pytest.raises(InputError) as found:
        imported(tmp_path / "unused", **options)
    said = {issue.where.rsplit(" ", 1)[1]: issue.message for issue in found.value.issues}
    assert list(said) == ["2", "3", "4", "5"]
    assert "seed does not go with a list of 2" in said["2"]
    assert "sample_index does not go" in said["4"]
    assert "completion is null" in said["5"]
    imported(tmp_path / "unused", skip_bad=True, **options)
    assert content(tmp_path / "pool") == [("a", 0, "1"), ("a", 1, "2"), ("b", 0, "8")]


def test_gaps_in_columns_of_numbers_are_told_apart_from_numbers(tmp_path: Path) -> None:
    table = pa.table({"problem_id": ["a", "b", "c"], "completion": ["1", "2", "3"],
                      "prompt_tokens": [3.0, None, float("nan")]})  # fmt: skip
    pq.write_table(table, tmp_path / "rows.parquet")
    options = {"samples": (DataSetName(str(tmp_path / "rows.parquet")),)}
    with pytest.raises(InputError) as found:
        imported(tmp_path / "unused", problems=_problems(tmp_path), **options)
    (issue,) = found.value.issues
    assert issue.where.endswith("row 3") and "prompt_tokens is nan" in issue.message


@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
def test_a_table_of_text_says_that_its_folder_can_be_read(
    tmp_path: Path, suffix: str, separator: str
) -> None:
    table = tmp_path / "alone" / f"rows{suffix}"
    table.parent.mkdir()
    lines = [("problem_id", "completion"), ("a", '"1\nand 2"'), ("b", '"3"')]
    table.write_text("\n".join(map(separator.join, lines)) + "\n")
    options = {"problems": _problems(tmp_path)}
    for kind in (None, "jsonl"):
        with pytest.raises(InputError, match="holds no JSON lines") as found:
            imported(
                tmp_path / "unused", samples=(DataSetName(str(table)),), format=kind, **options
            )
        assert "Put it into a folder of its own and give that" in found.value.advice
    imported(tmp_path / "unused", samples=(DataSetName(str(table.parent)),), **options)
    assert content(tmp_path / "pool") == [("a", 0, "1\nand 2"), ("b", 0, "3")]


def test_lines_are_known_whatever_the_suffix(tmp_path: Path) -> None:
    lines = write_rows(tmp_path / "rows.csv", [row("a")])
    assert imported(lines, problems=_problems(tmp_path)).added == 1


def test_what_is_no_data_set_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = _problems(tmp_path)

    def refused(name: DataSetName, **options: Any) -> str:
        with pytest.raises((InputError, EnvironmentFailure)) as found:
            imported(tmp_path / "unused", samples=(name,), problems=problems, **options)
        assert not (tmp_path / "pool").exists()
        return str(found.value)

    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
    assert "no parquet file" in refused(DataSetName(str(tmp_path / "broken.parquet")))
    saved = _stored(tmp_path, "saved splits")
    assert "several splits; there are: train, test" in refused(DataSetName(saved.path))
    assert "no split 'dev'" in refused(DataSetName(saved.path, split="dev"))
    assert "has no such column; there are: name, answers" in refused(saved, columns=("seed=s",))
    assert "expected NAME=COLUMN" in refused(saved, columns=("seed",))
    assert "did you mean 'completion'" in refused(saved, columns=("completions=answers",))
    lines = write_rows(tmp_path / "s.jsonl", [row("a")])
    assert "no parquet file" in refused(DataSetName(str(lines)), format="datasets")
    assert "cannot be read" in refused(DataSetName("org/name"))  # A Hub id must be called one.
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    write_rows(mixed / "1.jsonl", [row("a")])
    write_rows(mixed / "2.jsonl", [{"problem_id": "a", "other": 3}])
    assert "different columns" in refused(DataSetName(str(mixed)))
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "1.csv").write_text('problem_id,completion\na,"x\n')
    assert "cannot be read behind row 0" in refused(DataSetName(str(torn)))
    whole = (tmp_path / "rows.parquet", tmp_path / "cut.parquet")
    pq.write_table(
        pa.table({"problem_id": ["a"] * 5000, "completion": [str(n) * 99 for n in range(5000)]}),
        whole[0], row_group_size=500,
    )  # fmt: skip
    data = bytearray(whole[0].read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    whole[1].write_bytes(data)
    assert "cannot be read behind row" in refused(DataSetName(str(whole[1])))
