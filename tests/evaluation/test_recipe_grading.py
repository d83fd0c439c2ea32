"""A recipe's `answer` decides how finetuned models are graded, as it does for the pools."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from harness.cells import cells_of
from harness.evaluation.models import base_models
from harness.evaluation.requests import load_evaluation_task
from harness.evaluation.stage import evaluate
from harness.problems import Problem
from harness.progress import Progress
from harness.recipe.loading import load_recipe
from harness.recipe.schema import Answer
from harness.run_folder import RunFolder

Calls = list[list[str]]


def _with(made: Any, *changes: str) -> None:
    """The same run under a recipe with changes."""
    base = ["problems.test.count=30", "seeds.training=[1, 2]"]
    made.run = RunFolder(made.run.path, load_recipe("w2s-micro", [*base, *changes]))


def _correct(made: Any) -> set[int]:
    document = evaluate(made.run, Progress(live=False))
    return {row["correct"] for row in document["models"]}


def test_conventions_and_format_of_the_recipe_reach_the_task(
    made: Any, engine_calls: Calls
) -> None:
    made.answers = defaultdict(lambda: lambda problem: f" #### 00{problem.gold}")
    names = [model.id for model in base_models(made.run.recipe)]
    for name in [*names, *(cell.id for cell in cells_of(made.run.recipe))]:
        assert made.answers[name]
    assert _correct(made) == {30}
    made.answers = dict.fromkeys(made.answers, _refuse)  # Scored again, and nothing drawn again.
    _with(made, "answer.options.leading_zeros=false")
    assert _correct(made) == {0}
    _with(made, "answer.format=gsm8k_cot")  # By its fallback, the last number.
    assert _correct(made) == {30}
    _with(made, "answer.format=choice")
    assert _correct(made) == {0}


def _refuse(problem: Problem) -> str:
    raise AssertionError(f"{problem.id} was drawn again")


def test_the_task_carries_the_recipes_answer(tmp_path: Path) -> None:
    answer = Answer.model_validate(
        {"format": "boxed", "options": {"problem_set": "gsm8k", "decimals": 2},
         "chain_verifier": "micro"}
    )  # fmt: skip
    plain = load_evaluation_task("w2s_micro", None, 5, tmp_path / "log")
    asked = load_evaluation_task("w2s_micro", None, 5, tmp_path / "log", answer)
    assert asked.task.answer == answer and plain.task.answer.format == "hash"
    assert {document.answer_format for document in asked.documents} == {"boxed"}
    assert asked.digest != plain.digest
    assert asked.prompts() == plain.prompts()


def test_a_task_that_grades_by_itself_is_left_alone_and_that_is_said(
    made: Any, engine_calls: Calls, own_tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = ["evaluation.task=sums", f"evaluation.task_path='{own_tasks}'"]
    _with(made, *task)
    evaluate(made.run, Progress(live=False))
    assert "grades by itself" not in capsys.readouterr().err
    _with(made, *task, "answer.options.leading_zeros=false")
    evaluate(made.run, Progress(live=False))
    said = capsys.readouterr().err
    assert "task sums grades by itself" in said and "leading_zeros" in said
