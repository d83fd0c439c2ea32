"""pip's settings reach uv: read through a real pip, and used by a real uv."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines.base_python import choose_python
from harness.engines.installers import Uv, uv_program
from harness.engines.package_sources import (
    merge,
    package_sources,
    parse_pip_config,
    pip_settings,
    without_passwords,
)
from harness.engines.specification import specification
from tests.engines.tiny_engine import Tiny, write_wheel

CONFIGURATION = """
[global]
index-url = https://user:secret@packages.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
find-links = /nowhere/first /nowhere/second
timeout = 7

[install]
trusted-host = packages.example
find-links = /nowhere/third
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A plain environment with a pip configuration of its own."""
    (tmp_path / "pip.conf").write_text(CONFIGURATION)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "SSL_"))}
    return {**kept, "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}


def test_a_real_pip_is_asked(variables: dict[str, str]) -> None:
    settings = pip_settings(variables)
    assert settings["index-url"] == "https://user:secret@packages.example/simple"
    assert settings["extra-index-url"].split() == [
        "https://one.example/simple",
        "https://two.example/simple",
    ]
    assert settings["find-links"] == "/nowhere/third", "[install] goes before [global]"
    assert settings["timeout"] == "7"


def test_variables_go_before_files_as_in_pip(variables: dict[str, str]) -> None:
    settings = pip_settings({**variables, "PIP_FIND_LINKS": "/from/variable"})
    assert settings["find-links"] == "/from/variable"


def test_pip_s_settings_in_uv_s_terms(variables: dict[str, str]) -> None:
    sources = package_sources(variables)
    expected = {
        "UV_DEFAULT_INDEX": "https://user:secret@packages.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/nowhere/third",
        "UV_INSECURE_HOST": "packages.example",
        "UV_HTTP_TIMEOUT": "7",
    }
    assert {name: sources.variables.get(name) for name in expected} == expected
    assert sources.custom


def test_what_was_said_to_uv_itself_comes_first(variables: dict[str, str]) -> None:
    own = {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_EXTRA_INDEX_URL": "https://zero.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/uv/first,/uv/second",
        "UV_HTTP_TIMEOUT": "99",
    }
    sources = package_sources({**variables, **own})
    assert sources.variables["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert sources.variables["UV_INDEX"].split() == [
        "https://zero.example/simple",
        "https://two.example/simple",
        "https://one.example/simple",
    ]
    assert sources.find_links == ("/uv/first", "/uv/second", "/nowhere/third")
    assert "UV_HTTP_TIMEOUT" not in sources.variables


def test_nothing_configured_changes_nothing() -> None:
    sources = merge({}, {})
    assert dict(sources.variables) == {}
    assert not sources.custom


def test_certificates_and_proxies_unless_set_already() -> None:
    pip = {"cert": "/pip.pem", "proxy": "http://proxy.example:3128"}
    assert merge(pip, {}).variables["SSL_CERT_FILE"] == "/pip.pem"
    assert merge(pip, {}).variables["ALL_PROXY"] == "http://proxy.example:3128"
    assert "SSL_CERT_FILE" not in merge(pip, {"SSL_CERT_FILE": "/own.pem"}).variables


def test_relative_folders_stay_those_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert merge({"find-links": "wheels"}, {}).find_links == (str(tmp_path / "wheels"),)


@given(
    st.dictionaries(
        st.sampled_from(["index-url", "extra-index-url", "find-links", "cert", "proxy"]), st.text()
    )
)
def test_any_value_that_pip_lists_is_read_back(settings: dict[str, str]) -> None:
    # pip writes the value's repr.
    listing = "\n".join(f"global.{key}={value!r}" for key, value in settings.items())
    assert parse_pip_config(listing) == settings


@given(st.text())
def test_any_other_output_is_survived(listing: str) -> None:
    assert set(parse_pip_config(listing)) <= {
        "index-url", "no-index", "cert", "client-cert", "proxy", "timeout", "extra-index-url",
        "find-links", "trusted-host",
    }  # fmt: skip


def test_torch_wheels_are_found_by_their_exact_version(tmp_path: Path) -> None:
    folder = tmp_path / "wheel house"
    folder.mkdir()
    for name in (
        "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "torch-2.13.0%2Bcpu-cp312-cp312-manylinux_2_28_x86_64.whl",
        "torch-2.13.0-cp313-cp313-manylinux_2_28_x86_64.whl",
        "torch-2.13.0.post1+cpu-cp313-cp313-manylinux_2_28_x86_64.whl",
        "torchvision-2.13.0+cpu-cp313-cp313-manylinux_2_28_x86_64.whl",
    ):
        (folder / name).touch()
    for link in (folder.as_uri(), str(folder).replace(" ", "%20"), "https://wheels.example/all"):
        sources = merge({"find-links": link}, {})
        expected = ["cp311", "cp312"] if link.startswith("file:") else []
        assert sources.torch_wheels("2.13.0+cpu") == expected


def test_the_interpreter_follows_the_torch_wheels(tmp_path: Path) -> None:
    spec = specification("vllm", "cpu")
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert choose_python(spec, merge({}, {})).request == sys.executable
    other = "cp312" if own != "3.12" else "cp311"
    (tmp_path / f"torch-2.13.0+cpu-{other}-{other}-linux_x86_64.whl").touch()
    links = merge({"find-links": str(tmp_path)}, {})
    assert choose_python(spec, links).version == f"3.{other[3:]}"
    # The CUDA build comes from the index, whatever lies in folders.
    assert choose_python(specification("vllm", "cuda"), links).request == sys.executable


def test_attempts_depend_on_what_is_known_of_torch(tmp_path: Path) -> None:
    uv = Uv(uv_program())
    spec = specification("axolotl", "cpu")
    python = tmp_path / "bin" / "python"

    def backends(pip: dict[str, str], variant: str = "cpu") -> list[bool]:
        attempts = uv.install(specification("axolotl", variant), python, merge(pip, {}))
        return ["--torch-backend" in attempt for attempt in attempts]

    assert backends({}) == [True]
    assert backends({"index-url": "https://mirror.example/simple"}) == [False, True]
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl").touch()
    assert backends({"find-links": str(tmp_path)}) == [False]
    assert backends({}, "cuda") == [False]
    assert spec.requirement in uv.install(spec, python, merge({}, {}))[0]


def test_uv_installs_from_where_only_pip_was_told(tiny: Tiny, tmp_path: Path) -> None:
    uv = Uv(uv_program())
    sources = package_sources()
    environment = uv.environment(sources)
    folder = tmp_path / "environment"
    subprocess.run(uv.create(folder, sys.executable), env=environment, check=True)
    write_wheel(tiny.wheels, "tiny-engine", "1.0.0", requires=("tiny-part", "tiny-unwanted"))
    write_wheel(tiny.wheels, "tiny-part", "3.1")
    command = uv.install(tiny.spec, folder / "bin" / "python", sources)[0]
    without = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert without.returncode != 0
    assert "tiny-unwanted" in without.stderr
    spec = replace(tiny.spec, excludes=("tiny-unwanted",))
    command = uv.install(spec, folder / "bin" / "python", sources)[0]
    subprocess.run(command, env=environment, check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    assert (site / "tinypart").is_dir()
    assert list((site / "tinyengine" / "__pycache__").glob("*.pyc")), "compiled once and for all"


def test_passwords_are_starred_out() -> None:
    assert without_passwords("at https://user:p%40ss@host.example/simple and more") == (
        "at https://***@host.example/simple and more"
    )
    assert without_passwords("mail to somebody@host.example") == "mail to somebody@host.example"
