"""`w2s_functional_math` under lm-eval, on files in the layout of its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.files import write_json
from tests.tasks.stored_tasks import Document, evaluate, results

SNAPSHOTS = ("Oct-2023", "Nov-2023", "Dec-2023")
# What is solved: the original, then the snapshots.
SOLVED = {"1": "1111", "2": "1011", "3": "1111", "4": "0111", "5": "1110", "6": "0000", "7": "1111"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place, name in enumerate(("MATH", *SNAPSHOTS)):
        for number in SOLVED:
            path = tmp_path / "data" / name / "test" / "algebra" / f"{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            row = {"problem": f"What is ${number} + {10 * place}$?", "level": "Level 1",
                   "type": "Algebra", "is_static": name == "MATH",
                   "solution": f"\\boxed{{{int(number) + 10 * place}}}"}  # fmt: skip
            path.write_text(json.dumps(row))
    return tmp_path / "data"


def _answer(document: Document, _index: int) -> str:
    place = ("static", *SNAPSHOTS).index(document["snapshot"])
    solved = SOLVED[document["original"].partition("/")[2]][place] == "1"
    answer = document["gold"] if solved else "-1"
    return f"Final Answer: The final answer is ${answer}$. I hope it is correct."


def test_the_reasoning_gap_is_paired_by_original(folder: Path) -> None:
    document = evaluate("w2s_functional_math", _answer, metadata={"data_dir": str(folder)})
    found = results(document)
    assert found["paired_problems"] == 7
    assert found["static_accuracy"] == pytest.approx(5 / 7)
    assert found["functional_accuracy"] == pytest.approx(3 / 7)
    assert found["reasoning_gap"] == pytest.approx(2 / 5)
    assert found["pass@1"] == pytest.approx((3 + 2 + 3 + 3 + 2 + 0 + 3) / 21)
    assert found["undecided"] == 0.0
    # Two of five statically solved ones; with so few problems the error is a rough one.
    assert found["reasoning_gap_stderr"] == pytest.approx((0.4 * 0.6 / 5) ** 0.5, rel=0.3)
    assert 0 < found["pass@1_stderr"] < 0.25
    assert found["static_accuracy_stderr"] == pytest.approx((5 / 7 * 2 / 7 / 6) ** 0.5)
    better = document["higher_is_better"]["w2s_functional_math"]
    assert {name for name, up in better.items() if up is False} == {"reasoning_gap", "undecided"}
    assert not any(up for name, up in better.items() if name.endswith("_stderr"))
    (rows,) = document["samples"].values()
    assert [row["doc"]["snapshot"] for row in rows[:4]] == ["static", *SNAPSHOTS]


def test_without_originals_there_is_no_gap(folder: Path) -> None:
    metadata = {"data_dir": str(folder), "originals": False, "snapshots": ["Dec-2023"]}
    found = results(evaluate("w2s_functional_math", _answer, metadata=metadata))
    assert found["pass@1"] == pytest.approx(5 / 7)
    assert found["sample_len"] == 7
    assert not {"reasoning_gap", "static_accuracy"} & found.keys()


def test_the_sampled_variant_asks_one_snapshot(folder: Path) -> None:
    metadata = {"data_dir": str(folder), "repeats": 4}
    found = results(evaluate("w2s_functional_math_sampled", _answer, metadata=metadata))
    assert found["sample_len"] == 7
    assert found["maj@4"] == found["coverage@4"] == pytest.approx(5 / 7)


def test_the_harness_evaluates_one_snapshot_without_originals(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.evaluation.requests import load_evaluation_task
    from harness.evaluation.scoring import score

    monkeypatch.setenv("HARNESS_FUNCTIONAL_MATH", str(folder))
    task = load_evaluation_task("w2s_functional_math", None, None, tmp_path / "log")
    assert len(task.documents) == len({one.problem.id for one in task.documents}) == 7
    golds = {one.prompt: one.problem.gold for one in task.documents}
    scores = score(
        task, {p: rf"\boxed{{{gold}}}" for p, gold in golds.items()}, {}, tmp_path / "log"
    )
    assert scores.count("correct") == 7
    assert scores.rows[0]["answer"] == golds[task.documents[0].prompt]
    # One problem has no standard error, which lm-eval writes as NaN and JSON does not know.
    one = load_evaluation_task("w2s_functional_math", None, 1, tmp_path / "log")
    found = score(one, {one.documents[0].prompt: "?"}, {}, tmp_path / "log").lm_eval
    assert found["results"]["w2s_functional_math"]["pass@1_stderr,none"] is None
    write_json(tmp_path / "lm_eval.json", found)
