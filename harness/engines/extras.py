"""Extras of an engine: packages that are added to its environment when they are first needed.

Ray is an extra of vLLM: its cluster runs vLLM, so both must be in one environment. An extra is
pinned like the engine, leaves the engine's own packages as they are, and is declared by a file
of its own in the environment, written last:

    <cache>/engines/vllm-cpu-1a2b3c4d/extra-ray.json
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.engines.commands import run_logged
from harness.engines.folders import engines_folder, interpreter_in, log_of, read_marker
from harness.engines.installation import failure, held
from harness.engines.installers import find_installer
from harness.engines.package_sources import package_sources, without_passwords
from harness.engines.probe import distributions, probe
from harness.engines.specification import EngineSpecification, specification
from harness.errors import EnvironmentFailure, InputError, unknown_name
from harness.files import digest_of, read_json, write_json

Say = Callable[[str], None]

_PINS = Path(__file__).parent / "pins"


@dataclass(frozen=True)
class Extra:
    """Packages that an engine's environment may have as well.

    Attributes:
        name: how it is asked for.
        engine: the engine that it is for.
        distribution: the package that counts.
        requirement: what is asked of the installer.
        version: of the package that counts.
        supported: versions accepted in a user's interpreter.
        pins: constraints file with what it adds.
    """

    name: str
    engine: str
    distribution: str
    requirement: str
    version: str
    supported: str
    pins: Path

    def packages(self) -> list[str]:
        """The distributions that it adds."""
        lines = self.pins.read_text(encoding="utf-8").splitlines()
        return [line.split("==")[0] for line in lines if line and not line.startswith("#")]

    def digest(self) -> str:
        """Eight digits that change with what is installed."""
        return digest_of([self.requirement, self.pins.read_text(encoding="utf-8")])[:8]


EXTRAS = (
    Extra(
        name="ray",
        engine="vllm",
        distribution="ray",
        requirement="ray[data]==2.60.0",
        version="2.60.0",
        # The worker completes Ray's own vLLM stage, which is not a public interface.
        supported=">=2.60,<2.61",
        pins=_PINS / "vllm-ray.txt",
    ),
)


def extra_named(name: str, engine: str) -> Extra:
    """The extra of an engine.

    Raises:
        InputError: the engine has none of this name.
    """
    known = {extra.name: extra for extra in EXTRAS if extra.engine == engine}
    if name not in known:
        raise InputError(unknown_name(f"extra of {engine}", name, known))
    return known[name]


def extras_in(folder: Path, engine: str) -> dict[str, str]:
    """The finished extras of an environment and their versions."""
    return {
        extra.name: extra.version
        for extra in EXTRAS
        if extra.engine == engine and _is_ready(folder, extra)
    }


def add_extra(engine: str, extra: Extra, folder: Path, say: Say) -> None:
    """Adds an extra to a finished environment; does nothing if it is there.

    Raises:
        EnvironmentFailure: it cannot be installed, or would change the engine's packages.
    """
    if _is_ready(folder, extra):
        return
    spec = specification(engine)
    with held(spec, say):
        if _is_ready(folder, extra):
            return
        started = time.monotonic()
        say(f"{spec.label}: adding {extra.requirement}")
        python = interpreter_in(folder)
        before = distributions(python)
        _install(spec, extra, folder, say)
        after = distributions(python)
        _check_untouched(spec, extra, before, after)
        versions = {name: after[name] for name in extra.packages() if name in after}
        write_json(_file(folder, extra), {"pins": extra.digest(), "versions": versions})
        say(f"{spec.label}: {extra.name} is ready after {time.monotonic() - started:.0f} s")


def check_extra(extra: Extra, python: Path) -> None:
    """Makes sure that a user's interpreter has an extra.

    Raises:
        EnvironmentFailure: it has not, or in another version.
    """
    from packaging.specifiers import SpecifierSet

    found = probe(python, (extra.distribution,)).versions.get(extra.distribution)
    if found is None or not SpecifierSet(extra.supported).contains(found, prereleases=True):
        has = f"{extra.distribution} {found}" if found else f"no {extra.distribution}"
        raise EnvironmentFailure(
            f"{python} has {has}; expected {extra.distribution} {extra.supported}",
            f"Install it there ({python} -m pip install '{extra.requirement}'), or name no "
            "interpreter, and the harness adds it to its own.",
        )


def _install(spec: EngineSpecification, extra: Extra, folder: Path, say: Say) -> None:
    installer, sources = find_installer(), package_sources()
    command = installer.add(spec, interpreter_in(folder), extra.requirement, extra.pins)
    log = log_of(folder)
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"$ {' '.join(command)}\n")

    def on_line(line: str) -> None:
        if text := without_passwords(installer.stage_of(line)):
            say(f"{spec.label}: {text}")

    status = run_logged(
        command,
        log=log,
        folder=engines_folder(),
        environment=installer.environment(sources),
        on_line=on_line,
        on_quiet=lambda seconds: say(f"{spec.label}: adding {extra.name}, {seconds:.0f} s"),
    )
    if status != 0:
        raise failure(spec, f"adding {extra.name}", status, log)


def _check_untouched(
    spec: EngineSpecification, extra: Extra, before: dict[str, str], after: dict[str, str]
) -> None:
    changed = [name for name, version in before.items() if after.get(name) != version]
    if changed:
        raise EnvironmentFailure(
            f"{spec.label}: adding {extra.name} has changed {', '.join(sorted(changed))}",
            f"Make the environment again: harness engines install {spec.engine} --force",
        )


def _is_ready(folder: Path, extra: Extra) -> bool:
    if read_marker(folder) is None:
        return False
    try:
        return bool(read_json(_file(folder, extra)).get("pins") == extra.digest())
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        return False


def _file(folder: Path, extra: Extra) -> Path:
    return folder / f"extra-{extra.name}.json"
