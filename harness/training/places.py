"""Where cells are trained: one worker a core or a GPU, or one worker with all GPUs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.engines.specification import default_variant
from harness.errors import EnvironmentFailure
from harness.generators.hardware import visible_gpus

_CPU_WORKERS = 2


@dataclass(frozen=True)
class Places:
    """How a stage's trainings are spread over the machine.

    Attributes:
        environments: one a worker, the variables that bind it to its place.
        devices: over how many devices each cell's batch is spread.
        launched: whether a cell is trained by several processes that torchrun starts, rather
            than inside the worker.
    """

    environments: list[Mapping[str, str]] = field(default_factory=list)
    devices: int = 1
    launched: bool = False


def places_for(workers: int | None, *, sharded: bool) -> Places:
    """Places for the trainings of a run.

    Args:
        workers: how many are wished for; None is one a GPU, or up to two on a CPU.
        sharded: whether the base file spreads one model over several GPUs.

    Raises:
        EnvironmentFailure: it does, and there is no GPU.
    """
    gpus = visible_gpus() if default_variant() == "cuda" else []
    if sharded and not gpus:
        raise EnvironmentFailure(
            "the base Axolotl file spreads a model over GPUs (FSDP, DeepSpeed, …), and this "
            "machine has none.",
            "Train on a machine with GPUs: copy the run's folder there and run `harness train`. "
            "For small models on the CPU there is training.axolotl=full-sft-cpu.yaml.",
        )
    if sharded:
        return Places([{"CUDA_VISIBLE_DEVICES": ",".join(gpus)}], len(gpus), launched=True)
    if gpus:
        count = workers or len(gpus)
        return Places([{"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} for i in range(count)])
    count = min(workers or _CPU_WORKERS, len(os.sched_getaffinity(0)))
    # One thread each: two that share a core wait for each other and are many times slower.
    return Places([{"OMP_NUM_THREADS": "1"} for _ in range(count)])
