"""The interpreter with vLLM, for tests on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    from harness.engines.environment import engine_python

    return engine_python("vllm")
