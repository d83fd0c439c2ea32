"""Importing JSON lines: all that is bad is named at once, and nothing is half imported."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.errors import EnvironmentFailure, InputError
from harness.interchange import bad_rows
from harness.interchange.data_sets import DataSetName
from harness.interchange.importing import import_samples
from harness.pool import Pool
from harness.problems import Problem
from harness.progress import Progress
from tests.interchange.imports_for_tests import (
    PROBLEMS,
    content,
    imported,
    request_for,
    row,
    write_rows,
)


def refusal(samples: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as found:
        imported(samples, **options)
    assert not (samples.parent / "pool").exists()
    assert not list(samples.parent.glob(".pool.importing/pool"))
    return found.value


def places(error: InputError) -> dict[int, str]:
    """Line numbers with what is said of them."""
    named = [issue for issue in error.issues if issue.where]
    return {int(issue.where.rsplit(" ", 1)[1]): issue.message for issue in named}


def test_samples_get_the_names_and_numbers_that_they_say_or_their_place_in_the_file(
    tmp_path: Path,
) -> None:
    ids = {one["external_id"]: Problem(one["question"] or "", str(one["gold"]),
           external_id=one["external_id"]).id for one in PROBLEMS}  # fmt: skip
    rows = [
        row("b", "first"),
        row(ids["a"], "by its id", sample_index=4, prompt_tokens=3, completion_tokens=5.0,
            cached_tokens=1, finish_reason="length", seed=-5, unheard="of"),
        row("b", ""),
        row("a", "in second place"),
    ]  # fmt: skip
    result = imported(write_rows(tmp_path / "samples.jsonl", rows))
    assert (result.added, result.samples, result.problems, result.without_samples) == (4, 4, 3, 1)
    assert content(tmp_path / "pool") == [
        ("a", 1, "in second place"),
        ("a", 4, "by its id"),
        ("b", 0, "first"),
        ("b", 1, ""),
    ]
    assert any("'unheard'" in note for note in result.notes)
    pool = Pool.open(tmp_path / "pool")
    known = pool.samples().to_pylist()[1]
    counts = [known[f"{name}_tokens"] for name in ("prompt", "completion", "cached")]
    assert counts == [3, 5, 1]
    assert (known["finish_reason"], known["seed"]) == ("length", -5)
    assert pool.samples(["finish_reason"]).to_pylist()[0]["finish_reason"] == "unknown"


BAD: list[tuple[str, str]] = [
    ("{", "not JSON"),
    ('["a"]', "expected a JSON object"),
    ('{"completion": "x"}', "problem_id is missing"),
    ('{"problem_id": "", "completion": "x"}', "problem_id is empty"),
    ('{"problem_id": null, "completion": "x"}', "problem_id is null"),
    ('{"problem_id": true, "completion": "x"}', "problem_id is True"),
    ('{"problem_id": "zz", "completion": "x"}', "'zz' is no problem's id"),
    ('{"problem_id": "\\ud800", "completion": "x"}', "'\\ud800' is no problem's id"),
    ('{"problem_id": "a"}', "completion is missing"),
    ('{"problem_id": "a", "completion": null}', "completion is null"),
    ('{"problem_id": "a", "completion": {"x": 1}}', "completion is {'x': 1}"),
    ('{"problem_id": "a", "completion": "x", "sample_index": -1}', "sample_index is -1"),
    ('{"problem_id": "a", "completion": "x", "sample_index": 1.5}', "sample_index is 1.5"),
    ('{"problem_id": "a", "completion": "x", "sample_index": true}', "sample_index is True"),
    ('{"problem_id": "a", "completion": "x", "sample_index": "1"}', "sample_index is '1'"),
    ('{"problem_id": "a", "completion": "x", "sample_index": 1e300}', "sample_index is 1"),
    ('{"problem_id": "a", "completion": "x", "sample_index": 1000000}', "sample_index is 1000000"),
    ('{"problem_id": "a", "completion": "x", "prompt_tokens": NaN}', "NaN"),
    ('{"problem_id": "a", "completion": "x", "prompt_tokens": -3}', "prompt_tokens is -3"),
    ('{"problem_id": "a", "completion": "x", "completion_tokens": 2147483648}', "2147483648"),
    ('{"problem_id": "a", "completion": "x", "cached_tokens": 1e999}', "cached_tokens"),
    ('{"problem_id": "a", "completion": "x", "seed": 99999999999999999999}', "seed is"),
    ('{"problem_id": "a", "completion": "x", "finish_reason": 3}', "finish_reason is 3"),
    ('{"problem_id": "a", "completion": "x", "seconds": -1}', "seconds is -1"),
]


def test_every_kind_of_bad_line_is_named_with_its_number_in_one_go(tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    good = json.dumps(row("a", "fine", sample_index=7))
    samples.write_text("".join(f"{line}\n{good}\n" for line, _ in BAD[:1]) + "".join(
        f"{line}\n" for line, _ in BAD[1:]))  # fmt: skip
    found = places(refusal(samples))
    numbers = [1, *range(3, len(BAD) + 2)]
    assert list(found) == numbers
    for number, (line, said) in zip(numbers, BAD, strict=True):
        assert said in found[number], line
    result = imported(samples, skip_bad=True)
    assert content(tmp_path / "pool") == [("a", 7, "fine")]
    assert len(result.skipped) == len(BAD)
    assert result.skipped.document()["rows"] == len(BAD)


def test_a_list_of_completions_is_a_sample_each_and_other_lists_are_nobodys_business(
    tmp_path: Path,
) -> None:
    rows = [
        row("a", ["x", "", "x"], completion_tokens=[4, 0, 4], prompt_tokens=9, tags=["long"]),
        row("b", ["y"]),
        row("b", "z"),
        row("c", []),
    ]
    result = imported(write_rows(tmp_path / "s.jsonl", rows))
    assert content(tmp_path / "pool") == [
        *[("a", 0, "x"), ("a", 1, ""), ("a", 2, "x")],
        *[("b", 0, "y"), ("b", 1, "z")],
    ]
    counts = Pool.open(tmp_path / "pool").samples(["prompt_tokens", "completion_tokens"])
    assert counts["completion_tokens"].to_pylist() == [4, 0, 4, None, None]
    assert counts["prompt_tokens"].to_pylist() == [9, 9, 9, None, None]
    assert result.without_samples == 1


def test_a_question_names_its_problem_where_nothing_else_does(tmp_path: Path) -> None:
    problems = [
        {"external_id": "a", "question": "1 + 1?", "gold": "2"},
        {"question": "a", "gold": "3"},
        {"question": "twice?", "gold": "4"},
        {"question": "twice?", "gold": "5"},
    ]
    write_rows(tmp_path / "problems.jsonl", problems)
    good = [row("1 + 1?", "2"), row("a", "an external id comes first")]
    error = refusal(write_rows(tmp_path / "s.jsonl", [*good, row("twice?", "4")]))
    assert "names several problems" in places(error)[3]
    imported(write_rows(tmp_path / "s.jsonl", good))
    assert content(tmp_path / "pool") == [("a", 0, "2"), ("a", 1, "an external id comes first")]


def test_names_of_others_are_told_once_with_the_option_that_takes_them(tmp_path: Path) -> None:
    rows = [{"id": name, "question": f"{name}?", "answer": 2, "outputs": ["2"]} for name in "abc"]
    both = write_rows(tmp_path / "both.jsonl", rows)
    options: dict[str, Any] = {"problems": DataSetName(str(both))}
    (issue,) = refusal(both, **options).issues
    assert issue.where.endswith("both.jsonl lines 1, 2, 3")
    assert issue.message.endswith("--problem-columns gold=answer.")
    options["problem_columns"] = ("gold=answer",)
    (issue,) = refusal(both, **options).issues
    assert "--columns problem_id=COLUMN" in issue.message
    assert "--columns completion=COLUMN" in issue.message and "'outputs'" in issue.message
    imported(both, **options, columns=("problem_id=id", "completion=outputs"))
    assert content(tmp_path / "pool") == [("a", 0, "2"), ("b", 0, "2"), ("c", 0, "2")]


def test_a_column_that_no_row_has_is_told_as_missing(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a", "2")])
    (issue,) = refusal(samples, columns=("completion=respons",)).issues
    assert "completion is missing" in issue.message


def test_a_line_with_several_faults_is_told_all_of_them(tmp_path: Path) -> None:
    bad = row("zz", None, sample_index=-1, seed="x")
    (message,) = places(refusal(write_rows(tmp_path / "s.jsonl", [bad]))).values()
    for said in ("'zz'", "completion is null", "sample_index is -1", "seed is 'x'"):
        assert said in message


def test_repeated_keys_are_named_with_the_first_and_whether_they_are_the_same(
    tmp_path: Path,
) -> None:
    rows = [
        row("a", "x", sample_index=0),
        row("b", "x", sample_index=0),
        row("a", "x", sample_index=0),
        row("a", "y", sample_index=0),
        row("b", "y", sample_index=1),
    ]
    found = places(refusal(write_rows(tmp_path / "s.jsonl", rows)))
    assert list(found) == [3, 4]
    assert "the same as in" in found[3] and found[3].endswith("s.jsonl line 1.")
    assert "other than in" in found[4]
    result = imported(tmp_path / "s.jsonl", skip_bad=True)
    assert content(tmp_path / "pool") == [("a", 0, "x"), ("b", 0, "x"), ("b", 1, "y")]
    assert result.skipped.by_kind == {"repeated sample": 2}


def test_of_many_bad_lines_some_hundred_are_named_and_all_are_counted(tmp_path: Path) -> None:
    rows = [row("zz")] * 300 + [row("a", 1)] * 700
    error = refusal(write_rows(tmp_path / "s.jsonl", rows))
    assert [issue.where for issue in error.issues if issue.where] == [
        f"{tmp_path / 's.jsonl'} lines 1, 2, 3, 4, 5, … ({bad_rows.NAMED_ROWS} lines)"
    ]
    assert "800 more" in error.issues[-1].message
    assert "300 unknown problem" in error.issues[-1].message
    assert "1,000 rows cannot be imported" in error.message


def test_awkward_bytes_arrive_as_they_are(tmp_path: Path) -> None:
    long = "x\x00\u2028\r\n" * 200_000
    lines = [row("a", long), row("a", "nul \x00"), row("b", "数学 \ud83d\ude00 \ud800 tail")]
    samples = tmp_path / "s.jsonl"
    text = "\r\n".join(json.dumps(line) for line in lines)
    samples.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    assert any("1 completions hold lone surrogates" in note for note in imported(samples).notes)
    assert content(tmp_path / "pool") == [
        ("a", 0, long),
        ("a", 1, "nul \x00"),
        ("b", 0, "数学 😀 \ufffd tail"),
    ]


@pytest.mark.parametrize("where", ["samples", "problems"])
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.write_bytes(b""), "holds no"),
        (lambda path: path.write_bytes(b"\n\r\n"), "holds no"),
        (lambda path: path.mkdir(), "empty folder"),
        (lambda path: path.write_bytes(b"\x1f\x8b\x08"), "cut off"),
        (lambda path: os.mkfifo(path), "not a regular file"),
    ],
)
def test_what_is_no_file_of_rows_is_told_in_words(
    tmp_path: Path, where: str, made: Any, said: str
) -> None:
    request = request_for(write_rows(tmp_path / "samples.jsonl", [row("a")]))
    (tmp_path / f"{where}.jsonl").unlink()
    made(tmp_path / f"{where}.jsonl")
    with pytest.raises(InputError) as found:
        import_samples(request, Progress())
    assert said in str(found.value)
    assert not (tmp_path / "pool").exists()


def test_problems_without_a_question_are_told_apart_by_their_names(tmp_path: Path) -> None:
    rows = [{"gold": "7", "external_id": name} for name in "xyz"] + [{"gold": "7"}]
    write_rows(tmp_path / "problems.jsonl", rows)
    samples = write_rows(tmp_path / "s.jsonl", [row(name, name) for name in "zyx"])
    (message,) = places(refusal(samples)).values()
    assert "neither a question nor an external_id" in message
    imported(samples, skip_bad=True)
    assert content(tmp_path / "pool") == [(name, 0, name) for name in "xyz"]


def test_numbers_name_problems_however_a_table_writes_them(tmp_path: Path) -> None:
    names = [1, 2.0, "3", "\ud800"]
    write_rows(tmp_path / "problems.jsonl", [
        {"external_id": name, "gold": number} for number, name in enumerate(names)
    ])  # fmt: skip
    rows = [row(name, "x") for name in ("1", 2, 3.0, "\ud800")]
    imported(write_rows(tmp_path / "s.jsonl", rows))
    found = content(tmp_path / "pool")
    assert found == [(name, 0, "x") for name in ("1", "2", "3", "\ufffd")]


def test_a_problem_under_two_names_is_one_and_a_name_of_two_is_none(tmp_path: Path) -> None:
    write_rows(tmp_path / "problems.jsonl", [
        {"external_id": "a", "question": "q", "gold": "1"},
        {"external_id": "b", "question": "q", "gold": "1"},
        {"external_id": "c", "question": "r", "gold": "1"},
        {"external_id": "c", "question": "s", "gold": "1"},
    ])  # fmt: skip
    samples = write_rows(tmp_path / "s.jsonl", [row("a", "1"), row("b", "2"), row("c", "3")])
    found = places(refusal(samples))
    assert list(found) == [3] and "names several problems" in found[3]
    result = imported(samples, skip_bad=True)
    assert content(tmp_path / "pool") == [("a", 0, "1"), ("a", 1, "2")]
    assert any("1 rows repeat" in note for note in result.notes)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"level": "2"}, "another level, subject or solution"),
        ({"gold": None}, "gold, the gold answer, is null"),
        ({"gold": True}, "gold is bool"),
        ({"question": 3.5, "gold": ""}, "gold is empty"),
        ({"question": ["q"]}, "question is list"),
    ],
)
def test_bad_problems_are_named_by_line(tmp_path: Path, second: dict[str, Any], said: str) -> None:
    first = {"question": "q", "gold": "1", "level": "1"}
    write_rows(tmp_path / "problems.jsonl", [first, {**first, **second}])
    samples = write_rows(tmp_path / "s.jsonl", [row(Problem("q", "1").id)])
    found = places(refusal(samples))
    assert list(found) == [2] and said in found[2]


def test_several_files_are_numbered_on(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "1.jsonl", [row("a", "1"), row("b", "2")])
    second = write_rows(tmp_path / "2.jsonl", [row("a", "3")])
    imported((first, second))
    assert content(tmp_path / "pool") == [("a", 0, "1"), ("a", 1, "3"), ("b", 0, "2")]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    write_rows(tmp_path / "problems.jsonl", [{"nr": 1, "q": "1 + 1", "a": "Thus #### 2"}])
    samples = write_rows(tmp_path / "s.jsonl", [{"nr": 1, "text": "two", "completion": "no"}])
    imported(samples, columns=("problem_id=nr", "completion=text"), gold_format="hash",
             problem_columns=("external_id=nr", "question=q", "gold=a"))  # fmt: skip
    assert content(tmp_path / "pool") == [("1", 0, "two")]
    assert Pool.open(tmp_path / "pool").problems[0].gold == "2"


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 6) | st.none(), st.text(max_size=5)),
        min_size=1,
        max_size=30,
    )
)
def test_skipping_keeps_the_first_of_each_key_in_file_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int | None, str]]
) -> None:
    folder = tmp_path_factory.mktemp("import")
    lines, kept, seen = [], {}, dict.fromkeys("abc", 0)
    for name, index, text in rows:
        lines.append(row(name, text) | ({} if index is None else {"sample_index": index}))
        kept.setdefault((name, seen[name] if index is None else index), text)
        seen[name] += 1
    result = imported(write_rows(folder / "s.jsonl", lines), skip_bad=True)
    expected = [(name, index, text) for (name, index), text in sorted(kept.items())]
    assert content(folder / "pool") == expected
    assert len(result.skipped) == len(rows) - len(kept)
    shutil.rmtree(folder)


@settings(max_examples=40)
@given(st.data())
def test_a_file_damaged_anywhere_is_read_up_to_the_damage_and_behind_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rows = [row("abc"[number % 3], f"{number} ü", sample_index=number) for number in range(12)]
    folder = tmp_path_factory.mktemp("damage")
    samples = write_rows(folder / "s.jsonl", rows)
    whole = samples.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 60))
    stranger = data.draw(st.binary(max_size=8))
    assume(not (start == 0 and stranger.startswith(b"\x1f\x8b")))  # No gzip file.
    samples.write_bytes(whole[:start] + stranger + whole[start + length :])
    first, last = whole[:start].count(b"\n"), whole[: start + length].count(b"\n")
    untouched = {(one["problem_id"], one["sample_index"], one["completion"])
                 for number, one in enumerate(rows) if not first <= number <= last}  # fmt: skip
    try:
        imported(samples, skip_bad=True)
    except InputError as error:
        assert not untouched, error
    else:
        found = set(content(folder / "pool"))
        # A changed byte may turn one sample into another, with the key of one that is sound.
        assert len(untouched - found) <= 1
    shutil.rmtree(folder)


def test_files_that_change_while_they_are_read_are_refused(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a", "1"), row("b", "2")])

    class Meddling(Progress):
        def task(self, label: str, *arguments: Any, **options: Any) -> Any:
            if label == "importing":
                write_rows(samples, [row("a", "1")])
            return super().task(label, *arguments, **options)

    with pytest.raises(InputError, match="changed while they were read"):
        import_samples(request_for(samples), Meddling())
    assert not (tmp_path / "pool").exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "s.jsonl", [row("a", "x" * 100_000)] * 3)
    request = request_for(samples)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(EnvironmentFailure, match="nothing of it is kept"):
            import_samples(request, Progress())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["problems.jsonl", "s.jsonl"]
    assert import_samples(request, Progress()).added == 3


def test_a_killed_import_leaves_no_pool_and_the_next_one_is_whole(tmp_path: Path) -> None:
    rows = [row("abc"[number % 3], f"{number} " * 100) for number in range(30_000)]
    samples = write_rows(tmp_path / "s.jsonl", rows)
    write_rows(tmp_path / "problems.jsonl", PROBLEMS)
    options = [
        "--problems",
        tmp_path / "problems.jsonl",
        "--model",
        "m",
        "--out",
        tmp_path / "pool",
    ]
    command = [sys.executable, "-m", "harness", "pool", "import", samples, *options]
    journal = tmp_path / ".pool.importing" / "pool" / "samples.jsonl"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert process.poll() is None, "the import ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "pool").exists()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert len(Pool.open(tmp_path / "pool")) == 30_000
    assert not (tmp_path / ".pool.importing").exists()
