"""Places for engine processes: every core and GPU at most once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import EnvironmentFailure
from harness.generators import hardware


def cores_of(place: hardware.Place) -> list[str]:
    return place.environment["VLLM_CPU_OMP_THREADS_BIND"].split(",")


@given(st.sets(st.integers(0, 200), min_size=1, max_size=64), st.none() | st.integers(1, 80))
def test_cores_are_never_shared(cores: set[int], workers: int | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_ENGINE_VARIANT", "cpu")
        patch.setattr(os, "sched_getaffinity", lambda process: cores)
        places = hardware.places(workers, offline=True)
    used = [core for place in places for core in cores_of(place)]
    assert len(used) == len(set(used)) and set(used) <= {str(core) for core in cores}
    assert len(places) == min(workers or 2, len(cores))
    assert len({len(cores_of(place)) for place in places}) == 1
    assert all(
        place.environment["OMP_NUM_THREADS"] == str(len(cores_of(place))) for place in places
    )
    if len(places) < len(cores):
        assert len(used) < len(cores)


def test_one_place_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_ENGINE_VARIANT", "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 5,7")
    chosen = [
        place.environment["CUDA_VISIBLE_DEVICES"] for place in hardware.places(None, offline=False)
    ]
    assert chosen == ["2", "5", "7"]
    assert len(hardware.places(2, offline=False)) == 2
    assert "HF_HUB_OFFLINE" not in hardware.places(1, offline=False)[0].environment
    assert hardware.places(1, offline=True)[0].environment["HF_HUB_OFFLINE"] == "1"


def test_tensor_parallel_engines_get_gpus_and_cores_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HARNESS_ENGINE_VARIANT", "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3,4")
    groups = [
        place.environment["CUDA_VISIBLE_DEVICES"]
        for place in hardware.places(None, offline=True, tensor_parallel_size=2)
    ]
    assert groups == ["0,1", "2,3"]
    with pytest.raises(EnvironmentFailure, match=r"tensor_parallel_size is 8.* 5 GPUs"):
        hardware.places(None, offline=True, tensor_parallel_size=8)
    monkeypatch.setenv("HARNESS_ENGINE_VARIANT", "cpu")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(9)))
    bound = [
        place.environment["VLLM_CPU_OMP_THREADS_BIND"]
        for place in hardware.places(2, offline=True, tensor_parallel_size=2)
    ]
    assert bound == ["0,1|2,3", "4,5|6,7"]


def test_gpus_are_counted_by_the_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert hardware.visible_gpus() == ["0", "1"]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert hardware.visible_gpus() == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert hardware.visible_gpus() == []
