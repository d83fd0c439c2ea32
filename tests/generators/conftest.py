"""What tests of generators share: the interpreter with vLLM, and a server that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.generators import endpoint
from harness.generators.patience import Patience
from tests.generators.fault_server import FaultServer, running


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    from harness.engines.environment import engine_python

    return engine_python("vllm")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """One that misbehaves on demand, met with little patience."""
    quick = Patience(1.0, first_wait_seconds=0.01, longest_wait_seconds=0.05)
    monkeypatch.setattr(endpoint, "PATIENCE", quick)
    with running(FaultServer()) as server:
        yield server
