"""Opens the pilots that were named: their pools, and which side of a recipe each is.

All that is wrong with any of them is told at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.accounts.pool_account import account_of, kept_card
from harness.errors import InputError, Issues
from harness.forecast.counts import Pilot
from harness.forecast.documents import PilotSource
from harness.forecast.forecasting import check_pilot
from harness.forecast.gpu_time import GpuTime, gpu_time
from harness.forecast.reading import read_pilot
from harness.forecast.spending import sample_cost
from harness.plan.serving import Hardware
from harness.pool import Pool
from harness.pool.draw_file import read_draw
from harness.recipe import SIDES, ModelCard, Recipe, Side
from harness.recipe.schema import Engine

_ENOUGH = 4


@dataclass(frozen=True)
class PilotPool:
    """A pilot that was named: its side, if it is known, its pool and its samples."""

    side: Side | None
    pool: Pool
    pilot: Pilot
    source: PilotSource


def open_pilots(
    named: Sequence[str], recipe: Recipe | None, key: str, hardware: Hardware | None = None
) -> list[PilotPool]:
    """The pilots, each with samples that a forecast can be made from.

    Args:
        named: each the folder of a graded pool, or SIDE=FOLDER.
        recipe: whose pair they are of.
        key: what makes two solutions the same, of `solution_keys.KEYS`.
        hardware: GPUs to tell GPU-hours for.

    Raises:
        InputError: a pool cannot be used, or it is not clear which side it is; of all of them.
    """
    pilots, errors = [], []
    for text in named:
        try:
            one = _opened(text, recipe, key, hardware)
            _refuse_unusable(one)
            pilots.append(one)
        except InputError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    issues = Issues()
    for refusal in errors:
        details = (f"{str(issue).rstrip('.')}." for issue in refusal.issues)
        issues.add("", " ".join([refusal.message, *details]), refusal.advice)
    issues.raise_if_any("these pilots cannot be used:")
    return pilots


def _refuse_unusable(one: PilotPool) -> None:
    """Refuses a pilot that no forecast can be made from, with its place and the way out."""
    try:
        check_pilot(one.pilot)
    except InputError as error:
        advice = f"{error.advice} {_how_to_add_samples(one.pool.folder)}"
        raise InputError(f"{one.pool.folder}: {error.message}", advice) from None


def _how_to_add_samples(folder: Path) -> str:
    draw = read_draw(folder)
    if draw is not None and draw.get("prompt") is not None:
        return f"harness pool extend {folder} --samples {_ENOUGH}"
    return (
        "This pool was not drawn here: import further samples of the same problems into it "
        f"(harness pool import SAMPLES --out {folder}, as before, with --first-index 1 if they "
        f"are not numbered), then grade them (harness grade {folder})."
    )


def _opened(text: str, recipe: Recipe | None, key: str, hardware: Hardware | None) -> PilotPool:
    prefix, equals, rest = text.partition("=")
    given: Side | None = None
    if equals and prefix in SIDES:
        given, text = ("wc" if prefix == "wc" else "se"), rest
    folder = Path(text)
    pool, pilot = read_pilot(folder, key)
    model = str((pool.identity.get("model") or {}).get("id") or "unknown")
    side = given or (None if recipe is None else _side_of(model, folder, recipe))
    cost = sample_cost(account_of(pool, None if recipe is None else _card(recipe, side)))
    gpu = None if hardware is None else _gpu_time(pool, recipe, side, hardware)
    return PilotPool(side, pool, pilot, PilotSource(text, model, side, cost, key, gpu))


def _gpu_time(
    pool: Pool, recipe: Recipe | None, side: Side | None, hardware: Hardware
) -> GpuTime | str:
    if recipe is not None and side is not None:
        return gpu_time(pool, getattr(recipe.pair, side), recipe.engine, hardware)
    return gpu_time(pool, kept_card(pool), Engine(), hardware)


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
