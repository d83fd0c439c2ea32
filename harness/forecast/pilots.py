"""`harness plan --pilot`: forecasts from pilots, each by itself and both sides of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.budget import match_of
from harness.errors import InputError
from harness.forecast.calibration import held_back
from harness.forecast.counts import Pilot
from harness.forecast.documents import pilot_document
from harness.forecast.forecasting import forecast, ten_times_samples, usual_samples
from harness.forecast.opening import PilotPool, open_pilots
from harness.forecast.pairing import LARGEST, check_size, pair_document
from harness.metrics.solution_keys import TEXT
from harness.plan.serving import Hardware
from harness.progress import Progress
from harness.recipe import SIDES, Recipe, Side

Document = dict[str, Any]


def forecast_pilots(
    named: Sequence[str],
    recipe: Recipe | None,
    budgets: Sequence[float],
    progress: Progress,
    *,
    intersection: bool = False,
    key: str = TEXT,
    hardware: Hardware | None = None,
) -> Document:
    """Forecasts from pilots.

    Args:
        named: each the folder of a graded pool, or SIDE=FOLDER.
        recipe: whose pair they are of; says how budgets are matched.
        budgets: SE samples a problem where both sides of a recipe are there, else samples a
            problem; the usual ones if empty.
        progress: told what is being done.
        intersection: compare on the problems that both pilots have.
        key: what makes two solutions the same, of `solution_keys.KEYS`.
        hardware: GPUs to tell GPU-hours for.

    Returns:
        {"pilots": [...], "contest": ... or null} as in `harness.forecast.documents`
        and `contest_documents`.

    Raises:
        InputError: a pool cannot be used, or it is not clear which side it is.
    """
    pilots = open_pilots(named, recipe, key, hardware)
    by_side = {one.side: one for one in pilots if one.side is not None}
    if len(by_side) < sum(one.side is not None for one in pilots):
        sides = ", ".join(one.side for one in pilots if one.side is not None)
        raise InputError(
            f"two pilots are of the same side ({sides}); expected one of each.",
            "Say which is which: --pilot wc=POOL --pilot se=POOL",
        )
    found = None
    if recipe is not None and set(by_side) == set(SIDES):
        found, recipe = pair_document(by_side, recipe, budgets, progress, intersection=intersection)
        budgets = ()
    whole = _whole(budgets)
    documents = []
    with progress.task("forecast", len(pilots), "pilots") as task:
        for one in pilots:
            documents.append(_document(one, recipe, whole))
            task.advance()
    return {"pilots": documents, "contest": found}


def _whole(budgets: Sequence[float]) -> list[int]:
    """The budgets of a pilot by itself, whole numbers.

    Raises:
        InputError: some are not, or are too large.
    """
    check_size(max(budgets, default=0.0))
    if parts := [f"{budget:g}" for budget in budgets if budget != int(budget)]:
        raise InputError(
            f"--budgets: {', '.join(parts)} is not a whole number of samples a problem.",
            "Only matched budgets are real numbers, with pilots of both sides and --recipe NAME; "
            "give whole numbers for a pilot by itself.",
        )
    return [int(budget) for budget in budgets]


def _document(one: PilotPool, recipe: Recipe | None, budgets: Sequence[int]) -> Document:
    shown, notes = set(budgets) or set(usual_samples(one.pilot)), []
    if recipe is not None and one.side is not None and not budgets:
        try:
            shown |= _planned_samples(recipe, one.side)
        except InputError:
            notes.append(
                "The budgets of the recipe are left out: matching them needs what samples of both "
                "sides take; give a pilot of each."
            )
    made = forecast(one.pilot, sorted(shown | _ten_times(one.pilot)))
    document = pilot_document(one.source, made, sorted(shown), held_back(one.pilot))
    return {**document, "notes": [*document["notes"], *notes]}


def _ten_times(pilot: Pilot) -> set[int]:
    """Samples a problem for ten times the money, where a forecast goes so far."""
    samples = ten_times_samples(pilot)
    return {samples} if samples <= LARGEST else set()


def _planned_samples(recipe: Recipe, side: Side) -> set[int]:
    """Samples a problem of one side at the budgets of a recipe."""
    planned = match_of(recipe).values()
    return {max(1, round(one.mean_samples_per_problem[side])) for one in planned}
