"""`harness plan`: what a recipe will draw, train and cost; nothing is written or started."""

from __future__ import annotations

import math
from pathlib import Path

import click

from harness.cli.options import recipe_options
from harness.cli.output import emit, json_option
from harness.errors import InputError

TEXT_WIDTH = 100


@click.command(short_help="Say what a recipe will draw, train and cost.")
@click.argument("run_path", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@recipe_options
@click.option(
    "--gpu",
    metavar="NAME",
    help="A GPU card's name, or a YAML file: the GPU of the GPU-hours. By default h100-sxm.",
)
@click.option("--gpus", type=click.IntRange(min=1), help="How many there are; open by default.")
@click.option(
    "--gpu-price",
    type=click.FloatRange(min=0),
    metavar="DOLLARS",
    help="Dollars for one GPU and hour.",
)
@json_option
def plan(
    run_path: Path | None,
    recipe_name: str | None,
    overrides: tuple[str, ...],
    gpu: str | None,
    gpus: int | None,
    gpu_price: float | None,
    as_json: bool,
) -> None:
    """Matched budgets, samples, tokens, FLOPs, dollars, GPU-hours, finetunings and disk of a
    recipe, and the smallest difference that its test set can show.

    \b
    harness plan --recipe w2s-math
    harness plan --recipe w2s-math --set match.parameters=total --set budgets.high.se=20
    harness plan --recipe w2s-math --gpu a100-80gb --gpus 8 --gpu-price 2.5
    harness plan runs/w2s-micro             the plan of a run that is there
    """
    from harness.plan.gpus import DEFAULT_GPU, load_gpu
    from harness.plan.planning import plan_of
    from harness.plan.serving import Hardware
    from harness.plan.text import plan_text
    from harness.recipe.loading import load_recipe, read_recipe

    if run_path is not None and recipe_name is not None:
        raise InputError(
            f"a run ({run_path}) and a recipe ({recipe_name}) were given; a plan is of one of them."
        )
    if recipe_name is not None:
        recipe = load_recipe(recipe_name, overrides)
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
    if gpu_price is not None and not math.isfinite(gpu_price):
        raise InputError(f"--gpu-price {gpu_price}: expected dollars for one GPU and hour.")
    planned = plan_of(recipe, Hardware(load_gpu(gpu or DEFAULT_GPU), gpus, gpu_price))
    emit(planned.document(), plan_text(planned, TEXT_WIDTH), as_json)
