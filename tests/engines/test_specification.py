"""What is pinned is complete and clean, and the right variant is chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from harness.engines import specification as module
from harness.engines.specification import (
    ENGINES,
    VARIANTS,
    default_variant,
    has_gpu,
    specification,
)
from harness.errors import InputError

EVERY = list(product(ENGINES, VARIANTS))


def _pins(engine: str, variant: str) -> list[Requirement]:
    lines = specification(engine, variant).pins.read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(("engine", "variant"), EVERY)
def test_every_pin_is_one_exact_version(engine: str, variant: str) -> None:
    pins = _pins(engine, variant)
    assert len(pins) > 140
    for pin in pins:
        assert pin.url is None
        assert [part.operator for part in pin.specifier] == ["=="]
    for version in ("3.11", "3.12", "3.13"):
        for platform in ("linux", "darwin"):
            environment = {
                **default_environment(),
                "python_version": version,
                "python_full_version": f"{version}.0",
                "sys_platform": platform,
            }
            names = [p.name for p in pins if p.marker is None or p.marker.evaluate(environment)]
            assert len(names) == len(set(names))


@pytest.mark.parametrize(("engine", "variant"), EVERY)
def test_pins_name_no_place(engine: str, variant: str) -> None:
    text = specification(engine, variant).pins.read_text()
    assert not re.search(r"://|@|^-|/", text, re.MULTILINE)


@pytest.mark.parametrize(("engine", "variant"), EVERY)
def test_pins_agree_with_the_specification(engine: str, variant: str) -> None:
    spec = specification(engine, variant)
    pins = {pin.name: pin for pin in _pins(engine, variant) if not pin.marker}
    everything = {pin.name: str(pin.specifier) for pin in _pins(engine, variant)}
    assert str(pins[spec.distribution].specifier) == f"=={spec.version}"
    assert spec.version in SpecifierSet(spec.supported)
    assert spec.torch in everything["torch"]
    assert not set(spec.excludes) & set(everything)
    linux = [str(pin.specifier) for pin in _pins(engine, variant) if pin.name == "torch"]
    assert (f"=={spec.torch}+cpu" in linux) == (variant == "cpu")


def test_both_variants_of_vllm_are_one_release() -> None:
    assert specification("vllm", "cpu").version == specification("vllm", "cuda").version


def test_the_digest_follows_what_is_installed(tmp_path: Path) -> None:
    spec = specification("vllm", "cpu")
    pins = tmp_path / "pins.txt"
    pins.write_text(spec.pins.read_text())
    assert replace(spec, pins=pins).digest() == spec.digest(), "not where the file lies"
    assert replace(spec, supported=">=1").digest() == spec.digest()
    assert replace(spec, version="0.31.0").digest() != spec.digest()
    assert replace(spec, excludes=()).digest() != spec.digest()
    pins.write_text(spec.pins.read_text().replace("numpy==", "numpy==0.", 1))
    assert replace(spec, pins=pins).digest() != spec.digest()
    digests = {specification(*which).digest() for which in EVERY}
    assert len(digests) == len(EVERY)


def test_an_unknown_engine_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'axolotl'"):
        specification("axlotl")


@pytest.fixture
def forgetful() -> Iterator[None]:
    module._finds_gpu.cache_clear()
    yield
    module._finds_gpu.cache_clear()


def _nvidia_smi(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.skipif(any(Path("/dev").glob("nvidia[0-9]*")), reason="there is a GPU here")
@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)'", True),
        ("echo 'No devices were found'; exit 6", False),
        ("exit 9", False),
    ],
)
def test_nvidia_smi_decides_where_no_device_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgetful: None, script: str, found: bool
) -> None:
    _nvidia_smi(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("HARNESS_ENGINE_VARIANT", raising=False)
    assert has_gpu() is found
    assert default_variant() == ("cuda" if found else "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not has_gpu()


def test_the_variable_overrides_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_ENGINE_VARIANT", "cuda")
    assert specification("vllm").distribution == "vllm"
    monkeypatch.setenv("HARNESS_ENGINE_VARIANT", "tpu")
    with pytest.raises(InputError, match="is 'tpu'; expected cpu or cuda"):
        specification("vllm")
