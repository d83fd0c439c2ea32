"""Extras of an engine: added without touching it, recorded, asked for in a user's interpreter."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.engines import extras
from harness.engines.environment import engine_python, engine_state
from harness.engines.extras import EXTRAS, check_extra, extra_named, extras_in
from harness.errors import EnvironmentFailure, InputError

RAY = EXTRAS[0]


def test_names() -> None:
    assert extra_named("ray", "vllm") is RAY
    with pytest.raises(InputError, match="did you mean 'ray'"):
        extra_named("rai", "vllm")
    with pytest.raises(InputError, match="extra of axolotl 'ray'"):
        extra_named("ray", "axolotl")
    answer = CliRunner().invoke(cli, ["engines", "install", "--with", "ray"])
    assert isinstance(answer.exception, InputError)


def test_a_users_interpreter_without_it_is_told_what_to_install() -> None:
    with pytest.raises(EnvironmentFailure) as failure:
        check_extra(RAY, Path(sys.executable))
    assert "has no ray; expected ray >=2.60" in str(failure.value)
    assert "ray[data]==2.60.0" in str(failure.value)


@pytest.mark.engines
def test_ray_is_added_once_and_leaves_vllm_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    python = engine_python("vllm", extras=("ray",))
    folder = python.parent.parent
    assert extras_in(folder, "vllm") == {"ray": RAY.version}
    state = engine_state("vllm", verify=True)
    assert state.usable and state.extras == {"ray": RAY.version}
    pins = dict(
        line.split("==") for line in RAY.pins.read_text().splitlines() if not line.startswith("#")
    )
    recorded = json.loads((folder / "extra-ray.json").read_text())
    assert recorded["versions"] == pins
    monkeypatch.setattr(extras, "run_logged", lambda *_, **__: pytest.fail("installed again"))
    assert engine_python("vllm", extras=("ray",)) == python
