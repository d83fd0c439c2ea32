"""What the estimates of a plan take for granted, said with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.plan.amounts import Range
from harness.plan.known import Known
from harness.plan.number_formats import serving_format, training_format
from harness.plan.prompt_lengths import (
    LEAST_BYTES_PER_TOKEN,
    MOST_BYTES_PER_TOKEN,
    PromptLengths,
)
from harness.plan.roofline import FASTEST, SLOWEST, Efficiency
from harness.plan.sampling import sequences_at_once
from harness.plan.serving import memory_utilisation
from harness.plan.training import FOR_ACTIVATIONS, UTILISATION, is_checkpointing
from harness.recipe import SIDES, Recipe

if TYPE_CHECKING:
    from harness.plan.estimate import Estimate


def estimate_assumptions(recipe: Recipe, known: Known, estimate: Estimate) -> tuple[str, ...]:
    """The assumptions behind an estimate, one sentence each."""
    said = [
        *_gpu(recipe, estimate),
        *_prompts(recipe, known),
        *_sizes(recipe, known),
        *_too_small(recipe, known, estimate),
        *_training(recipe, known, estimate),
        *_test(estimate),
    ]
    return tuple(dict.fromkeys(said))


def _gpu(recipe: Recipe, estimate: Estimate) -> Iterator[str]:
    gpu = estimate.hardware.gpu
    chosen = serving_format(recipe.engine, gpu)
    yield (
        f"GPU-hours are for {gpu.name}: {gpu.memory_gb:g} GB at {gpu.bandwidth_gb_per_s:,g} GB/s, "
        f"{chosen.flops / 1e12:g} TFLOP/s in {chosen.name} ({gpu.source}; {gpu.date})."
    )
    yield from chosen.remarks
    yield (
        "They follow its roofline: prompts take their FLOPs at the GPU's rate, a decoding step the "
        "longer of reading weights and KV caches and of computing. They lie between an engine "
        f"that reaches {_reached(FASTEST)}, and one that reaches {_reached(SLOWEST)}, keeping "
        f"{SLOWEST.parallel:.0%} of its speed where several GPUs hold a model. "
        "Published measurements lie between; none was made for this plan. At most: every "
        "completion has decoding.max_tokens."
    )
    yield (
        f"As many sequences are decoded at once as fit beside the weights into "
        f"{memory_utilisation(recipe.engine):.0%} of the memory, at most "
        f"{sequences_at_once(recipe.engine):,}."
    )
    yield (
        "Prompt tokens count once a problem, and examples once in all, where vLLM's prefix cache "
        "holds them; at worst once a sample."
    )


def _reached(efficiency: Efficiency) -> str:
    return (
        f"{efficiency.compute:.0%} of the rate and {efficiency.bandwidth:.0%} of the bandwidth, "
        f"with {1000 * efficiency.step_seconds:g} ms more a step"
    )


def _prompts(recipe: Recipe, known: Known) -> Iterator[str]:
    estimated: dict[PromptLengths, list[str]] = {}
    for side in SIDES:
        means = getattr(recipe.match.per_sample, side)
        given = {"prompts": means.prompt_tokens, "completions": means.completion_tokens}
        said = [f"{part} of {tokens:g} tokens" for part, tokens in given.items() if tokens]
        if said:
            yield f"{side.upper()} has {' and '.join(said)}, as match.per_sample.{side} says."
        if means.prompt_tokens is None:
            lengths = known.train[getattr(recipe.pair, side).id]
            estimated.setdefault(lengths, []).append(side.upper())
    for lengths, sides in estimated.items():
        whose = "Prompts" if len(sides) == len(SIDES) else f"{sides[0]} prompts"
        yield f"{whose} have {_shown(lengths.whole)} tokens, {_how(lengths)}."


def _how(lengths: PromptLengths) -> str:
    if lengths.exact:
        return "counted with the model's tokenizer"
    how = f"{MOST_BYTES_PER_TOKEN:g} to {LEAST_BYTES_PER_TOKEN:g} bytes each"
    return f"{how}; assumed: {', '.join(lengths.unknown)}" if lengths.unknown else how


def _shown(tokens: Range) -> str:
    low, high = round(tokens.low), round(tokens.high)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _sizes(recipe: Recipe, known: Known) -> Iterator[str]:
    counted = [name for name, sizes in known.sizes.items() if sizes and sizes.counted]
    if counted:
        yield (
            f"No configuration is at hand of {', '.join(counted)}: 2P FLOPs a token, attention "
            "left out, and no KV cache to read or to make room for, so GPU-hours are too few "
            "(add `config` to the card)."
        )
    unknown = [name for name, sizes in known.sizes.items() if sizes is None]
    if unknown:
        yield f"The size of {', '.join(unknown)} is not known: FLOPs and GPU-hours leave it out."
    served = [side.upper() for side in SIDES if recipe.execution.servers_of(side)]
    if served:
        yield f"Servers sample {' and '.join(served)}: no GPU-hours are counted for that."
    unpriced = [
        card.id
        for card in (recipe.pair.wc, recipe.pair.se)
        if card.prices and all(price.input is None for price in card.prices)
    ]
    if unpriced:
        yield f"Dollars leave out the prompts of {', '.join(unpriced)}: no input price is known."


def _too_small(recipe: Recipe, known: Known, estimate: Estimate) -> Iterator[str]:
    given = recipe.engine.tensor_parallel_size
    for side, planned in estimate.sampling.items():
        if planned is None or recipe.execution.servers_of(side):
            continue
        if planned.gpus_an_engine is None and known.sizes[planned.model] is not None:
            yield f"{planned.model} does not fit on these GPUs, however many share it."
        elif planned.gpus_an_engine is not None and planned.gpus_an_engine > given:
            yield (
                f"{planned.model} does not fit on {given} GPU{'s' if given > 1 else ''}: counted "
                f"with engine.tensor_parallel_size: {planned.gpus_an_engine}."
            )
    gpus, least = estimate.hardware.gpus, estimate.least_gpus
    if gpus is not None and gpus < least:
        yield f"{gpus} are too few GPUs: the work needs at least {least}."


def _training(recipe: Recipe, known: Known, estimate: Estimate) -> Iterator[str]:
    if not estimate.training:
        return
    if not known.axolotl:
        yield f"training.axolotl ({recipe.training.axolotl}) cannot be read: counted as float32."
    computed = training_format(known.axolotl, estimate.hardware.gpu)
    yield from computed.remarks
    twice = (
        " (8P, with what checkpointing computes twice)" if is_checkpointing(known.axolotl) else ""
    )
    yield (
        f"Training GPU-hours: 6P FLOPs a token{twice}, prompts included, at "
        f"{UTILISATION.low:.0%} to {UTILISATION.high:.0%} of {computed.flops / 1e12:g} TFLOP/s "
        f"({computed.name}). At most: every row has training.sequence_length."
    )
    sizes = "between all in 16 bits and all in float32"
    yield (
        "Memory of training: weights, gradients and optimizer, "
        f"{sizes if computed.name != 'float32' else 'all in float32'}; "
        f"{FOR_ACTIVATIONS:.0%} of each GPU stay free for activations."
    )
    crowded = {group.model for group in estimate.training if _needs_sharding(group.least_gpus)}
    if crowded and not any(group.sharded for group in estimate.training):
        yield (
            f"{', '.join(sorted(crowded))} may not fit on one GPU for training, and "
            f"{recipe.training.axolotl} does not shard it: add FSDP or DeepSpeed."
        )


def _needs_sharding(least: Range | None) -> bool:
    return least is not None and least.high > 1


def _test(estimate: Estimate) -> Iterator[str]:
    from harness.plan.estimate import START_SECONDS

    yield (
        f"{estimate.engine_starts} engine starts of {START_SECONDS.low:g} to "
        f"{START_SECONDS.high:g} seconds: loading, compiling, capturing graphs."
    )
    if estimate.base_model_bytes:
        yield "Base models take 2 bytes a weight on the disk, if they are not there yet."
    if estimate.test:
        yield "Test completions are zero-shot, greedy, and as long as those of the pools."
    found = estimate.detectable
    if found is not None:
        yield (
            f"Detectable differences: {found.power:.0%} power at level {found.level:g}, one seed; "
            f"unpaired at a pass@1 of {100 * found.rate:g} %, paired if the models disagree on "
            f"{found.discordant.low:.0%} to {found.discordant.high:.0%} of the problems."
        )
