"""`harness engines`: what is installed of vLLM and Axolotl, and how to change that.

`list` looks, `install` makes or mends, `check` says whether work could start and what mends it
(status 3 if not), `remove` frees the disk. Environments that the user named are only looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import emit, json_option
from harness.errors import EnvironmentFailure, InputError, Issues, unknown_name

if TYPE_CHECKING:
    from harness.engines.environment import EngineState

_BYTES_PER_GB = 1e9


def _engine_names(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    from harness.engines.specification import ENGINES

    issues = Issues()
    for name in names:
        if name not in ENGINES:
            issues.add("", unknown_name("engine", name, ENGINES))
    issues.raise_if_any("these engines cannot be used:")
    return names or ENGINES


_engines_argument = click.argument("names", metavar="[ENGINE]...", nargs=-1, callback=_engine_names)


@click.group()
def engines() -> None:
    """Install, check and remove vLLM and Axolotl, each in an environment of its own."""


@engines.command(name="list")
@json_option
def list_engines(as_json: bool) -> None:
    """List the engines, their versions, and where they are."""
    from tabulate import tabulate

    from harness.engines.environment import engine_state
    from harness.engines.specification import ENGINES

    states = [engine_state(name) for name in ENGINES]
    rows = [
        {
            "engine": state.name,
            "variant": state.variant,
            "state": state.state,
            "version": _engine_version(state),
            "extras": _extras(state),
            "python": state.versions.get("python", ""),
            "size": _size(state.size_bytes),
            "where": str(state.folder or state.python or ""),
        }
        for state in states
    ]
    table = tabulate(rows, headers="keys", tablefmt="plain", disable_numparse=True)
    emit([_document(state) for state in states], table, as_json)


@engines.command()
@_engines_argument
@click.option("--force", is_flag=True, help="Make it again even if it is sound.")
@click.option(
    "--with",
    "extras",
    metavar="EXTRA",
    multiple=True,
    help="Add an extra of the one engine that is named: --with ray (vllm).",
)
@json_option
def install(names: Sequence[str], force: bool, extras: tuple[str, ...], as_json: bool) -> None:
    """Make the environments, or mend them; all engines unless some are named.

    A sound environment is left alone. Packages come from pip's configured index and
    find-links, and from uv's.
    """
    from harness.engines.environment import install_engine

    _check_extras(names, extras)
    states = [install_engine(name, progress=_say(), force=force, extras=extras) for name in names]
    lines = [f"{s.name} {_engine_version(s)}{_with(s)}: ready in {s.folder}" for s in states]
    emit([_document(state) for state in states], "\n".join(lines), as_json)


def _check_extras(names: Sequence[str], extras: Sequence[str]) -> None:
    from harness.engines.extras import extra_named

    if extras and len(names) != 1:
        raise InputError(
            f"--with {extras[0]}: which engine is it for?",
            f"Name one, as in `harness engines install vllm --with {extras[0]}`.",
        )
    for extra in extras:
        extra_named(extra, names[0])


@engines.command()
@_engines_argument
@click.option("--deep", is_flag=True, help="Run the self-test too; half a minute an engine.")
@json_option
def check(names: Sequence[str], deep: bool, as_json: bool) -> None:
    """Say what is there, what is missing, and the command that mends it."""
    from harness.engines.environment import engine_state

    results = [_check(engine_state(name, verify=True), deep) for name in names]
    documents = [document for document, _ in results]
    emit(documents, "\n".join(text for _, text in results), as_json)
    bad = [document["name"] for document in documents if not document["usable"]]
    if bad:
        raise EnvironmentFailure(f"not usable: {', '.join(bad)}")


def _check(state: EngineState, deep: bool) -> tuple[dict[str, Any], str]:
    from harness.engines.environment import self_test_engine

    document = _document(state)
    if deep and state.usable and state.python is not None:
        try:
            document["self_test"] = self_test_engine(state.name, state.python, progress=_say())
        except EnvironmentFailure as error:
            remedy = f"harness engines install {state.name} --force"
            if state.state == "user's":
                remedy = "name another interpreter"
            document.update(usable=False, problem=str(error), remedy=remedy)
    versions = ", ".join(f"{name} {version}" for name, version in state.versions.items())
    lines = [f"{state.name} ({state.variant}): {state.state}"]
    lines += [f"  where:    {state.folder or state.python}"] if state.folder or state.python else []
    lines += [f"  versions: {versions}"] if versions else []
    lines += [f"  extras:   {_extras(state)}"] if state.extras else []
    if "self_test" in document:
        lines.append(f"  tested:   works ({document['self_test'].get('seconds', '?')} s)")
    if not document["usable"]:
        lines.append(f"  problem:  {document['problem']}")
        lines.append(f"  mend it:  {document['remedy']}")
    return document, "\n".join(lines)


@engines.command()
@_engines_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--outdated", is_flag=True, help="Only those that this release does not use.")
@json_option
def remove(names: Sequence[str], yes: bool, outdated: bool, as_json: bool) -> None:
    """Remove environments that the harness has made, finished or not."""
    from harness.engines.environment import removable_folders, remove_engine

    found = [path for name in names for path in removable_folders(name, outdated_only=outdated)]
    if not found:
        emit({"removed": []}, "There is nothing to remove.", as_json)
        return
    if not yes:
        listed = "\n".join(f"  {path}" for path in found)
        if not sys.stdin.isatty():
            raise InputError(f"this would remove\n{listed}", "Add --yes to do it.")
        click.confirm(f"Remove\n{listed}\n?", abort=True, err=True)
    removed = [
        path
        for name in names
        for path in remove_engine(name, progress=_say(), outdated_only=outdated)
    ]
    text = "\n".join(f"removed {path}" for path in removed)
    emit({"removed": [str(path) for path in removed]}, text, as_json)


def _say() -> Callable[[str], None]:
    from harness.progress import Progress

    return Progress().note


def _document(state: EngineState) -> dict[str, Any]:
    return {
        "name": state.name,
        "variant": state.variant,
        "state": state.state,
        "usable": state.usable,
        "folder": str(state.folder) if state.folder else None,
        "python": str(state.python) if state.python else None,
        "versions": dict(state.versions),
        "extras": dict(state.extras),
        "size_bytes": state.size_bytes,
        "problem": state.problem,
        "remedy": state.remedy,
    }


def _engine_version(state: EngineState) -> str:
    from harness.engines.specification import specification

    accepted = specification(state.name).accepted
    return next((state.versions[name] for name in accepted if name in state.versions), "")


def _extras(state: EngineState) -> str:
    return ", ".join(f"{name} {version}" for name, version in state.extras.items())


def _with(state: EngineState) -> str:
    return f" with {_extras(state)}" if state.extras else ""


def _size(size_bytes: int) -> str:
    return f"{size_bytes / _BYTES_PER_GB:.1f} GB" if size_bytes else ""
