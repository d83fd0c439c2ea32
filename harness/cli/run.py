"""`harness run`: every stage of a recipe, in order; again on the same folder, it goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from harness.cli.all_at_once import AllAtOnceCommand
from harness.cli.options import (
    Where,
    checked_run,
    engine_options,
    engines_of,
    recipe_options,
    resumable,
    spending_options,
)
from harness.cli.output import emit, json_option


@click.command(
    cls=AllAtOnceCommand,
    short_help="Do every stage of a recipe, or go on where a run stopped.",
)
@click.argument("run_path", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@recipe_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The run's folder; runs/<recipe> below the current folder by default.",
)
@click.option("--push", "publish", is_flag=True, help="Publish the arms too (see `harness push`).")
@engine_options
@spending_options
@json_option
def run(
    run_path: Path | None,
    recipe_name: str | None,
    overrides: tuple[str, ...],
    out: Path | None,
    publish: bool,
    vllm_python: Path | None,
    axolotl_python: Path | None,
    workers: int | None,
    engine_kind: str | None,
    endpoints: tuple[str, ...],
    spending_limit: float | None,
    as_json: bool,
) -> None:
    """Sample, grade, measure, build, train, evaluate and report.

    \b
    harness run --recipe w2s-micro          start, in runs/w2s-micro
    harness run runs/w2s-micro              go on where it stopped
    """
    from harness.cli.entry import publish_entry
    from harness.cli.summaries import summary_of
    from harness.locks import held
    from harness.pipeline.stages import RUN_ORDER, run_stages
    from harness.progress import Progress

    if run_path is not None and out is not None and run_path != out:
        raise click.UsageError(f"two folders were given: {run_path} and --out {out}; give one.")
    started = time.monotonic()
    progress = Progress()
    where = Where(engine_kind, endpoints, spending_limit)
    opened = checked_run(run_path or out, recipe_name, overrides, where).opened()
    names = list(RUN_ORDER)
    if publish:
        names.insert(names.index("build") + 1, "push")
    with resumable(opened.path, "run"), held(opened.path, "the run"):
        documents: dict[str, Any] = run_stages(
            names, opened, progress, engines_of(vllm_python, axolotl_python, workers)
        )
        documents["report"]["entry"] = publish_entry(opened)
    seconds = round(time.monotonic() - started, 1)
    summary = {"run": str(opened.path), "seconds": seconds, "stages": documents}
    parts = [summary_of(name, documents[name]) for name in ("measure", "evaluate", "report")]
    emit(summary, "\n\n".join([*parts, f"Done in {seconds:.0f} s."]), as_json)
