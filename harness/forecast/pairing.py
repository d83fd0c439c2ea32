"""Two pilots of a recipe's pair: matched by what they measured, and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.budget import match_of, unit_costs
from harness.comparison.opening import OpenedPool, check_graders, graded_by
from harness.comparison.problem_sets import SideProblems, paired_problems
from harness.errors import InputError
from harness.forecast.contest import contest, matched_samples, usual_budgets, whole_samples
from harness.forecast.contest_documents import (
    PlannedBudgets,
    contest_document,
    planned_documents,
)
from harness.forecast.counts import Pilot
from harness.forecast.forecasting import SEED, Forecast, forecast
from harness.forecast.measured_match import measured_match
from harness.forecast.opening import PilotPool
from harness.forecast.reading import GRADER
from harness.progress import Progress
from harness.recipe import SIDES, Recipe, Side

LARGEST = 100_000


def pair_document(
    pilots: Mapping[Side, PilotPool],
    recipe: Recipe,
    budgets: Sequence[float],
    progress: Progress,
    *,
    intersection: bool,
) -> tuple[dict[str, Any], Recipe]:
    """Which side wins at which budget.

    Args:
        pilots: one of each side.
        recipe: whose pair they are of; says how budgets are matched.
        budgets: SE samples a problem; the usual ones if empty.
        progress: told what is being done.
        intersection: compare on the problems that both pilots have.

    Returns:
        `contest` as in `harness.forecast.contest_documents`, and the recipe with the match that
        the pilots measured, without rounding.

    Raises:
        InputError: the pilots cannot be paired or matched, or a budget is too large.
    """
    pools = {side: pilots[side].pool for side in SIDES}
    opened = {side: OpenedPool(pools[side], None, graded_by(pools[side], GRADER)) for side in SIDES}
    check_graders(opened, GRADER)
    paired = _paired(pilots, intersection)
    measured = measured_match(recipe.match, opened, paired["se"].problem_ids)
    costs = unit_costs(measured.match, recipe.pair, recipe.decoding.planned_tokens)
    # Not rounded, so that no budget is refused for less than one sample a problem.
    exact = measured.match.model_copy(update={"rounding": "mixed"})
    recipe = recipe.model_copy(update={"match": exact})
    planned = _planned(recipe)
    sizes: dict[Side, int] = {side: paired[side].measured_up_to for side in SIDES}
    drawn = {side: paired[side].drawn.mean_samples for side in SIDES}
    asked = sorted(budgets) or usual_budgets(
        drawn["wc"], drawn["se"], float(costs.ratio), planned.samples["se"]
    )
    samples = matched_samples(asked, costs)
    needed = {side: (*samples[side], *planned.samples[side]) for side in SIDES}
    check_size(max(max(counts) for counts in needed.values()))
    made = _forecasts(paired, needed, progress)
    match = {
        "kind": recipe.match.kind, "ratio": float(costs.ratio), "lengths": measured.lengths
    }  # fmt: skip
    rows = planned_documents(planned, made, sizes)
    return contest_document(contest(made, asked, samples), match, sizes, rows), recipe


def _forecasts(
    paired: Mapping[Side, Pilot], needed: Mapping[Side, Sequence[float]], progress: Progress
) -> dict[Side, Forecast]:
    """Both sides at the samples that are needed of each."""
    made: dict[Side, Forecast] = {}
    with progress.task("compare", len(SIDES), "sides") as task:
        for number, side in enumerate(SIDES):
            made[side] = forecast(paired[side], whole_samples(needed[side]), seed=SEED + number)
            task.advance()
    return made


def check_size(largest: float) -> None:
    """Refuses a number of samples a problem that no forecast goes up to.

    Raises:
        InputError: it is too large.
    """
    if largest > LARGEST:
        raise InputError(
            f"the largest budget gives {largest:,.6g} samples a problem; a forecast goes up to "
            f"{LARGEST:,}.",
            "Give smaller budgets.",
        )


def _planned(recipe: Recipe) -> PlannedBudgets:
    """The budgets of the recipe at real numbers of samples."""
    found = match_of(recipe)
    counts: list[dict[Side, float]] = [one.exact_samples_per_problem for one in found.values()]
    return PlannedBudgets(
        names=tuple(found),
        multipliers=tuple(one.intended_wc_over_se for one in found.values()),
        samples={side: tuple(one[side] for one in counts) for side in SIDES},
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
