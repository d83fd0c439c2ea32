"""`harness plan --pilot`: what larger pools will show, forecast from small ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.cli.output import emit
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.recipe import Recipe


def forecast_from_pilots(
    pilots: tuple[str, ...],
    recipe: Recipe | None,
    budgets: str | None,
    intersection: bool,
    as_json: bool,
) -> None:
    """Prints the forecast."""
    from harness.forecast.pilots import forecast_pilots
    from harness.forecast.text import forecast_text
    from harness.progress import Progress

    asked = [] if budgets is None else read_budgets(budgets)
    if len(pilots) > 2 and recipe is not None:
        raise InputError(
            f"{len(pilots)} pilots were given; a recipe has two sides, and a pilot is of one."
        )
    document = forecast_pilots(pilots, recipe, asked, Progress(), intersection=intersection)
    emit(document, forecast_text(document["pilots"], document["contest"]), as_json)


def read_budgets(text: str) -> list[float]:
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
    return sorted(set(found))
