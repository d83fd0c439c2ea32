"""The stage on real pools and real lm-eval; only the engine is a table here.

The real engine is in `test_real_engine.py`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness.cells import cells_of
from harness.errors import EnvironmentFailure, InputError
from harness.evaluation.stage import evaluate
from harness.problems import Problem
from harness.progress import Progress
from harness.statistics import paired_difference, wilson

Calls = list[list[str]]


def _spread_answers(made: Any) -> None:
    """Every model solves a share of its own of the problems, and leaves some without answer."""
    from harness.evaluation.models import base_models

    names = [
        *(m.id for m in base_models(made.run.recipe)),
        *(c.id for c in cells_of(made.run.recipe)),
    ]
    for number, name in enumerate(names):

        def answer(problem: Problem, number: int = number) -> str:
            residue = int(problem.id, 16) % 17
            if residue == 16:
                return " I do not know."
            right = residue <= number
            return f" 1 + 1 = 2. #### {problem.gold if right else int(problem.gold) + 1}"

        made.answers[name] = answer


def test_every_model_is_scored_and_compared(made: Any, engine_calls: Calls) -> None:
    _spread_answers(made)
    document = evaluate(made.run, Progress(live=False))
    cells = cells_of(made.run.recipe)
    assert document == json.loads(made.run.evaluations_file.read_text())
    assert document["problems"] == 30
    assert len(document["models"]) == 3 + len(cells)
    assert document["skipped"] == []
    outcomes = {}
    for row in document["models"]:
        rows = made.rows(row["model_id"])
        right = [made.answers[row["model_id"]](Problem("", r["gold"])) for r in rows]
        assert len(right) == 30
        correct = [r["completion"].endswith(f"#### {r['gold']}") for r in rows]
        assert [r["outcome"] == "correct" for r in rows] == correct
        assert (row["correct"], row["problems"]) == (sum(correct), 30)
        expected = wilson(sum(correct), 30)
        assert row["pass_at_1"] == {
            "value": expected.value, "low": expected.low, "high": expected.high
        }  # fmt: skip
        assert {r["answer"] for r in rows if "know" in r["completion"]} <= {None}
        outcomes[row["model_id"]] = np.array(correct, dtype=float)
        results = made.run.evaluation(row["model_id"]) / "lm_eval.json"
        lm_eval = json.loads(results.read_text())["results"]["w2s_micro"]
        assert lm_eval["pass@1,none"] == pytest.approx(sum(correct) / 30)
    seeds = made.run.recipe.seeds.training
    assert len(document["comparisons"]) == len(made.run.recipe.paradigms)
    for row in document["comparisons"]:
        sides = {
            arm: np.stack(
                [outcomes[f"{row['paradigm']}-{arm}-{row['budget']}-seed{s}"] for s in seeds],
                axis=1,
            )
            for arm in ("wc", "se")
        }
        assert row["seeds"] == seeds
        direct = paired_difference(sides["wc"], sides["se"])
        assert row["difference"]["value"] == pytest.approx(direct.value)
        assert row["difference"]["low"] == pytest.approx(direct.low)
        assert row["wc"]["value"] == pytest.approx(sides["wc"].mean())


def test_a_second_run_does_nothing_and_says_the_same(made: Any, engine_calls: Calls) -> None:
    _spread_answers(made)
    first = evaluate(made.run, Progress(live=False))
    files = sorted(made.run.evaluation("").rglob("*"))
    before = {path: path.stat().st_mtime_ns for path in files if path.name == "results.json"}
    assert evaluate(made.run, Progress(live=False)) == first
    assert [len(labels) for labels in engine_calls] == [len(first["models"])]
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_retrained_model_loses_its_old_completions(
    made: Any, engine_calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    _spread_answers(made)
    cell = cells_of(made.run.recipe)[0]
    first = evaluate(made.run, Progress(live=False))
    made.retrain(cell, b"new weights")
    made.answers[cell.id] = lambda problem: f" #### {problem.gold}"
    second = evaluate(made.run, Progress(live=False))
    assert engine_calls[1:] == [[cell.id]]
    by_id = {row["model_id"]: row for row in second["models"]}
    assert by_id[cell.id]["correct"] == 30
    assert [row for row in first["models"] if row["model_id"] != cell.id] == [
        row for row in second["models"] if row["model_id"] != cell.id
    ]
    assert f"{cell.id}: its weights" in capsys.readouterr().err


def test_lost_results_are_scored_again_from_the_same_completions(
    made: Any, engine_calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    _spread_answers(made)
    first = evaluate(made.run, Progress(live=False))
    name = first["models"][0]["model_id"]
    (made.run.evaluation(name) / "results.json").write_text('{"model_id": ')
    made.answers[name] = lambda problem: " never asked"
    assert evaluate(made.run, Progress(live=False)) == first
    assert "thrown away" not in capsys.readouterr().err


def test_skipped_cells_are_listed_and_not_compared(made: Any, engine_calls: Calls) -> None:
    _spread_answers(made)
    cells = cells_of(made.run.recipe)
    gone = [cell for cell in cells if cell.paradigm == "student_lm" and cell.arm == "wc"]
    for cell in gone:
        made.state(cell, status="skipped", reason="the arm is empty")
    document = evaluate(made.run, Progress(live=False))
    assert {row["cell"] for row in document["skipped"]} == {cell.id for cell in gone}
    assert {row["paradigm"] for row in document["comparisons"]} == {"wc_lm", "se_lm"}


def test_problems_that_were_trained_on_are_refused(made: Any, engine_calls: Calls) -> None:
    from harness.micro import micro_problems
    from harness.pool import Pool

    test, train = micro_problems("test"), micro_problems("train", 10)
    same_question = Problem(test[3].question + " ", "another gold")
    Pool.open_or_create(made.run.pool("wc"), {"model": "x"}, [*train, *test[:2], same_question])
    with pytest.raises(InputError, match="3 of 30 test problems") as refusal:
        evaluate(made.run, Progress(live=False))
    assert test[0].id in str(refusal.value)
    assert engine_calls == []


def test_a_problem_that_the_engine_refuses_is_not_solved(made: Any, engine_calls: Calls) -> None:
    made.refused = {"base-micro-wc": 4}
    document = evaluate(made.run, Progress(live=False))
    row = next(row for row in document["models"] if row["model_id"] == "base-micro-wc")
    assert (row["problems"], row["correct"], row["undecided"]) == (30, 26, 0)
    assert [r["completion"] for r in made.rows("base-micro-wc")].count("") == 4


def test_missing_completions_are_the_environments_fault(made: Any, engine_calls: Calls) -> None:
    made.answers["base-micro-wc"] = lambda problem: None
    with pytest.raises(EnvironmentFailure, match="base-micro-wc: 30 of 30"):
        evaluate(made.run, Progress(live=False))
    del made.answers["base-micro-wc"]
    assert len(evaluate(made.run, Progress(live=False))["models"]) == 15


def test_an_untrained_run_is_refused_before_anything_is_imported(made: Any) -> None:
    made.forget(cells_of(made.run.recipe)[0])
    with pytest.raises(InputError, match="harness train"):
        evaluate(made.run, Progress(live=False))


def test_another_prompt_than_the_trained_one_is_noted(
    made: Any, own_tasks: Any, engine_calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.run_folder import RunFolder

    yaml = (own_tasks / "sums.yaml").read_text()
    (own_tasks / "sums.yaml").write_text(yaml.replace("Q: {{question}}", "Say {{question}}"))
    section = made.run.recipe.evaluation.model_copy(
        update={"task": "sums", "task_path": str(own_tasks)}
    )
    made.run = RunFolder(made.run.path, made.run.recipe.model_copy(update={"evaluation": section}))
    document = evaluate(made.run, Progress(live=False))
    assert "another prompt than was trained" in capsys.readouterr().err
    assert document["models"][0]["task"] == "sums"
