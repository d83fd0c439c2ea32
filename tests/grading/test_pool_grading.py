"""Whole pools: what is kept, what is graded again, and texts that nobody would wish for."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.grading.conventions import DEFAULT_CONVENTIONS, conventions_of
from harness.grading.pool_grading import Graded, GradingRequest, grade_pool
from harness.pool import Pool, Sample
from harness.pool.samples import DRAWN_COLUMNS
from harness.pool.verdict_parts import VerdictParts
from harness.problems import Problem
from harness.progress import Progress
from tests.grading.pools_for_tests import shared_rows, written_pool
from tests.interchange.imports_for_tests import imported, write_rows

PROBLEMS = [Problem(f"What is {n} + 1?", str(n + 1), external_id=f"p{n}") for n in range(40)]
IDENTITY = {"grader": "answer", "version": "x"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def graded(pool: Path, grader: str = "answer", format: str = "boxed", **others: object) -> Graded:
    request = GradingRequest(grader, format, DEFAULT_CONVENTIONS, **others)  # type: ignore[arg-type]
    return grade_pool(pool, request, Progress(io.StringIO(), live=False))


def more(pool: Path, index: int, text: str) -> None:
    with Pool.open_or_create(pool, {"model": {"id": "hand"}}, PROBLEMS) as grown:
        grown.append(
            [
                Sample(one.id, index, text, "stop", 1, 1, 0, None, "hand", None)
                for one in grown.problems
            ]
        )


def test_a_pool_that_has_grown_is_graded_where_it_has_grown(tmp_path: Path) -> None:
    pool = written_pool(tmp_path / "pool", PROBLEMS, "\\boxed{5}", "\\boxed{6}")
    assert graded(pool).new == 80
    assert graded(pool).new == 0
    more(pool, 2, "\\boxed{7}")
    again = graded(pool)
    assert again.new == 40
    fresh = shutil.copytree(pool, tmp_path / "fresh")
    shutil.rmtree(fresh / "verdicts")
    assert graded(fresh).new == 120
    assert again.pool.verdicts("answer").equals(Pool.open(fresh).verdicts("answer"))
    assert again.pool.grader_identity("answer") == Pool.open(fresh).grader_identity("answer")


def test_other_settings_grade_all_again(tmp_path: Path) -> None:
    pool = written_pool(tmp_path / "pool", PROBLEMS, "\\boxed{5}")
    graded(pool)
    other = GradingRequest("answer", "boxed", conventions_of("gsm8k"))
    assert grade_pool(pool, other, Progress(io.StringIO(), live=False)).new == 40
    assert graded(pool, format="json").new == 40


def test_a_sample_that_was_drawn_again_is_graded_again(tmp_path: Path) -> None:
    pool = written_pool(tmp_path / "pool", PROBLEMS, "\\boxed{5}")
    graded(pool)
    kept = shutil.copytree(pool / "verdicts", tmp_path / "kept")
    shutil.rmtree(pool)
    written_pool(pool, PROBLEMS, "\\boxed{6}")
    shutil.copytree(kept, pool / "verdicts")
    assert graded(pool).new == 40
    assert set(Pool.open(pool).verdicts("answer")["answer"].to_pylist()) == {"6"}


def test_damaged_verdicts_are_made_again(tmp_path: Path) -> None:
    pool = written_pool(tmp_path / "pool", PROBLEMS, "\\boxed{5}")
    graded(pool)
    file = pool / "verdicts" / "answer.parquet"
    file.write_bytes(file.read_bytes()[:200])
    assert graded(pool).new == 40


def test_parts_of_a_grading_that_ended_early_are_kept(tmp_path: Path) -> None:
    pool = Pool.open(written_pool(tmp_path / "pool", PROBLEMS, "a", "b", "c"))
    verdict = {"outcome": "wrong", "answer": None, "rule": "none", "stage": "x", "reason": ""}
    first = VerdictParts(pool, "answer", IDENTITY)
    for number, sample in enumerate(first.ungraded()):
        if number == 50:
            break
        first.add(sample, verdict)
        if number % 20 == 19:
            first.flush()
    later = VerdictParts(pool, "answer", IDENTITY)  # The last ten were never written.
    assert later.count == 40
    assert VerdictParts(pool, "answer", {**IDENTITY, "version": "y"}).count == 0
    more(pool.folder, 3, "d")  # New samples stand between those that are graded.
    later = VerdictParts(Pool.open(pool.folder), "answer", IDENTITY)
    assert later.count == 40
    for sample in later.ungraded():
        later.add(sample, {**verdict, "stage": "y"})
    later.finish()
    table = Pool.open(pool.folder).verdicts("answer")
    assert table.num_rows == 160
    assert table["stage"].to_pylist().count("x") == 40
    keys = Pool.open(pool.folder).samples(DRAWN_COLUMNS[:2])
    assert table.select(DRAWN_COLUMNS[:2]).to_pylist() == keys.to_pylist()
    assert not (pool.folder / "verdicts" / "answer.parts").exists()


def test_golds_that_cannot_be_used_are_listed_and_leave_samples_undecided(tmp_path: Path) -> None:
    problems = [Problem("a", "5"), Problem("b", " "), Problem("c", "1" * 1200), Problem("d", "(][")]
    pool = written_pool(tmp_path / "pool", problems, "\\boxed{5}")
    said = io.StringIO()
    request = GradingRequest("answer", "boxed", DEFAULT_CONVENTIONS)
    found = grade_pool(pool, request, Progress(said, live=False))
    places = [issue.where for issue in found.bad_golds]
    assert places == [f"problem {one.id}" for one in problems[1:]]
    text = said.getvalue()
    assert all(text.index(place) < text.index("0/4 samples") for place in places)
    for name in ("answer", "math_verify", "string_match"):
        graded(pool, name)
        rows = Pool.open(pool).verdicts(name).to_pylist()
        outcomes = {row["problem_id"]: (row["outcome"], row["reason"]) for row in rows}
        assert outcomes[problems[0].id][0] == "correct"
        assert outcomes[problems[1].id] == ("undecided", "the gold answer is empty")
    assert found.document("answer")["undecided"] >= 2


def test_a_pool_without_golds_is_refused(tmp_path: Path) -> None:
    pool = written_pool(tmp_path / "pool", [Problem("a", ""), Problem("b", " ")], "\\boxed{5}")
    with pytest.raises(InputError, match="none of the 2 problems"):
        graded(pool)


@pytest.mark.parametrize("workers", [1, 2])
def test_strange_texts(tmp_path: Path, workers: int) -> None:
    texts = [
        "\x00\\boxed{5}\x00",
        '{"answer": "\\ud800"}',
        "\ud800 \\boxed{5}",
        "\\boxed{5}\r\n",
        "\x1b[31m\\boxed{5}",
        "x" * 10_000_000 + "\\boxed{5}",
        "",
    ]
    pool = written_pool(tmp_path / "pool", [Problem("a", "5"), Problem("b", "6")], *texts)
    counts = graded(pool, format="json", workers=workers).document("answer")
    assert counts["samples"] == 14
    rows = Pool.open(pool).verdicts("answer").to_pylist()
    assert [row["outcome"] for row in rows[:7]] == [
        "correct", "undecided", "correct", "correct", "correct", "undecided", "wrong",
    ]  # fmt: skip
    assert rows[5]["reason"] == "the completion is too long"


def test_openai_flags_agree_on_all_solutions(tmp_path: Path) -> None:
    rows = list(shared_rows("gsm8k_openai_6b_175b"))
    problems = (
        {"question": one["question"], "gold": one["answer"], "external_id": one["id"]}
        for one in shared_rows("gsm8k_test")
    )
    write_rows(tmp_path / "problems.jsonl", problems)
    agreed = 0
    for model in ("6b", "175b"):
        mine = [one for one in rows if one["model"] == model]
        flags: dict[tuple[str, str], bool] = {
            (one["id"], one["solution"]): one["is_correct"] for one in mine
        }
        lines = ({"problem_id": one["id"], "completion": one["solution"]} for one in mine)
        pool = tmp_path / model
        imported(write_rows(tmp_path / f"{model}.jsonl", lines), model=model, out=pool)
        counts = graded(pool, format="gsm8k_cot", workers=2).document("answer")
        assert counts["samples"] == 2638
        # One solution of the larger model ends in a third, written out to 1,200 digits.
        long = {"over 1000 characters": 1} if model == "175b" else {}
        assert counts["undecided_for"] == long
        names = {one.id: one.external_id for one in Pool.open(pool).problems}
        samples = Pool.open(pool).samples(["problem_id", "completion"]).to_pylist()
        outcomes = Pool.open(pool).verdicts("answer")["outcome"].to_pylist()
        agreed += sum(
            flags[names[one["problem_id"]], one["completion"]] == (outcome == "correct")
            for one, outcome in zip(samples, outcomes, strict=True)
        )
    assert agreed == 5276
