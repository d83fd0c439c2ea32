"""Commands that read everything that was typed before they refuse any of it.

Click ends at the first option that it cannot read, so a second mistake shows only when the first
is mended. Here such options are noted and left out, the command checks the rest of its input, and
all refusals are told together.
"""

from __future__ import annotations

import copy
from typing import Any

import click

from harness.errors import InputError, Refusals

HEADING = "the command cannot be carried out:"
_REFUSALS = f"{__name__}.refusals"
_UNREADABLE = f"{__name__}.unreadable"


def refusals_so_far() -> Refusals:
    """The refusals of the command that is being carried out, unreadable options first.

    A command adds its own and raises them all before it begins its work.
    """
    return _refusals_of(click.get_current_context())


def _refusals_of(context: click.Context) -> Refusals:
    found: Refusals = context.meta.setdefault(_REFUSALS, Refusals())
    return found


class AllAtOnceCommand(click.Command):
    """A command whose unreadable options are None (or empty), with `refusals_so_far` to raise."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters; what was given for an unreadable one is left out."""
        unreadable = ctx.meta.get(_UNREADABLE, ())
        return [
            _left_out(one) if one.name in unreadable else one for one in super().get_params(ctx)
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the arguments, again without what could not be read until the rest can be."""
        refusals, errors = _refusals_of(ctx), dict[str | None, click.BadParameter]()
        ctx.meta[_UNREADABLE] = errors
        while True:
            try:
                rest = super().parse_args(ctx, list(args))
                break
            except click.BadParameter as error:
                if error.param is None or error.param.name in errors:
                    raise
                errors[error.param.name] = error
                refusals.add(InputError(error.format_message()))
                ctx.params.clear()
        missing = [one for one in errors.values() if isinstance(one, click.MissingParameter)]
        if missing and len(errors) == 1:
            raise missing[0]
        if missing:
            refusals.raise_if_any(HEADING)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Carries the command out; a refusal of its own is told with those noted before.

        Raises:
            InputError: what was refused.
        """
        refusals, result = _refusals_of(ctx), None
        with refusals.noted():
            result = super().invoke(ctx)
        refusals.raise_if_any(HEADING)
        return result


def _left_out(parameter: click.Parameter) -> click.Parameter:
    """A parameter that reads anything and keeps nothing of it."""
    nothing = () if parameter.multiple or parameter.nargs == -1 else None
    silent = copy.copy(parameter)
    silent.type, silent.required = click.UNPROCESSED, False
    silent.callback = lambda context, option, value: nothing
    return silent
