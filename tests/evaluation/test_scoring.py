"""lm-eval scores stored generations: the same numbers as counting by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.evaluation.requests import EvaluationTask, load_evaluation_task
from harness.evaluation.scoring import score
from harness.evaluation.stored import StoredGenerations

Variant = Callable[[str, Mapping[str, str]], None]


def _mixed_answers(task: EvaluationTask, seed: int) -> tuple[dict[str, str], int]:
    chance = random.Random(seed)
    right = {document.prompt: chance.random() < 0.4 for document in task.documents}
    golds = {document.prompt: document.problem.gold for document in task.documents}
    texts = {p: golds[p] if right[p] else f"not {golds[p]}" for p in right}
    return texts, sum(right.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("count", [None, 13])
def test_scores_equal_a_direct_count(
    own_tasks: Path, tmp_path: Path, seed: int, count: int | None
) -> None:
    task = load_evaluation_task("sums", str(own_tasks), count, tmp_path / "log")
    completions, expected = _mixed_answers(task, seed)
    scores = score(task, completions, {"model": "m"}, tmp_path / "log")
    assert scores.count("correct") == expected
    assert len(scores.rows) == len(task.documents)
    for row, document in zip(scores.rows, task.documents, strict=True):
        assert row["problem_id"] == document.problem.id
        assert row["completion"] == completions[document.prompt]
        assert (row["outcome"] == "correct") == (row["completion"] == row["gold"])
    found = scores.lm_eval["results"]["sums"]["exact_match,none"]
    assert found == pytest.approx(expected / len(task.documents))
    assert scores.lm_eval["config"]["model"] == "m"
    assert "samples" not in scores.lm_eval


def test_the_numbers_are_those_of_lm_evals_simple_evaluate(own_tasks: Path, tmp_path: Path) -> None:
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    task = load_evaluation_task("sums", str(own_tasks), 17, tmp_path / "log")
    completions, _ = _mixed_answers(task, 4)
    ours = score(task, completions, {}, tmp_path / "log").lm_eval
    theirs: dict[str, Any] = simple_evaluate(
        model=StoredGenerations(completions),
        tasks=["sums"],
        task_manager=TaskManager(include_defaults=False, include_path=str(own_tasks)),
        limit=17,
        bootstrap_iters=1000,
    )
    assert ours["results"] == theirs["results"]
    assert ours["versions"] == theirs["versions"]
    assert ours["n-samples"] == theirs["n-samples"]


def test_one_task_scores_model_after_model(own_tasks: Path, tmp_path: Path) -> None:
    task = load_evaluation_task("sums", str(own_tasks), None, tmp_path / "log")
    first, count = _mixed_answers(task, 5)
    second = {document.prompt: document.problem.gold for document in task.documents}
    assert score(task, first, {}, tmp_path / "log").count("correct") == count
    assert score(task, second, {}, tmp_path / "log").count("correct") == 40
    again = score(task, first, {}, tmp_path / "log")
    assert again.count("correct") == count
    assert again == score(task, first, {}, tmp_path / "log")


def test_completions_are_cut_at_stop_strings_as_engines_do(own_tasks: Path, tmp_path: Path) -> None:
    task = load_evaluation_task("sums", str(own_tasks), 2, tmp_path / "log")
    golds = {document.prompt: f"{document.problem.gold}\nQ: more" for document in task.documents}
    assert score(task, golds, {}, tmp_path / "log").count("correct") == 2


def test_a_metric_that_is_not_right_or_wrong_is_refused(
    own_tasks: Path, write_variant: Variant, tmp_path: Path
) -> None:
    function = "num_fewshot: 0\nprocess_results: !function grades.half"
    write_variant("graded", {"num_fewshot: 0": function})
    (own_tasks / "grades.py").write_text("def half(doc, results):\n    return {'exact_match': 0.5}")
    task = load_evaluation_task("graded", str(own_tasks), 2, tmp_path / "log")
    with pytest.raises(InputError, match=r"0\.5.*expected 0 or 1"):
        score(task, dict.fromkeys((d.prompt for d in task.documents), "x"), {}, tmp_path / "log")


def test_scoring_is_silent(
    own_tasks: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    task = load_evaluation_task("sums", str(own_tasks), None, tmp_path / "log")
    score(task, _mixed_answers(task, 1)[0], {}, tmp_path / "log")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_stored_generations_have_no_likelihoods() -> None:
    model = StoredGenerations({})
    with pytest.raises(NotImplementedError):
        model.loglikelihood([])
    with pytest.raises(NotImplementedError):
        model.loglikelihood_rolling([])
