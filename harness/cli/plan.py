"""`harness plan`: what a recipe will draw, train and cost; nothing is written or started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.all_at_once import HEADING, AllAtOnceCommand, refusals_so_far
from harness.cli.hardware import hardware_options, hardware_was_named
from harness.cli.options import recipe_options
from harness.cli.output import emit, json_option
from harness.cli.pilot import NamedPilots, forecast_from_pilots, pilot_options
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.plan.serving import Hardware
    from harness.recipe import Recipe

TEXT_WIDTH = 100


@click.command(cls=AllAtOnceCommand, short_help="Say what a recipe will draw, train and cost.")
@click.argument("run_path", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@hardware_options
@recipe_options
@pilot_options
@json_option
def plan(
    run_path: Path | None,
    hardware: Hardware | None,
    recipe_name: str | None,
    overrides: tuple[str, ...],
    pilots: NamedPilots | None,
    as_json: bool,
) -> None:
    """Matched budgets, samples, tokens, FLOPs, dollars, finetunings and disk of a recipe,
    GPU-hours on a named GPU, and the smallest difference that its test set can show.

    \b
    harness plan --recipe w2s-math --gpu a100-80gb --gpus 8 --gpu-price 2.5
    harness plan --recipe w2s-math
    harness plan --recipe w2s-math --set match.parameters=total --set budgets.high.se=20
    harness plan runs/w2s-micro             the plan of a run that is there
    harness plan --pilot POOL               what ten times the samples will show
    harness plan --recipe w2s-math --pilot WC_POOL --pilot SE_POOL
    """
    refusals, recipe = refusals_so_far(), None
    if pilots is None or run_path is not None or recipe_name is not None or overrides:
        read = _recipe_of if pilots is None else _recipe_of_pilots
        with refusals.noted():
            recipe = read(run_path, recipe_name, overrides)
    refusals.raise_if_any(HEADING)
    if pilots is not None:
        named = hardware if hardware_was_named() else None
        forecast_from_pilots(pilots, recipe, named, as_json)
        return
    from harness.plan.planning import plan_of
    from harness.plan.text import plan_text

    assert recipe is not None, "a recipe is there or was refused"
    planned = plan_of(recipe, hardware)
    emit(planned.document(), plan_text(planned, TEXT_WIDTH), as_json)


def _recipe_of_pilots(
    run_path: Path | None, recipe_name: str | None, overrides: tuple[str, ...]
) -> Recipe:
    """The same; where only the lengths of samples are missing, without them: pilots have them."""
    from harness.forecast.measured_match import LENGTHS_TO_COME, without_lengths

    try:
        return _recipe_of(run_path, recipe_name, overrides)
    except InputError as refusal:
        try:
            recipe = _recipe_of(run_path, recipe_name, (*overrides, *LENGTHS_TO_COME))
        except InputError:
            raise refusal from None
        return without_lengths(recipe)


def _recipe_of(
    run_path: Path | None, recipe_name: str | None, overrides: tuple[str, ...]
) -> Recipe:
    """The recipe that was named, or that of a run.

    Raises:
        InputError: none, or both.
    """
    from harness.recipe.loading import load_recipe, read_recipe

    if run_path is not None and recipe_name is not None:
        key, equals, _ = str(run_path).partition("=")
        raise InputError(
            f"a run ({run_path}) and a recipe ({recipe_name}) were given; a plan is of one of "
            "them.",
            f"To change the key {key} of the recipe, give --set {run_path}." if equals else "",
        )
    if recipe_name is not None:
        return load_recipe(recipe_name, overrides)
    if run_path is None:
        raise InputError("a plan of what? Give --recipe NAME, or the folder of a run.")
    file = run_path / "recipe.yaml"
    if not file.is_file():
        found = "holds no recipe.yaml" if run_path.is_dir() else "is not there"
        raise InputError(
            f"{run_path} {found}, so it is not the folder of a run.",
            "Give the folder of a run, or --recipe NAME.",
        )
    return load_recipe(str(file), overrides) if overrides else read_recipe(file)
