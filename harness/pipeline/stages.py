"""The stages of a run in their order, each imported when it is its turn.

`run_stages` adds what all of them share: the announcement, the time taken, and the check of
models and engines before the first sample is paid for.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import Issues
from harness.progress import Progress
from harness.recipe import SIDES
from harness.run_folder import RunFolder

Document = dict[str, Any]


@dataclass(frozen=True)
class EngineOptions:
    """Engines that the user brings, and how many processes to run.

    Attributes:
        vllm_python: an interpreter with vLLM; the harness's own environment if None.
        axolotl_python: an interpreter with Axolotl; the harness's own environment if None.
        workers: engine processes at once; None leaves the choice to the recipe.
    """

    vllm_python: Path | None = None
    axolotl_python: Path | None = None
    workers: int | None = None

    def for_sampling(self) -> dict[str, Any]:
        """The options of stages that sample."""
        return {"vllm_python": self.vllm_python, "workers": self.workers}

    def for_grading(self) -> dict[str, Any]:
        """The options of the stage that grades."""
        return {"workers": self.workers}

    def for_training(self) -> dict[str, Any]:
        """The options of stages that train."""
        return {"axolotl_python": self.axolotl_python, "workers": self.workers}


_NOUNS = {
    "plan": "harness.plan.stage",
    "sample": "harness.generators.stage",
    "grade": "harness.grading.stage",
    "measure": "harness.metrics.stage",
    "build": "harness.arms.stage",
    "push": "harness.hub.stage",
    "train": "harness.training.stage",
    "evaluate": "harness.evaluation.stage",
    "report": "harness.report.stage",
}
RUN_ORDER = ("plan", "sample", "grade", "measure", "build", "train", "evaluate", "report")
_SAMPLING = {"sample", "evaluate"}
_NEEDING_MODELS = {"sample", "train", "evaluate"}
# Engines that are ready take milliseconds; only their making is worth a line.
_NOTED_SECONDS = 1.0
_TRAINING = {"train"}
_GRADING = {"grade"}


def run_stage(
    name: str,
    run: RunFolder,
    progress: Progress,
    options: EngineOptions,
    settings: Mapping[str, Any] | None = None,
) -> Document:
    """Does one stage and notes the time that it took.

    Args:
        name: a key of the pipeline, such as "sample".
        run: the run, held by the caller.
        progress: where to say what is going on.
        options: engines and parallelism.
        settings: further arguments of this stage alone.

    Returns:
        The stage's document for `--json`.
    """
    verb: Callable[..., Document] = getattr(importlib.import_module(_NOUNS[name]), name)
    extra: dict[str, Any] = dict(settings or {})
    if name in _SAMPLING:
        extra |= options.for_sampling()
    elif name in _GRADING:
        extra |= options.for_grading()
    elif name in _TRAINING:
        extra |= options.for_training()
    started = time.time()
    document = verb(run, progress, **extra)
    _note_time(run, name, started)
    return document


def run_stages(
    names: Sequence[str],
    run: RunFolder,
    progress: Progress,
    options: EngineOptions,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Document]:
    """Does several stages in the order given, after a check of everything they will need.

    `settings` are further arguments of single stages, by their names.
    """
    if not _NEEDING_MODELS.isdisjoint(names):
        check_models(run)
    started = time.time()
    prepare_engines(names, run, progress, options)
    if time.time() - started > _NOTED_SECONDS:
        _note_time(run, "engines", started)
    documents: dict[str, Document] = {}
    for number, name in enumerate(names, start=1):
        progress.note(f"[{number}/{len(names)}] {name}")
        documents[name] = run_stage(name, run, progress, options, (settings or {}).get(name))
    return documents


def check_models(run: RunFolder) -> None:
    """Looks at every local model before anything is spent on it.

    Raises:
        InputError: every problem of every model folder, at once.
    """
    from harness.models import check_model_folder, model_location

    issues = Issues()
    recipe = run.recipe
    cards = [recipe.pair.wc, recipe.pair.se, *(recipe.student(p) for p in recipe.paradigms)]
    for card in {card.id: card for card in cards}.values():
        location = Path(model_location(card))
        if location.is_dir():
            for issue in check_model_folder(location, cpu=not _has_gpu()):
                issues.add(issue.where, issue.message, issue.advice)
    issues.raise_if_any("the recipe's models cannot be used:")


def prepare_engines(
    names: Sequence[str], run: RunFolder, progress: Progress, options: EngineOptions
) -> None:
    """Makes the engines that the stages need, before the first of them starts."""
    from harness.engines.environment import engine_python

    sampled_here = set(SIDES) - set(run.recipe.execution.endpoints)
    if "evaluate" in names or ("sample" in names and sampled_here):
        extras = ("ray",) if run.recipe.execution.engine == "ray" else ()
        engine_python(
            "vllm", interpreter=options.vllm_python, progress=progress.note, extras=extras
        )
    if "train" in names and run.recipe.paradigms:
        engine_python("axolotl", interpreter=options.axolotl_python, progress=progress.note)


def _has_gpu() -> bool:
    from harness.engines.specification import has_gpu

    return has_gpu()


def _note_time(run: RunFolder, stage: str, started: float) -> None:
    line = {
        "stage": stage,
        "seconds": round(time.time() - started, 3),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
    }
    with run.timings_file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
