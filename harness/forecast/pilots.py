"""`harness plan --pilot`: reads pilots, finds out which side of a recipe each is, forecasts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.accounts.pool_account import account_of
from harness.budget import match_of, unit_costs
from harness.comparison.opening import check_graders, open_pools
from harness.comparison.problem_sets import SideProblems, paired_problems
from harness.errors import InputError
from harness.forecast.calibration import held_back
from harness.forecast.contest import contest, matched_samples, usual_budgets, whole_samples
from harness.forecast.counts import Pilot
from harness.forecast.documents import PilotSource, contest_document, pilot_document
from harness.forecast.forecasting import SEED, check_pilot, forecast, usual_samples
from harness.forecast.reading import GRADER, read_pilot
from harness.forecast.spending import sample_cost
from harness.pool import Pool
from harness.progress import Progress
from harness.recipe import SIDES, ModelCard, Recipe, Side

Document = dict[str, Any]
_LARGEST = 100_000


@dataclass(frozen=True)
class PilotPool:
    """A pilot that was named: its side, if it is known, its pool and its samples."""

    side: Side | None
    pool: Pool
    pilot: Pilot
    source: PilotSource


def forecast_pilots(
    named: Sequence[str],
    recipe: Recipe | None,
    budgets: Sequence[float],
    progress: Progress,
    *,
    intersection: bool = False,
) -> Document:
    """Forecasts from pilots.

    Args:
        named: each the folder of a graded pool, or SIDE=FOLDER.
        recipe: whose pair they are of; says how budgets are matched.
        budgets: SE samples a problem where both sides of a recipe are there, else samples a
            problem; the usual ones if empty.
        progress: told what is being done.
        intersection: compare on the problems that both pilots have.

    Returns:
        {"pilots": [...], "contest": ... or null} as in `harness.forecast.documents`.

    Raises:
        InputError: a pool cannot be used, or it is not clear which side it is.
    """
    pilots = [_opened(text, recipe) for text in named]
    sides = [one.side for one in pilots if one.side is not None]
    if len(set(sides)) < len(sides):
        raise InputError(
            f"two pilots are of the same side ({', '.join(sides)}); expected one of each.",
            "Say which is which: --pilot wc=POOL --pilot se=POOL",
        )
    for one in pilots:
        _refuse_unusable(one)
    by_side = {one.side: one for one in pilots if one.side is not None}
    found = None
    if recipe is not None and set(by_side) == set(SIDES):
        found = _contest(by_side, recipe, budgets, progress, intersection)
        budgets = ()
    documents = []
    with progress.task("forecast", len(pilots), "pilots") as task:
        for one in pilots:
            documents.append(_document(one, recipe, budgets))
            task.advance()
    return {"pilots": documents, "contest": found}


def _refuse_unusable(one: PilotPool) -> None:
    """Refuses a pilot that no forecast can be made from, with its place."""
    try:
        check_pilot(one.pilot)
    except InputError as error:
        advice = error.advice.replace("POOL", str(one.pool.folder))
        raise InputError(f"{one.pool.folder}: {error.message}", advice) from None


def _document(one: PilotPool, recipe: Recipe | None, budgets: Sequence[float]) -> Document:
    _check_size(max(budgets, default=0.0))
    shown = set(whole_samples(budgets)) or set(usual_samples(one.pilot))
    if recipe is not None and one.side is not None and not budgets:
        shown |= {matched.samples_per_problem[one.side] for matched in match_of(recipe).values()}
    made = forecast(one.pilot, sorted(shown))
    return pilot_document(one.source, made, sorted(shown), held_back(one.pilot))


def _contest(
    pilots: Mapping[Side, PilotPool],
    recipe: Recipe,
    budgets: Sequence[float],
    progress: Progress,
    intersection: bool,
) -> Document:
    costs = unit_costs(recipe.match, recipe.pair, recipe.decoding.planned_tokens)
    # Checks that both have verdicts of one and the same grader.
    folders = {side: pilots[side].pool.folder for side in SIDES}
    check_graders(open_pools(folders, {"wc": None, "se": None}, GRADER), GRADER)
    paired = _paired(pilots, intersection)
    sizes: dict[Side, int] = {side: paired[side].measured_up_to for side in SIDES}
    pilot_sizes = {side: paired[side].drawn.measured_up_to for side in SIDES}
    planned = [one.exact_samples_per_problem["se"] for one in match_of(recipe).values()]
    asked = sorted(budgets) or usual_budgets(
        pilot_sizes["wc"], pilot_sizes["se"], float(costs.ratio), planned
    )
    chosen, samples = matched_samples(asked, costs)
    if not chosen:
        raise InputError(
            f"{asked[-1]:g} SE samples a problem cost less than the prompt of WC.",
            "Give larger --budgets.",
        )
    _check_size(max(*samples["wc"], *samples["se"]))
    made = {}
    with progress.task("compare", len(SIDES), "sides") as task:
        for number, side in enumerate(SIDES):
            made[side] = forecast(paired[side], whole_samples(samples[side]), seed=SEED + number)
            task.advance()
    return contest_document(
        contest(made, chosen, samples),
        recipe.match.kind,
        costs.ratio,
        sizes,
    )


def _paired(pilots: Mapping[Side, PilotPool], intersection: bool) -> dict[Side, Pilot]:
    offered: dict[Side, SideProblems] = {
        side: SideProblems(
            place=str(one.pool.folder),
            ids=one.pilot.problem_ids,
            names={problem.id: problem.external_id or problem.id for problem in one.pool.problems},
            undrawn=frozenset(),
        )
        for side, one in pilots.items()
    }
    ids = paired_problems(offered, intersection=intersection).ids
    return {side: one.pilot.of_problems(ids) for side, one in pilots.items()}


def _opened(text: str, recipe: Recipe | None) -> PilotPool:
    prefix, equals, rest = text.partition("=")
    given: Side | None = None
    if equals and prefix in SIDES:
        given, text = ("wc" if prefix == "wc" else "se"), rest
    folder = Path(text)
    pool, pilot = read_pilot(folder)
    model = str((pool.identity.get("model") or {}).get("id") or "unknown")
    side = given or (None if recipe is None else _side_of(model, folder, recipe))
    cost = sample_cost(account_of(folder, None if recipe is None else _card(recipe, side)))
    return PilotPool(side, pool, pilot, PilotSource(text, model, side, cost))


def _card(recipe: Recipe, side: Side | None) -> ModelCard | None:
    if side is None:
        return None
    card: ModelCard = getattr(recipe.pair, side)
    return card if card.prices else None


def _side_of(model: str, folder: Path, recipe: Recipe) -> Side:
    pair: dict[Side, str] = {"wc": recipe.pair.wc.id, "se": recipe.pair.se.id}
    sides = [side for side in SIDES if pair[side] == model]
    if len(sides) == 1:
        return sides[0]
    found = "both sides of" if sides else "neither side of"
    raise InputError(
        f"{folder} holds samples of {json.dumps(model)}, which is {found} the recipe "
        f"{recipe.name!r} (wc: {pair['wc']}, se: {pair['se']}).",
        f"Say which side it stands for: --pilot wc={folder} or --pilot se={folder}",
    )


def _check_size(largest: float) -> None:
    if largest > _LARGEST:
        raise InputError(
            f"the largest budget gives {largest:,.0f} samples a problem; a forecast goes up to "
            f"{_LARGEST:,}.",
            "Give smaller --budgets.",
        )
