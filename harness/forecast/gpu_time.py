"""GPU-hours and dollars of pools like a pilot's, on GPUs that are named.

The roofline is that of `harness plan` with a recipe; prompts and completions are as long as the
pilot measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from harness.plan.amounts import Range
from harness.plan.generating import Draws
from harness.plan.model_sizes import ModelSizes, sizes_of
from harness.plan.prompt_lengths import LEAST_BYTES_PER_TOKEN, MOST_BYTES_PER_TOKEN
from harness.plan.sampling import sequences_at_once, shares_prompts
from harness.plan.serving import Hardware, served_hours
from harness.pool import Pool
from harness.recipe import ModelCard
from harness.recipe.schema import Engine


@dataclass(frozen=True)
class SampleLengths:
    """Tokens of a pilot's samples.

    Attributes:
        prompt: mean; a range where nobody counted.
        prompt_is_counted: whether an engine did.
        completion: mean.
        longest: of the longest completion.
    """

    prompt: Range
    prompt_is_counted: bool
    completion: float
    longest: int


@dataclass(frozen=True)
class GpuTime:
    """How to time pools of one model on some GPUs.

    Attributes:
        hardware: the GPUs.
        sizes: of the model.
        settings: of the engine.
        lengths: of samples.
    """

    hardware: Hardware
    sizes: ModelSizes
    settings: Engine
    lengths: SampleLengths

    def document(self) -> dict[str, Any]:
        """What the GPU-hours are for."""
        return {
            "gpu": self.hardware.gpu.name,
            "gpus": self.hardware.gpus,
            "dollars_per_gpu_hour": self.hardware.price,
            "prompt_tokens": {"low": self.lengths.prompt.low, "high": self.lengths.prompt.high},
            "completion_tokens": self.lengths.completion,
        }

    @property
    def remark(self) -> str:
        """What the GPU-hours take for granted, for people."""
        lengths = self.lengths
        prompt = f"{lengths.prompt.low:,.0f}"
        if not lengths.prompt_is_counted:
            prompt += f" to {lengths.prompt.high:,.0f} (by the questions' bytes, uncounted)"
        return (
            f"GPU-hours: vLLM on {self.hardware.gpu.name} by its roofline, for prompts of {prompt} "
            f"tokens and the pilot's completions of {lengths.completion:,.1f}; engine starts are "
            "left out."
        )

    def of(self, problems: int, samples: int) -> dict[str, Any]:
        """GPU-hours and dollars of a pool, each {low, high}; None where they are not known.

        Args:
            problems: with samples.
            samples: in all.
        """
        nothing = {"gpu_hours": None, "gpu_dollars": None}
        if not samples:
            return nothing
        draws = Draws(
            problems=problems,
            samples=Range(samples, samples),
            examples=Range(0, 0),
            question=self.lengths.prompt,
            completion=self.lengths.completion,
            longest=self.lengths.longest,
            shared=shares_prompts(self.settings),
            at_once=sequences_at_once(self.settings),
        )
        served = served_hours(self.settings, self.sizes, draws, self.hardware)
        if served is None:
            return nothing
        hours, price = served.gpu_hours, self.hardware.price
        return {
            "gpu_hours": {"low": hours.low, "high": hours.high},
            "gpu_dollars": None
            if price is None
            else {"low": hours.low * price, "high": hours.high * price},
        }


def gpu_time(
    pool: Pool, card: ModelCard | None, settings: Engine, hardware: Hardware
) -> GpuTime | str:
    """How to time pools like a pilot's; why that is not possible, where it is not.

    Args:
        pool: the pilot's.
        card: of its model.
        settings: of the engine that samples.
        hardware: the GPUs.
    """
    if card is None:
        return (
            "the pool holds no card of its model; give --recipe NAME of a pair with it, or import "
            "the samples with --model CARD"
        )
    sizes = sizes_of(card)
    if sizes is None:
        return f"neither an architecture nor a number of parameters is known of {card.id}"
    lengths = lengths_of(pool)
    if lengths is None:
        return "the samples came without counts of completion tokens"
    made = GpuTime(hardware, sizes, settings, lengths)
    if made.of(1, 1)["gpu_hours"] is None:
        return f"no number of {hardware.gpu.name} holds {card.id}"
    return made


def lengths_of(pool: Pool) -> SampleLengths | None:
    """How long the samples of a pool are; None without any count of completion tokens."""
    table = pool.samples(["prompt_tokens", "completion_tokens"])
    completion = pc.mean(table["completion_tokens"]).as_py()
    if not completion:
        return None
    counted = pc.mean(table["prompt_tokens"]).as_py()
    if counted:
        prompt = Range(counted, counted)
    else:
        sizes = [len(one.question.encode(errors="surrogatepass")) for one in pool.problems]
        mean = sum(sizes) / len(sizes)
        prompt = Range(mean / MOST_BYTES_PER_TOKEN, mean / LEAST_BYTES_PER_TOKEN)
    longest = int(pc.max(table["completion_tokens"]).as_py())
    return SampleLengths(prompt, bool(counted), completion, longest)
