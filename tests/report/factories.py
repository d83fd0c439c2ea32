"""Runs' folders for tests of the report: real pools, and documents in the agreed form."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from harness.cells import cells_of
from harness.files import write_json
from harness.pool import Pool, Sample
from harness.problems import Problem
from harness.recipe import Side
from harness.recipe.loading import load_recipe, write_recipe
from harness.run_folder import RunFolder
from tests.report.documents import SAMPLES, Document, evaluations_document, measure_document


def made_run(
    folder: Path,
    *,
    name: str = "w2s-micro",
    overrides: tuple[str, ...] = (),
    upto: str = "evaluate",
    verifier: bool = True,
    levels: bool = True,
) -> RunFolder:
    """A run's folder with the results of every stage up to and with `upto`."""
    recipe = load_recipe(name, overrides)
    run = RunFolder(folder, recipe)
    write_recipe(run.recipe_file, recipe)
    write_json(
        folder / "run.json",
        {"harness": "0.1.0", "created": "2025-01-02T03:04:05Z", "recipe": recipe.name},
    )
    steps = ("plan", "sample", "measure", "build", "train", "evaluate")
    done = steps[: steps.index(upto) + 1]
    if "sample" in done:
        for side in ("wc", "se"):
            _write_pool(run, side)  # type: ignore[arg-type]
    if "measure" in done:
        write_json(run.measure_file, measure_document(verifier=verifier, levels=levels))
    if "build" in done:
        _write_arms(run)
    if "train" in done:
        _write_cells(run)
    if "evaluate" in done:
        seeds = tuple(recipe.seeds.training)
        write_json(run.evaluations_file, evaluations_document(recipe, seeds=seeds))
    write_timings(run, done)
    return run


def write_timings(run: RunFolder, stages: tuple[str, ...]) -> None:
    """`timings.jsonl`, with a torn last line as a crash leaves it."""
    seconds = {"plan": 0.1, "sample": 61.4, "measure": 3.9, "build": 0.8, "train": 101.2,
               "evaluate": 42.7}  # fmt: skip
    lines = [
        json.dumps({"stage": stage, "seconds": seconds[stage], "started": "2025-01-02T03:04:05Z"})
        for stage in stages
    ]
    run.timings_file.write_text("\n".join([*lines, '{"stage": "eval']))


def _write_pool(run: RunFolder, side: Side) -> None:
    problems = [Problem(f"{n} + {n}?", str(2 * n), level=str(1 + n % 5)) for n in range(4)]
    card = getattr(run.recipe.pair, side)
    pool = Pool.open_or_create(run.pool(side), _identity(card.id), problems)
    pool.append(
        [
            Sample(
                problem_id=problem.id, sample_index=index, completion=f" so #### {n * index}",
                finish_reason="stop", prompt_tokens=9, completion_tokens=6, cached_tokens=0,
                seed=index, endpoint="table", seconds=0.5,
            )
            for n, problem in enumerate(problems)
            for index in range(3)
        ]
    )  # fmt: skip
    pool.compact()
    pool.write_verdicts("answer", _verdicts(problems), {"name": "answer", "version": "1"})
    pool.close()


def _identity(model: str) -> Document:
    engine = {"name": "vllm", "version": "0.99.0", "device": "cpu"}
    return {"model": {"id": model}, "seed": 1, "engine": engine}


def _verdicts(problems: list[Problem]) -> pa.Table:
    rows = [
        {
            "problem_id": problem.id,
            "sample_index": index,
            "outcome": ("correct", "wrong", "undecided")[index],
            "answer": "4" if index < 2 else None,
            "rule": "hash" if index < 2 else "none",
            "stage": "number",
            "reason": "" if index < 2 else "no answer",
        }
        for problem in problems
        for index in range(3)
    ]
    return pa.Table.from_pylist(rows)


def _write_arms(run: RunFolder) -> None:
    for budget in run.recipe.budgets:
        for arm in run.recipe.arms.build:
            rows = 500 if arm == "ground_truth" else 40 * SAMPLES[budget][arm]
            write_json(
                run.arm(arm, budget) / "arm.json",
                {"arm": arm, "budget": budget, "rows": rows, "problems": 440,
                 "sha256": f"{rows:064x}", "empty": False, "reason": None},
            )  # fmt: skip


def _write_cells(run: RunFolder) -> None:
    for cell in cells_of(run.recipe):
        write_json(
            run.cell(cell.id) / "state.json",
            {"cell": {"paradigm": cell.paradigm}, "status": "done", "reason": None,
             "inputs": "0" * 64, "rows": 1200, "steps": 150, "seconds": 16.2,
             "final_loss": 0.123, "model": "model"},
        )  # fmt: skip
