"""`harness plan --pilot` on pools that are made for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli.plan import plan
from harness.errors import InputError
from tests.comparison.pools_for_tests import graded_pool, numbered


def harness(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)], capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def shown(*arguments: str | Path) -> str:
    """What `harness plan` prints."""
    result = CliRunner().invoke(plan, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def planned(*arguments: str | Path) -> dict[str, Any]:
    """The document of `harness plan`."""
    document: dict[str, Any] = json.loads(shown(*arguments, "--json"))
    json.dumps(document, allow_nan=False)
    return document


def random_pool(folder: Path, rates: list[float], samples: int, seed: int, **options: Any) -> Path:
    """A pool of problems with these success rates."""
    source = np.random.default_rng(seed)
    letters = [
        "".join("c" if source.random() < rate else "w" for _ in range(samples)) for rate in rates
    ]
    return graded_pool(folder, dict(zip(numbered(len(rates)), letters, strict=True)), **options)


def refused(*arguments: str | Path) -> str:
    with pytest.raises(InputError) as refusal:
        CliRunner().invoke(plan, [*map(str, arguments)], catch_exceptions=False)
    return " ".join(str(refusal.value).split())
