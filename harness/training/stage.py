"""The stage `train`: every cell of the recipe, finetuned by Axolotl."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.cells import Cell, cells_of
from harness.engines.process import log_tail
from harness.errors import EnvironmentFailure, InputError, Issue
from harness.files import digest_of, read_json
from harness.models import digest_of_model, model_location
from harness.progress import Progress
from harness.recipe import ModelCard
from harness.recipe.catalogue import axolotl_base_file
from harness.run_folder import RunFolder
from harness.training.base_file import is_sharded, read_base_file
from harness.training.configuration import axolotl_configuration, settings_of
from harness.training.jobs import (
    MODEL,
    CellJob,
    Outcome,
    inputs_digest,
    is_done,
    read_state,
    record,
    record_skipped,
)
from harness.training.places import Places, places_for
from harness.training.rows import Rows, rows_of

_LOG_LINES = 8
_GEMMA_2 = "gemma2"


def train(
    run: RunFolder,
    progress: Progress,
    *,
    axolotl_python: Path | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Trains the cells that are not done yet; an empty arm's are skipped with the reason.

    Args:
        run: the run; its arms must be built.
        progress: counts optimizer steps over all cells.
        axolotl_python: an interpreter with Axolotl; the harness's own environment if None.
        workers: trainings at once; one a GPU, or up to two on a CPU, if None.

    Returns:
        {"cells": [every cell's `state.json`], "trained": how many were trained now}.

    Raises:
        InputError: an arm is not built, the base file or a batch size cannot be used.
        EnvironmentFailure: Axolotl does not work here, or cells failed; the others are done.
    """
    cells = cells_of(run.recipe)
    if not cells:
        return {"cells": [], "trained": 0}
    base = read_base_file(axolotl_base_file(run.recipe.training.axolotl))
    places = places_for(workers or run.recipe.execution.workers, sharded=is_sharded(base))
    python, version = _engine(axolotl_python, progress)
    rows = _rows_of_arms(run, cells)
    states: dict[str, dict[str, Any]] = {}
    jobs: list[CellJob] = []
    for cell in cells:
        arm_rows = rows[(cell.arm, cell.budget)]
        if isinstance(arm_rows, str):
            states[cell.id] = record_skipped(cell, run.cell(cell.id), arm_rows)
            progress.note(f"{cell.id} is skipped: {arm_rows}")
            continue
        jobs.append(_job(run, cell, base, arm_rows, places, version))
    todo = [job for job in jobs if not is_done(job)]
    states.update({job.cell.id: read_state(job.folder) for job in jobs if job not in todo})
    if todo:
        states.update(_train(run, jobs, todo, places, python, progress))
        _raise_failures(todo, states)
    return {"cells": [states[cell.id] for cell in cells], "trained": len(todo)}


def _engine(axolotl_python: Path | None, progress: Progress) -> tuple[Path, str]:
    """Axolotl's interpreter, and the version that it has."""
    from harness.engines.environment import engine_python
    from harness.engines.probe import probe

    python = engine_python("axolotl", interpreter=axolotl_python, progress=progress.note)
    return python, probe(python, ["axolotl"]).versions["axolotl"]


def _rows_of_arms(run: RunFolder, cells: list[Cell]) -> dict[tuple[str, str], Rows | str]:
    """The rows of each arm at each budget, or why there are none."""
    found: dict[tuple[str, str], Rows | str] = {}
    for arm, budget in dict.fromkeys((cell.arm, cell.budget) for cell in cells):
        folder = run.arm(arm, budget)
        rows = rows_of(folder, run.recipe.prompt)
        found[(arm, budget)] = rows if rows.count else _why_empty(folder)
    return found


def _why_empty(arm: Path) -> str:
    try:
        reason = str(read_json(arm / "arm.json")["reason"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        reason = ""
    return f"the arm {arm.name} is empty" + (f": {reason}" if reason else "")


def _job(
    run: RunFolder,
    cell: Cell,
    base: Mapping[str, Any],
    rows: Rows,
    places: Places,
    version: str,
) -> CellJob:
    folder = run.cell(cell.id)
    card = run.recipe.student(cell.paradigm)
    model = model_location(card)
    _refuse_lost_softcap(card, model, base)
    configuration = axolotl_configuration(
        run.recipe,
        cell,
        base,
        folder / rows.file_name,
        model,
        folder / MODEL,
        devices=places.devices,
    )
    settings = settings_of(run.recipe, cell)
    return CellJob(
        cell=cell,
        folder=folder,
        rows=rows,
        configuration=configuration,
        inputs=inputs_digest(rows, configuration, _model_digest(card, model), version),
        steps=settings.steps,
        work=float(settings.steps * settings.batch_size * (card.parameters.total or 1)),
        axolotl=version,
    )


def _model_digest(card: ModelCard, location: str) -> str:
    if Path(location).is_absolute():
        if not Path(location).is_dir():
            raise InputError(f"the model folder {location} ({card.id}) is not there.")
        return digest_of_model(Path(location))
    return digest_of({"id": card.id, "revision": card.revision})


def _refuse_lost_softcap(card: ModelCard, location: str, base: Mapping[str, Any]) -> None:
    """Gemma 2 under sdpa, which is the default, trains without its cap on attention logits."""
    try:
        kind = str(read_json(Path(location) / "config.json").get("model_type", ""))
    except (OSError, ValueError, AttributeError):
        kind = _GEMMA_2 if "gemma-2-" in card.id.lower() else ""
    attention = base.get("attn_implementation")
    if kind == _GEMMA_2 and attention in (None, "sdpa"):
        raise InputError(
            f"{card.id} is a Gemma 2 model, and the base Axolotl file has attn_implementation: "
            f"{attention or 'nothing, which means sdpa'}; it drops the model's attention soft-cap.",
            "Set attn_implementation to eager, flash_attention_2 or flex_attention there.",
        )


def _train(
    run: RunFolder,
    jobs: list[CellJob],
    todo: list[CellJob],
    places: Places,
    python: Path,
    progress: Progress,
) -> dict[str, dict[str, Any]]:
    from harness.training.work import train_cells

    states: dict[str, dict[str, Any]] = {}

    def take(job: CellJob, outcome: Outcome) -> None:
        state = states[job.cell.id] = record(job, outcome)
        if state["status"] == "failed":
            progress.note(f"{job.cell.id} failed: {state['reason']}")

    # The data library's cache would otherwise grow in the user's home with every run.
    cache = run.path / "train" / ".cache"
    total = sum(job.steps for job in jobs)
    environment = {"HF_DATASETS_CACHE": str(cache.resolve())}
    if all(Path(job.configuration["base_model"]).is_dir() for job in todo):
        environment["HF_HUB_OFFLINE"] = "1"
    try:
        with progress.task(
            f"train {len(jobs)} cells", total, "steps", total - sum(job.steps for job in todo)
        ) as task:
            train_cells(
                sorted(todo, key=lambda job: -job.work),
                places,
                python=python,
                environment=environment,
                log=run.log,
                task=task,
                record=take,
            )
    except OSError as error:
        raise EnvironmentFailure(
            f"the training stops: {error.strerror or error}"
            + (f" ({error.filename})" if error.filename else "."),
            "Finished cells are kept; free space or mend the folder, and run the same command.",
        ) from error
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return states


def _raise_failures(todo: list[CellJob], states: Mapping[str, Mapping[str, Any]]) -> None:
    failed = [job for job in todo if states[job.cell.id]["status"] == "failed"]
    if not failed:
        return
    issues = []
    for job in failed:
        lines = log_tail(job.log, lines=_LOG_LINES)
        shown = "".join(f"\n      {line}" for line in lines)
        issues.append(
            Issue(
                job.cell.id,
                f"{states[job.cell.id]['reason']}{shown}\n      The whole log: {job.log}",
            )
        )
    done = len(todo) - len(failed)
    raise EnvironmentFailure(
        f"{len(failed)} of {len(todo)} trainings failed; {done} are done and kept.",
        "Failed cells are tried again by the same command.",
        issues,
    )
