"""Where engine processes run: one on each GPU, or each on cores of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.engines.specification import default_variant

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


def places(workers: int | None, *, offline: bool) -> list[Place]:
    """Places for engine processes, at most as many as there are GPUs or cores.

    Args:
        workers: how many are wished for; one a GPU, or up to two on a CPU, if None.
        offline: whether all models lie on this machine, so that no engine asks the Hub.
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
        chosen = gpus[: workers or len(gpus)]
        return [
            Place(number, {**common, "CUDA_VISIBLE_DEVICES": gpu}, 0.0)
            for number, gpu in enumerate(chosen)
        ]
    cores = sorted(os.sched_getaffinity(0))
    count = min(workers or _CPU_WORKERS, len(cores))
    return [
        Place(number, {**common, **_bound_to(share)}, _CPU_CACHE_SHARE / count)
        for number, share in enumerate(_shares(cores, count))
    ]


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


def _bound_to(cores: Sequence[int]) -> dict[str, str]:
    return {
        "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)),
        "OMP_NUM_THREADS": str(len(cores)),
        # Compiling costs more than it gives here, and fails without a C++ compiler.
        "TORCHDYNAMO_DISABLE": "1",
    }
