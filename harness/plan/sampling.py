"""What each side's pool takes: prompts and completions, FLOPs, dollars, GPU-hours, disk."""

from __future__ import annotations

from dataclasses import dataclass

from harness.budget import stopping_rule
from harness.budget.spending import TokenPrices
from harness.plan.amounts import Amount, Range
from harness.plan.counts import completion_length
from harness.plan.disk import pool_bytes
from harness.plan.generating import (
    SECONDS_PER_HOUR,
    Draws,
    Speed,
    completion_tokens,
    generation_flops,
    prompt_tokens_read,
)
from harness.plan.model_sizes import ModelSizes
from harness.plan.prompt_lengths import PromptLengths
from harness.plan.serving import Hardware, served_hours
from harness.recipe import ModelCard, Recipe, Side
from harness.recipe.schema import Engine, SampleMeans

# vLLM's worker here takes as many unless the recipe's engine.options say otherwise.
SEQUENCES_AT_ONCE = 1024


@dataclass(frozen=True)
class PlannedSampling:
    """What one side draws. None stands for what is not known.

    Attributes:
        model: id of the generator.
        samples: an adaptive allocation decides how many.
        prompt_tokens: prompt tokens that are read, or billed.
        completion_tokens: of all samples.
        flops: of prompts and completions, attention included where the architecture is known.
        dollars: of prompts and completions by the price in force.
        billed: whether servers bill these dollars; else they are what the same tokens would cost
            if they were bought instead of sampled on GPUs.
        disk_bytes: of the pool.
        gpu_hours: None too where a server samples.
        gpus_an_engine: GPUs that hold one copy of the model.
        speed: of one engine.
        measured_gpu_hours: by the GPU-seconds of a sample that the recipe says were measured, on
            whichever GPU that was.
    """

    model: str
    samples: Amount
    prompt_tokens: Amount
    completion_tokens: Amount
    flops: Amount | None
    dollars: Amount | None
    billed: bool
    disk_bytes: Amount
    gpu_hours: Amount | None
    gpus_an_engine: int | None
    speed: Speed | None
    measured_gpu_hours: float | None


def planned_sampling(
    recipe: Recipe,
    side: Side,
    samples: int,
    problems: int,
    lengths: PromptLengths,
    sizes: ModelSizes | None,
    rates: TokenPrices | None,
    hardware: Hardware,
) -> PlannedSampling:
    """What a side's pool takes.

    Args:
        recipe: the recipe.
        side: "wc" or "se".
        samples: of the pool, at most.
        problems: of the training split.
        lengths: of the prompts.
        sizes: of the side's model.
        rates: dollars a token, if its model has a price.
        hardware: the GPUs.
    """
    card: ModelCard = getattr(recipe.pair, side)
    draws = pool_draws(recipe, side, samples, problems, lengths)
    measured: SampleMeans = getattr(recipe.match.per_sample, side)
    tokens, prompts = completion_tokens(draws), prompt_tokens_read(draws)
    drawn = Amount(draws.samples.low, draws.samples.high, draws.samples.high)
    served = None
    if sizes is not None and not recipe.execution.servers_of(side):
        served = served_hours(recipe.engine, sizes, draws, hardware)
    return PlannedSampling(
        model=card.id,
        samples=drawn,
        prompt_tokens=prompts,
        completion_tokens=tokens,
        flops=None if sizes is None else generation_flops(sizes.costs, draws),
        dollars=None if rates is None else dollars(draws, rates),
        billed=any(server.billed for server in recipe.execution.servers_of(side)),
        disk_bytes=pool_bytes(recipe, side, problems, drawn, tokens),
        gpu_hours=None if served is None else served.gpu_hours,
        gpus_an_engine=None if served is None else served.gpus_an_engine,
        speed=None if served is None else served.speed,
        measured_gpu_hours=None
        if measured.gpu_seconds is None
        else samples * measured.gpu_seconds / SECONDS_PER_HOUR,
    )


def pool_draws(
    recipe: Recipe, side: Side, samples: int, problems: int, lengths: PromptLengths
) -> Draws:
    """A side's completions: `samples`, or fewer where problems stop at what is enough for them."""
    whole = getattr(recipe.match.per_sample, side).prompt_tokens
    if whole is not None:
        lengths = lengths.measured(whole)
    until = stopping_rule(recipe)
    fewest = samples if until is None else min(until.correct * problems, samples)
    return Draws(
        problems=problems,
        samples=Range(fewest, samples),
        examples=lengths.examples,
        question=lengths.question,
        completion=completion_length(recipe, side),
        longest=recipe.decoding.max_tokens,
        shared=shares_prompts(recipe.engine),
        at_once=sequences_at_once(recipe.engine),
    )


def shares_prompts(settings: Engine) -> bool:
    """Whether an engine reads once what prompts share."""
    return settings.options.get("enable_prefix_caching") is not False


def sequences_at_once(settings: Engine) -> int:
    """Sequences that an engine decodes at once, if its memory holds them."""
    chosen = settings.options.get("max_num_seqs")
    if isinstance(chosen, int) and not isinstance(chosen, bool) and chosen > 0:
        return chosen
    return SEQUENCES_AT_ONCE


def dollars(draws: Draws, rates: TokenPrices) -> Amount:
    """Dollars for the draws.

    At best each prompt is billed once for all samples of its problem, and what all prompts
    begin with at the cached rate; at worst every sample pays its whole prompt.
    """
    prompt, completion = float(rates.input), float(rates.output)
    cached = min(prompt, float(rates.cached_input))
    least = draws.problems * (draws.examples.low * cached + draws.question.low * prompt)
    most = draws.samples.high * draws.prompt.high * prompt
    tokens = completion_tokens(draws)
    return Amount(
        min(least, most) + tokens.low * completion,
        most + tokens.high * completion,
        most + tokens.at_most * completion,
    )
