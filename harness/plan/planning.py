"""Works a plan out of a recipe.

The counts follow the paper (2P FLOPs a completion token; prompts and attention left out) and
Kaplan et al. (6P a training token), P of a mixture of experts its active parameters. `estimate`
has prompts and attention, and the time on GPUs. What is not known in advance is bounded, and the
assumption is said. Apart from what `harness.plan.known` reads, this is pure arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.budget import (
    MatchedBudget,
    SpentTotal,
    flops_per_token,
    match_of,
    pool_sizes,
    spent_totals,
    training_flops_per_token,
)
from harness.budget.parameters import FlopParameters
from harness.budget.spending import TokenPrices
from harness.cells import Cell, cells_of
from harness.plan.amounts import Amount
from harness.plan.assumptions import assumptions_of
from harness.plan.counts import (
    completion_length,
    parameters_for_flops,
    price_of,
    stored_parameters,
    token_rates_of,
)
from harness.plan.disk import pool_bytes
from harness.plan.estimate import estimate_of
from harness.plan.gpus import DEFAULT_GPU, load_gpu
from harness.plan.known import known_of
from harness.plan.prompt_lengths import local_problems
from harness.plan.serving import Hardware
from harness.plan.values import Plan, PlannedBudget, PlannedCell, PlannedEvaluation, PlannedPool
from harness.recipe import SIDES, ModelCard, Recipe, Side
from harness.recipe.schema import TrainingOverrides

__all__ = ["Plan", "plan_of"]

_SPLITS = ("train", "validation", "test")


def plan_of(recipe: Recipe, hardware: Hardware | None = None) -> Plan:
    """What a recipe will draw, train, evaluate and cost.

    Args:
        recipe: the recipe.
        hardware: the GPUs that GPU-hours are estimated for; one or several H100 if None.

    Raises:
        InputError: the budgets cannot be matched.
    """
    matched = match_of(recipe)
    problems = {split: _count(recipe, split) for split in _SPLITS}
    sizes = pool_sizes(recipe)
    pools = {side: _pool(recipe, side, sizes[side], problems["train"]) for side in SIDES}
    cells = tuple(_cell(recipe, cell, matched, problems["train"]) for cell in cells_of(recipe))
    known = known_of(recipe)
    totals = spent_totals(recipe)
    hardware = hardware or Hardware(load_gpu(DEFAULT_GPU))
    estimate = estimate_of(recipe, known, problems, pools, cells, hardware)
    return Plan(
        recipe=recipe.name,
        profile=recipe.profile,
        problems=problems,
        match=recipe.match.model_dump(mode="json"),
        ratio=next(iter(matched.values())).ratio,
        budgets={name: _budget(one, totals.get(name)) for name, one in matched.items()},
        pools=pools,
        arms=tuple(f"{arm}-{name}" for arm in recipe.arms.build for name in matched),
        cells=cells,
        evaluation=_evaluation(recipe, problems["test"]),
        assumptions=assumptions_of(recipe),
        estimate=estimate,
    )


def _count(recipe: Recipe, name: str) -> int | None:
    split = getattr(recipe.problems, name)
    if split is None:
        return 0
    if split.count is not None:
        return split.count  # type: ignore[no-any-return]
    problems = local_problems(recipe, name)
    return None if problems is None else len(problems)


def _budget(matched: MatchedBudget, total: SpentTotal | None) -> PlannedBudget:
    return PlannedBudget(
        given=matched.given,
        exact_samples_per_problem=dict(matched.exact_samples_per_problem),
        samples_per_problem=dict(matched.samples_per_problem),
        mean_samples_per_problem=matched.mean_samples_per_problem,
        cost=dict(matched.cost),
        unit=matched.unit,
        wc_over_se=matched.wc_over_se,
        total=total,
    )


def _pool(recipe: Recipe, side: Side, per_problem: int, problems: int | None) -> PlannedPool:
    card: ModelCard = getattr(recipe.pair, side)
    servers = recipe.execution.servers_of(side)
    samples = None if problems is None else per_problem * problems
    expected = None if samples is None else round(samples * completion_length(recipe, side))
    largest = None if samples is None else samples * recipe.decoding.max_tokens
    parameters = parameters_for_flops(recipe, card)
    price, rates = price_of(recipe, card), token_rates_of(recipe, card)
    disk = None
    if problems is not None and samples is not None and expected is not None:
        tokens = Amount(expected, expected, samples * recipe.decoding.max_tokens)
        disk = pool_bytes(recipe, side, problems, Amount.exactly(samples), tokens)
    return PlannedPool(
        model=card.id,
        endpoint=", ".join(server.address for server in servers) or None,
        samples_per_problem=per_problem,
        samples=samples,
        expected_tokens=expected,
        largest_tokens=largest,
        flops=_flops(expected, parameters),
        largest_flops=_flops(largest, parameters),
        dollars=_dollars(expected, rates),
        largest_dollars=_dollars(largest, rates),
        price_date=price.date.isoformat() if price else None,
        least_disk_bytes=None if disk is None else round(disk.low),
        disk_bytes=None if disk is None else round(disk.high),
    )


def _flops(tokens: int | None, parameters: FlopParameters | None) -> float | None:
    if tokens is None or parameters is None:
        return None
    return float(tokens * flops_per_token(parameters.count))


def _dollars(tokens: int | None, rates: TokenPrices | None) -> float | None:
    return None if tokens is None or rates is None else float(tokens * rates.output)


def _cell(
    recipe: Recipe, cell: Cell, matched: Mapping[str, MatchedBudget], problems: int | None
) -> PlannedCell:
    training, card = recipe.training, recipe.student(cell.paradigm)
    own = training.paradigms.get(cell.paradigm, TrainingOverrides())
    steps = own.steps or training.steps
    count = steps if isinstance(steps, int) else steps[cell.budget]
    batch = own.batch_size or training.batch_size
    seen = count * batch
    if cell.arm == "ground_truth":
        kept: float | None = problems
    else:
        per_problem = matched[cell.budget].mean_samples_per_problem[cell.arm]
        kept = None if problems is None else problems * per_problem
    parameters = parameters_for_flops(recipe, card)
    per_token = None if parameters is None else training_flops_per_token(parameters.count)
    completion_tokens = round(seen * completion_length(recipe, cell.arm))
    largest = seen * training.sequence_length
    return PlannedCell(
        id=cell.id,
        paradigm=cell.paradigm,
        arm=cell.arm,
        budget=cell.budget,
        seed=cell.seed,
        model=card.id,
        steps=count,
        batch_size=batch,
        learning_rate=own.learning_rate or training.learning_rate,
        rows_seen=seen,
        least_epochs=seen / kept if kept else None,
        completion_tokens=completion_tokens,
        largest_tokens=largest,
        flops=None if per_token is None else float(completion_tokens * per_token),
        largest_flops=None if per_token is None else float(largest * per_token),
        disk_bytes=_model_bytes(recipe, card),
    )


def _model_bytes(recipe: Recipe, card: ModelCard) -> int | None:
    parameters = stored_parameters(card)
    return None if parameters is None else parameters * weight_bytes(recipe)


def weight_bytes(recipe: Recipe) -> int:
    """Bytes of a stored weight: 4 where the engine computes in float32, else 2."""
    return 4 if recipe.engine.dtype == "float32" else 2


def _evaluation(recipe: Recipe, problems: int | None) -> PlannedEvaluation:
    cards = [recipe.pair.wc, recipe.pair.se, *(card for _, card in recipe.students if card)]
    base = len({(card.id, card.revision) for card in cards})
    cells = len(cells_of(recipe))
    return PlannedEvaluation(
        task=recipe.evaluation.task,
        base_models=base,
        cells=cells,
        problems=problems,
        completions=None if problems is None else problems * (base + cells),
    )
