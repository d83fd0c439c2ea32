"""Where engine processes run: one on each GPU, or each on cores of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.engines.specification import default_variant
from harness.errors import EnvironmentFailure

_CPU_WORKERS = 2
_CPU_CACHE_SHARE = 0.5
_QUERY_SECONDS = 30


@dataclass(frozen=True)
class Place:
    """A place for one engine process.

    Attributes:
        number: from 0.
        environment: variables that bind the process to it.
        cpu_cache_share: the part of the machine's free memory that its KV cache may take,
            if it runs on a CPU.
    """

    number: int
    environment: Mapping[str, str]
    cpu_cache_share: float


def places(workers: int | None, *, offline: bool, tensor_parallel_size: int = 1) -> list[Place]:
    """Places for engine processes, at most as many as there are GPUs or cores.

    Args:
        workers: how many are wished for; one a GPU group, or up to two on a CPU, if None.
        offline: whether all models lie on this machine, so that no engine asks the Hub.
        tensor_parallel_size: GPUs of one engine; on a CPU, shares of its cores.

    Raises:
        EnvironmentFailure: there are not enough GPUs or cores for one engine.
    """
    common = {
        # One process a worker: nothing to be orphaned, and 13,500 instead of 11,400 tokens/s.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **({"HF_HUB_OFFLINE": "1"} if offline else {}),
    }
    gpus = visible_gpus() if default_variant() == "cuda" else []
    if gpus:
        most = _engines_that_fit(len(gpus), tensor_parallel_size, "GPUs")
        groups = [
            gpus[number * tensor_parallel_size : (number + 1) * tensor_parallel_size]
            for number in range(min(workers or most, most))
        ]
        return [
            Place(number, {**common, "CUDA_VISIBLE_DEVICES": ",".join(group)}, 0.0)
            for number, group in enumerate(groups)
        ]
    cores = sorted(os.sched_getaffinity(0))
    most = _engines_that_fit(len(cores), tensor_parallel_size, "cores")
    count = min(workers or _CPU_WORKERS, most)
    shares = _shares(cores, count * tensor_parallel_size)
    return [
        Place(
            number,
            {**common, **_bound_to(shares[number * tensor_parallel_size :][:tensor_parallel_size])},
            _CPU_CACHE_SHARE / (count * tensor_parallel_size),
        )
        for number in range(count)
    ]


def _engines_that_fit(devices: int, tensor_parallel_size: int, what: str) -> int:
    if devices < tensor_parallel_size:
        raise EnvironmentFailure(
            f"engine.tensor_parallel_size is {tensor_parallel_size}, and this machine has "
            f"{devices} {what} to use.",
            "Lower it, or use a machine with more.",
        )
    return devices // tensor_parallel_size


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    limited = os.environ.get("CUDA_VISIBLE_DEVICES")
    if limited is not None:
        return [name.strip() for name in limited.split(",") if name.strip() not in ("", "-1")]
    query = shutil.which("nvidia-smi")
    if query is None:
        return []
    try:
        listed = subprocess.run(
            [query, "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_QUERY_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return listed.stdout.split()


def _shares(cores: Sequence[int], count: int) -> list[Sequence[int]]:
    # One core stays free for the harness where there is more than one a worker: threads that
    # share a core with anything wait for each other and are several times slower.
    each = max(1, (len(cores) - 1) // count)
    return [cores[number * each : (number + 1) * each] for number in range(count)]


def _bound_to(shares: Sequence[Sequence[int]]) -> dict[str, str]:
    """Binds an engine: each process of it to a share of the cores."""
    return {
        "VLLM_CPU_OMP_THREADS_BIND": "|".join(",".join(map(str, share)) for share in shares),
        "OMP_NUM_THREADS": str(len(shares[0])),
        # Compiling costs more than it gives here, and fails without a C++ compiler.
        "TORCHDYNAMO_DISABLE": "1",
    }
