"""A small lm-eval task of the test's own, and runs with hand-made models and pools."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.cells import Cell, cells_of
from harness.problems import Problem
from harness.recipe import Recipe
from harness.run_folder import RunFolder

YAML = """
task: sums
custom_dataset: !function utils.dataset
test_split: test
output_type: generate_until
doc_to_text: "Q: {{question}}\\nA:"
doc_to_target: gold
num_fewshot: 0
generation_kwargs:
  until: ["\\n"]
  max_gen_toks: 16
  do_sample: false
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
"""

UTILS = """
import datasets

def dataset(**options):
    rows = [
        {"question": f"{n} + {n}?", "gold": str(2 * n), "level": str(1 + n % 5)} for n in range(40)
    ]
    return {"test": datasets.Dataset.from_list(rows)}
"""


@pytest.fixture
def own_tasks(tmp_path: Path) -> Path:
    """A folder with the lm-eval task `sums`: 40 sums, exact match, no part of the harness."""
    folder = tmp_path / "own tasks"
    folder.mkdir()
    (folder / "sums.yaml").write_text(YAML)
    (folder / "utils.py").write_text(UTILS)
    return folder


@pytest.fixture
def write_variant(own_tasks: Path) -> Callable[[str, Mapping[str, str]], None]:
    """Writes another task next to `sums`, with texts of its YAML replaced."""

    def write(name: str, changes: Mapping[str, str]) -> None:
        text = YAML.replace("task: sums", f"task: {name}")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (own_tasks / f"{name}.yaml").write_text(text)

    return write


Answer = Callable[[Problem], str | None]


def _right(problem: Problem) -> str:
    return f" #### {problem.gold}"


@dataclass
class Made:
    """A run with stand-in weights, and what each model answers to each problem."""

    run: RunFolder
    answers: dict[str, Answer]
    refused: dict[str, int] = field(default_factory=dict)

    def retrain(self, cell: Cell, weights: bytes) -> None:
        """Gives a cell new weights."""
        folder = self.run.cell(cell.id)
        (folder / "model").mkdir(parents=True, exist_ok=True)
        (folder / "model" / "model.safetensors").write_bytes(weights)
        (folder / "model" / "config.json").write_text("{}")
        self.state(cell, status="done", model="model")

    def state(self, cell: Cell, **entries: Any) -> None:
        """Writes a cell's state."""
        folder = self.run.cell(cell.id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state.json").write_text(json.dumps({"inputs": "x", **entries}))

    def forget(self, cell: Cell) -> None:
        """Removes a cell's state, as if it had never been trained."""
        (self.run.cell(cell.id) / "state.json").unlink()

    def rows(self, model_id: str) -> list[dict[str, Any]]:
        """A model's per-problem results."""
        lines = (self.run.evaluation(model_id) / "problems.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def small_recipe() -> Recipe:
    """w2s-micro on 30 test problems and two training seeds."""
    from harness.recipe.loading import load_recipe

    return load_recipe("w2s-micro", ["problems.test.count=30", "seeds.training=[1, 2]"])


@pytest.fixture
def made(tmp_path: Path, small_recipe: Recipe) -> Made:
    """A run whose cells are all trained; its engine is a table (see `fill_from_table`)."""
    run = RunFolder(tmp_path / "run", small_recipe)
    made = Made(run, {})
    for number, cell in enumerate(cells_of(small_recipe)):
        made.retrain(cell, f"weights of cell {number}".encode())
    return made


@pytest.fixture
def engine_calls(made: Made, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Puts a table in the engine's place; real pools are filled from `made.answers`.

    The list grows by the labels of the jobs of each call.
    """
    calls: list[list[str]] = []
    monkeypatch.setattr("harness.generators.filling.fill_pools", _table(made, calls))
    return calls


def _table(made: Made, calls: list[list[str]]) -> Callable[..., None]:
    from harness.pool import Failure, Pool, Sample

    def fill(jobs: Sequence[Any], **_options: Any) -> None:
        calls.append([job.label for job in jobs])
        for job in jobs:
            assert job.decoding.temperature == 0.0
            assert job.samples_per_problem == 1
            pool = Pool.open_or_create(job.folder, {"model": job.model.id}, job.problems)
            answer: Answer = made.answers.get(job.label, _right)
            for problem in job.problems[: made.refused.get(job.label, 0)]:
                pool.record_failure(Failure(problem.id, 0, 1, "the prompt is too long"))
            asked = {problem_id for problem_id, _ in pool.missing(1)}
            answers = {p.id: answer(p) for p in job.problems if p.id in asked}
            pool.append([_sample(key, text) for key, text in answers.items() if text is not None])
            pool.close()

    def _sample(problem_id: str, text: str) -> Sample:
        return Sample(problem_id, 0, text, "stop", 1, 1, 0, None, "table", 0.0)

    return fill
