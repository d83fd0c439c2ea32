"""uv, or pip where there is no uv: the command lines that make an environment.

Both install the same pins. uv is a dependency of the harness and some ten times faster; pip is
the way out where uv cannot run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Protocol

from harness.engines.package_sources import PackageSources
from harness.engines.process import worker_environment
from harness.engines.specification import EngineSpecification
from harness.errors import EnvironmentFailure

PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_LARGE_MIB = 100.0

# Settings of a user's own uv projects that would change what is installed, or where.
_UV_FOREIGN = (
    "UV_BUILD_CONSTRAINT",
    "UV_COMPILE_BYTECODE",
    "UV_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_NO_DEPS",
    "UV_OVERRIDE",
    "UV_PREFIX",
    "UV_PYTHON",
    "UV_REQUIRE_HASHES",
    "UV_RESOLUTION",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "UV_TORCH_BACKEND",
    "UV_VENV_CLEAR",
)
_UV_SLOW_MACHINES = {"UV_HTTP_TIMEOUT": "180", "UV_COMPILE_BYTECODE_TIMEOUT": "900"}
_STAGES = (
    (re.compile(r"Resolved (\d+) packages?"), "installing {}"),
    (re.compile(r"Installed (\d+) packages?"), "compiling the bytecode of {}"),
    (re.compile(r"Installing collected packages: (.*)"), "installing {}"),
)
_DOWNLOAD = re.compile(r"\s*Downloading (\S+) \(([\d.]+) ?(MiB|GiB|MB|GB)\)")


class Installer(Protocol):
    """Command lines for the steps, and the meaning of what they print."""

    name: str

    def create(self, folder: Path, python: str) -> list[str]:
        """Makes an empty environment from an interpreter or a version."""

    def install(
        self, spec: EngineSpecification, python: Path, sources: PackageSources
    ) -> list[list[str]]:
        """Installs the engine: attempts, the next one where the one before failed."""

    def afterwards(self, spec: EngineSpecification, python: Path) -> list[list[str]]:
        """What remains to be done after it."""

    def add(
        self, spec: EngineSpecification, python: Path, requirement: str, pins: Path
    ) -> list[str]:
        """Adds a package and what it needs to an environment that has the engine."""

    def environment(self, sources: PackageSources) -> dict[str, str]:
        """The variables of every step."""

    def stage_of(self, line: str) -> str:
        """What a line of output says about the progress; empty if nothing."""


def find_installer() -> Installer:
    """uv as the harness's dependency, else uv on PATH, else pip."""
    program = uv_program()
    return Uv(program) if program else Pip()


def uv_program() -> str:
    """The path of uv, or an empty text."""
    try:
        import uv

        return os.fsdecode(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv") or ""


class Uv:
    """uv, with pip's settings handed on in its environment."""

    def __init__(self, program: str) -> None:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise EnvironmentFailure(
                f"{program} does not start: {answer.stderr.strip()}", "Install uv again."
            )
        self.name = " ".join(answer.stdout.split()[:2])
        self._program = program

    def create(self, folder: Path, python: str) -> list[str]:
        """`uv venv`, which finds or fetches an interpreter if only a version is given."""
        return [self._program, "venv", "--no-project", "--python", python, str(folder)]

    def install(
        self, spec: EngineSpecification, python: Path, sources: PackageSources
    ) -> list[list[str]]:
        """As configured, then from PyTorch's index; the order follows what is known of torch."""
        command = [
            self._program, "pip", "install", "--python", str(python), "--compile-bytecode",
            "--constraint", str(spec.pins),
        ]  # fmt: skip
        if spec.excludes:
            # An override that never applies leaves a package out; older releases know it too.
            overrides = python.parent.parent / "excluded.txt"
            command += ["--overrides", str(_write_excludes(spec, overrides))]
        configured = [*command, spec.requirement]
        if not spec.torch_build or sources.torch_wheels(spec.torch_build):
            return [configured]
        from_pytorch = [*command, "--torch-backend", spec.variant, spec.requirement]
        return [configured, from_pytorch] if sources.custom else [from_pytorch]

    def afterwards(self, spec: EngineSpecification, python: Path) -> list[list[str]]:
        """Nothing: uv has left the excluded packages out."""
        return []

    def add(
        self, spec: EngineSpecification, python: Path, requirement: str, pins: Path
    ) -> list[str]:
        """`uv pip install` under the engine's pins and the package's own."""
        return [
            self._program, "pip", "install", "--python", str(python), "--compile-bytecode",
            "--constraint", str(spec.pins), "--constraint", str(pins), requirement,
        ]  # fmt: skip

    def environment(self, sources: PackageSources) -> dict[str, str]:
        """The user's variables with those of the sources; bytecode may be written."""
        kept = {
            name: value for name, value in _plain_environment().items() if name not in _UV_FOREIGN
        }
        return {**_UV_SLOW_MACHINES, **kept, **sources.variables, "NO_COLOR": "1"}

    def stage_of(self, line: str) -> str:
        """`Resolved 238 packages in 4.79s` and the like."""
        return _stage_of(line)


class Pip:
    """venv and pip; pip reads its own configuration."""

    name = "pip"

    def create(self, folder: Path, python: str) -> list[str]:
        """`python -m venv`, from an interpreter; a version cannot be fetched."""
        program = shutil.which(python) or shutil.which(f"python{python}")
        if program is None:
            raise EnvironmentFailure(
                f"the engine needs Python {python}, which is not on PATH, and there is no uv"
                " to fetch it",
                "Install uv (`pip install uv`) or that Python.",
            )
        return [program, "-m", "venv", str(folder)]

    def install(
        self, spec: EngineSpecification, python: Path, sources: PackageSources
    ) -> list[list[str]]:
        """One attempt; PyTorch's index is named as well where no folder has the wheel."""
        command = [str(python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
        command += ["--constraint", str(spec.pins)]
        configured = [*command, spec.requirement]
        if not spec.torch_build or sources.torch_wheels(spec.torch_build):
            return [configured]
        from_pytorch = [*command, "--extra-index-url", PYTORCH_CPU_INDEX, spec.requirement]
        return [configured, from_pytorch] if sources.custom else [from_pytorch]

    def afterwards(self, spec: EngineSpecification, python: Path) -> list[list[str]]:
        """Takes the excluded packages away again."""
        if not spec.excludes:
            return []
        return [[str(python), "-m", "pip", "uninstall", "--yes", *spec.excludes]]

    def add(
        self, spec: EngineSpecification, python: Path, requirement: str, pins: Path
    ) -> list[str]:
        """`pip install` under the engine's pins and the package's own."""
        return [
            str(python), "-m", "pip", "install", "--no-input", "--progress-bar", "off",
            "--constraint", str(spec.pins), "--constraint", str(pins), requirement,
        ]  # fmt: skip

    def environment(self, sources: PackageSources) -> dict[str, str]:
        """The user's variables; bytecode may be written."""
        return {**_plain_environment(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}

    def stage_of(self, line: str) -> str:
        """`Installing collected packages: a, b` and large downloads."""
        return _stage_of(line)


def _plain_environment() -> dict[str, str]:
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment = worker_environment(Path(tempfile.gettempdir()))
    return {name: value for name, value in environment.items() if name not in unwanted}


def _stage_of(line: str) -> str:
    for pattern, text in _STAGES:
        if match := pattern.match(line.strip()):
            found = match[1]
            count = found if found.isdigit() else str(len(found.split(",")))
            return text.format("1 package" if count == "1" else f"{count} packages")
    if match := _DOWNLOAD.match(line):
        size = float(match[2]) * (1024 if match[3].startswith("G") else 1)
        if size >= _LARGE_MIB:
            return f"downloading {match[1].rpartition('/')[2]}, {match[2]} {match[3]}"
    return ""


def _write_excludes(spec: EngineSpecification, path: Path) -> Path:
    path.write_text(
        "".join(f"{name} ; sys_platform == 'never'\n" for name in spec.excludes), encoding="utf-8"
    )
    return path
