"""One cell's work: its files, what decides its result, and what came of it.

A cell is done when its `state.json` says so for the same inputs: rows, configuration, base
model and Axolotl's version. That file is written last, so a folder without it is half made.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.cells import Cell
from harness.files import digest_of, read_json, write_atomically, write_json
from harness.training.configuration import yaml_text
from harness.training.rows import Rows, write_rows

MODEL = "model"
CONFIGURATION_FILE = "axolotl.yaml"
LOG_FILE = "train.log"
STATE_FILE = "state.json"
STARTED_FILE = "started.json"
_OWN_PATHS = ("base_model",)


@dataclass(frozen=True)
class CellJob:
    """A cell that can be trained.

    Attributes:
        cell: which finetuning.
        folder: its folder.
        rows: what it is trained on.
        configuration: the content of its `axolotl.yaml`.
        inputs: digest of everything that decides the resulting model.
        steps: optimizer steps.
        work: the cost relative to other cells', for balancing workers.
        axolotl: the version that trains it.
    """

    cell: Cell
    folder: Path
    rows: Rows
    configuration: dict[str, Any]
    inputs: str
    steps: int
    work: float
    axolotl: str = ""

    @property
    def log(self) -> Path:
        """Everything that Axolotl says about this cell."""
        return self.folder / LOG_FILE

    @property
    def model(self) -> Path:
        """The folder of the finetuned model."""
        return self.folder / MODEL


@dataclass(frozen=True)
class Outcome:
    """What came of a cell's training.

    Attributes:
        cell: its id.
        error: why it failed; empty where it did not.
        seconds: wall time, start-up of the trainer included.
        steps: optimizer steps done.
        final_loss: mean training loss over the last tenth of the steps.
        tokens: tokens that were trained on, prompts included.
    """

    cell: str
    error: str = ""
    seconds: float | None = None
    steps: int = 0
    final_loss: float | None = None
    tokens: int | None = None


def inputs_digest(
    rows: Rows, configuration: dict[str, Any], model_digest: str, axolotl_version: str
) -> str:
    """A digest of everything that decides a cell's model, wherever its files lie."""
    settings = {key: value for key, value in configuration.items() if key not in _OWN_PATHS}
    return digest_of(
        {
            "rows": rows.sha256,
            "configuration": settings,
            "model": model_digest,
            "axolotl": axolotl_version,
        }
    )


def read_state(folder: Path) -> dict[str, Any]:
    """A cell's `state.json`; empty where there is none that can be read."""
    try:
        state = read_json(folder / STATE_FILE)
    except (FileNotFoundError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_done(job: CellJob) -> bool:
    """Whether the cell's model is there and was made from the same inputs."""
    state = read_state(job.folder)
    return (
        state.get("status") == "done" and state.get("inputs") == job.inputs and has_model(job.model)
    )


def has_model(folder: Path) -> bool:
    """Whether a folder holds what engines need: configuration, weights, tokenizer."""
    return (
        (folder / "config.json").is_file()
        and any(folder.glob("*.safetensors"))
        and any(folder.glob("tokenizer*"))
    )


def prepare(job: CellJob) -> str | None:
    """Writes the cell's files and removes what an earlier attempt has left.

    Returns:
        The checkpoint to go on from, relative to the folder, if that attempt had the same
        inputs and left a whole one.
    """
    (job.folder / STATE_FILE).unlink(missing_ok=True)
    checkpoint = _whole_checkpoint(job)
    if checkpoint is None:
        shutil.rmtree(job.model, ignore_errors=True)
        job.log.unlink(missing_ok=True)
        for folder in job.folder.glob("prepared-*"):
            shutil.rmtree(folder)
    write_rows(job.rows, job.folder)
    write_atomically(job.folder / CONFIGURATION_FILE, yaml_text(job.cell, job.configuration))
    write_json(job.folder / STARTED_FILE, {"inputs": job.inputs})
    return checkpoint


def _whole_checkpoint(job: CellJob) -> str | None:
    """The newest checkpoint that is whole; newer, half-written ones are removed."""
    try:
        started = read_json(job.folder / STARTED_FILE)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(started, dict) or started.get("inputs") != job.inputs:
        return None
    numbered = {
        int(folder.name.rpartition("-")[2]): folder
        for folder in job.model.glob("checkpoint-*")
        if folder.name.rpartition("-")[2].isdecimal()
    }
    for _, folder in sorted(numbered.items(), reverse=True):
        if (folder / "trainer_state.json").is_file():  # written last
            return str(folder.relative_to(job.folder))
        shutil.rmtree(folder)
    return None


def record(job: CellJob, outcome: Outcome) -> dict[str, Any]:
    """Writes `state.json` for a cell that was tried, and clears up; returns the document."""
    error, loss = outcome.error, outcome.final_loss
    if not error and loss is not None and not math.isfinite(loss):
        error, loss = f"the training has diverged: its loss is {loss}", None
    if not error and not has_model(job.model):
        error = "Axolotl ended without an error, but has left no whole model"
    if not error:
        _clear_up(job)
    document: dict[str, Any] = {
        "cell": asdict(job.cell),
        "status": "failed" if error else "done",
        "reason": error,
        "inputs": job.inputs,
        "rows": job.rows.count,
        "steps": outcome.steps,
        "seconds": outcome.seconds,
        "final_loss": loss,
        "tokens": outcome.tokens,
        "axolotl": job.axolotl or None,
        "model": None if error else MODEL,
    }
    write_json(job.folder / STATE_FILE, document)
    return document


def record_skipped(cell: Cell, folder: Path, reason: str) -> dict[str, Any]:
    """Writes `state.json` for a cell that has nothing to train on; returns the document."""
    shutil.rmtree(folder, ignore_errors=True)
    document: dict[str, Any] = {
        "cell": asdict(cell),
        "status": "skipped",
        "reason": reason,
        "inputs": None,
        "rows": 0,
        "steps": 0,
        "seconds": None,
        "final_loss": None,
        "tokens": None,
        "model": None,
    }
    write_json(folder / STATE_FILE, document)
    return document


def _clear_up(job: CellJob) -> None:
    """Removes what only a resumed training would need, and a log that `train.log` repeats."""
    ours = "save_steps" in job.configuration and job.configuration.get("save_total_limit") == 1
    for checkpoint in job.model.glob("checkpoint-*") if ours else ():
        shutil.rmtree(checkpoint)
    for prepared in job.folder.glob("prepared-*"):
        shutil.rmtree(prepared)
    (job.model / "debug.log").unlink(missing_ok=True)
    (job.folder / STARTED_FILE).unlink(missing_ok=True)
