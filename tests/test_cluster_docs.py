"""The command lines of docs/clusters.md are lines that the command accepts."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from harness.cli import cli

TEXT = (Path(__file__).parents[1] / "docs" / "clusters.md").read_text(encoding="utf-8")


def command_lines() -> list[str]:
    """Every `harness …` of a code block, continued lines joined, variables filled in."""
    blocks = re.findall(r"```(?:bash|yaml)\n(.*?)```", TEXT, re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    text = re.sub(r"\$\{?\w+\}?|\"\$HEAD", "7", text).replace('7:6379"', "7:6379")
    found = re.findall(r"(?:^|srun |\s)(harness [a-z].*)$", text, re.MULTILINE)
    return [line.split(" | ")[0] for line in found if not line.startswith("harness sample,")]


@pytest.mark.parametrize("line", command_lines())
def test_a_line_parses(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None, line
    if isinstance(command, click.Group):
        command, arguments = command.get_command(context, arguments[0]), arguments[1:]
        assert command is not None, line
    command.make_context(name, arguments, parent=context)


def test_there_are_lines() -> None:
    assert len(command_lines()) >= 8
