"""How vLLM would serve a model on named GPUs, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.plan.amounts import Amount
from harness.plan.generating import Draws, Speed, gpu_hours
from harness.plan.gpus import GpuCard
from harness.plan.model_sizes import ModelSizes
from harness.plan.number_formats import serving_format
from harness.plan.roofline import SLOWEST, Engine, gpus_needed
from harness.recipe.schema import Engine as EngineSettings

# vLLM's default for the share of a GPU's memory that it takes.
MEMORY_UTILISATION = 0.9


@dataclass(frozen=True)
class Hardware:
    """The GPUs that a plan is made for.

    Attributes:
        gpu: what each is.
        gpus: how many there are; None leaves that open.
        price: dollars for one GPU and hour, if that is known.
    """

    gpu: GpuCard
    gpus: int | None = None
    price: float | None = None

    def engines(self, gpus_an_engine: int) -> int:
        """Copies of a model that work at the same time; one where the number of GPUs is open."""
        return 1 if self.gpus is None else max(1, self.gpus // gpus_an_engine)


@dataclass(frozen=True)
class Served:
    """A model at work.

    Attributes:
        gpus_an_engine: GPUs that hold one copy.
        engines: copies.
        gpu_hours: of all.
        speed: of one engine.
    """

    gpus_an_engine: int
    engines: int
    gpu_hours: Amount
    speed: Speed


def served_hours(
    settings: EngineSettings, sizes: ModelSizes, draws: Draws, hardware: Hardware
) -> Served | None:
    """What it takes to draw completions; None where no number of GPUs holds the model."""
    smallest = _engine(settings, sizes, hardware.gpu)
    longest = settings.max_model_length or draws.prompt.high + draws.longest
    gpus = gpus_needed(smallest, longest, SLOWEST)
    if gpus is None:
        return None
    engines = hardware.engines(gpus)
    hours, speed = gpu_hours(replace(smallest, gpus=gpus), draws, engines)
    return Served(gpus, engines, hours, speed)


def _engine(settings: EngineSettings, sizes: ModelSizes, gpu: GpuCard) -> Engine:
    chosen = serving_format(settings, gpu)
    return Engine(
        model=sizes.costs,
        flops=chosen.flops,
        bandwidth=gpu.bandwidth,
        memory=gpu.memory * memory_utilisation(settings),
        gpus=settings.tensor_parallel_size,
        weight_bytes=chosen.weight_bytes,
        value_bytes=chosen.value_bytes,
    )


def memory_utilisation(settings: EngineSettings) -> float:
    """The share of a GPU's memory that vLLM takes."""
    chosen = settings.options.get("gpu_memory_utilization")
    if isinstance(chosen, int | float) and not isinstance(chosen, bool) and 0 < chosen <= 1:
        return float(chosen)
    return MEMORY_UTILISATION
