"""A cell's Axolotl configuration: the base file with the recipe's keys written over it.

Everything that decides the resulting model is written out, because Axolotl's defaults change
between versions and some of them lose data in silence (rows that are too long, for one).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cells import Cell
from harness.errors import InputError
from harness.recipe import Recipe
from harness.recipe.schema import Training, TrainingOverrides

CHECKPOINTS_ABOVE_STEPS = 500
LEAST_STEPS_BETWEEN_CHECKPOINTS = 250
CHECKPOINTS_A_TRAINING = 20

# Prompt and completion as they stand: prompt tokens, completion tokens, EOS, with the loss on
# the last two. The default format would put a space between them.
_ROW_TYPE = {
    "field_instruction": "prompt",
    "field_output": "completion",
    "format": "{instruction}",
    "no_input_format": "{instruction}",
}


@dataclass(frozen=True)
class CellSettings:
    """The training settings of one cell, after the paradigm's own.

    Attributes:
        steps: optimizer steps.
        batch_size: rows per optimizer step, over all devices.
        micro_batch_size: rows per forward pass on one device; None leaves it to the devices.
        learning_rate: the peak.
    """

    steps: int
    batch_size: int
    micro_batch_size: int | None
    learning_rate: float


def settings_of(recipe: Recipe, cell: Cell) -> CellSettings:
    """What the recipe says about a cell, the paradigm's own settings first."""
    common = recipe.training
    own = common.paradigms.get(cell.paradigm) or TrainingOverrides()
    steps = own.steps if own.steps is not None else common.steps
    return CellSettings(
        steps=steps if isinstance(steps, int) else steps[cell.budget],
        batch_size=own.batch_size or common.batch_size,
        micro_batch_size=own.micro_batch_size or common.micro_batch_size,
        learning_rate=own.learning_rate or common.learning_rate,
    )


def axolotl_configuration(
    recipe: Recipe,
    cell: Cell,
    base: Mapping[str, Any],
    rows_file: Path,
    model: str,
    output: Path,
    *,
    devices: int = 1,
) -> dict[str, Any]:
    """The content of a cell's `axolotl.yaml`.

    Args:
        recipe: the run's recipe.
        cell: which finetuning.
        base: the base file's content.
        rows_file: the rows, named by a hash of their content: Axolotl's cache of prepared
            data knows names only.
        model: folder or Hub id of the model that is finetuned.
        output: folder for the finetuned model. Paths in the result are relative to the folder
            that it lies in, which is the cell's.
        devices: over how many devices a batch is spread.

    Raises:
        InputError: the batch cannot be divided evenly.
    """
    settings = settings_of(recipe, cell)
    card = recipe.student(cell.paradigm)
    folder = output.parent
    rows = str(rows_file.relative_to(folder))
    revision = {"revision_of_model": card.revision} if card.revision and model == card.id else {}
    return {
        **base,
        "base_model": model,
        **revision,
        "datasets": [{"path": rows, "ds_type": "json", "split": "train", "type": dict(_ROW_TYPE)}],
        "dataset_prepared_path": rows_file.stem.replace("rows", "prepared", 1),
        "train_on_inputs": False,
        "sample_packing": False,
        "excess_length_strategy": "raise",
        "sequence_len": recipe.training.sequence_length,
        "output_dir": str(output.relative_to(folder)),
        **_optimisation(recipe.training, settings, _division(cell, settings, devices)),
        "seed": cell.seed,
        **_saving(base, settings.steps),
    }


def _optimisation(
    training: Training, settings: CellSettings, division: tuple[int, int]
) -> dict[str, Any]:
    """Steps, batches, and what is done with gradients."""
    micro, accumulation = division
    return {
        "max_steps": settings.steps,
        # max_steps ends the training; an epoch is one step at least, so these are enough.
        "num_epochs": settings.steps,
        "micro_batch_size": micro,
        "gradient_accumulation_steps": accumulation,
        "learning_rate": settings.learning_rate,
        "lr_scheduler": training.scheduler,
        "warmup_steps": training.warmup_steps,
        "optimizer": training.optimizer,
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_gradient_norm,
    }


def _division(cell: Cell, settings: CellSettings, devices: int) -> tuple[int, int]:
    """Rows per forward pass on each device, and forward passes per optimizer step."""
    batch = settings.batch_size
    micro = settings.micro_batch_size or max(1, batch // devices)
    if batch % (micro * devices):
        spread = f" on each of {devices} devices" if devices > 1 else ""
        raise InputError(
            f"{cell.id}: a batch of {batch} rows cannot be divided into forward passes of "
            f"{micro}{spread}.",
            f"Make training.batch_size a multiple of {micro * devices}, or change "
            "training.micro_batch_size.",
        )
    return micro, batch // (micro * devices)


def _saving(base: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Checkpoints to resume from, where a training is long and the base file says nothing."""
    if "save_strategy" in base or "save_steps" in base or "saves_per_epoch" in base:
        return {}
    if steps <= CHECKPOINTS_ABOVE_STEPS:
        return {"save_strategy": "no"}
    interval = max(LEAST_STEPS_BETWEEN_CHECKPOINTS, math.ceil(steps / CHECKPOINTS_A_TRAINING))
    return {"save_strategy": "steps", "save_steps": interval, "save_total_limit": 1}


def yaml_text(cell: Cell, configuration: Mapping[str, Any]) -> str:
    """`axolotl.yaml` as text; PyYAML writes it, because Axolotl reads it with PyYAML."""
    import yaml

    body = yaml.safe_dump(
        dict(configuration), sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    return (
        f"# Cell {cell.id}, written by `harness train`. By hand, in this folder and in Axolotl's\n"
        "# environment: AXOLOTL_DO_NOT_TRACK=1 OMP_NUM_THREADS=1 \\\n"
        "#              axolotl train axolotl.yaml --launcher python\n"
        f"{body}"
    )
