"""The small engine as fixtures; only pip's configuration knows where its wheel is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engines.specification import EngineSpecification
from tests.engines.tiny_engine import MAKE, SELF_TEST, Tiny, write_wheel


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """An engine whose wheel only pip's configuration knows of, and a cache of its own."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_INDEX", "UV_FIND", "UV_DEFAULT", "UV_EXTRA")):
            monkeypatch.delenv(name)
    wheels = tmp_path / "wheel, folder"
    write_wheel(wheels, "tiny-engine", "1.0.0")
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nno-index = true\nfind-links = {wheels.as_uri()}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    test_folder = tmp_path / "self-test"
    test_folder.mkdir()
    (test_folder / "self_test.py").write_text(SELF_TEST)
    (tmp_path / "pins.txt").write_text("# nothing to pin\n")
    spec = EngineSpecification(
        engine="tiny",
        variant="cpu",
        distribution="tiny-engine",
        version="1.0.0",
        accepted=("tiny-engine",),
        supported=">=1.0,<2",
        python=">=3.11",
        pins=tmp_path / "pins.txt",
        self_test=test_folder / "self_test.py",
        disk_bytes=1 << 20,
    )
    return Tiny(spec, wheels, test_folder)


@pytest.fixture
def make_elsewhere(tiny: Tiny) -> Callable[[], subprocess.Popen[str]]:
    """Starts another harness process that makes the small engine."""

    def start() -> subprocess.Popen[str]:
        arguments = [str(tiny.spec.pins), str(tiny.spec.self_test), tiny.spec.version]
        return subprocess.Popen(
            [sys.executable, "-c", MAKE, *arguments], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip

    return start
