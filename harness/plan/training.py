"""What the finetunings of a plan take: tokens, FLOPs, GPU-hours, and memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.plan.amounts import Amount, Range
from harness.plan.counts import completion_length, stored_parameters
from harness.plan.gpus import GpuCard
from harness.plan.known import Known
from harness.plan.number_formats import training_format
from harness.plan.prompt_lengths import PromptLengths
from harness.plan.values import PlannedCell
from harness.recipe import ModelCard, Recipe

# Model FLOPs utilisation. Long packed rows of large models reach about half of the dense rate
# (PaLM: 46 %); short rows one at a time, sharded over GPUs, wait for each other.
UTILISATION = Range(0.15, 0.5)
FORWARD_AND_BACKWARD, RECOMPUTED_FORWARD = 6, 2
# What activations, buffers and fragments take of a GPU.
FOR_ACTIVATIONS = 0.2
_ADAFACTOR = "adafactor"
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class PlannedTraining:
    """The cells of one paradigm at one budget, which train alike.

    Attributes:
        paradigm, budget, model: what they share.
        cells: how many there are.
        tokens: of one cell, prompts included.
        flops: of one cell, with what checkpointing computes twice.
        flops_per_parameter: FLOPs a token and parameter, 6 or 8.
        number_format: of the computation.
        gpu_hours: of one cell; None where the model's size is not known.
        state_bytes: weights, gradients and optimizer over all GPUs.
        least_gpus: that hold the state, at least and at most.
        sharded: whether the base file spreads one model over several GPUs.
        disk_bytes: of one finished model.
    """

    paradigm: str
    budget: str
    model: str
    cells: int
    tokens: Amount
    flops: Amount | None
    flops_per_parameter: int
    number_format: str
    gpu_hours: Amount | None
    state_bytes: Range | None
    least_gpus: Range | None
    sharded: bool
    disk_bytes: int | None


def planned_trainings(
    recipe: Recipe,
    cells: Sequence[PlannedCell],
    known: Known,
    gpu: GpuCard,
) -> tuple[PlannedTraining, ...]:
    """What the cells take, those that train alike together.

    Args:
        recipe: the recipe.
        cells: its cells as planned.
        known: the models' sizes, prompt lengths, and the base Axolotl file.
        gpu: the GPU.
    """
    groups: dict[tuple[str, str], list[PlannedCell]] = {}
    for cell in cells:
        groups.setdefault((cell.paradigm, cell.budget), []).append(cell)
    return tuple(_planned(recipe, group, known, gpu) for group in groups.values())


def is_checkpointing(base: Mapping[str, Any]) -> bool:
    """Whether activations are thrown away and computed again."""
    fsdp = base.get("fsdp_config")
    inside = isinstance(fsdp, Mapping) and bool(fsdp.get("activation_checkpointing"))
    return inside or bool(base.get("gradient_checkpointing"))


def _planned(
    recipe: Recipe,
    group: Sequence[PlannedCell],
    known: Known,
    gpu: GpuCard,
) -> PlannedTraining:
    from harness.training.base_file import is_sharded

    first = group[0]
    card = recipe.student(first.paradigm)  # type: ignore[arg-type]
    base, sizes = known.axolotl, known.sizes[first.model]
    factor = FORWARD_AND_BACKWARD + RECOMPUTED_FORWARD * is_checkpointing(base)
    tokens = _tokens(recipe, group, known.train[first.model])
    # What a GPU computes does not depend on which count the match takes for P.
    flops = None if sizes is None else tokens.times(factor * sizes.costs.active_parameters)
    state = state_bytes(card, base, recipe.training.optimizer)
    computed = training_format(base, gpu)
    return PlannedTraining(
        paradigm=first.paradigm,
        budget=first.budget,
        model=first.model,
        cells=len(group),
        tokens=tokens,
        flops=flops,
        flops_per_parameter=factor,
        number_format=computed.name,
        gpu_hours=None if flops is None else training_hours(flops, computed.flops),
        state_bytes=state,
        least_gpus=None if state is None else least_gpus(state, gpu.memory),
        sharded=is_sharded(dict(base)),
        disk_bytes=first.disk_bytes,
    )


def _tokens(recipe: Recipe, group: Sequence[PlannedCell], lengths: PromptLengths) -> Amount:
    """Tokens of a cell's rows: zero-shot prompts and completions, none beyond a row's limit."""
    longest = recipe.training.sequence_length
    completions = [completion_length(recipe, cell.arm) for cell in group]
    low = min(longest, lengths.question.low + min(completions))
    high = min(longest, lengths.question.high + max(completions))
    return Amount(low, high, longest).times(group[0].rows_seen)


def training_hours(flops: Amount, rate: float) -> Amount:
    """GPU-hours of training FLOPs on GPUs of a dense rate in FLOP/s."""
    best, worst = (
        rate * share * _SECONDS_PER_HOUR for share in (UTILISATION.high, UTILISATION.low)
    )
    return Amount(flops.low / best, flops.high / worst, flops.at_most / worst)


def state_bytes(card: ModelCard, base: Mapping[str, Any], optimizer: str) -> Range | None:
    """Bytes of weights, gradients and optimizer state; None where the size is not known.

    Between everything in the 16-bit format and everything in float32 (Rajbhandari et al., ZeRO,
    2020: 16 bytes a parameter with Adam). Adafactor keeps next to nothing for each weight.
    """
    parameters = stored_parameters(card)
    if parameters is None:
        return None
    values = 2 if optimizer == _ADAFACTOR else 4
    half = bool(base.get("bf16") or base.get("fp16"))
    return Range(parameters * values * (2 if half else 4), parameters * values * 4)


def least_gpus(state: Range, memory: float) -> Range:
    """GPUs of `memory` bytes that hold a state and leave a fifth for activations."""
    usable = memory * (1 - FOR_ACTIVATIONS)
    return Range(math.ceil(state.low / usable), math.ceil(state.high / usable))
