"""`harness grade`: verdicts for a run or for a pool, their explanation, and their audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.grade_pool import ONE_POOL, Asked, on_pool
from harness.cli.options import placement_options, recipe_options, resumable
from harness.cli.output import emit, json_option
from harness.errors import InputError


@click.command(short_help="Give every sample its verdicts.")
@click.argument("place", metavar="[RUN_OR_POOL]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--grader",
    metavar="NAME",
    help="answer (ours), math_verify, string_match, code for programs, or chain for the embedded "
    "problems; verdicts of several graders stand side by side. By default those of the recipe, or "
    "answer.",
)
@click.option(
    "--format",
    metavar="NAME",
    help="How answers stand in the completions: aime, boxed, choice, gsm8k_cot, hash, json, "
    "markdown or minerva. Needed where neither the recipe nor earlier verdicts say it.",
)
@click.option(
    "--options",
    "conventions",
    metavar="KEY=VALUE",
    multiple=True,
    help="A convention, as in percent=ignored, or the name of a problem set with its defaults "
    "(math, gsm8k, aime, micro); several with commas, or given again.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that grade; by default one a core, or one where samples are few.",
)
@click.option("--explain", "explained", metavar="PROBLEM_ID", help="Tell how verdicts came out.")
@click.option("--sample", type=click.IntRange(min=0), help="Explain only this sample.")
@click.option(
    "--audit",
    metavar="SHEET.csv",
    type=click.Path(path_type=Path),
    help="Draw samples for a person to judge: disagreements of graders, near misses, and others.",
)
@click.option(
    "--audit-read",
    metavar="SHEET.csv",
    type=click.Path(path_type=Path),
    help="Read the person's judgements back: error rates of each grader.",
)
@click.option(
    "--audit-size",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Samples to draw; at least five of each kind are.",
)
@click.option(
    "--audit-seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw."
)
@recipe_options
@placement_options
@json_option
def grade(
    place: Path | None,
    grader: str | None,
    format: str | None,
    conventions: tuple[str, ...],
    workers: int | None,
    explained: str | None,
    sample: int | None,
    audit: Path | None,
    audit_read: Path | None,
    audit_size: int,
    audit_seed: int,
    as_json: bool,
    **of_run: Any,
) -> None:
    """Give every sample of a run or of a pool its verdict: correct, wrong or undecided.

    Only what has no verdict yet is graded; stopped or killed, it goes on where it was.

    \b
    harness grade runs/w2s-micro
    harness grade POOL --format boxed --options math
    harness grade POOL --grader math_verify
    harness grade POOL --explain PROBLEM_ID --sample 0
    harness grade POOL --audit sheet.csv, and when it is filled in
    harness grade POOL --audit-read sheet.csv
    """
    asked = Asked(
        grader, format, conventions, workers, explained, sample, audit, audit_read,
        audit_size, audit_seed,
    )  # fmt: skip
    _check_together(asked)
    if place is not None and (place / "identity.json").is_file():
        _refuse_recipe(place, of_run)
        on_pool(place, asked, as_json)
    else:
        _on_run(place, asked, of_run, as_json)


def _check_together(asked: Asked) -> None:
    """Refuses options that do not go together, and unknown names."""
    from harness.grading.pool_graders import grader_kind

    if sum(getattr(asked, name) is not None for name in ONE_POOL) > 1:
        raise InputError("--explain, --audit and --audit-read do different things; give one.")
    if asked.sample is not None and asked.explained is None:
        raise InputError("--sample says which sample of --explain PROBLEM_ID; give that too.")
    if asked.grader is not None:
        grader_kind(asked.grader)


def _refuse_recipe(place: Path, of_run: dict[str, Any]) -> None:
    if of_run["recipe_name"] or of_run["overrides"]:
        raise InputError(
            f"{place} is a pool, and a pool has no recipe to choose or to override.",
            "Say how it is graded with --grader, --format and --options.",
        )


def _on_run(place: Path | None, asked: Asked, of_run: dict[str, Any], as_json: bool) -> None:
    from harness.cli.options import (
        overrides_of_endpoints,
        overrides_of_engine,
        run_of,
    )
    from harness.cli.summaries import summary_of
    from harness.grading.stage import grade as grade_run
    from harness.locks import held
    from harness.pipeline.stages import EngineOptions, run_stages
    from harness.progress import Progress

    if place is not None and of_run["recipe_name"] is None:
        _check_is_run(place)
    where = [
        *overrides_of_engine(of_run["engine_kind"]),
        *overrides_of_endpoints(of_run["endpoints"]),
    ]
    run = run_of(place, of_run["recipe_name"], [*of_run["overrides"], *where])
    if any(getattr(asked, name) is not None for name in ONE_POOL):
        pools = " or ".join(str(folder) for folder in run.pools()) or "none yet"
        raise InputError(
            f"{run.path} is a run; --explain and --audit are about one pool.",
            f"Give one of its pools: {pools}",
        )
    if asked.format is not None or asked.options:
        raise InputError(
            f"{run.path} is a run, and its recipe says how answers are read and compared.",
            "Change answer.format and answer.options with --set in a new run, or grade a single "
            "pool: harness grade POOL --format NAME.",
        )
    with resumable(run.path, "grade"), held(run.path, "the run"):
        if asked.grader is None:
            options = EngineOptions(workers=asked.workers)
            document = run_stages(["grade"], run, Progress(), options)["grade"]
        else:
            document = grade_run(run, Progress(), workers=asked.workers, graders=[asked.grader])
    emit(document, summary_of("grade", document), as_json)


def _check_is_run(place: Path) -> None:
    if not (place / "recipe.yaml").is_file():
        found = (
            "is not there" if not place.exists() else "holds neither recipe.yaml nor identity.json"
        )
        raise InputError(
            f"{place} {found}, so it is not the folder of a run, nor of a pool.",
            "Give the folder of a run or a pool; `harness pool import` makes a pool of samples "
            "from elsewhere.",
        )
