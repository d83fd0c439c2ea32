"""`harness plan`: what a recipe will draw, train and cost; nothing is written or started."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import recipe_options
from harness.cli.output import emit, json_option
from harness.cli.pilot import forecast_from_pilots
from harness.errors import InputError


@click.command(short_help="Say what a recipe will draw, train and cost.")
@click.argument("run_path", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@recipe_options
@click.option(
    "--pilot",
    "pilots",
    metavar="[SIDE=]POOL",
    multiple=True,
    help="A small graded pool: forecast coverage and diversity of larger ones from it. Given for"
    " both sides of a recipe, also which side wins at which budget.",
)
@click.option(
    "--budgets",
    metavar="NUMBERS",
    help="Samples a problem (with pilots of both sides those of SE) to forecast, as in 1,10,100.",
)
@click.option(
    "--intersection",
    is_flag=True,
    help="Compare pilots on the problems that both have, where they differ.",
)
@json_option
def plan(
    run_path: Path | None,
    recipe_name: str | None,
    overrides: tuple[str, ...],
    pilots: tuple[str, ...],
    budgets: str | None,
    intersection: bool,
    as_json: bool,
) -> None:
    """Matched budgets, samples, tokens, FLOPs, dollars, finetunings and disk of a recipe.

    \b
    harness plan --recipe w2s-math
    harness plan --recipe w2s-math --set match.parameters=total --set budgets.high.se=20
    harness plan runs/w2s-micro             the plan of a run that is there
    harness plan --pilot POOL               what ten times the samples will show
    harness plan --recipe w2s-math --pilot WC_POOL --pilot SE_POOL
    """
    from harness.plan.planning import plan_of
    from harness.plan.text import plan_text
    from harness.recipe.loading import load_recipe, read_recipe

    if not pilots and (budgets is not None or intersection):
        option = "--budgets" if budgets is not None else "--intersection"
        raise InputError(f"{option} is about forecasts; give --pilot POOL as well.")
    if run_path is not None and recipe_name is not None:
        raise InputError(
            f"a run ({run_path}) and a recipe ({recipe_name}) were given; a plan is of one of them."
        )
    if recipe_name is not None:
        recipe = load_recipe(recipe_name, overrides)
    elif run_path is None and pilots:
        forecast_from_pilots(pilots, None, budgets, intersection, as_json)
        return
    elif run_path is None:
        raise InputError("a plan of what? Give --recipe NAME, or the folder of a run.")
    else:
        file = run_path / "recipe.yaml"
        if not file.is_file():
            found = "holds no recipe.yaml" if run_path.is_dir() else "is not there"
            raise InputError(
                f"{run_path} {found}, so it is not the folder of a run.",
                "Give the folder of a run, or --recipe NAME.",
            )
        recipe = load_recipe(str(file), overrides) if overrides else read_recipe(file)
    if pilots:
        forecast_from_pilots(pilots, recipe, budgets, intersection, as_json)
        return
    planned = plan_of(recipe)
    emit(planned.document(), plan_text(planned), as_json)
