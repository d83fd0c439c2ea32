"""How long a GPU takes to generate, by its roofline (Williams, Waterman and Patterson, 2009).

Nothing computes faster than its rate, and nothing is read faster than its memory's bandwidth.
Prompts are read many tokens at a time, so the rate bounds them. A decoding step makes one
token for each sequence of the batch: it reads the weights once and the KV cache of every
sequence, so for usual batches the bandwidth bounds it; the larger the batch, the more tokens
share the reading of the weights, and the memory that the weights leave bounds the batch.

Engines reach a part of both. `FASTEST` and `SLOWEST` are the parts that published measurements
lie between (tests/plan/test_published_throughput.py has them); no GPU was at hand to try it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Protocol

Bound = Literal["memory", "compute"]

MOST_GPUS = 1024


class ModelCosts(Protocol):
    """What a roofline must know of a model (`harness.budget.architecture.Architecture`)."""

    @property
    def parameters(self) -> int:
        """All parameters."""

    @property
    def active_parameters(self) -> int:
        """Parameters that one token uses."""

    def prefill_flops(self, tokens: int) -> int:
        """FLOPs of reading a prompt."""

    def decode_flops(self, prompt_tokens: int, completion_tokens: int) -> int:
        """FLOPs of one completion after its prompt."""

    def kv_cache_bytes(self, tokens: int, bytes_per_value: int = 2) -> int:
        """Bytes of the KV cache of one sequence."""


@dataclass(frozen=True)
class Efficiency:
    """How much of a GPU's peaks an engine reaches.

    Attributes:
        compute: share of the dense rate.
        bandwidth: share of the memory's bandwidth.
        parallel: share that is left when several GPUs hold one copy of the model.
        reserved: share of the memory for activations and buffers.
        step_seconds: what a decoding step takes besides, on the CPU.
        overlapping: whether a step is as long as the slower of reading and computing; if not,
            linear layers and attention are bound one after the other.
    """

    compute: float
    bandwidth: float
    parallel: float
    reserved: float
    step_seconds: float
    overlapping: bool


# Chosen so that the measurements in the tests lie between: GPUs of four generations, models of 6 to
# 405 billion parameters, prompts and completions of 128 to 20,000 tokens.
FASTEST = Efficiency(0.8, 0.85, 1.0, 0.02, 0.0002, True)
SLOWEST = Efficiency(0.3, 0.5, 0.7, 0.08, 0.005, False)


@dataclass(frozen=True)
class Engine:
    """A model on GPUs.

    Attributes:
        model: its sizes.
        flops: dense FLOP/s of one GPU in the number format of the computation.
        bandwidth: bytes a second of one GPU's memory.
        memory: bytes of one GPU that the engine may use.
        gpus: GPUs that hold one copy (tensor parallel size).
        weight_bytes: bytes of one weight.
        value_bytes: bytes of one value of the KV cache.
    """

    model: ModelCosts
    flops: float
    bandwidth: float
    memory: float
    gpus: int
    weight_bytes: float
    value_bytes: int

    def cache_bytes(self, tokens: float) -> int:
        """Bytes of one sequence's KV cache over all GPUs."""
        return self.model.kv_cache_bytes(math.ceil(tokens), self.value_bytes)

    def room(self, efficiency: Efficiency) -> float:
        """Bytes that are left for KV caches; negative where the weights do not fit."""
        usable = self.memory * (1 - efficiency.reserved)
        return self.gpus * usable - self.model.parameters * self.weight_bytes


@dataclass(frozen=True)
class Generation:
    """Completions to make.

    Attributes:
        samples: completions on this engine.
        prompt_tokens: of the prompt of each.
        resident_tokens: tokens of each in the KV cache, on average over its life; fewer than
            prompt and completion where samples share a prompt.
        completion_tokens: mean length.
        prefill_flops: of all prompts that are read.
        longest: length of the completion that ends last, all alone; 0 leaves that out.
        at_once: sequences that the engine takes at once.
    """

    samples: float
    prompt_tokens: float
    resident_tokens: float
    completion_tokens: float
    prefill_flops: float
    longest: float
    at_once: int


@dataclass(frozen=True)
class Timing:
    """How long a generation takes.

    Attributes:
        seconds: in all.
        sequences: that are decoded at once.
        bound: what bounds the decoding.
    """

    seconds: float
    sequences: float
    bound: Bound


def gpus_needed(engine: Engine, tokens: float, efficiency: Efficiency) -> int | None:
    """The least power of two of GPUs that hold the weights and one sequence of `tokens`.

    At least `engine.gpus`; None if even 1,024 are too few.
    """
    gpus = engine.gpus
    while gpus <= MOST_GPUS:
        if replace(engine, gpus=gpus).room(efficiency) >= engine.cache_bytes(tokens):
            return gpus
        gpus *= 2
    return None


def timing(engine: Engine, work: Generation, efficiency: Efficiency) -> Timing:
    """How long an engine takes for a generation.

    Args:
        engine: with room for a sequence, as `gpus_needed` makes sure.
        work: at least one sample.
        efficiency: the parts of the peaks that it reaches.
    """
    held = engine.cache_bytes(work.resident_tokens)
    fitting = engine.room(efficiency) / held if held else math.inf
    sequences = max(1.0, min(work.samples, work.at_once, fitting))
    context = work.prompt_tokens + work.completion_tokens / 2
    step = step_seconds(engine, sequences, context, efficiency)
    steps = work.samples * work.completion_tokens / sequences
    alone = step_seconds(engine, 1, work.prompt_tokens + work.longest / 2, efficiency)
    prefill = work.prefill_flops / (_rate(engine, efficiency) * engine.gpus)
    return Timing(
        seconds=prefill + steps * step + work.longest * alone,
        sequences=sequences,
        bound=_bound(engine, sequences, context),
    )


def step_seconds(engine: Engine, sequences: float, context: float, efficiency: Efficiency) -> float:
    """How long one decoding step takes, in which each sequence gets one token.

    Args:
        engine: the model and its GPUs.
        sequences: the batch.
        context: tokens that each attends to, on average.
        efficiency: the parts of the peaks that are reached.
    """
    weights, cache, linear, attention = _step(engine, sequences, context)
    rate, bandwidth = _rate(engine, efficiency), engine.bandwidth * efficiency.bandwidth
    if engine.gpus > 1:
        bandwidth *= efficiency.parallel
    if efficiency.overlapping:
        seconds = max((weights + cache) / bandwidth, (linear + attention) / rate)
    else:
        seconds = max(weights / bandwidth, linear / rate) + max(cache / bandwidth, attention / rate)
    return seconds / engine.gpus + efficiency.step_seconds


def _rate(engine: Engine, efficiency: Efficiency) -> float:
    """FLOP/s of one GPU."""
    parallel = efficiency.parallel if engine.gpus > 1 else 1.0
    return engine.flops * efficiency.compute * parallel


def _bound(engine: Engine, sequences: float, context: float) -> Bound:
    weights, cache, linear, attention = _step(engine, sequences, context)
    reading, computing = (weights + cache) / engine.bandwidth, (linear + attention) / engine.flops
    return "memory" if reading >= computing else "compute"


def _step(engine: Engine, sequences: float, context: float) -> tuple[float, float, float, float]:
    """A step's bytes of weights and of cache, and its FLOPs in linear layers and attention."""
    model = engine.model
    tokens = max(0, math.ceil(context))
    whole = model.decode_flops(tokens, 1)
    linear = min(whole, model.decode_flops(0, 1))
    # Experts that no token of the batch uses are not read.
    used = min(model.parameters, sequences * model.active_parameters)
    return (
        used * engine.weight_bytes,
        sequences * engine.cache_bytes(context),
        sequences * linear,
        sequences * (whole - linear),
    )
