"""The harness's Axolotl plugin: says how a training goes, in the worker and under torchrun.

Axolotl offers no other way to follow a training than to read its log. `report` takes each
event; by default it appends a JSON line to the file that $HARNESS_TRAINING_EVENTS names, which
is how the processes of a launched training reach the worker that launched them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axolotl.integrations.base import BasePlugin
from datasets import Dataset
from transformers import TrainerCallback

FINAL_SHARE = 0.1


def append_to_file(event: dict[str, Any]) -> None:
    """Writes one line, at once, where the worker of this training looks for it."""
    with Path(os.environ["HARNESS_TRAINING_EVENTS"]).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(event) + "\n")


report: Callable[[dict[str, Any]], None] = append_to_file


class LossNotFinite(RuntimeError):
    """The training has diverged; its model would be worthless."""


class StepsCallback(TrainerCallback):  # type: ignore[misc]
    """Reports every step, and a summary at the end."""

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """After each optimizer step."""
        if state.is_world_process_zero:
            report({"event": "step", "step": state.global_step, "of": state.max_steps})

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **rest: Any
    ) -> None:
        """Stops a training whose loss is not a number any more."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            raise LossNotFinite(f"the loss is {loss} at step {state.global_step}")

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """The loss over the last tenth of the steps, since a single batch's says little."""
        if not state.is_world_process_zero:
            return
        losses = [(entry["step"], entry["loss"]) for entry in state.log_history if "loss" in entry]
        first = state.global_step * (1 - FINAL_SHARE)
        last = [loss for step, loss in losses if step > first] or [loss for _, loss in losses[-1:]]
        report(
            {
                "event": "ended",
                "steps": state.global_step,
                "final_loss": sum(last) / len(last) if last else None,
                "tokens": _last(state.log_history, "tokens/total"),
            }
        )


def without_pools_of_one() -> None:
    """Keeps `datasets` from starting a process pool for one process's work.

    Axolotl asks for one by saving prepared rows with num_proc=1; the file is the same without,
    and each cell takes two seconds less.
    """
    save = Dataset.save_to_disk
    if getattr(save, "without_pools_of_one", False):
        return

    def save_to_disk(self: Any, *arguments: Any, num_proc: int | None = None, **rest: Any) -> None:
        save(self, *arguments, num_proc=None if num_proc == 1 else num_proc, **rest)

    save_to_disk.without_pools_of_one = True  # type: ignore[attr-defined]
    Dataset.save_to_disk = save_to_disk


def _last(history: list[dict[str, Any]], key: str) -> int | None:
    """The newest value of something that Axolotl logs, as a whole number."""
    values = [entry[key] for entry in history if key in entry]
    return int(values[-1]) if values else None


class ProgressPlugin(BasePlugin):  # type: ignore[misc]
    """Named in `plugins:` as axolotl_progress.ProgressPlugin."""

    def __init__(self) -> None:
        super().__init__()
        without_pools_of_one()

    def add_callbacks_pre_trainer(self, cfg: Any, model: Any) -> list[TrainerCallback]:
        """The callbacks that Axolotl adds to its trainer."""
        return [StepsCallback()]
