"""The stage with nothing stood in for: vLLM generates, lm-eval scores."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cells import cells_of
from harness.evaluation.stage import evaluate
from harness.micro import model_folder
from harness.progress import Progress
from harness.recipe.loading import load_recipe
from harness.run_folder import RunFolder

# The pair is the same twice but for its training length, which is enough to tell them apart.
PAIR = ["pair.se=micro-wc", "pair.wc=micro-wc-early", "paradigms=[student_lm]"]


def _trained_as(run: RunFolder, name: str, weights: str) -> None:
    folder = run.cell(name)
    shutil.copytree(model_folder(weights), folder / "model")
    (folder / "state.json").write_text('{"status": "done", "model": "model", "inputs": "x"}')


@pytest.mark.engines
def test_greedy_completions_of_the_engine_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe("w2s-micro", ["problems.test.count=100", *PAIR])
    run = RunFolder(tmp_path, recipe)
    wc_cell, se_cell = cells_of(recipe)
    _trained_as(run, wc_cell.id, "student")  # A copy: it must do exactly as the student does.
    _trained_as(run, se_cell.id, "wc")
    document = evaluate(run, Progress(live=False))

    correct = {row["model_id"]: row["correct"] for row in document["models"]}
    by_role = {row["role"]: row for row in document["models"] if row["kind"] == "base"}
    assert correct[wc_cell.id] == by_role["student"]["correct"]
    assert correct[se_cell.id] == by_role["se"]["correct"]
    assert by_role["wc"]["correct"] < by_role["se"]["correct"] < 100
    (comparison,) = document["comparisons"]
    assert comparison["gain_over_base"]["wc"]["value"] == 0.0
    assert comparison["difference"]["value"] == pytest.approx(
        (correct[wc_cell.id] - correct[se_cell.id]) / 100
    )

    def refuse(*_jobs: object, **_options: object) -> None:
        raise AssertionError("an engine was started for finished work")

    monkeypatch.setattr("harness.generators.filling.fill_pools", refuse)
    assert evaluate(run, Progress(live=False)) == document
