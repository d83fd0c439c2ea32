"""Options about the GPUs that a plan is made for."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import click

from harness.cli.all_at_once import refusals_so_far
from harness.errors import InputError

_OPTIONS = ("gpu", "gpus", "gpu_price")


def hardware_was_named() -> bool:
    """Whether any of these options was given to the command that is being carried out."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    return any(context.get_parameter_source(name) is given for name in _OPTIONS)


def hardware_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--gpu`, `--gpus` and `--gpu-price`, which reach the command as one `hardware`.

    What is wrong with them is noted in `refusals_so_far`; `hardware` is None without a GPU card.
    """

    @click.option(
        "--gpu",
        metavar="NAME",
        help="The GPU of the GPU-hours: a card's name, or a YAML file. By default h100-sxm.",
    )
    @click.option("--gpus", type=click.IntRange(min=1), help="How many there are; open by default.")
    @click.option(
        "--gpu-price",
        type=click.FloatRange(min=0),
        metavar="DOLLARS",
        help="Dollars for one GPU and hour.",
    )
    @functools.wraps(command)
    def with_hardware(
        gpu: str | None, gpus: int | None, gpu_price: float | None, **others: Any
    ) -> Any:
        from harness.plan.gpus import DEFAULT_GPU, load_gpu
        from harness.plan.serving import Hardware

        refusals, hardware = refusals_so_far(), None
        with refusals.noted():
            if gpu_price is not None and not math.isfinite(gpu_price):
                raise InputError(f"--gpu-price {gpu_price}: expected dollars for one GPU and hour.")
        with refusals.noted():
            card = load_gpu(DEFAULT_GPU if gpu is None else gpu)
            hardware = Hardware(card, gpus, gpu_price)
        return command(hardware=hardware, **others)

    return with_hardware
