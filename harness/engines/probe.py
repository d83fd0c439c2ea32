"""What an interpreter has: asked of it in a process, without importing the engine.

Used for interpreters that the user names, and to notice that an environment which says that
it is finished has lost its base interpreter or some of its files since.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.engines.folders import interpreter_in
from harness.engines.process import describe_status, worker_environment
from harness.engines.specification import EngineSpecification
from harness.errors import EnvironmentFailure

_PROBE_SECONDS = 120.0
_SCRIPT = """
import json, platform, sys
from importlib import metadata
found = {}
names = sys.argv[1:]
if names == ["--all"]:
    names = [one.metadata["Name"] for one in metadata.distributions()]
for name in names:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps({"python": platform.python_version(), "versions": found}))
"""


@dataclass(frozen=True)
class Probe:
    """An interpreter's version, and those of the distributions asked for that it has."""

    python: str
    versions: dict[str, str]


def probe(python: Path, distributions: Sequence[str]) -> Probe:
    """Asks an interpreter which of the distributions it has.

    Raises:
        EnvironmentFailure: it cannot be started or does not answer.
    """
    command = [str(python), "-c", _SCRIPT, *distributions]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False,
            env=worker_environment(python), stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        reason = error.strerror or str(error)
        raise EnvironmentFailure(f"{python} does not start: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailure(
            f"{python} has not answered within {_PROBE_SECONDS:.0f} s"
        ) from error
    try:
        document = json.loads(answer.stdout.splitlines()[-1])
        return Probe(document["python"], document["versions"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        said = (answer.stderr or answer.stdout).strip().splitlines()[-3:]
        raise EnvironmentFailure(
            f"{python} is no working Python interpreter: it"
            f" {describe_status(answer.returncode)}, saying: {' | '.join(said) or 'nothing'}"
        ) from error


def distributions(python: Path) -> dict[str, str]:
    """Every distribution that an interpreter has, with its version.

    Raises:
        EnvironmentFailure: it cannot be started or does not answer.
    """
    return probe(python, ("--all",)).versions


def check_user_interpreter(path: Path, spec: EngineSpecification, source: str) -> Probe:
    """Makes sure that an interpreter of the user's has the engine in a supported version.

    Args:
        path: the interpreter.
        spec: what is wanted of it.
        source: how the user named it (an option, a variable), for messages.

    Raises:
        EnvironmentFailure: what was found, what was expected, and what to do.
    """
    place = f"{source} {path}"
    instead = (
        f"Give an interpreter that has {spec.engine} {spec.supported},"
        f" or none, and the harness makes its own (`harness engines install {spec.engine}`)."
    )
    if path.is_dir():
        inside = path / "bin" / "python"
        raise EnvironmentFailure(
            f"{place}: a folder; expected a Python interpreter",
            f"Did you mean {inside}?" if inside.exists() else instead,
        )
    if not path.exists():
        raise EnvironmentFailure(f"{place}: there is no such file", instead)
    if not os.access(path, os.X_OK):
        raise EnvironmentFailure(f"{place}: the file is not executable", instead)
    try:
        found = probe(path, spec.accepted)
    except EnvironmentFailure as error:
        raise EnvironmentFailure(f"{place}: {error.message}", instead) from error
    _check_versions(found, spec, place, instead)
    return found


def _check_versions(found: Probe, spec: EngineSpecification, place: str, instead: str) -> None:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    names = " or ".join(spec.accepted)
    if not found.versions:
        raise EnvironmentFailure(
            f"{place}: Python {found.python} without {names}; expected {names} {spec.supported}",
            instead,
        )
    wanted = SpecifierSet(spec.supported)
    for version in found.versions.values():
        try:
            if wanted.contains(Version(version), prereleases=True):
                return
        except InvalidVersion:
            continue
    has = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    raise EnvironmentFailure(f"{place}: found {has}; expected {names} {spec.supported}", instead)


def damage(spec: EngineSpecification, folder: Path) -> str:
    """What has become of a finished environment; empty if it is sound.

    Its interpreter must start (it is a link to one that may have been upgraded or removed),
    it must have the pinned version, and no file may be lost.
    """
    try:
        found = probe(interpreter_in(folder), (spec.distribution,))
    except EnvironmentFailure as error:
        return error.message
    version = found.versions.get(spec.distribution)
    if version != spec.version:
        return f"{folder} has {spec.distribution} {version}; expected {spec.version}"
    lost = lost_files(folder)
    if lost:
        return (
            f"files missing in {folder}: {len(lost)}, first of them {lost[0].relative_to(folder)}"
        )
    return ""


def lost_files(folder: Path) -> list[Path]:
    """Files that an installer recorded in an environment and that are not there any more.

    Compiled bytecode does not count.
    """
    lost: list[Path] = []
    for record in folder.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        site = record.parent.parent
        with record.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                if row and not row[0].endswith(".pyc") and not os.path.lexists(site / row[0]):
                    lost.append(site / row[0])
    return lost
