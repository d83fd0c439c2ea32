"""`harness pool`: look at pools, and move samples into and out of them."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "import": ("harness.cli.pool_import:import_", "Make a pool of samples from elsewhere."),
    "export": ("harness.cli.pool_export:export", "Write a pool as files that others read."),
}


class _LazyGroup(click.Group):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_LazyGroup, short_help="Import and export pools of samples.")
def pool() -> None:
    """Pools: every sample of one generator, under one decoding, on one set of problems."""
