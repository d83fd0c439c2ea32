"""What a command prints: text for people, or one JSON document for programs.

With `--json` stdout carries exactly one document, on one line, and everything else goes to stderr.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Adds `--json` (argument `as_json`) to a command."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON document on stdout, the rest on stderr."
    )(command)


def emit(document: Any, text: str, as_json: bool) -> None:
    """Prints the document (`--json`) or the text, on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)
