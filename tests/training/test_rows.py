"""Training rows: the arm's texts in the arm's order, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Prompt
from harness.run_folder import RunFolder
from harness.training.rows import rows_of, write_rows
from tests.training.conftest import write_arm

PROMPT = Prompt(template="Q: {question}\nA:", solution_prefix=" ")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_every_row_arrives_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    run = RunFolder(tmp_path_factory.mktemp("run"), load_recipe("w2s-micro"))
    write_arm(run, "wc", "high", rows)
    found = rows_of(run.arm("wc", "high"), PROMPT)
    file = write_rows(found, run.path)
    # Only \n ends a line here; str.splitlines would also cut at U+2028 and others.
    lines = [json.loads(line) for line in file.read_bytes().decode().split("\n")[:-1]]
    assert [list(line) for line in lines] == [["prompt", "completion"]] * len(rows)
    assert [line["prompt"] for line in lines] == [prompt for prompt, _ in rows]
    for line, (_, completion) in zip(lines, rows, strict=True):
        assert line["completion"] == (completion if completion[:1] == " " else f" {completion}")
    assert found.count == len(rows)


def test_the_name_changes_with_content_and_order(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, load_recipe("w2s-micro"))
    names = []
    for rows in (
        [("a", " b"), ("c", " d")],
        [("c", " d"), ("a", " b")],
        [("a", " b"), ("c", " e")],
    ):
        write_arm(run, "wc", "high", rows)
        names.append(write_rows(rows_of(run.arm("wc", "high"), PROMPT), tmp_path / "cell").name)
    assert len(set(names)) == 3
    assert [path.name for path in (tmp_path / "cell").iterdir()] == [names[-1]]


def test_arms_that_cannot_be_read(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    run = make_run(tmp_path)
    with pytest.raises(InputError, match="there is no training set") as caught:
        rows_of(run.arm("ground_truth", "high"), PROMPT)
    assert caught.value.advice == f"Build the arms first: harness build {tmp_path}"
    (run.arm("wc", "high") / "train.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(InputError, match="cannot be read") as caught:
        rows_of(run.arm("wc", "high"), PROMPT)
    assert "harness build" in caught.value.advice
