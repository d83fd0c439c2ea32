"""What the final test takes: one greedy completion a problem, of every model of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.plan.amounts import Amount, Range, known_total, total
from harness.plan.counts import token_rates_of
from harness.plan.generating import (
    Draws,
    completion_tokens,
    generation_flops,
    prompt_tokens_read,
)
from harness.plan.model_sizes import ModelSizes
from harness.plan.prompt_lengths import PromptLengths
from harness.plan.sampling import dollars, sequences_at_once
from harness.plan.serving import Hardware, served_hours
from harness.recipe import SIDES, ModelCard, Recipe


@dataclass(frozen=True)
class PlannedTest:
    """The test of all models, base and finetuned ones. None stands for what is not known.

    Attributes:
        models: how many are tested.
        prompt_tokens, completion_tokens, flops: of all.
        dollars: of the models that a server bills for; None without such a model, or price.
        gpu_hours: of the others.
        engine_starts: how often an engine loads one of them.
        gpus_an_engine: the most GPUs that hold a copy of one of them.
    """

    models: int
    prompt_tokens: Amount
    completion_tokens: Amount
    flops: Amount | None
    dollars: Amount | None
    gpu_hours: Amount | None
    engine_starts: int
    gpus_an_engine: int


def tested_models(recipe: Recipe) -> list[tuple[ModelCard, int]]:
    """Every card whose models are tested, and how many: itself, and the cells made of it."""
    from harness.cells import cells_of

    cards = [recipe.pair.wc, recipe.pair.se, *(card for _, card in recipe.students if card)]
    counts = {(card.id, card.revision): 1 for card in cards}
    by_key = {(card.id, card.revision): card for card in cards}
    for cell in cells_of(recipe):
        student = recipe.student(cell.paradigm)
        counts[student.id, student.revision] += 1
    return [(by_key[key], count) for key, count in counts.items()]


def planned_test(
    recipe: Recipe,
    problems: int,
    lengths: Mapping[str, PromptLengths],
    sizes: Mapping[str, ModelSizes | None],
    hardware: Hardware,
) -> PlannedTest:
    """What the test takes.

    Args:
        recipe: the recipe.
        problems: of the test split.
        lengths: prompt lengths of the test problems, by the id of the model.
        sizes: by the id of the model.
        hardware: the GPUs.
    """
    hosted = {getattr(recipe.pair, side).id for side in SIDES if recipe.execution.servers_of(side)}
    parts = []
    for card, count in tested_models(recipe):
        draws = _draws(recipe, problems, lengths[card.id])
        # The side itself is asked where it is served; what is finetuned of it runs here.
        served = min(count, int(card.id in hosted))
        parts.append(_of_card(recipe, card, sizes[card.id], draws, hardware, count, served))
    return PlannedTest(
        models=sum(part.models for part in parts),
        prompt_tokens=_sum(part.prompt_tokens for part in parts),
        completion_tokens=_sum(part.completion_tokens for part in parts),
        flops=total(part.flops for part in parts),
        dollars=known_total(part.dollars for part in parts),
        gpu_hours=known_total(part.gpu_hours for part in parts),
        engine_starts=sum(part.engine_starts for part in parts),
        gpus_an_engine=max(part.gpus_an_engine for part in parts),
    )


def _of_card(
    recipe: Recipe,
    card: ModelCard,
    sizes: ModelSizes | None,
    draws: Draws,
    hardware: Hardware,
    count: int,
    served: int,
) -> PlannedTest:
    """The test of the models of one card, `served` of which a server answers for."""
    here = count - served
    run = None if sizes is None or not here else served_hours(recipe.engine, sizes, draws, hardware)
    rates = token_rates_of(recipe, card) if _billed(recipe, card) else None
    return PlannedTest(
        models=count,
        prompt_tokens=prompt_tokens_read(draws).times(count),
        completion_tokens=completion_tokens(draws).times(count),
        flops=None if sizes is None else generation_flops(sizes.costs, draws).times(count),
        dollars=None if rates is None or not served else dollars(draws, rates).times(served),
        gpu_hours=None if run is None else run.gpu_hours.times(here),
        engine_starts=0 if run is None else here * run.engines,
        gpus_an_engine=0 if run is None else run.gpus_an_engine,
    )


def _billed(recipe: Recipe, card: ModelCard) -> bool:
    """Whether a server that answers for a side's model bills that."""
    return any(
        server.billed
        for side in SIDES
        if getattr(recipe.pair, side).id == card.id
        for server in recipe.execution.servers_of(side)
    )


def _draws(recipe: Recipe, problems: int, lengths: PromptLengths) -> Draws:
    return Draws(
        problems=problems,
        samples=Range(problems, problems),
        examples=Range(0, 0),
        question=lengths.question,
        completion=recipe.decoding.planned_tokens,
        longest=recipe.decoding.max_tokens,
        shared=False,
        at_once=sequences_at_once(recipe.engine),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    added = total(amounts)
    assert added is not None, "all of them are known"
    return added
