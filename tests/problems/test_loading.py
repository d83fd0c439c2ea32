"""Problems from files, from the embedded set and from the Hub's library; bad rows all named."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.problems import Problem, digest_of_problems
from harness.problems.loading import load_problems, overlap, problem_of_row
from harness.problems.rows import gold_answer, last_boxed
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Columns, ProblemSet

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
needs_gsm8k = pytest.mark.skipif(
    not (DATA / "gsm8k_train.jsonl.gz").is_file(), reason="the GSM8K files are not at hand"
)


def files(folder: Path, columns: dict[str, str] | None = None, **splits: list[Any]) -> ProblemSet:
    for name, rows in splits.items():
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return ProblemSet.model_validate(
        {
            "source": "jsonl",
            "path": str(folder),
            "columns": columns or {},
            "train": {"split": "train"},
            "test": {"split": "test"},
        }
    )


LEVEL = {"level": "level"}


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"question": f"What is {number} + 1?", "gold": str(number + 1), **more}


def with_count(problems: ProblemSet, count: int) -> ProblemSet:
    return problems.model_copy(update={"train": problems.train.model_copy(update={"count": count})})


# --- real data


@needs_gsm8k
def test_gsm8k(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl.gz").symlink_to((DATA / f"gsm8k_{split}.jsonl.gz").resolve())
    problems = ProblemSet.model_validate(
        {
            "source": "jsonl",
            "path": str(tmp_path),
            "columns": {"gold": "answer", "solution": "solution", "external_id": "id"},
            "train": {"split": "train"},
            "test": {"split": "test"},
        }
    )
    train, test = load_problems(problems, "train"), load_problems(problems, "test")
    assert (len(train), len(test)) == (7473, 1319)
    assert len({problem.id for problem in train}) == 7473
    assert overlap(train, test) == []
    assert overlap(train, train[:5]) == [problem.id for problem in train[:5]]
    assert train[0].gold == "72"
    assert train[0].external_id == "gsm8k-train-0"
    assert load_problems(with_count(problems, 10), "train") == train[:10]
    assert digest_of_problems(train) == digest_of_problems(reversed(train))


def test_embedded_splits_are_disjoint_and_as_long_as_asked() -> None:
    problems = load_recipe("w2s-micro").problems
    loaded = {split: load_problems(problems, split) for split in ("train", "validation", "test")}
    assert {split: len(found) for split, found in loaded.items()} == {
        "train": 500, "validation": 200, "test": 1000,
    }  # fmt: skip
    assert not overlap(loaded["train"], [*loaded["validation"], *loaded["test"]])
    assert load_problems(with_count(problems, 7), "train") == loaded["train"][:7]


def test_the_hubs_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = [
        {
            "problem": "1+1",
            "solution": r"So $\boxed{2}$.",
            "level": "Level 3",
            "type": "Algebra",
        },
        {"problem": "1/2", "solution": r"So \boxed{\frac{1}{2}}.", "level": "Level ?", "type": "x"},
    ]
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    columns = load_recipe("w2s-math").problems.columns
    problems = ProblemSet.model_validate(
        {
            "source": "hub",
            "path": str(folder),
            "columns": columns.model_dump(),
            "train": {"split": "train"},
            "test": {"split": "absent"},
        }
    )
    one, half = load_problems(problems, "train")
    assert one == Problem("1+1", "2", "3", "Algebra", r"So $\boxed{2}$.")
    assert (half.gold, half.level) == (r"\frac{1}{2}", "?")
    with pytest.raises(InputError, match="no split 'absent'"):
        load_problems(problems, "test")
    elsewhere = problems.model_copy(update={"path": str(tmp_path / "nowhere")})
    with pytest.raises(InputError, match="nowhere"):
        load_problems(elsewhere, "train")


# --- files


def test_empty_lines_numbers_and_gzip_are_fine(tmp_path: Path) -> None:
    problems = files(tmp_path, LEVEL, train=[row(1, level=3), "", row(2, gold=3, level=None)])
    first, second = load_problems(problems, "train")
    assert (first.level, second.gold, second.level) == ("3", "3", "")
    plain = (tmp_path / "train.jsonl").read_bytes()
    (tmp_path / "test.jsonl.gz").write_bytes(gzip.compress(plain))
    assert load_problems(problems, "test") == [first, second]


def test_every_bad_line_is_named_with_its_number(tmp_path: Path) -> None:
    problems = files(
        tmp_path,
        train=[
            row(1), "{not json", row(2), "[1]", {"gold": "1"}, {"question": " ", "gold": "1"},
            {"question": True, "gold": "1"}, {"question": "q", "gold": ["1"]}, "{also not",
        ],
    )  # fmt: skip
    with (tmp_path / "train.jsonl").open("ab") as stream:
        stream.write(b'{"question": "\xff", "gold": "1"}\n')
    with pytest.raises(InputError) as refusal:
        load_problems(problems, "train")
    text = str(refusal.value)
    for words in (
        "line 2, 9: it is not JSON", "line 4: it is a JSON list",
        "line 5: there is no column 'question' (the recipe's columns.question); there are: gold",
        "line 6: question is empty", "line 7: question is bool", "line 8: gold is list",
        "line 10: byte 15 is not UTF-8",
    ):  # fmt: skip
        assert words in text, text
    assert "line 1:" not in text


def test_one_mistake_on_all_lines_is_said_once(tmp_path: Path) -> None:
    problems = files(tmp_path, train=[{"q": str(number), "gold": "1"} for number in range(50)])
    with pytest.raises(InputError) as refusal:
        load_problems(problems, "train")
    (issue,) = refusal.value.issues
    assert issue.where == "line 1, 2, 3, 4, 5, … (50 in all)"


def test_identical_rows_count_once_and_contradicting_ones_are_refused(tmp_path: Path) -> None:
    problems = files(tmp_path, train=[row(1), row(2), row(1), row(3)])
    assert [problem.gold for problem in load_problems(problems, "train")] == ["2", "3", "4"]
    problems = files(tmp_path, LEVEL, train=[row(1, level="1"), row(2), row(1, level="2"), row(1)])
    with pytest.raises(InputError) as refusal:
        load_problems(problems, "train")
    (issue,) = refusal.value.issues
    assert issue.where == "line 1, 3, 4"
    assert Problem("What is 1 + 1?", "2").id in issue.message


def test_what_is_not_there(tmp_path: Path) -> None:
    problems = files(tmp_path, train=[row(1)], other=[row(2)])
    with pytest.raises(InputError, match=r"no test\.jsonl.*it holds other\.jsonl, train\.jsonl"):
        load_problems(problems, "test")
    with pytest.raises(InputError, match="no validation split"):
        load_problems(problems, "validation")
    with pytest.raises(InputError, match=r"asks for 5 problems.*has 1 different"):
        load_problems(with_count(problems, 5), "train")
    with pytest.raises(InputError, match="the folder is not there"):
        load_problems(problems.model_copy(update={"path": str(tmp_path / "no")}), "train")
    (tmp_path / "test.jsonl").write_text("\n")
    with pytest.raises(InputError, match="holds no problems"):
        load_problems(problems, "test")


def test_a_column_that_no_row_has_is_refused_and_one_that_some_lack_is_fine(tmp_path: Path) -> None:
    problems = files(tmp_path, LEVEL, train=[row(1), row(2, level="5")])
    assert [problem.level for problem in load_problems(problems, "train")] == ["", "5"]
    problems = files(tmp_path, {"level": "levle"}, train=[row(1), row(2, level="5")])
    with pytest.raises(InputError, match=r"no 'levle' \(the recipe's columns\.level\) in any row"):
        load_problems(problems, "train")


def test_a_torn_gzip_file_is_said_to_be_one(tmp_path: Path) -> None:
    problems = files(tmp_path, train=[row(1)])
    whole = gzip.compress(b"".join(json.dumps(row(n)).encode() + b"\n" for n in range(999)))
    (tmp_path / "test.jsonl.gz").write_bytes(whole[:-20])
    with pytest.raises(InputError, match="not a whole gzip file"):
        load_problems(problems, "test")


# --- rows


@pytest.mark.parametrize(
    ("text", "gold_format", "answer"),
    [
        (" 72 ", "plain", "72"),
        ("48/2 = <<48/2=24>>24\n#### 72", "hash", "72"),
        ("#### 1\n#### 1,000 ", "hash", "1,000"),
        (r"$\boxed{5}$ or $\boxed{6}$", "boxed", "6"),
        (r"\boxed{\frac{1}{2}}", "boxed", r"\frac{1}{2}"),
        (r"\boxed{\{1,2\}}", "boxed", r"\{1,2\}"),
        (r"\fbox{3}", "boxed", "3"),
        (r"so $\boxed 2$.", "boxed", "2"),
        (r"\boxed{a \boxed{b} c}", "boxed", r"a \boxed{b} c"),
        (r"\boxed{1} then \boxed{2", "boxed", "1"),
    ],
)
def test_gold_answers(text: str, gold_format: str, answer: str) -> None:
    assert gold_answer(text, gold_format) == answer


@pytest.mark.parametrize(
    ("text", "gold_format"),
    [("72", "hash"), ("x ####  ", "hash"), ("72", "boxed"), (r"\boxed{1", "boxed"),
     (r"\boxed{ }", "boxed")],
)  # fmt: skip
def test_texts_without_gold_answer_are_refused(text: str, gold_format: str) -> None:
    with pytest.raises(InputError):
        gold_answer(text, gold_format)


@st.composite
def balanced(draw: st.DrawFn, depth: int = 3) -> str:
    piece = st.text(st.sampled_from("ab1+ "), max_size=4)
    text = draw(piece)
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        text += r"\frac{" + draw(balanced(depth - 1)) + "}" + draw(piece)
    return text


@given(before=st.text(st.sampled_from("ab$ {}."), max_size=10), inside=balanced())
def test_a_box_is_found_with_all_of_its_braces(before: str, inside: str) -> None:
    assert last_boxed(rf"{before} \boxed{{{inside}}}.") == inside


@given(st.text(st.sampled_from("\\{}boxed 1"), max_size=60))
def test_any_text_has_a_box_or_a_refusal(text: str) -> None:
    with contextlib.suppress(InputError):
        assert last_boxed(text) in text


def test_ids_do_not_depend_on_anything_but_question_and_gold() -> None:
    columns = Columns(level="level", solution="why")
    full = problem_of_row({**row(1), "level": "Level 5", "why": "because"}, columns)
    bare = problem_of_row(row(1), Columns())
    assert full.id == bare.id
    assert full.level == "5"
    assert overlap([full], [Problem("What  is 1 + 1?\n", "2.0")]) == [full.id]
