"""What a sample of each pool costs, under every cost model that cards and counts allow."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from harness.budget.amounts import KINDS, Kind
from harness.budget.architecture import Architecture, architecture_of
from harness.budget.cost_models import CostModel, Prompts, SampleCost, TokenMeans, sample_cost
from harness.comparison.estimates import Arrays
from harness.comparison.opening import OpenedPool
from harness.errors import InputError, Issues
from harness.models import model_location
from harness.pool.books import books_of
from harness.recipe import SIDES, ModelCard, Side

ParameterCount = Literal["total", "non_embedding", "nominal"]
PARAMETER_COUNTS: tuple[ParameterCount, ...] = ("total", "non_embedding", "nominal")
# Their ratio is that of a completion token, whatever the length of the completions.
_BY_COMPLETION_TOKEN = ("compute", "price")


@dataclass(frozen=True)
class CostSettings:
    """What cost models need besides cards and pools.

    Attributes:
        parameters: which count of the cards is P; the first that both have if None.
        price_date: prices in force on this day; the newest if None.
        batch: whether requests go through the provider's batch interface.
        prompts: whether prompts are left out, paid for every sample, or once a problem; as usual
            for the cost model if None.
    """

    parameters: ParameterCount | None = None
    price_date: datetime.date | None = None
    batch: bool = False
    prompts: Prompts | None = None


@dataclass(frozen=True)
class SideCosts:
    """What samples cost, by cost model.

    Attributes:
        found: per cost model and side, in its unit (`UNIT_OF_KIND`).
        refused: the cost models that cannot be worked out, with the reason.
        relative: those of which only the ratio of both sides is known, not the unit.
    """

    found: Mapping[Kind, Mapping[Side, SampleCost]]
    refused: Mapping[Kind, InputError]
    relative: frozenset[Kind]


def costs_of(
    opened: Mapping[Side, OpenedPool],
    arrays: Mapping[Side, Arrays],
    settings: CostSettings,
    asked: str | None,
) -> SideCosts:
    """What a sample of each side costs under every cost model that can be worked out.

    Args:
        opened: both pools.
        arrays: their samples of the problems that are compared.
        settings: of the cost models.
        asked: the cost model that was asked for; only for its sake the Hub is asked for a
            config.json.
    """
    means = {side: means_of(opened[side], arrays[side]) for side in SIDES}
    found: dict[Kind, Mapping[Side, SampleCost]] = {}
    refused: dict[Kind, InputError] = {}
    relative = set()
    for kind in KINDS:
        measured = _means_for(kind, means)
        if measured is None and settings.prompts in (None, "none"):
            measured = dict.fromkeys(SIDES, TokenMeans(completion=1))
            relative.add(kind)
        try:
            found[kind] = _both(kind, opened, measured or means, settings, kind == asked)
        except InputError as error:
            refused[kind] = error
    return SideCosts(found, refused, frozenset(relative))


def means_of(opened: OpenedPool, arrays: Arrays) -> TokenMeans:
    """What a sample of a pool takes on average, as measured; None where nobody counted.

    Seconds and cached tokens come from the ledger of the whole pool.
    """
    books, tokens = books_of(opened.pool.ledger()), arrays.tokens
    samples, drawn = int(arrays.samples.sum()), len(opened.pool)
    if not samples:
        return TokenMeans()
    counted = not tokens.uncounted.any()
    prompt, completion = int(tokens.prompt.sum()), int(tokens.completion.sum())
    return TokenMeans(
        prompt=Fraction(prompt, samples) if counted and prompt else None,
        completion=Fraction(completion, samples) if counted and completion else None,
        cached=Fraction(books.kept.cached, drawn),
        seconds=Fraction(str(books.server_seconds)) / drawn if books.server_seconds else None,
    )


def _means_for(kind: Kind, means: Mapping[Side, TokenMeans]) -> Mapping[Side, TokenMeans] | None:
    """The means that a cost model counts with; None if its ratio alone can be had.

    The paper's match by compute takes completions of both sides to be equally long (Eq. 1).
    """
    lengths = [means[side].completion for side in SIDES]
    if kind not in _BY_COMPLETION_TOKEN:
        return means
    if lengths[0] is None or lengths[1] is None:
        return None
    if kind == "price":
        return means
    mean = (Fraction(lengths[0]) + Fraction(lengths[1])) / 2
    return {side: replace(means[side], completion=mean) for side in SIDES}


def _both(
    kind: Kind,
    opened: Mapping[Side, OpenedPool],
    means: Mapping[Side, TokenMeans],
    settings: CostSettings,
    ask_hub: bool,
) -> dict[Side, SampleCost]:
    """Both sides' costs.

    Raises:
        InputError: something is missing; what it is of each side.
    """
    cards = {side: opened[side].card for side in SIDES}
    model = CostModel(
        kind,
        settings.parameters or _common_count(cards),
        settings.price_date,
        settings.batch,
        settings.prompts,
    )
    issues, costs = Issues(), {}
    for side in SIDES:
        try:
            card = cards[side] or _without_card(kind, side, opened[side])
            architecture = _architecture(card, ask_hub) if kind == "compute_exact" else None
            costs[side] = sample_cost(model, card, means[side], architecture=architecture)
        except InputError as error:
            issues.add(side.upper(), error.message, error.advice)
    issues.raise_if_any(f"a match by {kind} is not possible with these pools and cards:")
    return costs


def _without_card(kind: Kind, side: Side, opened: OpenedPool) -> ModelCard:
    if kind in ("number", "tokens", "gpu_seconds"):
        return ModelCard(id=opened.model)
    raise InputError(
        f"{opened.place} has no card of {opened.model}, so its size and prices are not known.",
        f"Give one with --{side}-card.",
    )


def _common_count(cards: Mapping[Side, ModelCard | None]) -> ParameterCount:
    for name in PARAMETER_COUNTS:
        if all(card is not None and getattr(card.parameters, name) for card in cards.values()):
            return name
    return PARAMETER_COUNTS[0]


def _architecture(card: ModelCard, ask_hub: bool) -> Architecture:
    if card.config is None and not ask_hub and not Path(model_location(card)).is_dir():
        raise InputError(
            f"the card of {card.id} has no `config`.",
            "Put the keys of its config.json there, or give --match compute_exact to ask the Hub.",
        )
    return architecture_of(card)
