"""The command `harness`: one file a command, each loaded only when it is called.

`main` is the one place where errors become text and an exit status:
0 done, 1 a check failed, 2 the user's input, 3 the environment, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from harness import __version__
from harness.cli.lazy import LazyGroup
from harness.errors import EnvironmentFailure, HarnessError

INTERRUPTED = 130

_COMMANDS = {
    "run": ("harness.cli.run:run", "Do every stage of a recipe, or go on where a run stopped."),
    "plan": ("harness.cli.plan:plan", "Say what a recipe will draw, train and cost."),
    "sample": ("harness.cli.stages:sample", "Draw the pools of both sides of the pair."),
    "grade": ("harness.cli.grade:grade", "Give every sample its verdicts."),
    "measure": ("harness.cli.stages:measure", "Coverage, diversity and false positives."),
    "compare": ("harness.cli.compare:compare", "Compare two pools at matched budgets."),
    "build": ("harness.cli.stages:build", "Build the arms (training sets)."),
    "push": ("harness.cli.push:push", "Publish the arms to the Hub or to a folder."),
    "train": ("harness.cli.stages:train", "Finetune every cell with Axolotl."),
    "evaluate": ("harness.cli.stages:evaluate", "Measure pass@1 with lm-eval."),
    "report": ("harness.cli.stages:report", "Write report and leaderboard entry."),
    "pool": ("harness.cli.pool:pool", "Import and export pools of samples."),
    "recipes": ("harness.cli.recipes:recipes", "List, show and lint recipes."),
    "engines": ("harness.cli.engines:engines", "Install, check and remove vLLM and Axolotl."),
    "leaderboard": ("harness.cli.leaderboard:leaderboard", "List the entries of the leaderboard."),
    "micro": ("harness.cli.micro:micro", "The embedded models and problems."),
}


@click.group(
    cls=LazyGroup,
    commands_by_name=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="w2s-harness")
def cli() -> None:
    """Under one sampling budget: synthetic data from a stronger, more expensive model (SE), or
    from a weaker, cheaper one (WC)?

    `harness run --recipe w2s-micro` answers it on this machine, without a GPU, in minutes.
    """


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # The first signal ends the work in order; a second one ends the process at once. Engine
    # processes notice the closed pipe in both cases.
    signal.signal(signum, signal.SIG_DFL)
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its status; SIGTERM counts as Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        status = _run(arguments)
    except BrokenPipeError:
        sys.stderr.close()
        status = 0
    except OSError as error:
        if not _is_of_output(error):
            raise
        _tell_without_output(error)
        status = EnvironmentFailure.exit_status
    sys.exit(status)


def _run(arguments: Sequence[str] | None) -> int:
    """Runs the command line, with errors as text on stderr; its exit status."""
    try:
        status = cli.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="harness",
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show(sys.stderr)
        return error.exit_code
    except HarnessError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_status
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _is_of_output(error: OSError) -> bool:
    """Whether it came of printing, and not of a file: all that is printed goes through click."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code is click.echo.__code__


def _tell_without_output(error: OSError) -> None:
    with contextlib.suppress(OSError):  # It may be stderr that cannot be written.
        click.echo(
            f"error: the output cannot be written: {error.strerror}. Send it elsewhere.", err=True
        )
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            # Python writes what is left once more when it ends, and would fail again.
            os.dup2(nowhere.fileno(), stream.fileno())
