"""Which interpreter runs an engine: the user's own, or one in an environment of the harness's.

    python = engine_python("vllm", progress=progress.note)

A user's interpreter is named by an argument or by $HARNESS_VLLM_PYTHON and
$HARNESS_AXOLOTL_PYTHON; it is asked what it has, and never changed. Otherwise the harness makes
an environment on first use (`installation`) and finds it in milliseconds after that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.engines.folders import (
    engines_folder,
    finished_folder,
    folders_of,
    interpreter_in,
    log_of,
    read_marker,
    remove_folder,
)
from harness.engines.specification import VARIANTS, specification
from harness.engines.state import EngineState, engine_state, managed_state, user_interpreter

__all__ = [
    "EngineState",
    "engine_python",
    "engine_state",
    "install_engine",
    "removable_folders",
    "remove_engine",
    "self_test_engine",
]

Say = Callable[[str], None]


def _silent(text: str) -> None:
    pass


def engine_python(
    engine: str,
    *,
    interpreter: Path | None = None,
    progress: Say | None = None,
    extras: Sequence[str] = (),
) -> Path:
    """An interpreter under which the engine works.

    Args:
        engine: `vllm` or `axolotl`.
        interpreter: the user's own; before $HARNESS_VLLM_PYTHON or $HARNESS_AXOLOTL_PYTHON.
        progress: is told what is being done while an environment is made.
        extras: names of extras that it must have as well, such as `ray`; they are added to an
            environment of the harness's.

    Raises:
        EnvironmentFailure: the user's interpreter lacks the engine or an extra, or has another
            version, or an environment cannot be made.
    """
    spec = specification(engine)
    own = user_interpreter(spec, interpreter)
    if own is not None:
        path, source = own
        _checked(path, spec.engine, source, _modified(path))
        _check_extras(engine, path, extras)
        return path
    folder = finished_folder(spec)
    if folder is None:
        from harness.engines.installation import make_environment

        folder = make_environment(spec, progress or _silent)
    _add_extras(engine, folder, extras, progress or _silent)
    return interpreter_in(folder)


def install_engine(
    engine: str,
    *,
    progress: Say | None = None,
    force: bool = False,
    extras: Sequence[str] = (),
) -> EngineState:
    """Makes the environment of an engine, or mends it; a sound one is left alone.

    Args:
        force: make it again in any case.
        extras: names of extras to add.

    Raises:
        EnvironmentFailure: it cannot be made.
    """
    from harness.engines.installation import make_environment

    spec = specification(engine)
    folder = make_environment(spec, progress or _silent, force=force, verify=True)
    _add_extras(engine, folder, extras, progress or _silent)
    return managed_state(spec, folder)


def removable_folders(
    engine: str, variant: str | None = None, *, outdated_only: bool = False
) -> list[Path]:
    """The environments that `remove_engine` removes.

    Args:
        variant: only this one; else both.
        outdated_only: leave out those that this release would use.
    """
    found = []
    for each in (variant,) if variant else VARIANTS:
        digest = specification(engine, each).digest()
        for folder in folders_of(engine, each):
            marker = read_marker(folder)
            if not outdated_only or marker is None or marker.pins != digest:
                found.append(folder)
    return found


def remove_engine(
    engine: str, *, progress: Say | None = None, outdated_only: bool = False
) -> list[Path]:
    """Removes every environment of an engine: finished, half made, outdated, both variants.

    Args:
        outdated_only: keep those that this release would use.

    Returns:
        The folders that were removed.
    """
    from harness.engines.installation import held

    say = progress or _silent
    removed = []
    for variant in VARIANTS:
        if not folders_of(engine, variant):
            continue
        spec = specification(engine, variant)
        with held(spec, say):
            for folder in removable_folders(engine, variant, outdated_only=outdated_only):
                say(f"{spec.label}: removing {folder}")
                remove_folder(folder)
                removed.append(folder)
    return removed


def self_test_engine(
    engine: str, python: Path, *, progress: Say | None = None
) -> dict[str, object]:
    """Runs the self-test of an engine under an interpreter.

    Raises:
        EnvironmentFailure: the engine does not work there; with the last lines.
    """
    from harness.engines.installation import self_test

    spec = specification(engine)
    log = log_of(engines_folder() / f"{engine}-{spec.variant}-check")
    log.unlink(missing_ok=True)
    return self_test(spec, python, log, progress or _silent)


def _add_extras(engine: str, folder: Path, names: Sequence[str], say: Say) -> None:
    if names:
        from harness.engines.extras import add_extra, extra_named

        for name in names:
            add_extra(engine, extra_named(name, engine), folder, say)


def _check_extras(engine: str, python: Path, names: Sequence[str]) -> None:
    if names:
        from harness.engines.extras import check_extra, extra_named

        for name in names:
            check_extra(extra_named(name, engine), python)


@functools.lru_cache(maxsize=16)
def _checked(path: Path, engine: str, source: str, modified: float) -> None:
    """Asks a user's interpreter once a process, and again after it has changed."""
    from harness.engines.probe import check_user_interpreter

    check_user_interpreter(path, specification(engine), source)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
