"""Options that several commands share: the recipe, the engines, and what they resolve to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli.all_at_once import HEADING, refusals_so_far
from harness.errors import EnvironmentFailure, InputError

if TYPE_CHECKING:
    from harness.pipeline.stages import EngineOptions
    from harness.recipe import Recipe
    from harness.run_folder import RunFolder

F = TypeVar("F", bound=Callable[..., Any])

_RECIPE_OPTIONS = (
    click.option(
        "--recipe", "recipe_name", metavar="NAME", help="A recipe's name, or a YAML file."
    ),
    click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        help="Override a key, as in --set training.steps=50; --set profile=smoke picks a profile.",
    ),
)
_ENGINE_OPTIONS = (
    click.option(
        "--vllm-python",
        type=click.Path(path_type=Path),
        help="An interpreter that has vLLM; the harness makes its own otherwise.",
    ),
    click.option(
        "--axolotl-python",
        type=click.Path(path_type=Path),
        help="An interpreter that has Axolotl; the harness makes its own otherwise.",
    ),
    click.option(
        "--engine",
        "engine_kind",
        type=click.Choice(["vllm", "ray"]),
        help="How vLLM runs: processes on this machine (vllm), or on a Ray cluster (ray).",
    ),
    click.option(
        "--endpoint",
        "endpoints",
        metavar="SIDE=URL",
        multiple=True,
        help="Sample a side from a server of the OpenAI protocol: --endpoint"
        " se=http://host:8000/v1; given again for the side, its servers share the work.",
    ),
)
_WORKERS_OPTION = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Engine processes at once; by default one a GPU, or one a core up to 2.",
)
_SPENDING_OPTIONS = (
    click.option(
        "--spending-limit",
        type=click.FloatRange(min=0, min_open=True),
        metavar="DOLLARS",
        help="Stop before endpoints have cost more, under the newest prices of the model cards.",
    ),
)

_REFERENCE_OPTION = click.option(
    "--reference",
    metavar="NAME",
    help="Put a paper's results beside ours: `paper` (Bansal et al., 2024).",
)


def _apply(options: Sequence[Callable[[F], F]], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def recipe_options(command: F) -> F:
    """Adds `--recipe` and `--set`."""
    return _apply(_RECIPE_OPTIONS, command)


def engine_options(command: F) -> F:
    """Adds `--vllm-python`, `--axolotl-python`, `--workers`, `--engine` and `--endpoint`."""
    return placement_options(_WORKERS_OPTION(command))


def placement_options(command: F) -> F:
    """Adds the engine options but `--workers`."""
    return _apply(_ENGINE_OPTIONS, command)


def spending_options(command: F) -> F:
    """Adds `--spending-limit`."""
    return _apply(_SPENDING_OPTIONS, command)


def reference_option(command: F) -> F:
    """Adds `--reference`."""
    return _REFERENCE_OPTION(command)


def overrides_of_spending(limit: float | None) -> list[str]:
    """The spending limit, in dollars, as overrides of the recipe."""
    return [] if limit is None else [f"execution.spending_limit={limit!r}"]


def overrides_of_endpoints(endpoints: Sequence[str]) -> list[str]:
    """`SIDE=URL` as overrides of the recipe.

    One server of a side keeps the other settings of the recipe's endpoint; several take the
    place of what the recipe says.

    Raises:
        InputError: one is not of that form.
    """
    servers: dict[str, list[str]] = {}
    for text in endpoints:
        side, equals, url = text.partition("=")
        if side not in ("wc", "se") or not equals or not url:
            raise InputError(
                f"--endpoint {text}: expected SIDE=URL with SIDE wc or se,"
                " as in --endpoint se=http://127.0.0.1:8000/v1"
            )
        servers.setdefault(side, []).append(url)
    return [
        f"execution.endpoints.{side}.url={urls[0]}"
        if len(urls) == 1
        else f"execution.endpoints.{side}={json.dumps([{'url': url} for url in urls])}"
        for side, urls in servers.items()
    ]


def overrides_of_engine(kind: str | None) -> list[str]:
    """`--engine` as overrides of the recipe."""
    return [] if kind is None else [f"execution.engine={kind}"]


@dataclass(frozen=True)
class Where:
    """The options that say where samples are drawn, and for how much.

    Attributes:
        engine_kind: "vllm" or "ray"; as the recipe says if None.
        endpoints: each `SIDE=URL`.
        spending_limit: in dollars; none if None.
    """

    engine_kind: str | None
    endpoints: tuple[str, ...]
    spending_limit: float | None


def engines_of(
    vllm_python: Path | None, axolotl_python: Path | None, workers: int | None
) -> EngineOptions:
    """The engine options as one value."""
    from harness.pipeline.stages import EngineOptions

    return EngineOptions(vllm_python, axolotl_python, workers)


def default_run_path(recipe: Recipe) -> Path:
    """`runs/<recipe>`, with the profile behind it if there is one."""
    suffix = f"-{recipe.profile}" if recipe.profile else ""
    return Path("runs") / f"{recipe.name}{suffix}"


@dataclass(frozen=True)
class NamedRun:
    """The run that a command is about, before anything is made.

    Attributes:
        path: its folder.
        recipe: what it is to be made or opened under.
        is_there: whether it is opened as it is.
    """

    path: Path
    recipe: Recipe
    is_there: bool

    def opened(self) -> RunFolder:
        """The run's folder, made if need be.

        Raises:
            InputError: the folder is of another recipe, or of something else.
        """
        from harness.pipeline.opening import open_or_create_run
        from harness.run_folder import RunFolder

        if self.is_there:
            return RunFolder(self.path, self.recipe)
        return open_or_create_run(self.path, self.recipe)


def named_run(path: Path | None, recipe_name: str | None, overrides: Sequence[str]) -> NamedRun:
    """The run that a command is about: an existing folder, or a recipe's.

    Raises:
        InputError: neither a folder nor a recipe was given, or it cannot be used.
    """
    from harness.pipeline.opening import open_run
    from harness.recipe.loading import load_recipe

    if recipe_name is None:
        if path is None:
            raise InputError("which run? Give its folder, or --recipe NAME to start one.")
        run = open_run(path)
        if not overrides:
            return NamedRun(path, run.recipe, is_there=True)
        return NamedRun(path, load_recipe(str(run.recipe_file), overrides), is_there=False)
    recipe = load_recipe(recipe_name, overrides)
    return NamedRun(path or default_run_path(recipe), recipe, is_there=False)


def checked_run(
    path: Path | None, recipe_name: str | None, overrides: Sequence[str], where: Where
) -> NamedRun:
    """The run that a command is about, with nothing refused so far.

    Raises:
        InputError: what is wrong with it, and whatever was refused before, at once.
    """
    refusals, named = refusals_so_far(), None
    chosen = [
        *overrides,
        *overrides_of_engine(where.engine_kind),
        *overrides_of_spending(where.spending_limit),
    ]
    with refusals.noted():
        chosen += overrides_of_endpoints(where.endpoints)
    with refusals.noted():
        named = named_run(path, recipe_name, chosen)
    refusals.raise_if_any(HEADING)
    assert named is not None, "a run is named or was refused"
    return named


def run_of(path: Path | None, recipe_name: str | None, overrides: Sequence[str]) -> RunFolder:
    """The run that a command is about, made if need be.

    Raises:
        InputError: neither a folder nor a recipe was given, or they do not fit together.
    """
    return named_run(path, recipe_name, overrides).opened()


@contextmanager
def resumable(path: Path, command: str) -> Iterator[None]:
    """Says how to go on when the work is interrupted or the machine fails."""
    line = f"To go on: harness {command} {shlex.quote(str(path))}"
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nStopped. Everything finished is on disk in {path}.\n{line}", err=True)
        raise
    except EnvironmentFailure as error:
        error.advice = f"{error.advice}\n{line}" if error.advice else line
        raise
