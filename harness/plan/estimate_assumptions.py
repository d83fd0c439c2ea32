"""What the estimates of a plan take for granted, said with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.budget.parameters import mixture_of
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
from harness.power import design_effect
from harness.recipe import SIDES, Recipe

if TYPE_CHECKING:
    from harness.plan.detectable import DetectableDifference
    from harness.plan.estimate import Estimate


def estimate_assumptions(recipe: Recipe, known: Known, estimate: Estimate) -> tuple[str, ...]:
    """The assumptions behind an estimate, one sentence each."""
    said = [
        *_gpu(recipe, estimate),
        *_prompts(recipe, known),
        *_sizes(recipe, known),
        *_mixtures_by_the_hub(recipe, known),
        *_too_small(recipe, known, estimate),
        *_money(estimate),
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


def _mixtures_by_the_hub(recipe: Recipe, known: Known) -> Iterator[str]:
    """Models of which only the Hub says that they are mixtures: a match never asks it."""
    for card in (recipe.pair.wc, recipe.pair.se, *map(recipe.student, recipe.paradigms)):
        sizes = known.sizes.get(card.id)
        said_here = card.parameters.active is not None or mixture_of(card) is not None
        if sizes is None or sizes.counted or said_here:
            continue
        active, stored = sizes.costs.active_parameters, sizes.costs.parameters
        if active != stored:
            yield (
                f"By its config.json on the Hub {card.id} is a mixture of experts, of whose "
                f"{stored:,} parameters a token meets {active:,}: GPU-hours count these, but the "
                "match and the FLOPs of pools and cells count all, since its card has neither "
                "parameters.active nor `config`. Add one of them."
            )


def gpu_work(estimate: Estimate) -> str:
    """What the GPU-hours in all are for, and whose sampling is not among it."""
    sides = estimate.sampling.items()
    here = [name.upper() for name, side in sides if side is not None and side.gpu_hours]
    elsewhere = [name.upper() for name, side in sides if side is None or not side.gpu_hours]
    parts = {
        f"sampling of {' and '.join(here)}": bool(here),
        "training": bool(estimate.training_hours and estimate.training_hours.high),
        "tests of the models that run here": estimate.test_hours is not None,
        "engine starts": bool(estimate.engine_starts),
    }
    counted = ", ".join(name for name, is_counted in parts.items() if is_counted) or "nothing"
    return counted + (f"; no sampling of {' and '.join(elsewhere)}" if elsewhere else "")


def priced_sides(estimate: Estimate, *, billed: bool) -> str:
    """The sides whose tokens have a price, and are billed by servers or not."""
    return " and ".join(
        name.upper()
        for name, side in estimate.sampling.items()
        if side is not None and side.dollars is not None and side.billed == billed
    )


def _money(estimate: Estimate) -> Iterator[str]:
    if estimate.gpu_dollars is not None:
        yield f"Dollars for GPUs are those of all GPU-hours: {gpu_work(estimate)}."
    if billed := priced_sides(estimate, billed=True):
        yield (
            f"Servers of {billed} bill tokens: of samples, and of tests of the models that they "
            "serve. That is paid besides the GPUs."
        )
    if other := priced_sides(estimate, billed=False):
        yield (
            f"No endpoint bills samples of {other}, so dollars for tokens of {other} are an "
            "alternative to sampling on GPUs: either GPUs are rented or tokens bought. They leave "
            "out the tests of these models, which are among the GPU-hours."
        )


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
    if estimate.detectable is not None:
        yield from _detectable(estimate.detectable)


def _detectable(found: DetectableDifference) -> Iterator[str]:
    yield (
        f"Detectable differences: {found.power:.0%} power; unpaired at a pass@1 of "
        f"{100 * found.rate:g} %, paired if the models disagree on "
        f"{found.discordant.low:.0%} to {found.discordant.high:.0%} of the problems."
    )
    if found.training_seeds > 1:
        few, many = (design_effect(found.training_seeds, share) for share in
                     (found.seed_correlation.low, found.seed_correlation.high))  # fmt: skip
        yield (
            f"The {found.training_seeds} training seeds share the test problems, so their mean has "
            f"{few:.0%} to {many:.0%} of the variance of one: a problem's difference is taken to "
            f"correlate by {found.seed_correlation.low:g} to {found.seed_correlation.high:g} "
            "between seeds (1 less the disagreement of two seeds over that of WC and SE models). "
            "Differences of the mean are those of these models; other seeds add a spread of "
            f"{found.seed_spread_points.low:g} to {found.seed_spread_points.high:g} points (one "
            "standard deviation of a model), with Student's t for the few seeds."
        )
    elif found.comparisons:
        yield (
            "One training seed: what is found is a difference of these models. How far another "
            "seed would move them is not known and not in these numbers."
        )
    if found.comparisons > 1:
        yield (
            f"Holm's correction is over the {found.comparisons} comparisons of the recipe, WC data "
            "against SE data once a paradigm and budget; at worst it asks the clearest of them for "
            f"{found.level:g} / {found.comparisons}, and the others for less."
        )
