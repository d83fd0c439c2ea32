"""What a sample of each pool costs, under every cost model that cards and counts allow.

What a recipe would be told to add (`match.…`) is said here in the options of the comparison.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from harness.budget.amounts import KINDS, UNIT_OF_KIND, BudgetAmount, Kind
from harness.budget.architecture import Architecture, architecture_of
from harness.budget.cost_models import CostModel, Prompts, SampleCost, TokenMeans, sample_cost
from harness.budget.measured_flops import measured_flops
from harness.budget.parameters import ParameterCount, flop_parameters
from harness.comparison.estimates import Arrays
from harness.comparison.lengths import lengths_of, mean_length
from harness.comparison.opening import OpenedPool
from harness.errors import InputError, Issue, Issues
from harness.models import model_location
from harness.pool.books import books_of
from harness.recipe import SIDES, ModelCard, Side

PARAMETER_COUNTS: tuple[ParameterCount, ...] = ("total", "non_embedding", "nominal")
# Their ratio is that of a completion token, whatever the length of the completions.
_BY_COMPLETION_TOKEN = ("compute", "price")
_OPTIONS = {
    "match.prompts: none": "--prompts none",
    "match.price_date": "--price-date",
    "match.parameters": "--parameters",
    ", or set match.batch: false": ", or leave --batch out",
}


@dataclass(frozen=True)
class CostSettings:
    """What cost models need besides cards and pools.

    Attributes:
        parameters: which count of the cards is P; the first that both have if None.
        price_date: prices in force on this day; the newest if None.
        batch: whether requests go through the provider's batch interface.
        prompts: whether prompts are left out, paid for every sample, or once a problem; as usual
            for the cost model if None.
        grading: what grading or judging a sample costs, of either side; charged by the cost
            models that count its unit.
    """

    parameters: ParameterCount | None = None
    price_date: datetime.date | None = None
    batch: bool = False
    prompts: Prompts | None = None
    grading: BudgetAmount | None = None

    def grading_by(self, kind: Kind) -> Fraction:
        """What a cost model charges for grading a sample."""
        charged = self.grading is not None and self.grading.unit == UNIT_OF_KIND[kind]
        return self.grading.value if self.grading and charged else Fraction(0)


@dataclass(frozen=True)
class SideCosts:
    """What samples cost, by cost model.

    Attributes:
        found: per cost model and side, in the unit of `unit_of`.
        refused: the cost models that cannot be worked out, with the reason.
        relative: those of which only the ratio of both sides is known, for want of token counts:
            completions are taken as equally long, and the cost of an SE sample is the unit.
    """

    found: Mapping[Kind, Mapping[Side, SampleCost]]
    refused: Mapping[Kind, InputError]
    relative: frozenset[Kind]

    def unit_of(self, kind: Kind) -> str:
        """What costs are counted in; "se_samples" where only the ratio is known."""
        return "se_samples" if kind in self.relative else UNIT_OF_KIND[kind]


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
        only_ratio = settings.prompts in (None, "none") and not settings.grading_by(kind)
        if measured is None and only_ratio:
            measured = dict.fromkeys(SIDES, TokenMeans(completion=1))
            relative.add(kind)
        try:
            costs = _both(kind, opened, arrays, measured or means, settings, kind == asked)
        except InputError as error:
            refused[kind] = error
            continue
        found[kind] = _in_se_samples(costs) if kind in relative else costs
    return SideCosts(found, refused, frozenset(relative))


def mixture_notes(opened: Mapping[Side, OpenedPool], settings: CostSettings) -> list[str]:
    """What FLOPs by parameters count of models that are mixtures of experts; sentences."""
    cards = {side: opened[side].card for side in SIDES}
    which = settings.parameters or _common_count(cards)
    sentences: dict[str, None] = {}
    for card in cards.values():
        if card is not None and getattr(card.parameters, which) is not None:
            sentences |= dict.fromkeys(flop_parameters(card, which).sentences)
    return list(sentences)


def _in_se_samples(costs: Mapping[Side, SampleCost]) -> dict[Side, SampleCost]:
    unit = costs["se"].per_sample
    return {side: SampleCost(costs[side].per_sample / unit) for side in SIDES}


def means_of(opened: OpenedPool, arrays: Arrays) -> TokenMeans:
    """What a sample of a pool takes on average, as measured; None where nobody counted.

    Tokens are means over the problems, each of which counts the same. Seconds and cached tokens
    come from the ledger of the whole pool; a server's seconds count for each of its GPUs.
    """
    tokens, drawn = arrays.tokens, len(opened.pool)
    if not tokens.samples.any():
        return TokenMeans()
    books = books_of(opened.pool.ledger())
    seconds = Fraction(str(books.server_seconds)) * opened.gpus_of_a_server / drawn
    return TokenMeans(
        prompt=None
        if tokens.uncounted_prompts.any()
        else mean_length(tokens.prompt, tokens.samples),
        completion=None
        if tokens.uncounted.any()
        else mean_length(tokens.completion, tokens.samples),
        cached=Fraction(books.kept.cached, drawn),
        seconds=None if opened.is_imported else seconds or None,
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
    arrays: Mapping[Side, Arrays],
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
        missing = list(_missing(model, side, opened[side], means[side]))
        for error in missing:
            issues.add(side.upper(), error.message, error.advice)
        if missing:
            continue
        try:
            cost = _cost(model, opened[side], arrays[side], means[side], ask_hub)
            costs[side] = cost.with_grading(settings.grading_by(kind))
        except InputError as error:
            for found in error.issues or [Issue("", error.message, error.advice)]:
                where = f"{side.upper()}, {found.where}" if found.where else side.upper()
                issues.add(where, found.message, _advice(found.advice or error.advice, side))
    issues.raise_if_any(f"a match by {kind} is not possible with these pools and cards:")
    return costs


def _cost(
    model: CostModel, opened: OpenedPool, arrays: Arrays, means: TokenMeans, ask_hub: bool
) -> SampleCost:
    """One side's costs: exact FLOPs over the real lengths of its samples, all else at the means."""
    card = opened.card or ModelCard(id=opened.model)
    if model.kind == "compute_exact":
        architecture = _architecture(card, ask_hub)
        lengths = lengths_of(opened.pool, arrays, Fraction(means.cached or 0))
        cost = measured_flops(architecture, lengths, model.prompts_in_force)
    else:
        cost = sample_cost(model, card, means)
    if cost.per_sample <= 0:
        raise InputError("a sample costs nothing, so there is no ratio.", "Choose another --match.")
    return cost


def _missing(
    model: CostModel, side: Side, opened: OpenedPool, means: TokenMeans
) -> Iterator[InputError]:
    """What a pool and its card lack for a cost model, all of it."""
    kind, card = model.kind, opened.card
    if card is None and kind in ("compute", "compute_exact", "price"):
        yield InputError(
            f"the pool has no card of {opened.model}, so its size and prices are not known.",
            f"Give one with --{side}-card.",
        )
    if kind == "gpu_seconds" and means.seconds is None:
        if card is None or card.tokens_per_gpu_second is None:
            lacks = (
                "the samples were imported, so it is not known how long a server was busy with them"
                if opened.is_imported
                else "the pool's ledger has no seconds"
            )
            yield InputError(
                f"{lacks}, and no card says `tokens_per_gpu_second`.",
                f"Give a card that does with --{side}-card.",
            )
            return
    elif kind in ("number", "gpu_seconds"):
        return
    if means.completion is None:
        yield _uncounted("completion_tokens")
    prompts_count = model.prompts_in_force != "none" or kind == "compute_exact"
    if prompts_count and kind != "gpu_seconds" and means.prompt is None:
        yield _uncounted("prompt_tokens", "" if kind == "compute_exact" else "--prompts none")


def _uncounted(column: str, without: str = "") -> InputError:
    """The refusal of a pool without a column, with the option that makes it unnecessary."""
    return InputError(
        f"`{column}` of some or all samples are not in the pool.",
        f"Import the samples with `{column}`" + (f", or give {without}." if without else "."),
    )


def _advice(advice: str, side: Side) -> str:
    """Advice on a card, with the option that takes the changed one: a pool keeps its own."""
    changed = f" The pool keeps its card as it was: give yours with --{side}-card FILE."
    return in_options(advice) + (changed if "card" in advice else "")


def in_options(advice: str) -> str:
    """Advice that names keys of a recipe, with the options of `harness compare` instead."""
    for key, option in _OPTIONS.items():
        advice = advice.replace(key, option)
    return advice


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
