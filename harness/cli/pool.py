"""`harness pool`: look at pools, and move samples into and out of them."""

from __future__ import annotations

import click

from harness.cli.lazy import LazyGroup

_COMMANDS = {
    "show": ("harness.cli.pool_show:show", "What pools hold and what they took."),
    "import": ("harness.cli.pool_import:import_", "Make a pool of samples from elsewhere."),
    "export": ("harness.cli.pool_export:export", "Write a pool as files that others read."),
    "extend": ("harness.cli.pool_extend:extend", "Draw more samples into a pool."),
    "merge": ("harness.cli.pool_merge:merge", "Make one pool of several of one origin."),
    "verify": ("harness.cli.pool_verify:verify", "Find every damage of a pool, and repair it."),
}


@click.group(
    cls=LazyGroup,
    commands_by_name=_COMMANDS,
    short_help="Show, import, export, extend, merge and verify pools.",
)
def pool() -> None:
    """Pools: every sample of one generator, under one decoding, on one set of problems."""
