"""`harness plan --pilot`: what larger pools will show, forecast from small ones."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from harness.cli.all_at_once import refusals_so_far
from harness.cli.output import emit
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.plan.serving import Hardware
    from harness.recipe import Recipe


@dataclass(frozen=True)
class NamedPilots:
    """What the options say.

    Attributes:
        pools: each `POOL` or `SIDE=POOL`.
        budgets: samples a problem, ascending; the usual ones if empty.
        intersection: compare on the problems that both have.
        key: what makes two solutions the same.
    """

    pools: tuple[str, ...]
    budgets: tuple[float, ...]
    intersection: bool
    key: str


def pilot_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--pilot` and the options about it, which reach the command as `pilots`."""

    @click.option(
        "--pilot",
        "pools",
        metavar="[SIDE=]POOL",
        multiple=True,
        help="A small graded pool: forecast coverage and diversity of larger ones from it. Given"
        " for both sides of a recipe, also which side wins at which budget.",
    )
    @click.option(
        "--budgets",
        metavar="NUMBERS",
        help="Samples a problem (of SE, with pilots of both sides) to forecast, as in 1,10,100.",
    )
    @click.option(
        "--key",
        type=click.Choice(["text", "normalised", "equations"]),
        help="What makes two solutions of a pilot the same: the exact text (as it is without this),"
        " the text but for spacing, case and the like, or the equations of the chain.",
    )
    @click.option(
        "--intersection",
        is_flag=True,
        help="Compare pilots on the problems that both have, where they differ.",
    )
    @functools.wraps(command)
    def with_pilots(
        pools: tuple[str, ...],
        budgets: str | None,
        key: str | None,
        intersection: bool,
        **others: Any,
    ) -> Any:
        given = {"--budgets": budgets, "--key": key, "--intersection": intersection or None}
        alone = [option for option, value in given.items() if value is not None]
        with refusals_so_far().noted():
            if alone and not pools:
                raise InputError(f"{alone[0]} is about forecasts; give --pilot POOL as well.")
        asked: tuple[float, ...] = ()
        with refusals_so_far().noted():
            asked = () if budgets is None else read_budgets(budgets)
        pilots = NamedPilots(pools, asked, intersection, key or "text") if pools else None
        return command(pilots=pilots, **others)

    return with_pilots


def forecast_from_pilots(
    pilots: NamedPilots, recipe: Recipe | None, hardware: Hardware | None, as_json: bool
) -> None:
    """Prints the forecast; with GPU-hours if GPUs were named."""
    from harness.forecast.pilots import forecast_pilots
    from harness.forecast.text import forecast_text
    from harness.progress import Progress

    if len(pilots.pools) > 2 and recipe is not None:
        raise InputError(
            f"{len(pilots.pools)} pilots were given; a recipe has two sides, and a pilot is of one."
        )
    document = forecast_pilots(
        pilots.pools,
        recipe,
        pilots.budgets,
        Progress(),
        intersection=pilots.intersection,
        key=pilots.key,
        hardware=hardware,
    )
    emit(document, forecast_text(document["pilots"], document["contest"]), as_json)


def read_budgets(text: str) -> tuple[float, ...]:
    """`1,10,100` as numbers of samples a problem, ascending.

    Raises:
        InputError: something else; every part that is wrong is named.
    """
    found, wrong = [], []
    for part in text.split(","):
        try:
            number = float(part)
        except ValueError:
            number = math.nan
        if 0 < number < math.inf:
            found.append(number)
        else:
            wrong.append(part.strip() or "nothing")
    if wrong:
        raise InputError(
            f"--budgets {text}: {', '.join(wrong)} is not a number of samples a problem above 0.",
            "Give numbers with commas between them, as in --budgets 1,10,100",
        )
    return tuple(sorted(set(found)))
