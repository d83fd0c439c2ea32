"""What there is of an engine on this machine; looks, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.engines.folders import (
    Marker,
    finished_folder,
    folders_of,
    interpreter_in,
    read_marker,
    size_of,
)
from harness.engines.specification import EngineSpecification, specification
from harness.errors import EnvironmentFailure

State = Literal["ready", "half made", "missing", "outdated", "broken", "user's"]


@dataclass(frozen=True)
class EngineState:
    """What there is of an engine on this machine.

    Attributes:
        name: `vllm` or `axolotl`.
        variant: `cpu` or `cuda`.
        state: `ready`; `missing`; `half made` (made again on next use); `outdated` (made from
            other pins, so made again); `broken` (finished once, and damaged since); `user's`.
        folder: the environment, or None.
        python: the interpreter, or None.
        versions: of Python and of the packages that matter.
        extras: what was added to it, and the version.
        size_bytes: what it occupies.
        problem: what is wrong; empty if nothing is.
        remedy: the command that mends it.
    """

    name: str
    variant: str
    state: State
    folder: Path | None = None
    python: Path | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int = 0
    problem: str = ""
    remedy: str = ""

    @property
    def usable(self) -> bool:
        """Whether work can start without making anything."""
        return self.state in ("ready", "user's") and not self.problem


def engine_state(
    engine: str, *, interpreter: Path | None = None, verify: bool = False
) -> EngineState:
    """What there is of an engine, without changing anything.

    Args:
        interpreter: as for `engine_python`.
        verify: start the interpreter of a finished environment and look for lost files.
    """
    spec = specification(engine)
    own = user_interpreter(spec, interpreter)
    if own is not None:
        return _state_of_users(spec, *own)
    folder = finished_folder(spec)
    if folder is None:
        return _state_of_unfinished(spec)
    problem = ""
    if verify:
        from harness.engines.probe import damage

        problem = damage(spec, folder)
    return managed_state(spec, folder, problem)


def managed_state(spec: EngineSpecification, folder: Path, problem: str = "") -> EngineState:
    """The state of a finished environment.

    Args:
        problem: what was found to be wrong with it.
    """
    from harness.engines.extras import extras_in

    marker = read_marker(folder)
    return EngineState(
        name=spec.engine,
        variant=spec.variant,
        extras=extras_in(folder, spec.engine),
        state="broken" if problem else "ready",
        folder=folder,
        python=interpreter_in(folder),
        versions=_versions(marker),
        size_bytes=marker.size_bytes if marker else 0,
        problem=problem,
        remedy=f"harness engines install {spec.engine}" if problem else "",
    )


def user_interpreter(
    spec: EngineSpecification, interpreter: Path | None = None
) -> tuple[Path, str] | None:
    """The interpreter that the user names, and how; None if there is none.

    The path is made absolute but links are kept: in a virtual environment the interpreter
    is a link, and its place decides which packages it sees.
    """
    if interpreter is not None:
        return interpreter.expanduser().absolute(), f"--{spec.engine}-python"
    if named := os.environ.get(spec.python_variable):
        return Path(named).expanduser().absolute(), f"${spec.python_variable}"
    return None


def _state_of_users(spec: EngineSpecification, path: Path, source: str) -> EngineState:
    from harness.engines.probe import check_user_interpreter

    versions: dict[str, str] = {}
    problem = remedy = ""
    try:
        found = check_user_interpreter(path, spec, source)
        versions = {"python": found.python, **found.versions}
    except EnvironmentFailure as error:
        problem, remedy = error.message, error.advice
    return EngineState(
        name=spec.engine,
        variant=spec.variant,
        state="user's",
        python=path,
        versions=versions,
        problem=problem,
        remedy=remedy,
    )


def _state_of_unfinished(spec: EngineSpecification) -> EngineState:
    folders = folders_of(spec.engine, spec.variant)
    current = spec.digest()
    states: dict[State, Path] = {}
    for folder in folders:
        marker = read_marker(folder)
        if marker is None:
            states["half made"] = folder
        elif marker.pins != current:
            states["outdated"] = folder
        else:
            states["broken"] = folder
    problems: dict[State, str] = {
        "broken": "its interpreter is gone",
        "half made": "it was not finished",
        "outdated": "it was made from other pins",
        "missing": "not installed",
    }
    state: State = next((known for known in problems if known in states), "missing")
    folder_found = states.get(state)
    return EngineState(
        name=spec.engine,
        variant=spec.variant,
        state=state,
        folder=folder_found,
        versions=_versions(read_marker(folder_found)) if folder_found else {},
        size_bytes=size_of(folder_found) if folder_found else 0,
        problem=problems[state],
        remedy=f"harness engines install {spec.engine}",
    )


def _versions(marker: Marker | None) -> dict[str, str]:
    return {"python": marker.python, **marker.versions} if marker else {}
