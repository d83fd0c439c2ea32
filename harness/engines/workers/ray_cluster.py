"""A Ray cluster: joined or started, and how many engines fit into it."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from dataclasses import dataclass, replace
from typing import Any

OBJECT_STORE_BYTES = 512 << 20
STOP_SECONDS = 15.0
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Layout:
    """Where engines run.

    Attributes:
        nodes: per node, its GPUs and its cores.
        wished: engines asked for; None leaves it to the nodes.
        cpus: cores of an engine on nodes without a GPU; None takes all but one.
        group: GPUs of one engine.
    """

    nodes: tuple[tuple[int, int], ...]
    wished: int | None
    cpus: int | None
    group: int = 1

    @property
    def on_gpus(self) -> bool:
        """Whether engines run on GPUs; the cores are used only where there is no GPU at all."""
        return any(gpus for gpus, _ in self.nodes)

    @property
    def cpus_per_worker(self) -> int:
        """Cores of an engine that has no GPU."""
        return self.cpus or max(1, min(cores for _, cores in self.nodes) - 1)

    @property
    def most_workers(self) -> int:
        """Engines that fit."""
        if self.on_gpus:
            return sum(gpus for gpus, _ in self.nodes) // self.group
        return sum(cores // self.cpus_per_worker for _, cores in self.nodes)

    @property
    def workers(self) -> int:
        """Engines that are started."""
        default = self.most_workers if self.on_gpus else len(self.nodes)
        return max(1, min(self.wished or default, self.most_workers))

    @property
    def cache_share(self) -> float:
        """The part of a node's free memory that one engine's KV cache may take on a CPU."""
        cores = max(cores for _, cores in self.nodes)
        return 0.5 / max(1, cores // self.cpus_per_worker)

    def for_groups_of(self, tensor_parallel_size: int) -> Layout:
        """The layout for engines of so many GPUs each.

        Raises:
            ValueError: the cluster has not enough.
        """
        layout = replace(self, group=tensor_parallel_size)
        if not self.on_gpus and tensor_parallel_size > 1:
            raise ValueError("on nodes without GPUs, engine.tensor_parallel_size must be 1")
        if not layout.most_workers:
            raise ValueError(
                f"engine.tensor_parallel_size is {tensor_parallel_size}, and the cluster has "
                f"{sum(gpus for gpus, _ in self.nodes)} GPUs"
            )
        return layout

    def resources_of_a_look(self) -> dict[str, Any]:
        """What a short look at model and settings needs: a node like those of the engines."""
        return {"num_cpus": 0, "num_gpus": 1 if self.on_gpus else 0, "max_retries": 2}

    def described(self) -> dict[str, Any]:
        """For the harness."""
        import ray

        return {
            "ray": ray.__version__,
            "nodes": len(self.nodes),
            "on_gpus": self.on_gpus,
            "workers": self.workers,
        }


def start_cluster(address: str | None, folder: str) -> None:
    """Joins the cluster at `address`, or starts one on this machine.

    Args:
        address: None starts one, which ends with this process.
        folder: for the files of a cluster that is started.

    Raises:
        ConnectionError: there is no cluster at the address.
    """
    if address is None:
        # An engine's own processes must not outlive it when it is killed.
        os.environ["RAY_kill_child_processes_on_worker_exit_with_raylet_subreaper"] = "true"  # noqa: SIM112 - Ray's own spelling
        # A user's variable would make ray.init join another cluster.
        os.environ.pop("RAY_ADDRESS", None)
        # Closed to everybody else on the machine, with a token that is written nowhere.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    import ray

    if address is not None:
        _check_that_somebody_listens(address)
        ray.init(address=address, log_to_driver=True)
        return
    ray.init(
        include_dashboard=False,
        num_cpus=len(os.sched_getaffinity(0)),
        object_store_memory=OBJECT_STORE_BYTES,
        _temp_dir=folder,
    )


def _check_that_somebody_listens(address: str) -> None:
    """Ray itself tries for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise ConnectionError(f"nobody listens at {address} ({error.strerror or error})") from error


def stop_cluster() -> None:
    """Leaves the cluster; one that this process started ends, and its engines before it."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return
    # Ray may be stuck itself; what is left after that dies with the process group.
    stopping = threading.Thread(target=ray.shutdown, daemon=True)
    stopping.start()
    stopping.join(timeout=STOP_SECONDS)


def layout_of(workers: int | None, cpus_per_worker: int | None) -> Layout:
    """What the nodes of the cluster have, as far as they are alive.

    Args:
        workers: engines asked for.
        cpus_per_worker: cores asked for.
    """
    import ray

    found = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    nodes = [(int(one.get("GPU", 0)), int(one.get("CPU", 0))) for one in found]
    usable = tuple(node for node in nodes if any(node)) or ((0, 1),)
    return Layout(usable, workers, cpus_per_worker)
