"""Groups of commands that import a command when it is used, so that `--help` answers at once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from harness.errors import unknown_name


class LazyGroup(click.Group):
    """A group that knows its commands' names and help by itself.

    Args:
        commands_by_name: per name where the command is (`module:attribute`) and its short help.
    """

    def __init__(self, *, commands_by_name: Mapping[str, tuple[str, str]], **others: Any) -> None:
        super().__init__(**others)
        self._by_name = commands_by_name

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they were given."""
        return list(self._by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command."""
        if cmd_name not in self._by_name:
            return None
        module, attribute = self._by_name[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command of a command line; an unknown name is answered with the nearest."""
        if args and not args[0].startswith("-") and args[0] not in self._by_name:
            raise click.UsageError(unknown_name("command", args[0], self._by_name), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands for `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._by_name.items()])
