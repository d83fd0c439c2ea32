"""The stages as commands of their own on a run's folder.

Each is the very function that `harness run` calls, with the same lock, the same timing and
the same resume; so a run can be taken step by step, or one step can be done again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.all_at_once import AllAtOnceCommand, refusals_so_far
from harness.cli.options import (
    Where,
    checked_run,
    engine_options,
    engines_of,
    recipe_options,
    reference_option,
    resumable,
    spending_options,
)
from harness.cli.output import emit, json_option


def _do(
    name: str,
    run_path: Path | None,
    recipe_name: str | None,
    overrides: tuple[str, ...],
    vllm_python: Path | None,
    axolotl_python: Path | None,
    workers: int | None,
    engine_kind: str | None,
    endpoints: tuple[str, ...],
    as_json: bool,
    spending_limit: float | None = None,
    reference: str | None = None,
) -> None:
    from harness.cli.entry import publish_entry
    from harness.cli.summaries import summary_of
    from harness.locks import held
    from harness.pipeline.stages import run_stages
    from harness.progress import Progress

    with refusals_so_far().noted():
        _check_reference(reference)
    where = Where(engine_kind, endpoints, spending_limit)
    run = checked_run(run_path, recipe_name, overrides, where).opened()
    with resumable(run.path, name), held(run.path, "the run"):
        options = engines_of(vllm_python, axolotl_python, workers)
        document: dict[str, Any] = run_stages(
            [name], run, Progress(), options, {"report": {"reference": reference}}
        )[name]
        if name == "report":
            document["entry"] = publish_entry(run)
    emit(document, summary_of(name, document), as_json)


def _check_reference(name: str | None) -> None:
    from harness.reference import check_reference_name

    if name is not None:
        check_reference_name(name)


def _stage_command(name: str, summary: str, details: str) -> click.Command:
    @click.command(
        name=name, cls=AllAtOnceCommand, help=f"{summary}\n\n{details}", short_help=summary
    )
    @click.argument("run_path", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
    @recipe_options
    @engine_options
    @json_option
    def command(**options: Any) -> None:
        _do(name, **options)

    return command


sample = spending_options(
    _stage_command(
        "sample",
        "Draw the pools of both sides of the pair.",
        "Only what is missing is drawn. RUN is the folder of a run; with --recipe a new one is"
        " made.",
    )
)
measure = _stage_command(
    "measure",
    "Coverage, diversity and false positives.",
    "Both sides at matched budgets, with 95 % intervals and differences paired by problem.",
)
build = _stage_command(
    "build",
    "Build the arms (training sets).",
    "One parquet file per arm and budget, with the provenance of every row.",
)
train = _stage_command(
    "train",
    "Finetune every cell with Axolotl.",
    "Finished cells are kept; each cell's Axolotl file, log and model lie in RUN/train/<cell>.",
)
evaluate = _stage_command(
    "evaluate",
    "Measure pass@1 with lm-eval.",
    "Base and finetuned models on the test split; per-problem results are kept.",
)
report = reference_option(
    _stage_command(
        "report",
        "Write report and leaderboard entry.",
        "report.md, report.json, report.html and leaderboard_entry.json in the run's folder.",
    )
)
