"""The stage `evaluate`: greedy pass@1 of every model, and WC data against SE data.

For each model: one greedy completion a problem by the engine, kept as a pool; lm-eval's
scores over it; a results file that names, by digest, everything that it depends on. A model
whose results carry the same digest is not touched again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.evaluation.models import (
    EvaluatedModel,
    Skipped,
    base_models,
    base_of,
    trained_models,
)
from harness.evaluation.overlap import refuse_overlap
from harness.evaluation.requests import EvaluationTask, load_evaluation_task
from harness.evaluation.work import Work, completions_of, generate, work_of
from harness.files import read_json, write_atomically, write_json
from harness.progress import Progress
from harness.run_folder import RunFolder

if TYPE_CHECKING:
    from harness.evaluation.scoring import Scores

Document = dict[str, Any]


def evaluate(
    run: RunFolder,
    progress: Progress,
    *,
    vllm_python: Path | None = None,
    workers: int | None = None,
) -> Document:
    """Evaluates the base models and every trained cell; writes `evaluations.json`.

    Args:
        run: the run; its cells must be trained, skipped or failed.
        progress: told what is being done.
        vllm_python: interpreter with vLLM, if not the harness's own.
        workers: engine processes at once; the recipe's number if None.

    Returns:
        The document in `evaluations.json`.

    Raises:
        InputError: unknown or unsuitable task, untrained cells, or test problems that were
            trained on.
        EnvironmentFailure: the engine is missing or failed; finished completions are kept.
    """
    trained, skipped = trained_models(run)
    evaluation = run.recipe.evaluation
    task = load_evaluation_task(
        evaluation.task,
        evaluation.task_path,
        run.recipe.problems.test.count,
        run.log("lm_eval"),
        run.recipe.answer,
    )
    refuse_overlap(run, task.documents)
    _note_other_prompt(run, task, progress)
    _note_other_grading(run, task, progress)
    work = [work_of(run, task, model) for model in [*base_models(run.recipe), *trained]]
    pending = [item for item in work if not item.finished()]
    generate(run, task, pending, progress, vllm_python, workers)
    with progress.task("score with lm-eval", len(work), "models", len(work) - len(pending)) as bar:
        for item in pending:
            _score(run, task, item)
            bar.advance()
    document = _summary(run, task, work, skipped)
    write_json(run.evaluations_file, document)
    return document


def _note_other_prompt(run: RunFolder, task: EvaluationTask, progress: Progress) -> None:
    """Says so when the models are tested on another prompt than they are trained on."""
    from harness.prompts import training_prompt

    first = task.documents[0]
    trained_on = training_prompt(run.recipe.prompt, first.question)
    if first.prompt != trained_on:
        progress.note(
            f"note: task {task.name} asks {first.prompt[:60]!r}…, but the models are trained on "
            f"{trained_on[:60]!r}…; pass@1 is then measured on another prompt than was trained."
        )


def _note_other_grading(run: RunFolder, task: EvaluationTask, progress: Progress) -> None:
    """Says so when a recipe names conventions that do not reach the test task."""
    named = run.recipe.answer.options.model_dump(exclude_none=True)
    if named and not task.graded_by_harness:
        progress.note(
            f"note: task {task.name} grades by itself, so the conventions of answer.options "
            f"({', '.join(named)}) hold for the pools and not for the finetuned models."
        )


def _score(run: RunFolder, task: EvaluationTask, item: Work) -> None:
    """Scores one model and writes its files, the one that marks it as finished last."""
    from harness.evaluation.scoring import score

    model = item.model
    information = {"model": model.card.id, "revision": model.card.revision, "id": model.id}
    scores = score(task, completions_of(task, item), information, run.log("lm_eval"))
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in scores.rows]
    write_atomically(item.problems_file, "".join(lines))
    write_json(item.folder / "lm_eval.json", scores.lm_eval)
    write_json(item.results_file, _results(task, item, scores))


def _results(task: EvaluationTask, item: Work, scores: Scores) -> Document:
    from importlib.metadata import version

    from harness.statistics import wilson

    total, correct = len(scores.rows), scores.count("correct")
    model = item.model
    return {
        "model_id": model.id,
        "kind": model.kind,
        "role": model.role,
        "cell": asdict(model.cell) if model.cell else None,
        "task": task.name,
        "task_version": task.version,
        "lm_eval": version("lm_eval"),
        "problems": total,
        "correct": correct,
        "undecided": scores.count("undecided"),
        "pass_at_1": asdict(wilson(correct, total)),
        "inputs": item.inputs,
    }


def _summary(
    run: RunFolder, task: EvaluationTask, work: Sequence[Work], skipped: Sequence[Skipped]
) -> Document:
    outcomes = {item.model.id: _outcomes(item) for item in work}
    return {
        "task": task.name,
        "problems": len(task.documents),
        "models": [read_json(item.results_file) for item in work],
        "skipped": [asdict(entry) for entry in skipped],
        **_compared(run, [item.model for item in work], outcomes),
    }


def _outcomes(item: Work) -> Any:
    import numpy as np

    with item.problems_file.open(encoding="utf-8") as lines:
        return np.array([json.loads(line)["outcome"] == "correct" for line in lines], dtype=float)


def _compared(
    run: RunFolder, models: Sequence[EvaluatedModel], outcomes: Mapping[str, Any]
) -> Document:
    from harness.evaluation.comparisons import Contest, compare_all

    recipe = run.recipe
    contests = []
    for budget in recipe.training.budgets:
        for paradigm in recipe.paradigms:
            sides: dict[str, dict[int, Any]] = {"wc": {}, "se": {}}
            for model in models:
                cell = model.cell
                if (
                    cell
                    and (cell.paradigm, cell.budget) == (paradigm, budget)
                    and cell.arm in sides
                ):
                    sides[cell.arm][cell.seed] = outcomes[model.id]
            base = outcomes[base_of(models, recipe.student(paradigm))]
            contests.append(Contest(paradigm, budget, base, sides["wc"], sides["se"]))
    return compare_all(contests)
