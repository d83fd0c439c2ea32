"""What it takes to draw completions from a model: FLOPs, and time on GPUs. Pure arithmetic.

What is not known beforehand is bounded from both sides: how often prompts are read (vLLM reads
what prompts share once, if its prefix cache holds it) and how much of the GPU is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness.plan.amounts import Amount, Range
from harness.plan.roofline import (
    FASTEST,
    SLOWEST,
    Bound,
    Efficiency,
    Engine,
    Generation,
    ModelCosts,
    Timing,
    timing,
)

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Draws:
    """Completions that are to be drawn.

    Attributes:
        problems: prompts that differ.
        samples: completions in all; fewer and more where an allocation adapts.
        examples: tokens that all prompts begin with.
        question: tokens of the rest of a prompt.
        completion: mean length of a completion, in tokens.
        longest: length of the longest completion.
        shared: whether prompts, and what they begin with, may be read once only.
        at_once: sequences that an engine takes at once.
    """

    problems: int
    samples: Range
    examples: Range
    question: Range
    completion: float
    longest: int
    shared: bool
    at_once: int

    @property
    def prompt(self) -> Range:
        """Tokens of a whole prompt."""
        return self.examples + self.question


@dataclass(frozen=True)
class Speed:
    """How fast one engine generates.

    Attributes:
        sequences: decoded at once, at least and at most.
        tokens_per_second: completion tokens, at least and at most.
        bound: what bounds the decoding, at best.
    """

    sequences: Range
    tokens_per_second: Range
    bound: Bound


def completion_tokens(draws: Draws) -> Amount:
    """Completion tokens in all."""
    return Amount(
        draws.samples.low * draws.completion,
        draws.samples.high * draws.completion,
        draws.samples.high * draws.longest,
    )


def prompt_tokens_read(draws: Draws) -> Amount:
    """Prompt tokens that are read: what prompts share once, or every prompt for every sample."""
    every = draws.samples.high * draws.prompt.high
    if draws.shared:
        least = draws.examples.low + draws.problems * draws.question.low
    else:
        least = draws.samples.low * draws.prompt.low
    return Amount(min(least, every), every, every)


def generation_flops(model: ModelCosts, draws: Draws) -> Amount:
    """FLOPs of reading the prompts and of making the completions."""
    least, most = _prefill_flops(model, draws)
    low, high = (math.ceil(tokens) for tokens in (draws.prompt.low, draws.prompt.high))
    # A mean length need not be whole, as the length of a completion is.
    whole = max(1, math.ceil(draws.completion))
    share = draws.completion / whole
    fewest = model.decode_flops(low, whole) * share
    usual = model.decode_flops(high, whole) * share
    longest = max(usual, float(model.decode_flops(high, draws.longest)))
    return Amount(
        least + draws.samples.low * fewest,
        most + draws.samples.high * usual,
        most + draws.samples.high * longest,
    )


def _prefill_flops(model: ModelCosts, draws: Draws) -> tuple[float, float]:
    """FLOPs of reading the prompts, at least and at most."""
    begin = math.ceil(draws.examples.low)
    least: float
    one = model.prefill_flops(math.ceil(draws.prompt.low))
    if draws.shared:
        first = model.prefill_flops(begin) if begin else 0
        least = first + draws.problems * (one - first)
    else:
        least = draws.samples.low * one
    most = draws.samples.high * model.prefill_flops(math.ceil(draws.prompt.high))
    return min(least, most), most


def gpu_hours(engine: Engine, draws: Draws, engines: int) -> tuple[Amount, Speed]:
    """GPU-hours of the draws, and the speed of one engine.

    Args:
        engine: with room for a sequence at `SLOWEST`.
        draws: of at least one sample.
        engines: copies of the model that share the work.
    """
    fastest, slowest, longest = _generations(engine, draws)
    fast = _timing(engine, fastest, engines, FASTEST)
    slow = _timing(engine, slowest, engines, SLOWEST)
    most = _timing(engine, longest, engines, SLOWEST)
    hours = engine.gpus * engines / SECONDS_PER_HOUR
    amount = Amount(fast.seconds * hours, slow.seconds * hours, most.seconds * hours)
    tokens = draws.completion / engines
    rates = (draws.samples.high * tokens / slow.seconds, draws.samples.low * tokens / fast.seconds)
    # The slow engine may have more samples, where an allocation adapts, and so be the busier one.
    sequences = (slow.sequences, fast.sequences)
    speed = Speed(Range(min(sequences), max(sequences)), Range(min(rates), max(rates)), fast.bound)
    return amount, speed


def _generations(engine: Engine, draws: Draws) -> tuple[Generation, Generation, Generation]:
    """The work at best, at worst, and with every completion as long as it may be."""
    least, most = _prefill_flops(engine.model, draws)
    prompt = draws.prompt
    own_share = draws.problems / draws.samples.high
    resident = draws.question.low * own_share if draws.shared else prompt.low
    fastest = Generation(
        samples=draws.samples.low,
        prompt_tokens=prompt.low,
        resident_tokens=resident + draws.completion / 2,
        completion_tokens=draws.completion,
        prefill_flops=least,
        longest=0,
        at_once=draws.at_once,
    )
    slowest = replace(
        fastest,
        samples=draws.samples.high,
        prompt_tokens=prompt.high,
        resident_tokens=prompt.high + draws.completion,
        prefill_flops=most,
        longest=draws.longest,
    )
    whole = max(float(draws.longest), draws.completion)
    longest = replace(slowest, completion_tokens=whole, resident_tokens=prompt.high + whole)
    return fastest, slowest, longest


def _timing(engine: Engine, work: Generation, engines: int, efficiency: Efficiency) -> Timing:
    """The time of one of several engines that share the work evenly."""
    part = replace(
        work,
        samples=max(1.0, work.samples / engines),
        prefill_flops=work.prefill_flops / engines,
    )
    return timing(engine, part, efficiency)
